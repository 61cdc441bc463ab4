"""Environment variables of the functions, validated once when a function starts."""

from typing import Self

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hemascope.domain.errors import HemascopeError

PREFIX = "HEMASCOPE_"


class Environment(BaseSettings):
    """Variables that every function has; each is named ``HEMASCOPE_`` and the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    ledger_table: str
    endpoint: str | None = None  # URL of a local cloud; None is AWS

    @classmethod
    def read(cls) -> Self:
        """Read and validate the variables of this process.

        Raises
        ------
        HemascopeError
            Naming the variables that are missing or invalid, without their values.
        """
        try:
            return cls()
        except ValidationError as error:
            wrong = ", ".join(
                f"{PREFIX}{str(problem['loc'][0]).upper()} ({problem['msg']})"
                for problem in error.errors(include_input=False, include_context=False)
            )
            raise HemascopeError(f"expected a complete environment, received no or an invalid value of {wrong}") from None
