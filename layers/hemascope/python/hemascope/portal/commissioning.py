"""Commissioning in the portal: which fields there are, starting it, what it found, and the decision to use its profile."""

from dataclasses import dataclass
from functools import partial

from pydantic import AwareDatetime

from hemascope.domain.commissioning import CommissioningDocument, check_counts
from hemascope.domain.errors import MissingObject
from hemascope.domain.microscope import Microscope, adopt_profile
from hemascope.domain.microscope_fields import COMMISSIONING_FIELDS, ROWS, choose_fields, fields_of
from hemascope.domain.microscope_jobs import CommissionJob
from hemascope.domain.microscope_keys import commissioning_key, profile_key
from hemascope.domain.microscope_refusal import IsReference
from hemascope.domain.microscope_run import JobKind, RunState
from hemascope.domain.picture_file import MAXIMUM_BYTES
from hemascope.domain.profile import ProfileLimits
from hemascope.domain.report import Digest
from hemascope.domain.specimen import ObjectVersion
from hemascope.portal.identity import Person
from hemascope.portal.microscope_runs import RunView, run_view
from hemascope.portal.microscope_views import MicroscopeView
from hemascope.portal.microscopes import MicroscopeService
from hemascope.portal.problems import Conflict
from hemascope.portal.requests import Message, Query
from hemascope.ports import Ledger, ObjectStore


class FieldsQuery(Query):
    """From when on fields count: those of before may be of another lamp or exposure."""

    since: AwareDatetime | None = None


class FieldsView(Message):
    """Which fields a commissioning would read now, and what is missing, in sentences."""

    fields: int
    slides: int
    at_most: int  # fields are read
    missing: tuple[str, ...]


class CommissioningRequest(Message):
    """From when on fields are read; None: the newest of all."""

    since: AwareDatetime | None = None


class ProfileChoice(Message):
    """The profile that a person has compared and wants in use."""

    profile: Digest


class ExampleLinks(Message):
    """Links to one field's pictures; ``after`` is None where nothing could be fitted."""

    before: str
    after: str | None


class CommissioningView(Message):
    """The newest commissioning.

    ``may_use`` is set where its profile waits for a decision.
    """

    run: RunView | None
    document: CommissioningDocument | None
    examples: tuple[ExampleLinks, ...]
    profile: str | None  # a link
    may_use: bool


@dataclass(frozen=True)
class CommissioningService:
    """Commissioning of the microscopes of the caller's hospital."""

    microscopes: MicroscopeService
    ledger: Ledger
    reports: ObjectStore
    bucket: str

    def count_fields(self, person: Person, microscope_id: str, query: FieldsQuery) -> FieldsView:
        """Count the fields that a commissioning would read.

        Raises
        ------
        NotFound
        """
        microscope = self.microscopes.find(person, microscope_id)
        rows = self.ledger.rows_by_microscope(microscope.digest, ROWS)
        chosen = choose_fields(fields_of(microscope, rows, query.since))
        slides = len({field.specimen.slide_digest for field in chosen})
        missing = check_counts(len(chosen), slides, ProfileLimits())
        return FieldsView(
            fields=len(chosen),
            slides=slides,
            at_most=COMMISSIONING_FIELDS,
            missing=tuple(refusal.message for refusal in missing),
        )

    def start_commissioning(self, person: Person, microscope_id: str, request: CommissioningRequest) -> MicroscopeView:
        """Have a profile fitted to the newest fields. It is not used before somebody has compared and chosen it.

        Raises
        ------
        NotFound
        Conflict
            Where one is running, or the microscope is a reference.
        """
        return self.microscopes.start(person, microscope_id, partial(CommissionJob, since=request.since), _no_reference)

    def show_commissioning(self, person: Person, microscope_id: str) -> CommissioningView:
        """Show the newest commissioning: its figures in words, and pictures before and after.

        Raises
        ------
        NotFound
        """
        microscope = self.microscopes.find(person, microscope_id)
        run = microscope.runs.get(JobKind.COMMISSION)
        view = run_view(microscope, JobKind.COMMISSION, self.microscopes.clock.now())
        if run is None or run.state not in {RunState.DONE, RunState.REFUSED}:
            return CommissioningView(run=view, document=None, examples=(), profile=None, may_use=False)
        document = self._read(commissioning_key(microscope.digest, run.id))
        link = self.microscopes.links.link
        return CommissioningView(
            run=view,
            document=document,
            examples=tuple(
                ExampleLinks(before=link(example.before), after=link(example.after) if example.after else None)
                for example in (document.examples if document else ())
            ),
            profile=link(profile_key(microscope.digest, run.document)) if run.document else None,
            may_use=run.document not in {None, microscope.profile},
        )

    def use_profile(self, person: Person, microscope_id: str, choice: ProfileChoice) -> MicroscopeView:
        """Make the profile of the newest commissioning the current one, and screen the open slides again with it.

        Raises
        ------
        NotFound
        Conflict
            Where it is another one's: somebody has commissioned again meanwhile.
        """
        now = self.microscopes.clock.now()

        def adopt(microscope: Microscope) -> Microscope:
            run = microscope.runs.get(JobKind.COMMISSION)
            if run is None or run.document != choice.profile:
                raise Conflict("This profile is not that of the newest commissioning. Please look at the page again.")
            return adopt_profile(microscope, choice.profile, now, person.account, run.oldest)

        return self.microscopes.change_and_rescreen(person, microscope_id, adopt)

    def _read(self, key: str) -> CommissioningDocument | None:
        try:
            content = self.reports.read(ObjectVersion(bucket=self.bucket, key=key), MAXIMUM_BYTES)
        except MissingObject:  # a run that was refused before it read anything stores none
            return None
        return CommissioningDocument.model_validate_json(content)


def _no_reference(microscope: Microscope) -> Microscope:
    """Raises at once what adopting the profile would raise in the end."""
    if microscope.is_reference:
        raise IsReference
    return microscope
