"""The rule packs of cdk-nag (AwsSolutions, HIPAA) at every synthesis: a finding that nobody has accepted stops it."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import reduce
from pathlib import PurePosixPath

import aws_cdk as cdk
import jsii
from cdk_nag import AwsSolutionsChecks, HIPAASecurityChecks, NagPack
from constructs import IConstruct

from infra.acknowledgments import ACKNOWLEDGMENTS, Accepted
from infra.settings import Settings

# CDK puts the resource itself, and the policy of a role, below the construct that our code names.
_BELOW = re.compile(r"(/DefaultPolicy)?/Resource$")
_WILDCARD = re.compile(r"(?P<rule>[^\[]+)\[Resource::(?P<resource>.*)\]")


@jsii.implements(cdk.IPolicyValidationPlugin)
class ReviewedPack:
    """A pack whose accepted findings CDK is told of, with their reasons: they stand in ``validation-report.json``.

    Ids of findings hold logical ids and the stage, so an acknowledgment can only be made of a finding, not beforehand.
    """

    def __init__(self, app: cdk.App, settings: Settings, pack: NagPack, table: Iterable[Accepted]) -> None:
        self._app, self._prefix, self._pack, self._table = app, settings.stack(""), pack, tuple(table)

    @property
    def name(self) -> str:
        """The pack's own name."""
        return str(self._pack.name)

    @property
    def version(self) -> str | None:
        """The version of the rules: the lock has it."""
        return None

    @property
    def rule_ids(self) -> list[str] | None:
        """All rules of the pack."""
        return None

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Check every resource; acknowledge what the table accepts."""
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
    """Let the synthesis of this app fail for findings that are not in the table."""
    packs = [ReviewedPack(app, settings, pack, table) for pack in (AwsSolutionsChecks(app), HIPAASecurityChecks(app))]
    cdk.Validations.of(app).add_plugins(*packs)


def is_about(accepted: Accepted, finding: str) -> bool:
    """Tell whether an entry is about a finding such as ``AwsSolutions-IAM5[Resource::*]``."""
    wildcard = _WILDCARD.fullmatch(finding)
    if not wildcard:
        return finding == accepted.rule
    return wildcard["rule"] == accepted.rule and any(_ends(wildcard["resource"], end) for end in accepted.resources)


def is_at(place: str, path: str) -> bool:
    """Tell whether a construct path without its stage is one of a place."""
    return PurePosixPath("/", _BELOW.sub("", path)).match(f"/{place}")


def _ends(resource: str, end: str) -> bool:
    """Tell whether a resource ends so; everything, ``*``, is only accepted as such."""
    return resource == end if "*" in (resource, end) else fnmatchcase(resource, f"*{end}")


def _construct(app: cdk.App, path: str) -> IConstruct:
    return reduce(lambda scope, name: scope.node.find_child(name), path.split("/"), app)
