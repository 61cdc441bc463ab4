"""Reports and verdicts as the tests of documents write them down."""

from datetime import UTC, datetime
from typing import Any

from hemascope.domain.report import Report
from hemascope.domain.review import Verdict
from tests.support.slide_fields import PRO, smear_report

REVIEWED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
FOLDER = "reports/0f/all-subtypes/1.0.0"
PICTURES = {
    "segmented": f"{FOLDER}/segmented.png",
    "overlay": f"{FOLDER}/overlay.png",
    "heat_maps": {"original": f"{FOLDER}/heat_map.original.png", "segmented": f"{FOLDER}/heat_map.segmented.png"},
}
BLURRED = {"reason": "out_of_focus", "figure": "sharpness", "value": 12.5, "limit": 40.0, "advice": "Refocus."}


def pro_b(decision: str = "confident", **changed: Any) -> Report:
    """A report with pictures, in which Pro-B is likeliest; changes are to its evidence."""
    content = smear_report("field 1.jpg", PRO, decision=decision, object_id="0f").model_dump(mode="json", by_alias=True)
    content["evidence"] |= {"pictures": PICTURES, **changed}
    content["result"]["conformal_set"] = ["Pro-B"]
    return Report.model_validate(content)


def verdict(kind: str = "confirm", label: str | None = None, number: int = 1, **changed: Any) -> Verdict:
    """What the account 8f0c says."""
    fields = {"number": number, "kind": kind, "label": label, "reviewer": "8f0c", "at": REVIEWED, "model": "all-subtypes/1.0.0"}
    return Verdict.model_validate(fields | changed)
