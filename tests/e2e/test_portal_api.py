"""The portal on the embedded cloud, with IAM enforced: real accounts, real tokens, real forms and links."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from hemascope.aws.s3 import S3Links
from hemascope_cli.local.cloud import LocalCloud
from hemascope_cli.project import artifact_folder, project_root
from tests.e2e.portal_client import PASSWORD, PortalClient
from tests.support.http import request
from tests.support.patience import wait_until

pytestmark = pytest.mark.local_cloud

PICTURE = {"patient": "p-7", "slide": "c+1", "field": "50% 血液 9.41\u202fAM 👩\u200d🔬.jpg"}


@dataclass(frozen=True)
class Seen:
    """A smear that a technician has sent, and what was said of it."""

    upload: dict[str, Any]
    object_id: str


@pytest.fixture(scope="module")
def portal() -> Iterator[PortalClient]:
    with LocalCloud(project_root(), artifact_folder(None), enforce_iam=True) as cloud:
        portal = PortalClient(cloud)
        for role in ("technician", "clinician", "admin"):
            portal.invite(role, role, "st-mary")
            portal.invite(f"foreign-{role}", role, "st-joseph")
        portal.invite("patient-7", "patient", "st-mary", "p-7")
        portal.invite("patient-8", "patient", "st-mary", "p-8")
        yield portal


@pytest.fixture(scope="module")
def tokens(portal: PortalClient) -> dict[str, str]:
    """Everybody's identity token."""
    names = [name for role in ("technician", "clinician", "admin") for name in (role, f"foreign-{role}")]
    return {name: portal.sign_in(name)["id_token"] for name in (*names, "patient-7", "patient-8")}


@pytest.fixture(scope="module")
def seen(portal: PortalClient, tokens: dict[str, str], smear: bytes) -> Seen:
    status, upload = portal.ask("POST /uploads", tokens["technician"], PICTURE)
    assert status == 201, upload
    sent = portal.send(upload, smear)
    assert sent.status == 204, sent.data
    # The rule that the answer states, by hand.
    parts = (upload["bucket"], upload["key"], sent.headers["x-amz-version-id"])
    object_id = hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()[:32]
    wait_until(lambda: portal.ask(f"GET /reports/{object_id}", tokens["technician"])[0] == 200, "a report")
    return Seen(upload, object_id)


def test_a_picture_sent_with_the_form_appears_in_the_list_and_as_a_report(
    portal: PortalClient, tokens: dict[str, str], seen: Seen
) -> None:
    listed = portal.ask("GET /reports", tokens["clinician"])[1]
    status, report = portal.ask(f"GET /reports/{seen.object_id}", tokens["clinician"])

    assert [row["specimen"] for row in listed["rows"]] == [{"hospital": "st-mary", "microscope": None, **PICTURE}]
    assert status == 200
    assert report["state"] == "reported"
    assert set(report["report"]["result"]["probabilities"]) == {"Benign", "Early Pre-B", "Pre-B", "Pro-B"}


def test_the_links_of_a_report_show_its_pictures(portal: PortalClient, tokens: dict[str, str], seen: Seen) -> None:
    report = portal.ask(f"GET /reports/{seen.object_id}", tokens["clinician"])[1]

    for name in ("segmented", "overlay"):
        shown = request("GET", report["pictures"][name])
        assert (shown.status, shown.data[:4]) == (200, b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("technician", (200, 201, 200, 200)),
        ("clinician", (200, 201, 200, 200)),
        ("admin", (200, 403, 200, 200)),
        ("patient-7", (200, 403, 403, 200)),
        ("patient-8", (200, 403, 403, 403)),
        ("foreign-technician", (200, 201, 200, 403)),
        ("foreign-clinician", (200, 201, 200, 403)),
        ("foreign-admin", (200, 403, 200, 403)),
    ],
)
def test_each_account_reaches_its_own_and_nothing_else(
    portal: PortalClient, tokens: dict[str, str], seen: Seen, name: str, statuses: tuple[int, ...]
) -> None:
    routes = ("GET /me", "POST /uploads", "GET /reports", f"GET /reports/{seen.object_id}")

    answered = tuple(portal.ask(route, tokens[name], PICTURE if route.startswith("POST") else None)[0] for route in routes)

    assert answered == statuses


def test_another_hospital_sees_no_row_of_this_one(portal: PortalClient, tokens: dict[str, str], seen: Seen) -> None:
    assert portal.ask("GET /reports", tokens["foreign-clinician"]) == (200, {"rows": [], "cursor": None})


def test_a_patient_gets_the_summary_alone(portal: PortalClient, tokens: dict[str, str], seen: Seen) -> None:
    status, answer = portal.ask(f"GET /reports/{seen.object_id}", tokens["patient-7"])

    assert status == 200
    assert set(answer) == {"summary"}
    assert answer["summary"]["object_id"] == seen.object_id
    assert not {"result", "probabilities", "evidence", "model"} & set(answer["summary"])


def test_staff_see_a_slides_report_and_its_patient_the_summary(
    portal: PortalClient, tokens: dict[str, str], seen: Seen
) -> None:
    route = f"GET /slides?{urlencode({'slide': PICTURE['slide']})}"

    status, stated = portal.ask(route, tokens["clinician"])
    notified = portal.ask(route, tokens["patient-7"])

    named = stated["report"]["fields"] + stated["report"]["excluded"]
    assert (status, [(field["name"], field["object_id"]) for field in named]) == (200, [(PICTURE["field"], seen.object_id)])
    assert (notified[0], set(notified[1])) == (200, {"summary"})
    assert [portal.ask(route, tokens[name])[0] for name in ("patient-8", "foreign-clinician")] == [404, 404]


def test_an_id_that_nothing_has_is_not_found(portal: PortalClient, tokens: dict[str, str]) -> None:
    assert portal.ask(f"GET /reports/{'0' * 32}", tokens["clinician"])[0] == 404


@pytest.mark.parametrize(
    ("changed", "data", "refusal"),
    [
        ({"key": "smears/st-joseph/p-7/c-1/field.jpg"}, b"x", (403, "AccessDenied")),
        ({"key": "reports/field.jpg"}, b"x", (403, "AccessDenied")),
        ({"x-amz-signature": "0" * 64}, b"x", (403, "SignatureDoesNotMatch")),
        ({}, b"", (400, "EntityTooSmall")),
        ({}, bytes(32 * 1024 * 1024 + 1), (400, "EntityTooLarge")),
    ],
    ids=["another hospital's key", "another key", "another signature", "empty", "a byte too large"],
)
def test_a_form_takes_one_key_and_sizes_within_its_limits(
    portal: PortalClient, seen: Seen, changed: dict[str, str], data: bytes, refusal: tuple[int, str]
) -> None:
    sent = portal.send(seen.upload, data, **changed)

    assert sent.status == refusal[0]
    assert f"<Code>{refusal[1]}</Code>" in sent.data.decode()


def test_a_link_ends(portal: PortalClient, seen: Seen) -> None:
    s3, outputs = portal.cloud.client("s3"), portal.cloud.outputs
    links = [S3Links(s3, outputs["UploadsBucket"], outputs["ReportsBucket"], seconds=seconds) for seconds in (3600, 1)]
    lasting, short = (link.link(f"reports/{seen.object_id}/all-subtypes/1.0.1/overlay.png") for link in links)

    wait_until(lambda: request("GET", short).status == 403, "the end of a link")

    assert request("GET", lasting).status == 200


def test_a_link_fits_no_other_object(portal: PortalClient, tokens: dict[str, str], seen: Seen) -> None:
    report = portal.ask(f"GET /reports/{seen.object_id}", tokens["clinician"])[1]
    link = report["pictures"]["overlay"]

    assert request("GET", link.replace("overlay.png", "report.json")).status == 403


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def decoded(token: str, number: int) -> dict[str, Any]:
    part = token.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def with_other_claims(token: str) -> str:
    head, _, signature = token.split(".")
    return f"{head}.{encoded(decoded(token, 1) | {'custom:hospital': 'st-joseph'})}.{signature}"


def with_broken_signature(token: str) -> str:
    rest, signature = token.rsplit(".", 1)
    return f"{rest}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def signed_by_a_stranger(token: str) -> str:
    head, claims, _ = token.split(".")
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signature = stranger.sign(f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{head}.{claims}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def unsigned(token: str) -> str:
    return f"{encoded(decoded(token, 0) | {'alg': 'none'})}.{token.split('.')[1]}."


@pytest.mark.parametrize(
    "forge",
    [with_other_claims, with_broken_signature, signed_by_a_stranger, unsigned, lambda _: "no.real.token", lambda _: None],
    ids=["other claims", "broken signature", "stranger's signature", "unsigned", "nonsense", "no token"],
)
@pytest.mark.parametrize("route", ["GET /me", "POST /uploads", "GET /reports", "GET /reports/{id}", "GET /slides?slide=c-1"])
def test_a_forged_token_opens_nothing(portal: PortalClient, tokens: dict[str, str], seen: Seen, forge: Any, route: str) -> None:
    body = PICTURE if route.startswith("POST") else None

    status, _ = portal.ask(route.replace("{id}", seen.object_id), forge(tokens["clinician"]), body)

    assert status == 401


def test_a_genuine_token_of_another_issuer_opens_nothing(portal: PortalClient) -> None:
    users = portal.cloud.client("cognito-idp")
    pool = users.create_user_pool(PoolName="elsewhere", Schema=[{"Name": "hospital", "AttributeDataType": "String"}])
    pool_id = pool["UserPool"]["Id"]
    client_id = users.create_user_pool_client(
        UserPoolId=pool_id, ClientName="elsewhere", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    users.create_group(UserPoolId=pool_id, GroupName="clinician")
    hospital = [{"Name": "custom:hospital", "Value": "st-mary"}]
    users.admin_create_user(UserPoolId=pool_id, Username="eve", UserAttributes=hospital, MessageAction="SUPPRESS")
    users.admin_set_user_password(UserPoolId=pool_id, Username="eve", Password=PASSWORD, Permanent=True)
    users.admin_add_user_to_group(UserPoolId=pool_id, Username="eve", GroupName="clinician")
    given = users.admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "eve", "PASSWORD": PASSWORD},
    )

    assert portal.ask("GET /me", given["AuthenticationResult"]["IdToken"])[0] == 401


def test_a_token_ends(portal: PortalClient) -> None:
    users = portal.cloud.client("cognito-idp")
    client = {"UserPoolId": portal.cloud.outputs["UserPool"], "ClientId": portal.cloud.outputs["PortalClient"]}
    users.update_user_pool_client(**client, IdTokenValidity=1, TokenValidityUnits={"IdToken": "seconds"})
    token = portal.sign_in("clinician")["id_token"]
    users.update_user_pool_client(**client, IdTokenValidity=15, TokenValidityUnits={"IdToken": "minutes"})

    wait_until(lambda: portal.ask("GET /me", token)[0] == 401, "the end of a token")

    assert portal.ask("GET /me", portal.sign_in("clinician")["id_token"])[0] == 200


def test_an_access_token_is_no_identity(portal: PortalClient) -> None:
    status, problem = portal.ask("GET /me", portal.sign_in("clinician")["access_token"])

    assert (status, problem["detail"]) == (403, "Expected an identity token.")


def test_a_wrong_password_opens_nothing(portal: PortalClient) -> None:
    with pytest.raises(AssertionError, match="no way back"):
        portal.sign_in("clinician", "Wrong-Horse-7-Battery")


@pytest.mark.parametrize("flow", ["USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH"])
def test_no_flow_that_sends_the_password_to_the_api_is_open(portal: PortalClient, flow: str) -> None:
    users = portal.cloud.client("cognito-idp")
    call = users.admin_initiate_auth if flow.startswith("ADMIN") else users.initiate_auth
    pool = {"UserPoolId": portal.cloud.outputs["UserPool"]} if flow.startswith("ADMIN") else {}

    with pytest.raises(ClientError, match="InvalidParameterException"):
        call(
            **pool,
            ClientId=portal.cloud.outputs["PortalClient"],
            AuthFlow=flow,
            AuthParameters={"USERNAME": "clinician", "PASSWORD": PASSWORD},
        )


def test_owners_cannot_write_what_their_account_is(portal: PortalClient) -> None:
    token = portal.sign_in("clinician")["access_token"]

    with pytest.raises(ClientError, match="NotAuthorizedException"):
        portal.cloud.client("cognito-idp").update_user_attributes(
            AccessToken=token, UserAttributes=[{"Name": "custom:hospital", "Value": "st-joseph"}]
        )


def test_the_log_names_nobody(portal: PortalClient, tokens: dict[str, str], seen: Seen) -> None:
    portal.ask(f"GET /reports/{seen.object_id}", tokens["patient-8"])

    log = portal.cloud.log("portal_api")

    assert seen.object_id in log
    assert not [word for word in ("p-7", "p-8", "st-mary", "c+1", "血液", "smears/", "clinician", "eyJ") if word in log]
