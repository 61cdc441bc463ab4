"""Literal answers of the portal's API, in the shapes of docs/contracts.md."""

from typing import Any

LEUKEMIA, BENIGN, STRANGE, REJECTED = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)
MODEL = "all-subtypes/1.0.1"

HOSPITALS = {"hospital": "st-mary", "patient": None}
ME = {role: {"role": role, **HOSPITALS} for role in ("technician", "clinician", "admin")} | {
    "patient": {"role": "patient", "hospital": "st-mary", "patient": "p-7"}
}


def row(object_id: str, file: str, **changed: Any) -> dict[str, Any]:
    """A row of the worklist: a confident report that is not urgent, but for what is changed."""
    return {
        "object_id": object_id,
        "model": MODEL,
        "state": "reported",
        "specimen": {"hospital": "st-mary", "patient": "p-7", "slide": "slide-7", "field": file},
        "urgent": False,
        "notification": "sent",
        "finished_at": "2026-03-01T09:30:00Z",
        "decision": "confident",
        "release": "preliminary",
        "acknowledged": False,
    } | changed


ROWS = [
    row(LEUKEMIA, "field-1.jpg", urgent=True),
    row(BENIGN, "field-2.jpg", release="final"),
    row(STRANGE, "field-3.jpg", decision="out_of_distribution"),
    row(REJECTED, "field-4.jpg", state="rejected", decision=None),
]

RESULT = {
    "label": "Pro-B",
    "probabilities": {"Benign": 0.004, "Early Pre-B": 0.021, "Pre-B": 0.013, "Pro-B": 0.962},
    "confidence": 0.962,
    "prediction_set": ["Pro-B"],
    "conformal_set": ["Pro-B"],
    "decision": "confident",
    "recommendation": "Consult a specialist in hematology without delay. The blasts have a Pro-B pattern, which needs flow "
    "cytometry to confirm.",
}

CASE = {
    "report": {
        "schema": "hemascope.slide-report/1",
        "slide": {"hospital": "st-mary", "patient": "p-7", "slide": "slide-7"},
        "release": "preliminary",
        "finding": "suspected",
        "tier": "screening",
        "counted_cells": 132,
        "pattern": None,
        "probabilities": {"Benign": 0.02, "Early Pre-B": 0.03, "Pre-B": 0.02, "Pro-B": 0.93},
        "suspicion": 0.98,
        "agreement": 0.86,
        "fields": [
            {
                "name": "field-1.jpg",
                "object_id": LEUKEMIA,
                "label": "Pro-B",
                "suspicion": 0.99,
                "cell_count": 90,
                "weight": 0.68,
            },
            {
                "name": "field-2.jpg",
                "object_id": BENIGN,
                "label": "Benign",
                "suspicion": 0.02,
                "cell_count": 42,
                "weight": 0.32,
            },
        ],
        "excluded": [
            {
                "name": "field-3.jpg",
                "object_id": STRANGE,
                "why": "out_of_distribution",
                "suspicious": False,
                "advice": "Photograph it again.",
            }
        ],
        "statement": "Leukemia is suspected: blasts were seen in the counted fields of this slide. Fields that count: 2 of 3; "
        "cells counted: 132. That is enough to screen (from 100 cells) and not enough to name a pattern (from 200).",
        "recommendation": "Consult a specialist in hematology without delay. What the smear shows needs flow cytometry to "
        "confirm.",
        "model": None,
        "disclaimer": "decision support, not a diagnosis",
    }
}

SUMMARY = {
    "schema": "hemascope.patient-summary/1",
    "object_id": LEUKEMIA,
    "slide": "slide-7",
    "release": "final",
    "issued_at": "2026-03-01T09:31:00Z",
    "headline": "Your doctor wants to look at your blood sample more closely.",
    "explanation": "A computer program looked at a picture of your blood under the microscope and found cells that need a "
    "closer look by a specialist. A picture alone cannot tell what they are. This is not a diagnosis.",
    "next_step": "Please call your clinic today and ask for your doctor. Further tests will show what the cells are.",
    "disclaimer": "This is a computer's first look and helps your doctor. It is decision support, not a diagnosis.",
}

VERDICT = {
    "kind": "correct",
    "label": "Pre-B",
    "comment": "Chromatin is coarse.",
    "number": 1,
    "reviewer": "5f2c9e1a-0000-4000-8000-000000000000",
    "at": "2026-03-01T10:02:00Z",
    "model": MODEL,
}

HOSPITAL = {
    "release": "after_review",
    "mail_detail": "link",
    "recipients": ["duty@st-mary.example"],
    "escalate_after_minutes": 30,
    "laboratory": [],
    "administrators": [],
    "patient_channel": "mail",
    "telephone": "+49 30 1234567",
    "reviewers": 1,
    "fhir": "R5",
}

USERS = {
    "cursor": None,
    "users": [
        {"username": "u-1", "email": "t.weber@st-mary.example", "role": "technician", "patient": None, "status": "CONFIRMED"},
        {"username": "u-2", "email": "k.ito@st-mary.example", "role": "clinician", "patient": None, "status": "CONFIRMED"},
        {
            "username": "u-3",
            "email": "p7@mail.example",
            "role": "patient",
            "patient": "p-7",
            "status": "FORCE_CHANGE_PASSWORD",
        },
    ],
}

FIGURES = {
    "days": 7,
    "since": "2026-02-22T09:30:00Z",
    "complete": True,
    "smears": 1284,
    "states": {"reported": 1251, "rejected": 30, "failed": 3},
    "decisions": {"confident": 1102, "indeterminate": 97, "out_of_distribution": 38, "poor_quality": 14},
    "rejections": {"unsupported_format": 21, "too_small": 6, "corrupt": 3},
    "latency_ms": {"p50": 412.0, "p95": 1180.0},
    "cost_usd": 0.0437,
    "drift": [
        {"device": "microscope-1", "verdict": "fits", "distance": 0.41, "accepted": 0.99, "smears": 200},
        {"device": "microscope-2", "verdict": "drifted", "distance": 1.72, "accepted": 0.71, "smears": 200},
    ],
}

CARD = """# Model card

Reads **one** field of view. See [the data](https://example.org/data), [here](docs/model.md) or `manifest.json`.

| measured | |
| --- | --- |
| accuracy | 99.42 % |
| <script>alert(1)</script> | text |

- first
- second
  goes on

1. one
2. two

```
code
```
"""

MODEL_ANSWER = {"name": MODEL, "card": CARD, "metrics": {}, "urgent_classes": ["Early Pre-B", "Pre-B", "Pro-B"]}

AUDIT = {
    "entries": [
        {
            "hospital": "st-mary",
            "number": 1,
            "at": "2026-03-01T10:00:00Z",
            "who": "5f2c9e1a-0000-4000-8000-000000000000",
            "action": "viewed",
            "object_id": LEUKEMIA,
            "previous": "0" * 64,
        }
    ]
}

_MICROSCOPE = {
    "state": "unknown",
    "make": "Maker M1",
    "objective": "100x/1.25",
    "is_reference": False,
    "profile": None,
    "verification": None,
    "suspension": None,
    "alarm": None,
    "runs": [],
}
MICROSCOPES = {
    "microscopes": [{"id": "e" * 32, "name": "scope 1", **_MICROSCOPE}, {"id": "f" * 32, "name": "血 2", **_MICROSCOPE}]
}

SCOPE = MICROSCOPES["microscopes"][0]
_RUN = {"at": "2026-03-01T09:30:00Z", "by": "account-1", "finished_at": "2026-03-01T09:33:00Z"}
_DONE = "A profile was fitted to 60 fields of 24 slides. Compare the pictures before and after."
COMMISSIONED = {**_RUN, "kind": "commission", "state": "done", "message": _DONE}
PROFILE, PROOF = "c" * 64, "d" * 64
DETAILS = {"microscope": SCOPE, "profiles": [], "proof": None}
FIELDS = {"fields": 60, "slides": 24, "at_most": 60, "missing": []}
_LIMITS = {
    "minimum_fields": 30,
    "minimum_slides": 20,
    "largest_clipped": 0.2,
    "largest_uncorrected_score": 5.0,
    "largest_corrected_score": 0.52,
    "smallest_quality_passed": 0.9,
}
COMMISSIONING = {
    "run": COMMISSIONED,
    "document": {
        "schema": "hemascope.commissioning/1",
        "microscope": "scope 1",
        "model": {"id": "all-subtypes", "version": "1.0.1", "sha256": "a" * 64, "preprocessing": "b" * 64},
        "at": "2026-03-01T09:30:00Z",
        "by": "account-1",
        "since": None,
        "oldest": "2026-02-01T09:30:00Z",
        "profile": PROFILE,
        "fields": 60,
        "slides": 24,
        "unreadable": 1,
        "figures": None,
        "limits": _LIMITS,
        "checks": [
            {"text": "60 fields of 24 slides; at least 30 of 20", "is_kept": True},
            {"text": "lost in highlights and shadows: red 2 %, green 1 %, blue 0 %; at most 20 % in each", "is_kept": True},
            {"text": "distance from the model's pictures (1 accepted): 1.92; at most 5", "is_kept": True},
            {"text": "the same with the profile: 0.31; at most 0.52", "is_kept": True},
            {"text": "fields of good quality: 98 %; at least 90 %", "is_kept": True},
        ],
        "refusals": [],
        "examples": [],
    },
    "examples": [],
    "profile": "https://bucket.example/profile",
    "may_use": True,
}
NOT_COMMISSIONED = {"run": None, "document": None, "examples": [], "profile": None, "may_use": False}


def _share(right: int, total: int, lower: float, unanswered: int = 0) -> dict[str, Any]:
    return {"right": right, "wrong": 0, "unanswered": unanswered, "total": total, "lower": lower, "upper": 1.0}


_SIGNED = {"sensitivity": 0.9, "specificity": 0.7, "certainty": 0.95}
VERIFICATION = {
    "run": {**_RUN, "kind": "verify", "state": "refused", "message": "The proof does not pass."},
    "proof": {
        "sha256": PROOF,
        "passed": False,
        "standing": "not_passed",
        "limits": _SIGNED,
        "figures": {
            "sensitivity": _share(28, 29, 0.846, 1),
            "specificity": _share(9, 9, 0.717),
            "sensitivity_by_field": _share(28, 29, 0.846, 1),
            "specificity_by_field": _share(9, 9, 0.717),
            "leukemia_slides_needed": 17,
            "benign_slides_needed": 0,
        },
        "slides": [
            {"slide": "slide-3", "known": "leukemia", "answer": "none", "is_right": False, "is_counted": True},
            {"slide": "slide-4", "known": "leukemia", "answer": "leukemia", "is_right": True, "is_counted": True},
            {"slide": None, "known": "benign", "answer": "benign", "is_right": True, "is_counted": False},
        ],
        "link": "https://bucket.example/proof",
    },
    "signed_off": [
        {"id": "1" * 32, "slide": "slide-3", "patient": "p-7", "known": "leukemia", "given_as": "Pro-B", "fields": 5},
        {"id": "2" * 32, "slide": "slide-5", "patient": "p-8", "known": "benign", "given_as": "Benign", "fields": 4},
        {"id": "3" * 32, "slide": "血 6", "patient": "p-9", "known": "leukemia", "given_as": "leukemia", "fields": 1},
    ],
    "limits": _SIGNED,
    "leukemia_needed": 29,
    "benign_needed": 9,
}
NOT_VERIFIED = {**VERIFICATION, "run": None, "proof": None, "signed_off": []}
