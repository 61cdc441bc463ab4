"""Operators' work on the registry of microscopes: a list, and the mark of a reference microscope."""

import sys
from pathlib import Path

from hemascope.aws.client import map_aws_errors
from hemascope.aws.clock import SystemClock
from hemascope.domain.audit import SERVICE, AuditAction
from hemascope.domain.errors import HemascopeError
from hemascope.domain.manifest import WEIGHTS
from hemascope.domain.microscope import Microscope, set_reference, state_of
from hemascope.model.folder import ArtifactFolder
from hemascope_cli.identifiers import check_ids
from hemascope_cli.operations.deployment import Deployment
from hemascope_cli.project import artifact_folder


def list_microscopes(deployment: Deployment, hospital: str, artifact: Path | None) -> int:
    """Print one line for each microscope of a hospital: its state under the artifact, its id, its name; return 0."""
    model = ArtifactFolder.open(artifact_folder(artifact)).manifest.files[WEIGHTS]
    with map_aws_errors("read a hospital's microscopes"):
        found = deployment.microscopes().of_hospital(check_ids(hospital=hospital)["hospital"])
    if not found:
        print("This hospital has no registered microscope. Check --hospital and --stage.", file=sys.stderr)
    for microscope in found:
        mark = "  reference" if microscope.is_reference else ""
        print(f"{state_of(microscope, model):<9}  {microscope.digest}  {microscope.name}{mark}")
    return 0


def mark_reference(deployment: Deployment, hospital: str, name: str, *, is_reference: bool) -> int:
    """Make a microscope a reference, or an ordinary one; return 0. One that isn't registered is registered.

    Raises
    ------
    HemascopeError
        Where an id can't stand in a key, it is that already, or somebody else changes it at the same time.
    """
    ids = check_ids(hospital=hospital, microscope=name)
    registry = deployment.microscopes()
    with map_aws_errors("change a microscope"):
        before = registry.find(ids["hospital"], ids["microscope"])
        if before is None and not is_reference:
            raise HemascopeError(
                "This hospital has no microscope of this name. `hemascope registry list` shows its microscopes."
            )
        new = Microscope(hospital=ids["hospital"], name=ids["microscope"], is_reference=is_reference)
        after = set_reference(before, is_reference=is_reference) if before else new
        now = SystemClock().now()
        deployment.audit().append(after.hospital, SERVICE, AuditAction.MICROSCOPES, None, now, after.digest)
        if not registry.store(after):
            raise HemascopeError("Somebody else changed this microscope at the same moment. Repeat the command.")
    print(f"{after.digest}  {'reference' if is_reference else 'no reference'}")
    return 0
