"""The portal's template: who gets in, what a page may do, and what is written down."""

import json
from pathlib import Path
from typing import Any

import pytest

from hemascope.domain.account import Role
from hemascope.portal.routes import PORTAL_API, REPORT_DOCUMENTS, ROUTES
from infra.settings import Settings
from infra.snapshot import synthesize
from tests.infra.reading import Resources, actions_of, named, of_type, read_settings, statements

pytestmark = pytest.mark.synth

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000"
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/portal/0f0f0f0f-0000-4000-8000-000000000000"


def portal_of(resources: Resources) -> Resources:
    return {name: resource for name, resource in resources.items() if name.startswith("portal/")}


def only(resources: Resources, kind: str) -> dict[str, Any]:
    (resource,) = of_type(portal_of(resources), kind).values()
    return resource["Properties"]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    """The portal of a hospital that has set all there is to set."""
    settings = Settings(
        stage="test",
        portal_url="https://smears.hospital.example/",
        portal_certificate=CERTIFICATE,
        portal_web_acl=WEB_ACL,
        portal_threat_protection=True,
    )
    assembly: Path = synthesize(settings, tmp_path_factory.mktemp("guarded"))
    template = json.loads((assembly / "Hemascope-test-Portal.template.json").read_text())
    return {f"portal/{name}": resource for name, resource in template["Resources"].items()}


def test_the_api_has_the_routes_of_the_table_and_each_asks_for_a_token(resources: Resources) -> None:
    routes = [route["Properties"] for route in of_type(resources, "AWS::ApiGatewayV2::Route").values()]

    assert {route["RouteKey"]: route["AuthorizationType"] for route in routes} == {route.key: "JWT" for route in ROUTES}


def test_each_route_leads_to_the_function_that_serves_it(resources: Resources) -> None:
    found = {
        resource["Properties"]["RouteKey"]: function_of(resources, resource["Properties"]["Target"])
        for resource in of_type(resources, "AWS::ApiGatewayV2::Route").values()
    }

    assert found == {route.key: "hemascope-dev-portal-api" for route in PORTAL_API.routes} | {
        route.key: "hemascope-dev-report-documents" for route in REPORT_DOCUMENTS.routes
    }


def function_of(resources: Resources, target: dict[str, Any]) -> str:
    """Name of the function behind an integration."""
    integration = resources[f"portal/{target['Fn::Join'][1][-1]['Ref']}"]["Properties"]
    return resources[f"portal/{integration['IntegrationUri']['Fn::GetAtt'][0]}"]["Properties"]["FunctionName"]


def test_tokens_are_the_user_pools_own_for_the_site(resources: Resources) -> None:
    authorizer = only(resources, "AWS::ApiGatewayV2::Authorizer")
    (pool,) = of_type(portal_of(resources), "AWS::Cognito::UserPool")
    (client,) = of_type(portal_of(resources), "AWS::Cognito::UserPoolClient")

    assert authorizer["JwtConfiguration"]["Audience"] == [{"Ref": client.split("/")[1]}]
    assert authorizer["JwtConfiguration"]["Issuer"]["Fn::Join"][1][-1] == {"Ref": pool.split("/")[1]}
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]


def test_only_the_sites_pages_may_call_the_api_from_a_browser(resources: Resources) -> None:
    cors = only(resources, "AWS::ApiGatewayV2::Api")["CorsConfiguration"]

    assert cors["AllowOrigins"] == ["https://portal.hospital.example"]
    assert cors["AllowMethods"] == ["DELETE", "GET", "POST", "PUT"]
    assert cors["AllowHeaders"] == ["authorization", "content-type"]
    assert "AllowCredentials" not in cors


def test_the_api_has_a_limit(resources: Resources) -> None:
    stage = only(resources, "AWS::ApiGatewayV2::Stage")

    settings = stage["DefaultRouteSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (20, 40)


def test_the_access_log_holds_an_account_and_a_route_and_nothing_that_a_caller_wrote(resources: Resources) -> None:
    log = only(resources, "AWS::ApiGatewayV2::Stage")["AccessLogSettings"]

    assert json.loads(log["Format"]) == {
        "time": "$context.requestTime",
        "request_id": "$context.requestId",
        "account": "$context.authorizer.claims.sub",
        "route": "$context.routeKey",
        "status": "$context.status",
        "problem": "$context.error.responseType",
        "bytes": "$context.responseLength",
        "milliseconds": "$context.responseLatency",
    }
    named(resources, "AWS::Logs::LogGroup", "LogGroupName", "/hemascope/dev/portal-access")


def test_nobody_signs_up_alone_and_everybody_has_a_second_factor(resources: Resources) -> None:
    pool = only(resources, "AWS::Cognito::UserPool")

    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("ON", ["SOFTWARE_TOKEN_MFA"])
    assert pool["AccountRecoverySetting"]["RecoveryMechanisms"] == [{"Name": "verified_email", "Priority": 1}]


def test_passwords_are_long_and_mixed(resources: Resources) -> None:
    assert only(resources, "AWS::Cognito::UserPool")["Policies"]["PasswordPolicy"] == {
        "MinimumLength": 14,
        "RequireLowercase": True,
        "RequireNumbers": True,
        "RequireSymbols": True,
        "RequireUppercase": True,
        "TemporaryPasswordValidityDays": 3,
    }


def test_accounts_outlive_the_stack(resources: Resources) -> None:
    (pool,) = of_type(portal_of(resources), "AWS::Cognito::UserPool").values()

    assert (pool["DeletionPolicy"], pool["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert pool["Properties"]["DeletionProtection"] == "ACTIVE"


def test_every_role_is_a_group(resources: Resources) -> None:
    groups = {group["Properties"]["GroupName"] for group in of_type(resources, "AWS::Cognito::UserPoolGroup").values()}

    assert groups == {"technician", "clinician", "patient", "admin"}
    assert groups == set(Role)


def test_owners_can_read_what_their_account_is_and_not_write_it(resources: Resources) -> None:
    client = only(resources, "AWS::Cognito::UserPoolClient")

    assert client["ReadAttributes"] == ["custom:hospital", "custom:patient"]
    assert client["WriteAttributes"] == ["locale"]


def test_the_site_signs_in_with_a_code_and_tokens_are_short(resources: Resources) -> None:
    client = only(resources, "AWS::Cognito::UserPoolClient")

    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["ExplicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    assert client["CallbackURLs"] == client["LogoutURLs"] == ["https://portal.hospital.example/"]
    assert (client["IdTokenValidity"], client["AccessTokenValidity"], client["RefreshTokenValidity"]) == (15, 15, 720)
    assert set(client["TokenValidityUnits"].values()) == {"minutes"}
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["EnableTokenRevocation"] is True


def test_the_sign_in_pages_have_a_style_without_which_they_would_not_open(resources: Resources) -> None:
    assert only(resources, "AWS::Cognito::UserPoolDomain")["ManagedLoginVersion"] == 2
    assert only(resources, "AWS::Cognito::ManagedLoginBranding")["UseCognitoProvidedValues"] is True


def test_only_this_distribution_may_read_the_site(resources: Resources) -> None:
    (distribution,) = of_type(portal_of(resources), "AWS::CloudFront::Distribution")
    allowed = [
        statement for statement in statements(portal_of(resources), "AWS::S3::BucketPolicy") if statement["Effect"] == "Allow"
    ]

    (reading,) = [statement for statement in allowed if statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}]
    others = [statement for statement in allowed if statement is not reading]

    assert actions_of(reading) == ["s3:GetObject"]
    assert json.dumps(reading["Condition"]["StringEquals"]["AWS:SourceArn"]).count(distribution.split("/")[1]) == 1
    assert others == []


def test_the_site_is_served_over_tls_alone_signs_its_reads_and_logs_its_visits(resources: Resources) -> None:
    config = only(resources, "AWS::CloudFront::Distribution")["DistributionConfig"]

    assert config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
    assert config["DefaultCacheBehavior"]["AllowedMethods"] == ["GET", "HEAD"]
    assert "OriginAccessControlId" in config["Origins"][0]
    assert "Bucket" in config["Logging"]
    access = only(resources, "AWS::CloudFront::OriginAccessControl")["OriginAccessControlConfig"]
    assert access["SigningBehavior"] == "always"


def test_a_page_may_do_what_the_portal_does_and_nothing_else(resources: Resources) -> None:
    headers = only(resources, "AWS::CloudFront::ResponseHeadersPolicy")["ResponseHeadersPolicyConfig"]
    security = headers["SecurityHeadersConfig"]
    text = flat(security["ContentSecurityPolicy"]["ContentSecurityPolicy"])

    policy = dict(directive.split(" ", 1) for directive in text.split("; "))

    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob: https://(Reports).s3.(Region).(URLSuffix)",
        "connect-src": "'self' https://(Api).execute-api.(Region).(URLSuffix)"
        " https://hemascope-dev-portal-(AccountId).auth.(Region).amazoncognito.com"
        " https://(Uploads).s3.(Region).(URLSuffix)",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def flat(value: Any) -> str:
    """A joined text with the names of what it refers to."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        return "".join(flat(part) for part in value["Fn::Join"][1])
    name = value.get("Ref") or value["Fn::ImportValue"]
    known = ("AccountId", "Region", "URLSuffix", "Reports", "Uploads", "Api")
    return f"({next(part for part in known if part in name)})"


def test_the_other_headers_are_strict(resources: Resources) -> None:
    headers = only(resources, "AWS::CloudFront::ResponseHeadersPolicy")["ResponseHeadersPolicyConfig"]
    security = headers["SecurityHeadersConfig"]

    assert security["StrictTransportSecurity"] == {
        "AccessControlMaxAgeSec": 63_072_000,
        "IncludeSubdomains": True,
        "Override": True,
    }
    assert security["ContentTypeOptions"] == {"Override": True}
    assert security["FrameOptions"] == {"FrameOption": "DENY", "Override": True}
    assert security["ReferrerPolicy"] == {"ReferrerPolicy": "no-referrer", "Override": True}
    assert [(item["Header"], item["Value"]) for item in headers["CustomHeadersConfig"]["Items"]] == [
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ]


def test_without_settings_there_is_no_cost_for_each_user(resources: Resources) -> None:
    pool = only(resources, "AWS::Cognito::UserPool")

    assert pool["UserPoolTier"] == "ESSENTIALS"
    assert "UserPoolAddOns" not in pool


def test_threat_protection_is_a_setting(guarded: Resources) -> None:
    pool = only(guarded, "AWS::Cognito::UserPool")

    assert pool["UserPoolTier"] == "PLUS"
    assert pool["UserPoolAddOns"]["AdvancedSecurityMode"] == "ENFORCED"


def test_an_own_name_has_a_certificate_and_modern_tls(guarded: Resources) -> None:
    config = only(guarded, "AWS::CloudFront::Distribution")["DistributionConfig"]

    assert config["Aliases"] == ["smears.hospital.example"]
    assert config["ViewerCertificate"] == {
        "AcmCertificateArn": CERTIFICATE,
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SslSupportMethod": "sni-only",
    }


def test_a_web_acl_stands_in_front_of_the_site(guarded: Resources) -> None:
    assert only(guarded, "AWS::CloudFront::Distribution")["DistributionConfig"]["WebACLId"] == WEB_ACL


def test_the_origin_of_a_portal_has_no_slash_at_its_end(guarded: Resources) -> None:
    cors = only(guarded, "AWS::ApiGatewayV2::Api")["CorsConfiguration"]
    client = only(guarded, "AWS::Cognito::UserPoolClient")

    assert cors["AllowOrigins"] == ["https://smears.hospital.example"]
    assert client["CallbackURLs"] == ["https://smears.hospital.example/"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_URL", "https://portal.hospital.example/path"),
        ("PORTAL_URL", "http://portal.hospital.example"),
        ("PORTAL_CERTIFICATE", CERTIFICATE.replace("us-east-1", "eu-central-1")),
        ("PORTAL_WEB_ACL", WEB_ACL.replace("global", "regional")),
    ],
)
def test_a_setting_that_cloudfront_would_refuse_is_refused_before(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"HEMASCOPE_{name}"):
        read_settings({f"HEMASCOPE_{name}": value})
