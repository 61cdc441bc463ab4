"""What a model looks for, as data: its classes in index order, and the codes by which other systems know a report on them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Coding(_Spec):
    """A code of LOINC, SNOMED CT, HL7 or of our own, as FHIR writes it."""

    system: Annotated[str, Field(pattern=r"^https?://\S+$")]
    code: Annotated[str, Field(min_length=1)]
    display: Annotated[str, Field(min_length=1)]


class ClassSpec(_Spec):
    """One class of a model."""

    name: Annotated[str, Field(min_length=1)]  # in reports, texts and statistics
    folder: Annotated[str, Field(pattern=r"^[^/\\]+$")]  # of its pictures in a data set, below ``Original``
    display: Annotated[str, Field(min_length=1)]  # what a document calls a picture of this class
    urgent: bool = False  # a clinician must be notified without delay
    codes: tuple[Coding, ...] = ()


class Disease(_Spec):
    """Classes and codes of a model.

    A code is stated only where it exists and means what is meant. A code for the disease itself would be a diagnosis.

    Examples
    --------
    >>> code = {"system": "http://loinc.org", "code": "5909-7", "display": "Blood smear finding"}
    >>> classes = [{"name": name, "folder": name, "display": name, "urgent": name == "Sickle"} for name in ("Disc", "Sickle")]
    >>> disease = Disease.model_validate({"classes": classes, "report_code": code, "specimen_codes": []})
    >>> disease.class_names, disease.urgent_classes
    (('Disc', 'Sickle'), ('Sickle',))
    """

    classes: Annotated[tuple[ClassSpec, ...], Field(min_length=2)]  # in the order of the network's outputs
    report_code: Coding  # of the report as a whole: LOINC
    specimen_codes: tuple[Coding, ...]  # of what was photographed: SNOMED CT

    @model_validator(mode="after")
    def _distinct(self) -> "Disease":
        for what, values in (("name", self.class_names), ("folder", tuple(self.folders.values()))):
            if len(set(values)) < len(self.classes):
                raise ValueError(f"expected a {what} of its own for each class, received {', '.join(values)}")
        return self

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the network's outputs."""
        return tuple(spec.name for spec in self.classes)

    @property
    def urgent_classes(self) -> tuple[str, ...]:
        """Names of the classes of which a clinician must be notified without delay."""
        return tuple(spec.name for spec in self.classes if spec.urgent)

    @property
    def folders(self) -> dict[str, str]:
        """Folder of each class in a data set, by the class' name."""
        return {spec.name: spec.folder for spec in self.classes}

    def find(self, name: str) -> ClassSpec | None:
        """The class of this name; None where it is another model's."""
        return next((spec for spec in self.classes if spec.name == name), None)

    def display(self, name: str) -> str:
        """What a document calls a picture of this class; the name itself where it is another model's."""
        spec = self.find(name)
        return spec.display if spec else name
