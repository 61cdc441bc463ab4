"""A report as an HL7 FHIR bundle for the hospital's own systems: R5, or R4B.

The bundle is a ``collection``. Its ids are made from the object id and the model, so the same report always has the same ids:
a second import overwrites the first and duplicates nothing.
"""

from datetime import datetime
from importlib import import_module
from typing import Any, Literal
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from hemascope.documents.codes import OWN, Code, class_concept, codeable
from hemascope.documents.labels import certainty, headline
from hemascope.documents.observations import Resource, identifier, of_model, of_reviewer
from hemascope.domain.disease import Disease
from hemascope.domain.report import Decision, Report
from hemascope.domain.reviewed import UNREVIEWED, Reviewed
from hemascope.domain.texts import Texts

Version = Literal["R5", "R4B"]


def fhir_bundle(
    report: Report, disease: Disease, texts: Texts, reviewed: Reviewed = UNREVIEWED, version: Version = "R5"
) -> str:
    """A report with its verdicts, as JSON that FHIR's own model has accepted.

    Parameters
    ----------
    report
        As stored; also of a rejected picture.
    disease, texts
        Codes and texts of the served model.
    reviewed
        Verdicts on the report: a stored report itself never changes.
    version
        Of FHIR.

    Raises
    ------
    ValueError
        Where the library finds that it isn't FHIR.
    """
    # The library has a module for each version, and brings in what a bundle holds when it comes to it.
    library = import_module("fhir.resources.bundle" if version == "R5" else "fhir.resources.R4B.bundle")
    return str(library.Bundle.model_validate(_Report(report, disease, texts, reviewed, version).bundle()).model_dump_json())


class _Report:
    """The resources of one report, and the references between them."""

    def __init__(self, report: Report, disease: Disease, texts: Texts, reviewed: Reviewed, version: Version) -> None:
        self._disease, self._texts = disease, texts
        self._report, self._reviewed, self._version = report, reviewed, version
        self._verdicts = sorted(reviewed.verdicts, key=lambda verdict: verdict.number)
        self._model, self._specimen = report.model, report.specimen

    def bundle(self) -> Resource:
        subject, sample, device, microscope = self._patient(), self._sample(), self._device(), self._microscope()
        common: Resource = {
            **({"subject": _reference(subject)} if subject else {}),
            **({"specimen": _reference(sample)} if sample else {}),
            **self._issued(),
            "device": _reference(device),
        }
        pictures = self._pictures(common)
        if microscope:  # it took the smear; everything else was drawn from it
            taken_by = _reference(microscope)
            pictures[0] |= {"author": [taken_by]} if self._version == "R5" else {"device": taken_by}
        common["derivedFrom"] = [_reference(pictures[0])]
        found = of_model(self._report, self._disease, self._reviewed.release, common, self._identify)
        found += [of_reviewer(verdict, self._disease, common, self._identify) for verdict in self._verdicts]
        whole = self._diagnostic_report(common, found, pictures[1:])
        traces = self._provenance([whole, *found], device, pictures[0])
        parts = (whole, subject, sample, device, microscope, *pictures, *found, *traces)
        resources = [resource for resource in parts if resource]
        moments = self._moments()
        return {
            "resourceType": "Bundle",
            "id": self._identify("bundle"),
            "identifier": identifier("report", f"{self._report.object_id}/{self._model.name}"),
            "type": "collection",
            **({"timestamp": max(moments).isoformat()} if moments else {}),
            "entry": [{"fullUrl": _reference(resource)["reference"], "resource": resource} for resource in resources],
        }

    def _identify(self, part: str) -> str:
        return _identity("report", self._report.object_id, self._model.name, part)

    def _issued(self) -> dict[str, str]:
        return {"issued": self._report.issued_at.isoformat()} if self._report.issued_at else {}

    def _moments(self) -> list[datetime]:
        issued = [self._report.issued_at] if self._report.issued_at else []
        return [*issued, *(verdict.at for verdict in self._verdicts)]

    def _patient(self) -> Resource:
        if self._specimen is None:
            return {}
        hospital, patient = self._specimen.hospital, self._specimen.patient
        return {
            "resourceType": "Patient",
            "id": _identity("patient", hospital, patient),
            "identifier": [identifier(f"patient/{quote(hospital, safe='')}", patient)],
        }

    def _sample(self) -> Resource:
        if self._specimen is None:
            return {}
        hospital, patient, slide = self._specimen.hospital, self._specimen.patient, self._specimen.slide
        return {
            "resourceType": "Specimen",
            "id": _identity("slide", hospital, patient, slide),
            "identifier": [identifier(f"slide/{quote(hospital, safe='')}", slide)],
            "type": codeable(*self._disease.specimen_codes, text=self._texts.specimen),
            "subject": _reference(self._patient()),
        }

    def _device(self) -> Resource:
        kind, name = Code.SOFTWARE.concept(), f"Hemascope {self._model.name}"
        device: Resource = {
            "resourceType": "Device",
            "id": _identity("model", self._model.name, self._model.sha256),
            "identifier": [identifier("model", self._model.name), identifier("model-sha256", self._model.sha256)],
            "status": "active",
            "version": [{"value": self._model.version}],
        }
        if self._version == "R5":
            return device | {"type": [kind], "name": [{"value": name, "type": "user-friendly-name"}]}
        return device | {"type": kind, "deviceName": [{"name": name, "type": "user-friendly-name"}]}

    def _microscope(self) -> Resource:
        """The microscope that took the picture; empty where nobody named one."""
        if self._specimen is None or self._specimen.microscope is None:
            return {}
        hospital, microscope = self._specimen.hospital, self._specimen.microscope
        kind = {"text": "Microscope"}
        return {
            "resourceType": "Device",
            "id": _identity("microscope", hospital, microscope),
            "identifier": [identifier(f"microscope/{quote(hospital, safe='')}", microscope)],
            "status": "active",
            "type": [kind] if self._version == "R5" else kind,
        }

    def _pictures(self, common: Resource) -> list[Resource]:
        """The smear first, then what was drawn from it. By reference: the smear by its object id, the others by their keys."""
        file = {"title": self._specimen.field} if self._specimen else {"title": "smear"}
        made = [self._picture("smear", Code.SMEAR_PICTURE, self._report.object_id, file, common)]
        stored = self._report.evidence.pictures if self._report.evidence else None
        if stored is None:
            return made
        drawn = [("segmented", Code.SEGMENTED_PICTURE, stored.segmented), ("overlay", Code.OVERLAY_PICTURE, stored.overlay)]
        drawn += [
            (f"heat map of the {branch} picture", Code.HEAT_MAP_PICTURE, key)
            for branch, key in sorted(stored.heat_maps.items())
        ]
        for title, code, key in drawn:
            attachment = {"contentType": "image/png", "url": quote(key), "title": title}
            labelled = {"meta": {"security": [Code.AI_ASSERTED.coding]}}
            made.append(self._picture(title, code, key, attachment, common) | labelled)
        return made

    def _picture(self, part: str, code: Code, name: str, attachment: Resource, common: Resource) -> Resource:
        picture: Resource = {"id": self._identify(f"picture/{part}"), "identifier": [identifier("picture", name)]}
        picture |= {key: value for key, value in common.items() if key == "subject"}
        if self._version == "R5":
            content = {"content": [{"attachment": attachment}]}
            return {"resourceType": "DocumentReference", **picture, "status": "current", "type": code.concept(), **content}
        kind = {"coding": [Code.IMAGE.coding, code.coding]}
        return {"resourceType": "Media", **picture, "status": "completed", "type": kind, "content": attachment}

    def _diagnostic_report(self, common: Resource, found: list[Resource], pictures: list[Resource]) -> Resource:
        report, result = self._report, self._report.result
        conclusion = [f"{headline(report, self._reviewed, self._disease)}.", certainty(report, self._reviewed)]
        changed = self._reviewed.label
        if result and not changed:
            conclusion.append(result.recommendation)
        if report.rejection:
            conclusion.append(f"{report.rejection.message}. {report.rejection.advice}")
        label = changed or (result.label if result and result.decision is Decision.CONFIDENT else None)
        whole: dict[str, Any] = {
            "resourceType": "DiagnosticReport",
            "id": self._identify("report"),
            "meta": {"security": [Code.AI_ASSERTED.coding]},
            "identifier": [identifier("report", f"{report.object_id}/{self._model.name}")],
            # The values of a release are FHIR's own.
            "status": str(self._reviewed.release) if result else "cancelled",
            "category": [Code.HEMATOLOGY.concept()],
            "code": codeable(self._disease.report_code, text=f"{self._texts.title}, one field of view"),
            **{name: value for name, value in common.items() if name in {"subject", "issued"}},
            **({"specimen": [common["specimen"]]} if "specimen" in common else {}),
            "result": [_reference(each) for each in found],
            "conclusion": " ".join(conclusion) + f" {report.disclaimer[0].upper()}{report.disclaimer[1:]}.",
            "presentedForm": [
                {
                    "contentType": "application/pdf",
                    "url": f"reports/{report.object_id}/report.pdf",
                    "title": "Report on one page",
                }
            ],
        }
        if self._specimen:
            hospital = identifier("hospital", self._specimen.hospital)
            whole["performer"] = [{"type": "Organization", "identifier": hospital}]
        if pictures:
            whole["media"] = [{"link": _reference(each)} for each in pictures]
        if reviewers := dict.fromkeys(each.reviewer for each in self._verdicts):
            whole["resultsInterpreter"] = [_reviewer(each) for each in reviewers]
        if label:
            whole["conclusionCode"] = [class_concept(label, self._disease)]
        return whole

    def _provenance(self, targets: list[Resource], device: Resource, smear: Resource) -> list[Resource]:
        """Who made it, from what, and who looked at it; none where no moment is known, as on the command line."""
        moments = self._moments()
        if not moments:
            return []
        agents = [{"type": Code.ASSEMBLER.concept(), "who": _reference(device)}]
        agents += [
            {"type": Code.VERIFIER.concept(), "who": _reviewer(reviewer)}
            for reviewer in dict.fromkeys(verdict.reviewer for verdict in self._verdicts)
        ]
        return [
            {
                "resourceType": "Provenance",
                "id": self._identify("provenance"),
                "target": [_reference(target) for target in targets],
                "recorded": max(moments).isoformat(),
                "activity": Code.CREATED.concept(),
                "agent": agents,
                "entity": [{"role": "source", "what": _reference(smear)}],
            }
        ]


def _reviewer(account: str) -> Resource:
    return {"type": "Practitioner", "identifier": identifier("account", account)}


def _reference(resource: Resource) -> Resource:
    return {"reference": f"urn:uuid:{resource['id']}"}


def _identity(*parts: str) -> str:
    """A UUID that is the same for the same parts, and for no others: a slash inside a part is escaped."""
    return str(uuid5(NAMESPACE_URL, "/".join((OWN, *(quote(part, safe="") for part in parts)))))
