"""Which code keeps businesses, customer bases and locations apart, known by name.

A guard is marked where it is written; the mark costs nothing, because the function is returned as it is. The tests
read the marks, switch off one guard after the other and demand that a probe notices each (tests/isolation).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final, Protocol

INHERITED: Final = object()
"""Off means: as if the class had not written it, so that what it inherits takes its place."""


class Switchable(Protocol):
    """What the mutation run asks of a guard, wherever it stands: in a class, in a function or in the database."""

    @property
    def name(self) -> str: ...

    def switched_off(self) -> Any:
        """A context manager within which the guard does not guard."""


@dataclass(frozen=True)
class Guard:
    """A method or attribute of a class, and what stands there while it is switched off."""

    module: str
    path: str
    off: Any

    @property
    def name(self) -> str:
        return f"{self.module}.{self.path}"

    @contextmanager
    def switched_off(self) -> Iterator[None]:
        *outer, attribute = self.path.split(".")
        owner: Any = reduce(getattr, outer, importlib.import_module(self.module))
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


def guard[Method: Callable[..., Any]](*, off: Any = INHERITED) -> Callable[[Method], Method]:
    """Mark a method as a guard. `off` is what takes its place while it is switched off."""

    def mark(method: Method) -> Method:
        _register(Guard(method.__module__, method.__qualname__, off))
        return method

    return mark


def guarded[Class: type](**off: Any) -> Callable[[Class], Class]:
    """Mark attributes of a class as guards: `@guarded(view_on_site=True)` names what each is while it is off."""

    def mark(owner: Class) -> Class:
        for attribute, value in off.items():
            _register(Guard(owner.__module__, f"{owner.__qualname__}.{attribute}", value))
        return owner

    return mark


def yes(*args: Any, **kwargs: Any) -> bool:
    """Stands for a guard that lets everybody pass."""
    return True


def nothing(*args: Any, **kwargs: Any) -> None:
    """Stands for a guard that asks nothing."""


def _register(made: Guard) -> None:
    _guards[made.name] = made
