"""Adapts the committed CloudFormation templates to the local cloud: what it refuses is left out, each with a reason."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STAGE = "dev"  # of the snapshots
_PORTAL = "https://portal.hospital.example"  # of the snapshots, too
# In the order of their dependencies.
STACKS = ("Ingest", "Screening", "Notification", "Portal", "Archive", "Operator", "Devices", "Observability")

# Types that the emulator refuses, and what replaces them or why nothing has to.
REFUSED = {
    "AWS::SES::Template": "created with the SES API from the same resource",
    "AWS::CodeDeploy::Application": "shifts traffic between versions of a function; here each function is one process",
    "AWS::CodeDeploy::DeploymentGroup": "as above",
    "AWS::IoT::RoleAlias": "maps a certificate to a role; the emulator has no credentials provider",
    "AWS::Cognito::ManagedLoginBranding": "styles the sign-in pages; the emulator has pages of its own",
    "AWS::CloudWatch::CompositeAlarm": "reports on CodeDeploy, which is absent here",
    "AWS::Budgets::Budget": "limits costs, and there are none here",
}

Template = dict[str, Any]


@dataclass(frozen=True)
class LocalFunction:
    """A Lambda function: its name, and the folder below ``lambdas`` that holds its handler."""

    name: str

    @property
    def folder(self) -> str:
        """``screen_smear`` for ``hemascope-dev-screen-smear``."""
        return self.name.removeprefix(f"hemascope-{STAGE}-").replace("-", "_")


def read_templates(root: Path) -> dict[str, Template]:
    """Read the template of every stack: name of the stack -> template, in the order of their dependencies."""
    folder = root / "infra" / "templates"
    return {name: json.loads((folder / f"{name.lower()}.template.json").read_text(encoding="utf-8")) for name in STACKS}


def moved(template: Template, portal: str | None) -> Template:
    """The template for a portal at another address, which appears in links, in sign-in and in CORS rules."""
    changed: Template = json.loads(json.dumps(template).replace(_PORTAL, portal)) if portal else template
    return changed


def accepted(template: Template) -> Template:
    """The template without what the emulator refuses."""
    resources = {
        key: _cors_as_api(resource)
        for key, resource in template["Resources"].items()
        if resource["Type"] not in REFUSED and not _has_metric_math(resource)
    }
    return template | {"Resources": resources}


def _cors_as_api(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource, with an HTTP API's CORS rules in the spelling of its API, the only one that the emulator reads."""
    cors = resource.get("Properties", {}).get("CorsConfiguration")
    if resource["Type"] != "AWS::ApiGatewayV2::Api" or not cors:
        return resource
    spelled = {name[0].lower() + name[1:]: value for name, value in cors.items()}
    return resource | {"Properties": resource["Properties"] | {"CorsConfiguration": spelled}}


def _has_metric_math(resource: dict[str, Any]) -> bool:
    """Whether a resource is an alarm on an expression of metrics; the emulator only knows alarms on one metric."""
    return resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]


def without_tls_only(template: Template) -> Template:
    """The template with the statements that deny plain HTTP changed so that they match no request.

    With IAM enforced the emulator, which speaks HTTP, would apply them. They stay in their policies, because a topic without a
    policy gets AWS's default, which allows the whole account.
    """
    resources = {}
    for key, resource in template["Resources"].items():
        if resource["Type"].endswith(("QueuePolicy", "TopicPolicy", "BucketPolicy")):
            document = resource["Properties"]["PolicyDocument"]
            statements = [
                statement | {"Condition": _NEVER} if _is_about_tls(statement) else statement
                for statement in document["Statement"]
            ]
            properties = resource["Properties"] | {"PolicyDocument": document | {"Statement": statements}}
            resources[key] = resource | {"Properties": properties}
        else:
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
    return [LocalFunction(function["FunctionName"]) for function in of_type(templates, "AWS::Lambda::Function")]
