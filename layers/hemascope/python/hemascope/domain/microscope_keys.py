"""Keys of a microscope's documents in the reports bucket.

They hold digests only, since keys appear in logs and links; a microscope's is that of its specimens (``microscope_digest``).
"""

from hemascope.domain.specimen import report_prefixes

MICROSCOPES = "microscopes/"  # prefix of the keys of all profiles and proofs


def profile_key(microscope: str, sha256: str) -> str:
    """Key of one version of a microscope's profile.

    Examples
    --------
    >>> profile_key("0f", "ab")
    'microscopes/0f/profiles/ab.json'
    """
    return f"{MICROSCOPES}{microscope}/profiles/{sha256}.json"


def proof_key(microscope: str, sha256: str) -> str:
    """Key of the proof of one verification.

    Examples
    --------
    >>> proof_key("0f", "ab")
    'microscopes/0f/proofs/ab.json'
    """
    return f"{MICROSCOPES}{microscope}/proofs/{sha256}.json"


def commissioning_key(microscope: str, run: str) -> str:
    """Key of the document of one commissioning.

    Examples
    --------
    >>> commissioning_key("0f", "1e")
    'microscopes/0f/commissioning/1e.json'
    """
    return f"{MICROSCOPES}{microscope}/commissioning/{run}.json"


def example_keys(object_id: str, run: str) -> tuple[str, str]:
    """Keys of a field's example pictures of one commissioning, before and after.

    They stand among the files about their picture, so that they are deleted with it when a patient is forgotten.

    Examples
    --------
    >>> example_keys("0f", "1e")
    ('reports/0f/commissioning/1e.before.png', 'reports/0f/commissioning/1e.after.png')
    """
    reports, *_ = report_prefixes(object_id)
    return f"{reports}commissioning/{run}.before.png", f"{reports}commissioning/{run}.after.png"
