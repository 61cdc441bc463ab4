"""A stand-in between a caller and an object, around whose calls something may happen."""

from collections.abc import Callable, Collection
from typing import Any

Around = Callable[[str, Callable[[], Any]], Any]
_NO_CALLS = {"exceptions", "get_paginator"}  # of a boto3 client


class Wired:
    """An object whose calls are made by ``around``, which is given the call's name and the call itself.

    Where ``names`` are given, all other calls go straight through.
    """

    def __init__(self, inner: Any, around: Around, names: Collection[str] | None = None) -> None:
        self._inner, self._around, self._names = inner, around, names

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._inner, name)
        if not callable(call) or name in _NO_CALLS or (self._names is not None and name not in self._names):
            return call
        return lambda *arguments, **named: self._around(name, lambda: call(*arguments, **named))
