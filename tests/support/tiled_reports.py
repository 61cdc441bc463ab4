"""A report on a field of four tiles, as tests of pages and documents write it down."""

from typing import Any

from hemascope.domain.tiles import TileRow
from tests.support.reviewed import BLURRED

TILES: list[dict[str, Any]] = [
    {"number": 1, "top": 0, "left": 0, "height": 224, "width": 299, "use": "counted", "cell_count": 9, "label": "Benign"},
    {"number": 2, "top": 0, "left": 299, "height": 224, "width": 299, "use": "counted", "cell_count": 3, "label": "Pro-B"},
    {"number": 3, "top": 224, "left": 0, "height": 224, "width": 299, "use": "empty", "cell_count": 0},
    {"number": 4, "top": 224, "left": 299, "height": 224, "width": 299, "use": "unreadable", "cell_count": 2},
]
_SHARES = {"Benign": 0.01, "Early Pre-B": 0.0, "Pre-B": 0.0, "Pro-B": 0.99}
TILES[0] |= {"probabilities": dict(zip(_SHARES, (0.9, 0.1, 0.0, 0.0), strict=True)), "confidence": 0.9, "is_stated": False}
TILES[1] |= {"probabilities": _SHARES, "confidence": 0.99, "is_stated": True, "forbids": True}
TILES[3] |= {"findings": [BLURRED]}
for _tile in TILES[:2]:
    _tile |= {"out_of_distribution_score": 0.4, "feature_score": 0.3}


def four_tiles(content: dict[str, Any]) -> dict[str, Any]:
    """The report as JSON, of a field that is called Benign although its second tile shows Pro-B."""
    shares = dict(zip(_SHARES, (0.7, 0.0, 0.0, 0.3), strict=True))
    told = {"label": "Benign", "probabilities": shares, "confidence": 0.7, "prediction_set": ["Benign", "Pro-B"]}
    content["result"] |= told | {"decision": "indeterminate", "conformal_set": []}
    rows = [TileRow.model_validate(tile).model_dump(mode="json") for tile in TILES]
    content["evidence"] |= {"tiles": rows, "grid": {"width": 598, "height": 448}}
    return content
