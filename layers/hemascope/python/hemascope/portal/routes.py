"""Every route of the portal's API, one row each.

The functions' resolvers, API Gateway's routes, ``docs/contracts/openapi.json``, the check of the access table and the check of
the pages' calls are all made from this table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace, UnionType
from typing import Any, Generic, TypeVar, get_type_hints

from pydantic import BaseModel

from hemascope.domain.account import Account, Role
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.review import Verdict
from hemascope.portal.administration import AccountList, AccountQuery, AdministrationService, ModelView, NewAccount
from hemascope.portal.audit import AuditPage, AuditQuery, AuditService
from hemascope.portal.commissioning import (
    CommissioningRequest,
    CommissioningService,
    CommissioningView,
    FieldsQuery,
    FieldsView,
    ProfileChoice,
)
from hemascope.portal.drift import DriftChartService, DriftChartView
from hemascope.portal.identity import ADMINS, EVERYBODY, PATIENTS, REVIEWERS, STAFF, UPLOADERS, Me, show_account
from hemascope.portal.microscope_files import ProofFileService, ProofQuery
from hemascope.portal.microscope_views import (
    Description,
    MicroscopeDetails,
    MicroscopeList,
    MicroscopeView,
    NewMicroscope,
    SuspensionRequest,
)
from hemascope.portal.microscopes import MicroscopeService
from hemascope.portal.patients import PatientResultService, Summaries
from hemascope.portal.report_files import ReportDocumentService
from hemascope.portal.reports import PatientView, ReportService, ReportView
from hemascope.portal.requests import JsonBody, QueryString
from hemascope.portal.reviews import OpinionRequest, Released, ReleaseRequest, ReviewService
from hemascope.portal.slides import PatientSlideView, SlideQuery, SlideService, SlideView
from hemascope.portal.statistics import Figures, FiguresQuery, StatisticsService
from hemascope.portal.uploads import Upload, UploadRequest, UploadService
from hemascope.portal.verification import VerificationRequest, VerificationService, VerificationView
from hemascope.portal.worklist import STATES, ReportList, States, StatesQuery, WorklistQuery, WorklistService

Services = TypeVar("Services", bound="Portal | Documents")


@dataclass(frozen=True)
class Portal:
    """The use cases of the function ``portal_api``."""

    uploads: UploadService
    worklist: WorklistService
    reports: ReportService
    reviews: ReviewService
    slides: SlideService
    patients: PatientResultService
    administration: AdministrationService
    microscopes: MicroscopeService
    charts: DriftChartService
    commissioning: CommissioningService
    verification: VerificationService
    statistics: StatisticsService
    audit: AuditService


@dataclass(frozen=True)
class Documents:
    """The use cases of the function ``report_documents``."""

    documents: ReportDocumentService
    proofs: ProofFileService


@dataclass(frozen=True)
class ReportFile:
    """A response that is a file, ``{name}.{suffix}``; the name holds parameters of the path."""

    media_type: str
    suffix: str
    name: str = "report-{object_id}"


@dataclass(frozen=True)
class Route(Generic[Services]):
    """One row.

    Parameters
    ----------
    method, path
        As API Gateway writes them, such as ``GET`` and ``/reports/{object_id}``.
    roles
        Who may call it; whose data they get is the use case's decision.
    use_case
        Selects the function that answers. It takes the person, the path's parameters and the parsed request, in this order.
    response
        What it returns: a model, or a union of models, or a file; None where the response is empty.
    request
        The query string or the JSON body; None where there is neither.
    """

    method: str
    path: str
    roles: frozenset[Role]
    use_case: Callable[[Services], Callable[..., Any]]
    response: type[BaseModel] | UnionType | ReportFile | None
    status: int = 200
    request: JsonBody | QueryString | None = None

    @property
    def key(self) -> str:
        """Method and path, as API Gateway names a route."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Function(Generic[Services]):
    """A Lambda function and the routes that it serves; ``services`` holds its use cases."""

    services: type[Services]
    routes: tuple[Route[Services], ...]

    def operation(self, route: Route[Services]) -> Callable[..., Any]:
        """The function that answers a route, not yet bound to a service: for its name, documentation and types."""
        classes: Any = SimpleNamespace(**get_type_hints(self.services))
        return route.use_case(classes)


_REPORT, _MICROSCOPE = "/reports/{object_id}", "/microscopes/{microscope_id}"
_UPLOAD = JsonBody(
    UploadRequest, "patient, slide, field and, where it is known, microscope: text without '/' and without blanks at its ends"
)
_WORKLIST = QueryString(WorklistQuery, "a state, a decision, urgent=1 or a cursor as docs/contracts.md has them")
_STATES = QueryString(StatesQuery, f"1 to {STATES} object ids with commas between them: ?ids=")
_OPINION = JsonBody(
    OpinionRequest, "model, kind (confirm, or correct with a label) and a comment of at most 2000 characters if there is one"
)
_RELEASE = JsonBody(ReleaseRequest, "model")
_SLIDE = QueryString(SlideQuery, "a slide: ?slide=, and &patient= where several patients have one of this id")
_AUDIT = QueryString(AuditQuery, "the number of an entry: ?after=")
_SETTINGS = JsonBody(HospitalSettings, "a hospital's settings as docs/contracts/hospital.schema.json has them")
_ACCOUNTS = QueryString(AccountQuery, "a cursor as the last page gave it")
_ACCOUNT = JsonBody(NewAccount, "email, role (technician, clinician, patient or admin) and, for a patient alone, patient")
_NEW_MICROSCOPE = JsonBody(NewMicroscope, "name and, where they are known, make and objective: one line each")
_DESCRIPTION = JsonBody(Description, "make and objective: one line each, or null")
_SUSPENSION = JsonBody(SuspensionRequest, "a reason of at most 500 characters")
_FIELDS = QueryString(FieldsQuery, "a moment with its time zone, or none: ?since=")
_COMMISSIONING = JsonBody(CommissioningRequest, "since: a moment with its time zone, or null")
_CHOICE = JsonBody(ProfileChoice, "profile: the SHA-256 of the newest commissioning's")
_VERIFICATION = JsonBody(
    VerificationRequest,
    "slides, table (CSV with the columns slide and answer) or again, and limits from 0.5 to 0.999 where others are signed",
)
_PROOF = QueryString(ProofQuery, "the SHA-256 of a proof: ?sha256=")
_FIGURES = QueryString(FiguresQuery, "a number of days from 1 to 90: ?days=")

PORTAL_API: Function[Portal] = Function(
    Portal,
    (
        Route("GET", "/me", EVERYBODY, lambda _: show_account, Me),
        Route("POST", "/uploads", UPLOADERS, lambda portal: portal.uploads.open_upload, Upload, 201, _UPLOAD),
        Route("GET", "/reports", STAFF, lambda portal: portal.worklist.list_reports, ReportList, 200, _WORKLIST),
        Route("GET", "/states", UPLOADERS, lambda portal: portal.worklist.show_states, States, 200, _STATES),
        Route("GET", _REPORT, EVERYBODY, lambda portal: portal.reports.show_report, ReportView | PatientView),
        Route("POST", f"{_REPORT}/verdicts", REVIEWERS, lambda portal: portal.reviews.add_verdict, Verdict, 201, _OPINION),
        Route("POST", f"{_REPORT}/release", REVIEWERS, lambda portal: portal.reviews.release, Released, 200, _RELEASE),
        Route("POST", f"{_REPORT}/acknowledgement", REVIEWERS, lambda portal: portal.reviews.acknowledge, None, 204),
        Route("GET", "/slides", EVERYBODY, lambda portal: portal.slides.show_slide, SlideView | PatientSlideView, 200, _SLIDE),
        Route("GET", "/summaries", PATIENTS, lambda portal: portal.patients.list_summaries, Summaries),
        Route("GET", "/audit", ADMINS, lambda portal: portal.audit.list_entries, AuditPage, 200, _AUDIT),
        Route("GET", "/hospital", STAFF, lambda portal: portal.administration.show_settings, HospitalSettings),
        Route(
            "PUT", "/hospital", ADMINS, lambda portal: portal.administration.change_settings, HospitalSettings, 200, _SETTINGS
        ),
        Route("GET", "/users", ADMINS, lambda portal: portal.administration.list_accounts, AccountList, 200, _ACCOUNTS),
        Route("POST", "/users", ADMINS, lambda portal: portal.administration.invite, Account, 201, _ACCOUNT),
        Route("DELETE", "/users/{username}", ADMINS, lambda portal: portal.administration.remove, None, 204),
        Route("GET", "/microscopes", STAFF, lambda portal: portal.microscopes.list_microscopes, MicroscopeList),
        Route(
            "POST",
            "/microscopes",
            ADMINS,
            lambda portal: portal.microscopes.register_microscope,
            MicroscopeView,
            201,
            _NEW_MICROSCOPE,
        ),
        Route("GET", _MICROSCOPE, STAFF, lambda portal: portal.microscopes.show_microscope, MicroscopeDetails),
        Route(
            "PUT", _MICROSCOPE, ADMINS, lambda portal: portal.microscopes.describe_microscope, MicroscopeView, 200, _DESCRIPTION
        ),
        Route(
            "POST",
            f"{_MICROSCOPE}/suspension",
            ADMINS,
            lambda portal: portal.microscopes.suspend_microscope,
            MicroscopeView,
            200,
            _SUSPENSION,
        ),
        Route(
            "DELETE", f"{_MICROSCOPE}/suspension", ADMINS, lambda portal: portal.microscopes.resume_microscope, MicroscopeView
        ),
        Route("GET", f"{_MICROSCOPE}/chart", STAFF, lambda portal: portal.charts.show_chart, DriftChartView),
        Route("DELETE", f"{_MICROSCOPE}/alarm", ADMINS, lambda portal: portal.microscopes.acknowledge_alarm, MicroscopeView),
        Route("POST", f"{_MICROSCOPE}/rescreening", ADMINS, lambda portal: portal.microscopes.rescreen, MicroscopeView, 202),
        Route(
            "GET", f"{_MICROSCOPE}/fields", STAFF, lambda portal: portal.commissioning.count_fields, FieldsView, 200, _FIELDS
        ),
        Route(
            "GET",
            f"{_MICROSCOPE}/commissioning",
            STAFF,
            lambda portal: portal.commissioning.show_commissioning,
            CommissioningView,
        ),
        Route(
            "POST",
            f"{_MICROSCOPE}/commissioning",
            ADMINS,
            lambda portal: portal.commissioning.start_commissioning,
            MicroscopeView,
            202,
            _COMMISSIONING,
        ),
        Route(
            "PUT",
            f"{_MICROSCOPE}/profile",
            ADMINS,
            lambda portal: portal.commissioning.use_profile,
            MicroscopeView,
            200,
            _CHOICE,
        ),
        Route(
            "GET", f"{_MICROSCOPE}/verification", STAFF, lambda portal: portal.verification.show_verification, VerificationView
        ),
        Route(
            "POST",
            f"{_MICROSCOPE}/verification",
            ADMINS,
            lambda portal: portal.verification.start_verification,
            MicroscopeView,
            202,
            _VERIFICATION,
        ),
        Route("GET", "/model", STAFF, lambda portal: portal.administration.show_model, ModelView),
        Route("GET", "/figures", ADMINS, lambda portal: portal.statistics.show_figures, Figures, 200, _FIGURES),
    ),
)
_PDF, _FHIR = ReportFile("application/pdf", "pdf"), ReportFile("application/fhir+json", "fhir.json")
_PROOF_PDF = ReportFile("application/pdf", "pdf", "verification-{microscope_id}")
REPORT_DOCUMENTS: Function[Documents] = Function(
    Documents,
    (
        Route("GET", f"{_REPORT}/report.pdf", STAFF, lambda function: function.documents.print_report, _PDF),
        Route("GET", f"{_REPORT}/report.fhir.json", STAFF, lambda function: function.documents.bundle_report, _FHIR),
        Route("GET", f"{_MICROSCOPE}/proof.pdf", STAFF, lambda function: function.proofs.print_proof, _PROOF_PDF, 200, _PROOF),
    ),
)
ROUTES: tuple[Route[Any], ...] = (*PORTAL_API.routes, *REPORT_DOCUMENTS.routes)
