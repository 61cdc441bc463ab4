"""The literal answers that the pages are tested with fit the contracts."""

import json

import pytest
from pydantic import BaseModel

from hemascope.domain.audit import AuditEntry
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.report import PatientSummary, Result
from hemascope.domain.review import Verdict
from hemascope.domain.slide import SlideReport
from hemascope.portal.identity import Me
from tests.web import answers

READ_BY = [
    *((Me, me) for me in answers.ME.values()),
    (Result, answers.RESULT),
    (SlideReport, answers.CASE["report"]),
    (PatientSummary, answers.SUMMARY),
    (Verdict, answers.VERDICT),
    (HospitalSettings, answers.HOSPITAL),
    *((AuditEntry, entry) for entry in answers.AUDIT["entries"]),
]


@pytest.mark.parametrize(("contract", "answer"), READ_BY)
def test_literal_answers_are_what_the_service_gives(contract: type[BaseModel], answer: dict) -> None:
    read = contract.model_validate(answer)

    assert json.loads(read.model_dump_json(by_alias=True, exclude_unset=True)).keys() == answer.keys()
