"""The guards: code that keeps businesses, customer bases and locations apart, registered by name.

A guard is marked where it is defined. The mark changes nothing: the function is returned as it is. The tests read the
marks, switch off one guard after the other, and expect a probe to notice each (tests/isolation).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import Final, Protocol

INHERITED: Final = object()
"""Switched off, the attribute is deleted from the class, so that the inherited one is used."""


class Switchable(Protocol):
    """What the tests need of a guard, whether it is in a class, in a function or in the database."""

    @property
    def name(self) -> str: ...

    def switched_off(self) -> AbstractContextManager[None]:
        """A context manager in whose block the guard is switched off."""


@dataclass(frozen=True)
class Guard:
    """A method or attribute of a class, and what takes its place while it is switched off."""

    module: str
    path: str
    off: object

    @property
    def name(self) -> str:
        return f"{self.module}.{self.path}"

    @contextmanager
    def switched_off(self) -> Iterator[None]:
        *outer, attribute = self.path.split(".")
        owner: object = reduce(getattr, outer, importlib.import_module(self.module))
        kept = vars(owner)[attribute]
        if self.off is INHERITED:
            delattr(owner, attribute)
        else:
            setattr(owner, attribute, self.off)
        try:
            yield
        finally:
            setattr(owner, attribute, kept)


_guards: dict[str, Guard] = {}


def all() -> list[Guard]:  # noqa: A001 - read as guards.all()
    """Every guard that was marked, by name."""
    return [_guards[name] for name in sorted(_guards)]


def guard[Method: Callable[..., object]](*, off: object = INHERITED) -> Callable[[Method], Method]:
    """Mark a method as a guard. `off` is what takes its place while it is switched off."""

    def mark(method: Method) -> Method:
        _register(Guard(method.__module__, method.__qualname__, off))
        return method

    return mark


def guarded[Class: type](**off: object) -> Callable[[Class], Class]:
    """Mark attributes of a class as guards: `@guarded(view_on_site=True)` gives the value while switched off."""

    def mark(owner: Class) -> Class:
        for attribute, value in off.items():
            _register(Guard(owner.__module__, f"{owner.__qualname__}.{attribute}", value))
        return owner

    return mark


def yes(*args: object, **kwargs: object) -> bool:
    """Takes the place of a guard that answers whether something is allowed."""
    return True


def nothing(*args: object, **kwargs: object) -> None:
    """Takes the place of a guard that raises an exception."""


def _register(made: Guard) -> None:
    _guards[made.name] = made
