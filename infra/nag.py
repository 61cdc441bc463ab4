"""Run the cdk-nag rule packs AwsSolutions and HIPAA at every synthesis; an unacknowledged finding fails it."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

import aws_cdk as cdk
import jsii
from cdk_nag import AwsSolutionsChecks, HIPAASecurityChecks, NagPack
from constructs import IConstruct

from infra.acknowledgments import ACKNOWLEDGMENTS, Accepted
from infra.settings import Settings

# CDK creates the resource itself, and the policy of a role, below the construct that our code names.
_BELOW = re.compile(r"(/DefaultPolicy)?/Resource$")
_WILDCARD = re.compile(r"(?P<rule>[^\[]+)\[Resource::(?P<resource>.*)\]")


@jsii.implements(cdk.IPolicyValidationPlugin)
class ReviewedPack:
    """A rule pack that acknowledges accepted findings; ``validation-report.json`` lists them with their reasons.

    The id of a finding contains logical ids and the stage, so a finding is acknowledged when it occurs, not beforehand.
    """

    def __init__(self, app: cdk.App, settings: Settings, pack: NagPack, table: Iterable[Accepted]) -> None:
        self._app, self._prefix, self._pack, self._table = app, settings.stack(""), pack, tuple(table)

    @property
    def name(self) -> str:
        """The pack's own name."""
        return str(self._pack.name)

    @property
    def version(self) -> str | None:
        """None: the lock file pins the version of the rules."""
        return None

    @property
    def rule_ids(self) -> list[str] | None:
        """None: every rule of the pack runs."""
        return None

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Check every resource and acknowledge the findings that the table accepts."""
        report = self._pack.validate_scope(self._app)
        for violation in report.violations:
            for resource in violation.violating_resources:
                self._acknowledge(violation.rule_name, str(resource.construct_path))
        return report

    def _acknowledge(self, finding: str, path: str) -> None:
        for accepted in self._table:
            if is_about(accepted, finding) and any(is_at(place, path.removeprefix(self._prefix)) for place in accepted.places):
                rule = cdk.Acknowledgment(id=f"{self.name}::{finding}", reason=accepted.reason)
                cdk.Validations.of(_construct(self._app, path)).acknowledge(rule)
                return


def review(app: cdk.App, settings: Settings, table: Iterable[Accepted] = ACKNOWLEDGMENTS) -> None:
    """Make the synthesis of this app fail for any finding that is not in the table."""
    packs = [ReviewedPack(app, settings, pack, table) for pack in (AwsSolutionsChecks(app), HIPAASecurityChecks(app))]
    cdk.Validations.of(app).add_plugins(*packs)


def is_about(accepted: Accepted, finding: str) -> bool:
    """Return whether an entry covers a finding such as ``AwsSolutions-IAM5[Resource::*]``."""
    wildcard = _WILDCARD.fullmatch(finding)
    if not wildcard:
        return finding == accepted.rule
    return wildcard["rule"] == accepted.rule and any(_ends(wildcard["resource"], end) for end in accepted.resources)


def is_at(place: str, path: str) -> bool:
    """Return whether a construct path, without its stage, matches a place."""
    return PurePosixPath("/", _BELOW.sub("", path)).match(f"/{place}")


def _ends(resource: str, end: str) -> bool:
    """Return whether a resource ends with ``end``; ``*``, every resource, is accepted only literally."""
    return resource == end if "*" in (resource, end) else fnmatchcase(resource, f"*{end}")


def _construct(app: cdk.App, path: str) -> IConstruct:
    construct: IConstruct = app
    for name in path.split("/"):
        construct = construct.node.find_child(name)
    return construct
