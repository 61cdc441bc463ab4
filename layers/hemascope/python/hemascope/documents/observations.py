"""Findings of a report and verdicts of reviewers as FHIR Observations: the same in R5 and R4B."""

from collections.abc import Callable, Iterable
from typing import Any

from hemascope.documents.codes import OWN, Code, class_concept, result_concept
from hemascope.documents.labels import tiles_in_words
from hemascope.domain.disease import Disease
from hemascope.domain.report import Decision, Evidence, Release, Report, Result
from hemascope.domain.review import Verdict

Resource = dict[str, Any]
Identify = Callable[[str], str]  # part of a report -> the id of its resource
_UCUM = "http://unitsofmeasure.org"


def identifier(kind: str, value: str) -> Resource:
    """An id of ours as FHIR's Identifier; no id of ours names a person."""
    return {"system": f"{OWN}/NamingSystem/{kind}", "value": value}


def quantity(value: float, unit: str = "1") -> Resource:
    """A number with a unit of UCUM; ``1`` is none, braces hold an annotation.

    Examples
    --------
    >>> quantity(3, "{cells}")["unit"], quantity(0.123456)["value"]
    ('cells', 0.1235)
    """
    return {"value": round(value, 4), "unit": unit.strip("{}"), "system": _UCUM, "code": unit}


def of_model(report: Report, disease: Disease, release: Release, common: Resource, identify: Identify) -> list[Resource]:
    """Observations of the model; of a rejected picture a single one, that nothing was examined.

    Parameters
    ----------
    common
        What all have in common: subject, specimen, device, moment, picture.
    """
    shared = common | {"meta": {"security": [Code.AI_ASSERTED.coding]}}
    if report.result is None or report.evidence is None:
        why = [{"text": report.rejection.message}] if report.rejection else []
        absent = {"dataAbsentReason": Code.NOT_PERFORMED.concept(), "note": why}
        return [_observation(identify("decision"), "cancelled", Code.DECISION, shared, absent)]
    status = "preliminary" if release is Release.PRELIMINARY else "final"
    found = {
        "decision": (Code.DECISION, _decision(report.result, disease, named=report.shows_classes) | _tiles(report)),
        "pattern": (Code.PATTERN, _pattern(report.result, disease)),
        "cell-count": (Code.CELL_COUNT, {"valueQuantity": quantity(report.evidence.cell_count, "{cells}")}),
        "quality": (Code.QUALITY, _quality(report.evidence)),
        "out-of-distribution": (Code.COLOUR_DISTANCE, _distance(report.evidence)),
    }
    observations = [_observation(identify(part), status, code, shared, value) for part, (code, value) in found.items()]
    if not report.shows_classes:
        return observations  # a system that receives probabilities shows them
    for label, probability in report.result.probabilities.items():
        value = {
            "valueQuantity": quantity(probability),
            "component": [{"code": Code.CLASS.concept(), "valueCodeableConcept": class_concept(label, disease)}],
        }
        observations.append(_observation(identify(f"probability/{label}"), status, Code.PROBABILITY, shared, value))
    return observations


def of_reviewer(verdict: Verdict, disease: Disease, common: Resource, identify: Identify) -> Resource:
    """One reviewer's verdict."""
    value: Resource = {
        "meta": {"security": [Code.CLINICIAN_ASSERTED.coding]},
        "issued": verdict.at.isoformat(),
        "performer": [{"type": "Practitioner", "identifier": identifier("account", verdict.reviewer)}],
        "valueCodeableConcept": result_concept(verdict.kind),
    }
    if verdict.label:
        value["component"] = _components(Code.PATTERN, [class_concept(verdict.label, disease)])
    if verdict.comment:
        value["note"] = [{"text": verdict.comment}]
    # What the program found is not the reviewer's device.
    shared = {name: value for name, value in common.items() if name != "device"}
    return _observation(identify(f"verdict/{verdict.number}"), "final", Code.VERDICT, shared, value)


def _observation(identity: str, status: str, code: Code, common: Resource, value: Resource) -> Resource:
    return {
        "resourceType": "Observation",
        "id": identity,
        "status": status,
        "category": [Code.LABORATORY.concept()],
        "code": code.concept(),
        **common,
        **{name: part for name, part in value.items() if part},
    }


def _decision(result: Result, disease: Disease, *, named: bool) -> Resource:
    if not named:
        return {"valueCodeableConcept": result_concept(result.decision)}
    possible = [class_concept(name, disease) for name in result.prediction_set]
    typical = [class_concept(name, disease) for name in result.conformal_set]
    return {
        "valueCodeableConcept": result_concept(result.decision),
        "component": _components(Code.POSSIBLE, possible) + _components(Code.TYPICAL, typical),
    }


def _tiles(report: Report) -> Resource:
    told = tiles_in_words(report)
    return {"note": [{"text": told}]} if told else {}


def _pattern(result: Result, disease: Disease) -> Resource:
    """The label, only where it may be read as an answer: who reads this field alone must not be misled."""
    if result.decision is Decision.CONFIDENT:
        return {"valueCodeableConcept": class_concept(result.label, disease)}
    return {"dataAbsentReason": Code.UNKNOWN.concept()}


def _quality(found: Evidence) -> Resource:
    measured = {
        Code.SHARPNESS: found.quality.sharpness,
        Code.BRIGHTNESS: found.quality.brightness,
        Code.CONTRAST: found.quality.contrast,
        Code.MASK_COVERAGE: found.mask_coverage,
    }
    reasons = [finding.reason for finding in found.quality.findings]
    figures = [{"code": code.concept(), "valueQuantity": quantity(value)} for code, value in measured.items()]
    broken = [result_concept(reason) for reason in dict.fromkeys(reasons)]
    return {
        "valueCodeableConcept": (Code.LIMIT_BROKEN if reasons else Code.ACCEPTED).concept(),
        "component": figures + _components(Code.QUALITY_FINDING, broken),
    }


def _distance(found: Evidence) -> Resource:
    limit = [{"high": quantity(1.0), "text": "at most the accepted distance"}]
    features = {"valueQuantity": quantity(found.feature_score), "referenceRange": limit}
    return {
        "valueQuantity": quantity(found.out_of_distribution_score),
        "referenceRange": limit,
        "component": [{"code": Code.FEATURE_DISTANCE.concept(), **features}],
    }


def _components(code: Code, concepts: Iterable[Resource]) -> list[Resource]:
    return [{"code": code.concept(), "valueCodeableConcept": concept} for concept in concepts]
