"""The literal answers that the pages are tested with fit the contracts."""

from hemascope.contracts.audit import AuditEntry
from hemascope.contracts.case import CaseStatement
from hemascope.contracts.hospital import HospitalSettings
from hemascope.contracts.report import PatientSummary, Result
from hemascope.contracts.verdict import Verdict
from hemascope.portal.answers import Me
from tests.web import answers


def test_literal_answers_are_what_the_service_gives() -> None:
    for me in answers.ME.values():
        Me.model_validate(me)
    Result.model_validate(answers.RESULT)
    CaseStatement.model_validate(answers.CASE["statement"])
    PatientSummary.model_validate(answers.SUMMARY)
    Verdict.model_validate(answers.VERDICT)
    HospitalSettings.model_validate(answers.HOSPITAL)
    for entry in answers.AUDIT["entries"]:
        AuditEntry.model_validate(entry)
