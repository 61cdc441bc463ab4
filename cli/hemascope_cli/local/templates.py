"""The committed CloudFormation templates, made fit for the embedded cloud: what it refuses is left out, each with a reason."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STAGE = "dev"  # of the snapshots
_PORTAL = "https://portal.hospital.example"  # as well
# In the order of their dependencies.
STACKS = ("Ingest", "Screening", "Notification", "Portal", "Archive", "Operator", "Devices", "Observability")

# Types that the emulator refuses, and what stands in for them or why nothing need.
REFUSED = {
    "AWS::SES::Template": "created with the SES API from the same resource",
    "AWS::CodeDeploy::Application": "shifts smears between versions of a function; here is one process of one version",
    "AWS::CodeDeploy::DeploymentGroup": "as above",
    "AWS::IoT::RoleAlias": "the way from a certificate to the role; the emulator has no credentials provider to ask",
    "AWS::Cognito::ManagedLoginBranding": "the look of the sign-in pages; the emulator has pages of its own",
    "AWS::CloudWatch::CompositeAlarm": "tells people what CodeDeploy does, and there is no CodeDeploy here",
    "AWS::Budgets::Budget": "watches a bill, and there is none here",
}

Template = dict[str, Any]


@dataclass(frozen=True)
class LocalFunction:
    """A function of the templates: its name, and the folder below ``lambdas`` that holds its handler."""

    name: str

    @property
    def folder(self) -> str:
        """``screen_smear`` for ``hemascope-dev-screen-smear``."""
        return self.name.removeprefix(f"hemascope-{STAGE}-").replace("-", "_")


def read_templates(root: Path) -> dict[str, Template]:
    """Every stack's template, by the stack's name, in the order of their dependencies."""
    folder = root / "infra" / "templates"
    return {name: json.loads((folder / f"{name.lower()}.template.json").read_text(encoding="utf-8")) for name in STACKS}


def moved(template: Template, portal: str | None) -> Template:
    """The template of a deployment whose portal has this address: in links, in sign-in and in who may call from a browser."""
    changed: Template = json.loads(json.dumps(template).replace(_PORTAL, portal)) if portal else template
    return changed


def accepted(template: Template) -> Template:
    """The template without what the emulator refuses."""
    resources = {
        key: _cors_as_api(one)
        for key, one in template["Resources"].items()
        if one["Type"] not in REFUSED and not _has_metric_math(one)
    }
    return template | {"Resources": resources}


def _cors_as_api(resource: dict[str, Any]) -> dict[str, Any]:
    """The same resource; an HTTP API's CORS rules spelled as its API does, the only spelling that the emulator obeys."""
    cors = resource.get("Properties", {}).get("CorsConfiguration")
    if resource["Type"] != "AWS::ApiGatewayV2::Api" or not cors:
        return resource
    spelled = {name[0].lower() + name[1:]: value for name, value in cors.items()}
    return resource | {"Properties": resource["Properties"] | {"CorsConfiguration": spelled}}


def _has_metric_math(resource: dict[str, Any]) -> bool:
    """Tell whether it is an alarm on a share: the emulator knows alarms on one metric, and makes none of our log lines."""
    return resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]


def without_tls_only(template: Template) -> Template:
    """The template with the statements that deny plain HTTP made to match nobody.

    With IAM enforced the emulator would obey them, and it speaks HTTP. They stay in their policies, since a topic without a
    policy of its own would get AWS's default one, which is open to the whole account.
    """
    resources = {}
    for key, resource in template["Resources"].items():
        if resource["Type"].endswith(("QueuePolicy", "TopicPolicy", "BucketPolicy")):
            document = resource["Properties"]["PolicyDocument"]
            statements = [one | {"Condition": _NEVER} if _is_about_tls(one) else one for one in document["Statement"]]
            properties = resource["Properties"] | {"PolicyDocument": document | {"Statement": statements}}
            resource = resource | {"Properties": properties}
        resources[key] = resource
    return template | {"Resources": resources}


_NEVER = {"StringEquals": {"aws:PrincipalAccount": "nobody's"}}


def _is_about_tls(statement: dict[str, Any]) -> bool:
    conditions = json.dumps(statement.get("Condition", {}))
    return statement["Effect"] == "Deny" and ("aws:SecureTransport" in conditions or "s3:TlsVersion" in conditions)


def of_type(templates: dict[str, Template], kind: str) -> Iterator[dict[str, Any]]:
    """Properties of every resource of a type."""
    for template in templates.values():
        yield from (resource["Properties"] for resource in template["Resources"].values() if resource["Type"] == kind)


def functions(templates: dict[str, Template]) -> list[LocalFunction]:
    """Every function of the templates."""
    return [LocalFunction(one["FunctionName"]) for one in of_type(templates, "AWS::Lambda::Function")]
