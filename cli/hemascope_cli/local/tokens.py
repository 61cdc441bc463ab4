"""Corrects the local cloud's Cognito: a renewed token names its user's groups, as on AWS."""

from functools import wraps
from typing import Any

from ministack.services import cognito


def groups_of(pool_id: str, name: str) -> list[str]:
    """The groups of a user now; none where there is no such pool or user."""
    pool = cognito._get_pool_unscoped(pool_id) or {}
    return list(pool.get("_users", {}).get(name, {}).get("_groups", []))


def renew_with_groups() -> None:
    """Make the local Cognito name the groups in each token of a user.

    It leaves them out where the sign-in pages' refresh token is exchanged, so the portal would lock its users out when their
    first token expires.
    """
    make = cognito._fake_token

    @wraps(make)
    def make_with_groups(
        sub: str,
        pool_id: str,
        client_id: str,
        token_type: str = "access",  # noqa: S107 - a kind of token
        username: str = "",
        **named: Any,
    ) -> str:
        if username and named.get("groups") is None:
            named["groups"] = groups_of(pool_id, username)
        token: str = make(sub, pool_id, client_id, token_type, username, **named)
        return token

    cognito._fake_token = make_with_groups
