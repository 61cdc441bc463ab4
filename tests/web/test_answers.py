"""The literal answers that the pages are tested with are those of the service's response models."""

import json

import pytest
from pydantic import BaseModel

from hemascope.domain.report import Result
from hemascope.domain.review import Verdict
from hemascope.portal.routes import ROUTES
from hemascope.portal.slides import SlideView
from tests.web import answers

ANSWERS = [
    *(("GET /me", me) for me in answers.ME.values()),
    ("GET /reports", {"rows": answers.ROWS, "cursor": None}),
    ("GET /summaries", {"summaries": [answers.SUMMARY]}),
    ("GET /hospital", answers.HOSPITAL),
    ("GET /users", answers.USERS),
    ("GET /model", answers.MODEL_ANSWER),
    ("GET /figures", answers.FIGURES),
    ("GET /audit", answers.AUDIT),
    ("GET /microscopes", answers.MICROSCOPES),
    ("GET /microscopes/{microscope_id}", answers.DETAILS),
    ("GET /microscopes/{microscope_id}/fields", answers.FIELDS),
    ("GET /microscopes/{microscope_id}/commissioning", answers.COMMISSIONING),
    ("GET /microscopes/{microscope_id}/commissioning", answers.NOT_COMMISSIONED),
    ("GET /microscopes/{microscope_id}/verification", answers.VERIFICATION),
    ("GET /microscopes/{microscope_id}/verification", answers.NOT_VERIFIED),
]


def model_of(route: str) -> type[BaseModel]:
    (found,) = [row.response for row in ROUTES if row.key == route]
    assert isinstance(found, type)
    return found


READ_BY = [
    *((model_of(route), answer) for route, answer in ANSWERS),
    (Result, answers.RESULT),
    (SlideView, answers.CASE),
    (Verdict, answers.VERDICT),
]


@pytest.mark.parametrize(("contract", "answer"), READ_BY)
def test_literal_answers_are_what_the_service_gives(contract: type[BaseModel], answer: dict) -> None:
    read = contract.model_validate(answer)

    assert json.loads(read.model_dump_json(by_alias=True, exclude_unset=True)).keys() == answer.keys()
