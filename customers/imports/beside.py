"""What another app takes from the file of an import, beside the customers: it is offered once they are there.

Undoing the import undoes it as well, in the same transaction, or is refused with the sentence of that app.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from customers.models import ImportUpload
from locations.text import LazyText
from mcp.isolation.scope import Scope


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Something that is taken from the same file."""

    title: LazyText
    """Of the button on the page of the import."""
    url_name: str
    """The address that takes it, by a POST; its argument is the id of the import."""
    is_offered: Callable[[Sequence[str], Scope], bool]
    """Whether a file with these headings has it, and the scope may take it."""
    demand_undoable: Callable[[ImportUpload, Scope], None]
    """Raises ValidationError or MissingRight where what was taken can no longer be undone."""
    undo: Callable[[ImportUpload, Scope], None]


_all: list[Beside] = []


def register(one: Beside) -> None:
    _all.append(one)


def offered(headings: Sequence[str], scope: Scope) -> Iterator[Beside]:
    """What may be taken from a file with these headings."""
    return (one for one in _all if one.is_offered(headings, scope))


def demand_undoable(upload: ImportUpload, actor: Scope) -> None:
    """Raise ValidationError or MissingRight where something that was taken from the file can no longer be undone."""
    for one in _all:
        one.demand_undoable(upload, actor)


def undo(upload: ImportUpload, actor: Scope) -> None:
    """Undo what was taken from the file of this import. Runs in the transaction that undoes the import."""
    for one in _all:
        one.demand_undoable(upload, actor)
        one.undo(upload, actor)
