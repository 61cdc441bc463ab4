"""English labels of the printed report and of the FHIR bundle. Recommendations come from the texts of the model."""

from hemascope.domain.disease import Disease
from hemascope.domain.picture_file import ColourDeclaration, DepthSource
from hemascope.domain.quality import QualityReason
from hemascope.domain.report import Decision, Release, Report, SourcePicture
from hemascope.domain.reviewed import Reviewed
from hemascope.domain.tiles import TileRow, TileUse

RELEASE = {
    Release.PRELIMINARY: ("PRELIMINARY", "not yet released by a clinician"),
    Release.FINAL: ("FINAL", "released by a clinician"),
    Release.AMENDED: ("AMENDED", "changed by a clinician after review"),
}
REJECTED = ("REJECTED", "nothing was examined")
NOT_STATED = {
    Decision.INDETERMINATE: "No class stated: indeterminate",
    Decision.OUT_OF_DISTRIBUTION: "No class stated: out of the distribution of the training pictures",
    Decision.POOR_QUALITY: "No class stated: the picture is too poor",
    Decision.UNVERIFIED: "No class stated: this microscope is not verified",
}
REASONS = {
    QualityReason.OUT_OF_FOCUS: "out of focus",
    QualityReason.TOO_DARK: "too dark",
    QualityReason.TOO_BRIGHT: "too bright",
    QualityReason.UNEVEN_LIGHT: "uneven light",
    QualityReason.UNSTAINED: "unstained",
    QualityReason.WRONG_MAGNIFICATION: "wrong magnification",
    QualityReason.TOO_FEW_CELLS: "too few cells",
    QualityReason.EMPTY_MASK: "no stained cell",
    QualityReason.OVERFLOWING_MASK: "stain everywhere",
}


COLOURS = {
    ColourDeclaration.NONE: "no colour space declared, taken as sRGB",
    ColourDeclaration.SRGB: "sRGB",
    ColourDeclaration.ICC_PROFILE: "an ICC profile",
    ColourDeclaration.GAMMA: "gamma and primaries",
    ColourDeclaration.CODE_POINTS: "video code points",
    ColourDeclaration.ADOBE_RGB: "Adobe RGB",
    ColourDeclaration.CIELAB: "CIELab",
    ColourDeclaration.ICCLAB: "ICCLab",
    ColourDeclaration.CMYK: "CMYK",
}


def in_words(source: SourcePicture) -> str:
    """What a file was, and what was done to see its colours as they were meant."""
    bits = f"{source.bits} bits" + (" (told by the brightest sample)" if source.bits_from is DepthSource.DATA else "")
    if source.converted:
        colours = f"converted to sRGB from {COLOURS[source.colour]}"
    else:  # what is declared and needs no conversion is sRGB
        colours = COLOURS[ColourDeclaration.NONE if source.colour is ColourDeclaration.NONE else ColourDeclaration.SRGB]
    return f"{source.format}, {source.width} x {source.height}, {bits}; {colours}"


def spell_out(code: str) -> str:
    """A code in words: ``out_of_distribution`` -> ``out of distribution``."""
    return code.replace("_", " ")


def percent(probability: float) -> str:
    r"""A probability as people read it: never certain, never impossible.

    Examples
    --------
    >>> [percent(share).replace("\N{NO-BREAK SPACE}", " ") for share in (0.9637, 0.99999, 0.00001)]
    ['96.4 %', '> 99.9 %', '< 0.1 %']
    """
    if probability > 0.999:
        return ">\N{NO-BREAK SPACE}99.9\N{NO-BREAK SPACE}%"
    if probability < 0.001:
        return "<\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}%"
    return f"{probability * 100:.1f}\N{NO-BREAK SPACE}%"


def headline(report: Report, reviewed: Reviewed, disease: Disease) -> str:
    """The result in a few words. A class is named only where it may be read as an answer, or a reviewer gave it."""
    if report.result is None:
        return "Not examined: the picture was rejected"
    if reviewed.label:
        return f"After review: {disease.display(reviewed.label)}"
    if report.result.decision is Decision.CONFIDENT:
        return f"Finding: {disease.display(report.result.label)}"
    return NOT_STATED[report.result.decision]


def certainty(report: Report, reviewed: Reviewed) -> str:
    """How sure the model is, in one or two sentences."""
    result = report.result
    if result is None:
        return "No model judged it."
    if not report.shows_classes:
        return "The model gives no answer on pictures of this microscope. Its slides are read by eye."
    if reviewed.label:
        model = f"{result.label}, {percent(result.confidence)}, {spell_out(result.decision)}"
        return f"A reviewer corrected the model, whose answer was: {model}."
    if result.decision is Decision.CONFIDENT:
        return f"The model is confident: probability {percent(result.confidence)}. A pattern is no diagnosis."
    if result.decision is Decision.INDETERMINATE:
        return f"Possible: {', '.join(result.prediction_set)}. The probabilities are no answer."
    return "The probabilities are shown for the record and are no answer."


TILE_USES = {
    TileUse.COUNTED: "counted",
    TileUse.OUT_OF_DISTRIBUTION: "unlike the training pictures",
    TileUse.EMPTY: "without white cells",
    TileUse.UNREADABLE: "unreadable",
}


def tiles_in_words(report: Report) -> str:
    """How the tiles of a field were used, and which of them speak against its label; empty where it was not cut."""
    tiles = report.evidence.tiles if report.evidence else ()
    if not tiles or report.result is None:
        return ""
    uses = [(sum(tile.use is use for tile in tiles), words) for use, words in TILE_USES.items()]
    counts = ", ".join(f"{count} {words}" for count, words in uses if count)
    told = f"Judged by {len(tiles)} tiles: {counts}."
    if not report.shows_classes:
        return told
    against = [tile for tile in tiles if tile.forbids]
    return " ".join(
        [told, *(f"Tile {tile.number} alone shows {tile.label}, so nothing is stated of the field." for tile in against)]
    )


def tile_result(tile: TileRow, *, named: bool) -> str:
    """What one tile shows, in a few words; its class only where classes may be ``named``."""
    reasons = dict.fromkeys(REASONS[finding.reason] for finding in tile.findings)
    if tile.label is None or not named:
        return TILE_USES[tile.use] + (f": {', '.join(reasons)}" if reasons else "")
    if tile.use is TileUse.OUT_OF_DISTRIBUTION:
        return TILE_USES[tile.use]
    return f"{tile.label}, {percent(tile.confidence or 0.0)}" + ("" if tile.is_stated else ", not certain")
