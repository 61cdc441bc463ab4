"""Registers the microscope of the demo hospital in the local cloud, as an operator does."""

from hemascope.aws.microscopes_table import DynamoMicroscopes
from hemascope.domain.microscope import Microscope
from hemascope_cli.local.accounts import DEMO_HOSPITAL
from hemascope_cli.local.cloud import LocalCloud

DEMO_MICROSCOPE = "microscope-0001"


def register_demo_microscope(cloud: LocalCloud) -> None:
    """Register a reference microscope: the demo's smears are drawn, or come from the artifact's own data."""
    registry = DynamoMicroscopes(cloud.client("dynamodb"), cloud.outputs["MicroscopesTable"])
    registry.store(
        Microscope(
            hospital=DEMO_HOSPITAL,
            name=DEMO_MICROSCOPE,
            make="Reference of the data set",
            is_reference=True,
            watched=False,  # drawn smears are unlike the data set's: the eighth would suspend it
        )
    )
