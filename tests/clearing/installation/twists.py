"""What is different in an installation: a version that is not there yet, or a row that no rule would let through.

They are called in a copy of the warm process before it begins: `both.twist("branch", "field", uid=…, name=…, value=…)`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

AT = {"branch": "clearing.branch.cutting", "central": "clearing.central.answering"}
"""Where the versions of customers are read that are sent to the other side."""


def _sent_as(module: str, change: Callable[[Any], Any]) -> None:
    owner: Any = importlib.import_module(module)
    real = owner.versions_of
    owner.versions_of = lambda base, uids: {uid: change(version) for uid, version in real(base, uids).items()}


def field(where: str, name: str, value: Any, uid: str = "") -> None:
    """What is sent of a customer, or of all, has another value in the field, which may be unknown at the other side."""
    _sent_as(
        AT[where],
        lambda version: (
            replace(version, values={**version.values, name: value}) if uid in {"", str(version.uid)} else version
        ),
    )


def without(where: str, name: str) -> None:
    """The field is not there yet."""

    def left(version: Any) -> Any:
        return replace(version, values={one: value for one, value in version.values.items() if one != name})

    _sent_as(AT[where], left)


def number(uid: str, number: int) -> None:
    """A customer has another number than any rule of the branch would let through."""
    _sent_as(AT["branch"], lambda version: replace(version, number=number) if str(version.uid) == uid else version)


def protocol(number: int) -> None:
    """The branch says that it speaks this version."""
    running: Any = importlib.import_module("clearing.branch.running")
    real = running.said_by
    running.said_by = lambda own: replace(real(own), protocol=number, program=f"0.{number}")
