"""Fields that are cut into tiles, and a network that says something else of each."""

from typing import Any

import cv2
import numpy as np

from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.preprocessing import SegmentationSpec
from hemascope.domain.profile import ColourMap, MicroscopeProfile, Ruler
from hemascope.domain.report import MicroscopeState
from hemascope.imaging.decode import Picture
from hemascope.imaging.model_input import NetworkInputs
from hemascope.imaging.segment import Segmentation
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.imaging.tiles import CutField
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import Answer
from tests.support.fakes import FixedClassifier
from tests.support.screenings import CLASSES

WIDE, HIGH = 300, 224  # pixels of a tile
CELL = 19.3  # pixels: the red cells' width by the ruler


def find_dark(cut: CutField) -> list[Segmentation]:
    """Of each tile the dark parts of at least 60 pixels, as segmentation keeps them."""
    found = []
    for tile in cut.tiles:
        dark = (tile.working[..., 1] < 160).astype(np.uint8)
        _, labels, statistics, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
        large = statistics[:, cv2.CC_STAT_AREA] >= SegmentationSpec().minimum_area
        large[0] = False
        found.append(Segmentation.of_mask(np.asarray(large[labels], np.bool_)))
    return found


def drawn_tile(seed: int, cells: int = 9) -> Picture:
    """A drawn smear of the shape of a tile."""
    smear = draw_synthetic_smear(seed, side=448, cells=cells)
    return np.asarray(cv2.resize(smear, (WIDE, HIGH), interpolation=cv2.INTER_AREA), np.uint8)


def field_of(*tiles: Picture) -> Picture:
    """Four tiles, two beside two; three become a row."""
    if len(tiles) == 4:
        return np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])])
    return np.hstack(tiles)


def ruled(
    field: Picture,
    state: MicroscopeState = MicroscopeState.VERIFIED,
    red_cell: float = CELL,
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> MicroscopeUse:
    """A microscope whose ruler says that red cells of this field are so wide."""
    height, width = field.shape[:2]
    ruler = Ruler(red_cell=red_cell, width=width, height=height, fields=30)
    profile = MicroscopeProfile(ruler=ruler, colour=ColourMap(name="mk", offset=offset) if any(offset) else ColourMap())
    proof = "c" * 64 if state is MicroscopeState.VERIFIED else None
    return MicroscopeUse("scope 2", state, profile, profile.sha256, proof)


class TileClassifier(FixedClassifier):
    """A network that knows a tile by how many cells it has: ``by_cells`` says what it answers there."""

    def __init__(self, artifact: Artifact, by_cells: dict[int, dict[str, Any]], otherwise: str = "Benign") -> None:
        super().__init__(artifact, *_shares(otherwise, 0.97))
        self._by_cells = by_cells

    def answer(self, inputs: NetworkInputs) -> Answer:
        """The answer for a tile of so many cells."""
        chosen = dict(self._by_cells.get(inputs.segmentation.cell_count, {}))
        answer = super().answer(inputs)
        if "label" in chosen:
            label, share = chosen.pop("label"), chosen.pop("share", 0.97)
            chosen["probabilities"] = np.array(_shares(label, share))
        return answer._replace(**chosen)


def _shares(label: str, share: float) -> list[float]:
    return [share if name == label else (1.0 - share) / (len(CLASSES) - 1) for name in CLASSES]
