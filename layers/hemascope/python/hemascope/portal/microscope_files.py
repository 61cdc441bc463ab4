"""A microscope's proof as a file for staff: one page, for the hospital's signature. ReportLab is imported when it is needed."""

from dataclasses import dataclass

from hemascope.domain.errors import MissingObject
from hemascope.domain.microscope_fields import ROWS, by_slide, fields_of
from hemascope.domain.microscope_keys import proof_key
from hemascope.domain.picture_file import MAXIMUM_BYTES
from hemascope.domain.report import Digest
from hemascope.domain.specimen import ObjectVersion
from hemascope.domain.verification import VerificationProof
from hemascope.portal.identity import Person
from hemascope.portal.problems import NotFound
from hemascope.portal.requests import Query
from hemascope.ports import Ledger, MicroscopeRegistry, ObjectStore

_NO_PROOF = "This microscope has no such proof."


class ProofQuery(Query):
    """Which proof to print."""

    sha256: Digest


@dataclass(frozen=True)
class ProofFileService:
    """Prints the proofs of the caller's hospital."""

    registry: MicroscopeRegistry
    ledger: Ledger
    reports: ObjectStore
    bucket: str

    def print_proof(self, person: Person, microscope_id: str, query: ProofQuery) -> bytes:
        """Render a proof as a PDF file. A proof names slides by digests; the page has their ids while their pictures are there.

        Raises
        ------
        NotFound
            Where the hospital has no such microscope, or that one no such proof.
        """
        from hemascope.documents.pdf_proof import pdf_proof

        microscopes = {microscope.digest: microscope for microscope in self.registry.of_hospital(person.hospital)}
        if microscope_id not in microscopes:
            raise NotFound("Your hospital has no such microscope.")
        microscope = microscopes[microscope_id]
        try:
            key = proof_key(microscope.digest, query.sha256)
            content = self.reports.read(ObjectVersion(bucket=self.bucket, key=key), MAXIMUM_BYTES)
        except MissingObject:
            raise NotFound(_NO_PROOF) from None
        rows = self.ledger.rows_by_microscope(microscope.digest, ROWS)
        names = {digest: fields[0].specimen.slide for digest, fields in by_slide(fields_of(microscope, rows)).items()}
        return pdf_proof(VerificationProof.model_validate_json(content), names)
