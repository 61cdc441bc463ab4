"""Who may ask what: every route x every kind of account, each with its literal status. A new route is a line of each table.

The smear is of patient p-7 in the hospital st-mary. So are two others: one that somebody reviewed, and one that nobody did.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.support.portal_world import UNKNOWN, account

TECHNICIAN, CLINICIAN, ADMIN = "technician", "clinician", "admin"
# Kinds of account, in the order of the columns below.
ACCOUNTS: dict[str, dict[str, str] | None] = {
    "technician": account(TECHNICIAN),
    "clinician": account(CLINICIAN),
    "admin": account(ADMIN),
    "the patient": account("patient", patient="p-7"),
    "another patient": account("patient", patient="p-71"),
    "foreign technician": account(TECHNICIAN, "st-joseph"),
    "foreign clinician": account(CLINICIAN, "st-joseph"),
    "foreign admin": account(ADMIN, "st-joseph"),
    "foreign patient of the same id": account("patient", "st-joseph", "p-7"),
    "nobody": None,
}


@dataclass(frozen=True)
class Route:
    """One request, and its status for each kind of account."""

    request: str  # {smear}, {reviewed}, {fresh} and {unknown} stand for ids, {username} for an account,
    # {microscope} and {suspended} for microscopes
    statuses: str
    body: dict[str, str | None] = field(default_factory=dict)  # {model} stands for the model's name
    query: dict[str, str] = field(default_factory=dict)

    def filled(self, names: dict[str, str]) -> tuple[str, dict[str, Any]]:
        """Request and body with names for what stands for them."""
        return self.request.format(**names), {name: text and text.format(**names) for name, text in self.body.items()}


_UPLOAD = {"patient": "p-7", "slide": "c-1", "field": "field 1.jpg"}
_OPINION = {"model": "{model}", "kind": "confirm"}
_MODEL = {"model": "{model}"}
_IDS, _SETTINGS = {"ids": UNKNOWN}, {"release": "after_review"}
_NEW = {"email": "ann@hospital.example", "role": "clinician"}
_SCOPE, _CLOSED = {"name": "scope 3", "objective": "100x"}, {"reason": "The lamp was replaced."}
_CHOICE = {"profile": "a" * 64}
_NO_PROOF = {"sha256": "b" * 64}
_SLIDE, _NO_SLIDE = {"slide": "c-1"}, {"slide": "c-9"}

#                                            own hospital          patient   another hospital      pat. no-
#                                            tech clin adm         own oth   tech clin adm         same body
ROUTES = (
    Route("GET /me", "                       200  200  200         200 200   200  200  200         200  403"),
    Route("POST /uploads", "                 201  201  403         403 403   201  201  403         403  403", _UPLOAD),
    Route("GET /reports", "                  200  200  200         403 403   200  200  200         403  403"),
    Route("GET /reports/{smear}", "          200  200  200         200 403   403  403  403         403  403"),
    Route("GET /reports/{unknown}", "        404  404  404         404 404   404  404  404         404  403"),
    Route("GET /reports/nonsense", "         404  404  404         404 404   404  404  404         404  403"),
    Route("GET /reports/{smear}/report.pdf", "200 200  200         403 403   403  403  403         403  403"),
    Route("GET /reports/{unknown}/report.pdf", "404 404 404        403 403   404  404  404         403  403"),
    Route("GET /reports/{smear}/report.fhir.json", "200 200 200    403 403   403  403  403         403  403"),
    Route("POST /reports/{smear}/verdicts", "403  201  403         403 403   403  403  403         403  403", _OPINION),
    Route("POST /reports/{unknown}/verdicts", "403 404 403         403 403   403  404  403         403  403", _OPINION),
    Route("POST /reports/{reviewed}/release", "403 200 403         403 403   403  403  403         403  403", _MODEL),
    Route("POST /reports/{fresh}/release", " 403  409  403         403 403   403  403  403         403  403", _MODEL),
    Route("POST /reports/{unknown}/release", "403 404  403         403 403   403  404  403         403  403", _MODEL),
    Route("POST /reports/{smear}/acknowledgement", "403 204 403    403 403   403  403  403         403  403"),
    Route("POST /reports/{unknown}/acknowledgement", "403 404 403  403 403   403  404  403         403  403"),
    Route("GET /slides", "                    200  200  200         200 404   404  404  404         404  403", query=_SLIDE),
    Route("GET /slides", "                    404  404  404         404 404   404  404  404         404  403", query=_NO_SLIDE),
    Route("GET /summaries", "                403  403  403         200 200   403  403  403         200  403"),
    Route("GET /states", "                   200  200  403         403 403   200  200  403         403  403", query=_IDS),
    Route("GET /states", "                   400  400  403         403 403   400  400  403         403  403"),
    Route("GET /hospital", "                 200  200  200         403 403   200  200  200         403  403"),
    Route("PUT /hospital", "                 403  403  200         403 403   403  403  200         403  403", _SETTINGS),
    Route("GET /users", "                    403  403  200         403 403   403  403  200         403  403"),
    Route("POST /users", "                   403  403  201         403 403   403  403  201         403  403", _NEW),
    Route("DELETE /users/{username}", "      403  403  204         403 403   403  403  404         403  403"),
    Route("DELETE /users/nobody", "          403  403  404         403 403   403  403  404         403  403"),
    Route("GET /microscopes", "              200  200  200         403 403   200  200  200         403  403"),
    Route("POST /microscopes", "             403  403  201         403 403   403  403  201         403  403", _SCOPE),
    Route("GET /microscopes/{microscope}", " 200  200  200         403 403   404  404  404         403  403"),
    Route("GET /microscopes/{unknown}", "    404  404  404         403 403   404  404  404         403  403"),
    Route("GET /microscopes/{microscope}/chart", "200 200 200        403 403   404  404  404         403  403"),
    Route("DELETE /microscopes/{microscope}/alarm", "403 403 409     403 403   403  403  404         403  403"),
    Route("PUT /microscopes/{microscope}", " 403  403  200         403 403   403  403  404         403  403", {"make": "A B"}),
    Route("POST /microscopes/{microscope}/suspension", "403 403 200 403 403  403  403  404         403  403", _CLOSED),
    Route("POST /microscopes/{suspended}/suspension", "403 403 409 403 403   403  403  404         403  403", _CLOSED),
    Route("DELETE /microscopes/{suspended}/suspension", "403 403 200 403 403 403  403  404         403  403"),
    Route("DELETE /microscopes/{microscope}/suspension", "403 403 409 403 403 403 403  404         403  403"),
    Route("POST /microscopes/{microscope}/rescreening", "403 403 202 403 403 403  403  404         403  403"),
    Route("GET /microscopes/{microscope}/fields", "200 200 200  403 403  404  404  404         403  403"),
    Route("GET /microscopes/{microscope}/commissioning", "200 200 200 403 403 404 404  404         403  403"),
    Route("POST /microscopes/{microscope}/commissioning", "403 403 202 403 403 403 403 404         403  403", {"since": None}),
    Route("PUT /microscopes/{microscope}/profile", "403 403 409 403 403  403  403  404         403  403", _CHOICE),
    Route("GET /microscopes/{microscope}/verification", "200 200 200 403 403 404 404   404         403  403"),
    Route("POST /microscopes/{microscope}/verification", "403 403 400 403 403 403 403  404         403  403", {"table": ""}),
    Route("GET /microscopes/{microscope}/proof.pdf", "404 404 404 403 403 404  404  404         403  403", query=_NO_PROOF),
    Route("GET /model", "                    200  200  200         403 403   200  200  200         403  403"),
    Route("GET /figures", "                  403  403  200         403 403   403  403  200         403  403"),
    Route("GET /audit", "                    403  403  200         403 403   403  403  200         403  403"),
)  # fmt: skip

# Accounts and tokens that are nobody's, whatever is asked: an unclear account is no account.
NOBODIES: dict[str, dict[str, str]] = {
    "clinician without a hospital": account(CLINICIAN, None),
    "clinician of an empty hospital": account(CLINICIAN, ""),
    "clinician of two hospitals": account(CLINICIAN, "st-mary/st-joseph"),
    "clinician without an id": account(CLINICIAN, sub=""),
    "patient without an id": account("patient"),
    "account of two roles": account("patient clinician", patient="p-7"),
    "account of a role that only looks like one": account("clinicians"),
    "account in another writing": account("CLINICIAN"),
    "account without a role": account(""),
    "access token": account(CLINICIAN) | {"token_use": "access"},
    "refresh token": account(CLINICIAN) | {"token_use": "refresh"},
    "token of no kind": {"sub": "8f0c", "cognito:groups": "[clinician]", "custom:hospital": "st-mary"},
    "no claims": {},
}
IDS = {"unknown": UNKNOWN, "username": "u-0"}
