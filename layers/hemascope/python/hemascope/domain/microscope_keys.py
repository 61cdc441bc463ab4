"""Keys of a microscope's documents in the reports bucket.

They hold digests only, since keys appear in logs and links; a microscope's is that of its specimens (``microscope_digest``).
"""

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
