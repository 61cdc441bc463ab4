"""Every code that a FHIR bundle of ours may hold, beside those of a disease, which stand in the manifest of its model.

LOINC, SNOMED CT and HL7 codes stand here only where they exist and mean what is meant. No code of theirs says "a pattern that a
program saw in one field of view"; those are codes of our own.
"""

from enum import Enum, unique
from typing import Any

from hemascope.domain.disease import Coding, Disease

OWN = "https://hemascope.example/fhir"  # a reserved name: nobody else's, and it leads nowhere
SNOMED = "http://snomed.info/sct"
HL7 = "http://terminology.hl7.org/CodeSystem"
OBSERVATIONS, RESULTS = f"{OWN}/CodeSystem/observation", f"{OWN}/CodeSystem/result"


@unique
class Code(Enum):
    """A coding: system, code, display."""

    # What the report is, and who made it.
    HEMATOLOGY = f"{HL7}/v2-0074", "HM", "Hematology"
    LABORATORY = f"{HL7}/observation-category", "laboratory", "Laboratory"
    SOFTWARE = SNOMED, "706689003", "Application program software"
    # Who says so.
    AI_ASSERTED = f"{HL7}/v3-ObservationValue", "AIAST", "Artificial Intelligence asserted"
    CLINICIAN_ASSERTED = f"{HL7}/v3-ObservationValue", "CLINAST", "clinician asserted"
    ASSEMBLER = f"{HL7}/provenance-participant-type", "assembler", "Assembler"
    VERIFIER = f"{HL7}/provenance-participant-type", "verifier", "Verifier"
    CREATED = f"{HL7}/v3-DataOperation", "CREATE", "create"
    IMAGE = f"{HL7}/media-type", "image", "Image"
    NOT_PERFORMED = f"{HL7}/data-absent-reason", "not-performed", "Not Performed"
    UNKNOWN = f"{HL7}/data-absent-reason", "unknown", "Unknown"
    # What is observed: codes of our own.
    DECISION = OBSERVATIONS, "decision", "Whether the model's label may be read as an answer"
    PATTERN = OBSERVATIONS, "pattern", "Pattern seen in one field of view"
    PROBABILITY = OBSERVATIONS, "class-probability", "Probability that the model gives to a class"
    CLASS = OBSERVATIONS, "class", "Class that it is about"
    POSSIBLE = OBSERVATIONS, "possible-class", "Class that is possible"
    TYPICAL = OBSERVATIONS, "typical-class", "Class that the smear is typical of"
    CELL_COUNT = OBSERVATIONS, "stained-cell-count", "Stained cells counted in one field of view"
    QUALITY = OBSERVATIONS, "picture-quality", "Quality of the picture"
    QUALITY_FINDING = OBSERVATIONS, "quality-finding", "What is beyond a limit of quality"
    MASK_COVERAGE = OBSERVATIONS, "mask-coverage", "Stained share of the picture"
    SHARPNESS = OBSERVATIONS, "sharpness", "Variance of the Laplacian of the picture"
    BRIGHTNESS = OBSERVATIONS, "brightness", "Mean grey level of the picture, 0 to 255"
    CONTRAST = OBSERVATIONS, "contrast", "Standard deviation of the grey levels"
    COLOUR_DISTANCE = OBSERVATIONS, "colour-distance", "Distance of the colours as a multiple of the accepted one"
    FEATURE_DISTANCE = OBSERVATIONS, "feature-distance", "Distance of the network's features as a multiple of the accepted one"
    VERDICT = OBSERVATIONS, "reviewer-verdict", "What a reviewer says about the model's answer"
    OVERLAY_PICTURE = OBSERVATIONS, "overlay", "Smear with the counted cells outlined"
    SEGMENTED_PICTURE = OBSERVATIONS, "segmented", "Stained cells of the smear alone"
    HEAT_MAP_PICTURE = OBSERVATIONS, "heat-map", "Where in the smear the answer comes from"
    SMEAR_PICTURE = OBSERVATIONS, "smear-picture", "Picture of one field of view as photographed"
    # What it is found to be: the values of our own enums, by their names.
    CONFIDENT = RESULTS, "confident", "Confident"
    INDETERMINATE = RESULTS, "indeterminate", "Indeterminate"
    OUT_OF_DISTRIBUTION = RESULTS, "out_of_distribution", "Out of the distribution of the model's training pictures"
    POOR_QUALITY = RESULTS, "poor_quality", "Too poor a picture"
    UNVERIFIED = RESULTS, "unverified", "Taken by a microscope that is not verified"
    ACCEPTED = RESULTS, "accepted", "No limit of quality is broken"
    LIMIT_BROKEN = RESULTS, "limit_broken", "A limit of quality is broken"
    OUT_OF_FOCUS = RESULTS, "out_of_focus", "Out of focus"
    TOO_DARK = RESULTS, "too_dark", "Too dark"
    TOO_BRIGHT = RESULTS, "too_bright", "Too bright"
    UNEVEN_LIGHT = RESULTS, "uneven_light", "Uneven light"
    UNSTAINED = RESULTS, "unstained", "Unstained"
    WRONG_MAGNIFICATION = RESULTS, "wrong_magnification", "Wrong magnification"
    TOO_FEW_CELLS = RESULTS, "too_few_cells", "Too few cells"
    EMPTY_MASK = RESULTS, "empty_mask", "No stained cell"
    OVERFLOWING_MASK = RESULTS, "overflowing_mask", "Stain everywhere"
    CONFIRM = RESULTS, "confirm", "Confirmed"
    CORRECT = RESULTS, "correct", "Corrected"

    @property
    def coding(self) -> dict[str, str]:
        """As FHIR's Coding."""
        system, code, display = self.value
        return {"system": system, "code": code, "display": display}

    def concept(self, text: str | None = None) -> dict[str, Any]:
        """As FHIR's CodeableConcept."""
        return {"coding": [self.coding]} | ({"text": text} if text else {})


_OF_VALUE = {code.value[1]: code for code in Code if code.value[0] == RESULTS}


def result_concept(value: str) -> dict[str, Any]:
    """CodeableConcept of a decision, a reason or a kind of verdict.

    Examples
    --------
    >>> result_concept("too_dark")["coding"][0]["display"]
    'Too dark'
    """
    return _OF_VALUE[value].concept()


def class_concept(name: str, disease: Disease) -> dict[str, Any]:
    """CodeableConcept of a class: its codes, and text where it has none or is another model's."""
    spec = disease.find(name)
    if spec is None or not spec.codes:
        return {"text": disease.display(name)}
    return codeable(*spec.codes)


def codeable(*codes: Coding, text: str | None = None) -> dict[str, Any]:
    """Codes of a disease as FHIR's CodeableConcept."""
    return {"coding": [code.model_dump() for code in codes]} | ({"text": text} if text else {})
