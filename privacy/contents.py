"""What a file of a person says: one content, of which both documents are made (documents.py)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from customers.models import Customer
from locations.personal import Category, Erasure
from mcp.isolation.scope import Scope, actor_shown
from privacy.labels import is_labelled, label_of
from privacy.reading import Part, parts_about
from privacy.telling import plain, shown, title_of, value_of
from privacy.wordings import wordings_of

BYTES = (bytes, memoryview)


@dataclass(frozen=True)
class Cell:
    """One column of one row: its name and its value, for a program and for a reader, who sees no empty ones."""

    name: str
    label: str
    value: Any
    text: str


@dataclass(frozen=True)
class Section:
    """What one table says of the customer."""

    table: str
    title: str
    kept: str
    """How long it is kept."""
    rows: tuple[tuple[Cell, ...], ...]
    is_history: bool


@dataclass(frozen=True)
class PersonContent:
    """Everything about one customer at one moment. `attached` are stored documents, by their names in the archive."""

    customer: Customer
    made_at: datetime
    made_by: str
    place: str
    sections: tuple[Section, ...]
    attached: Mapping[str, bytes]


def content_of(customer: Customer, *, at: datetime, actor: Scope) -> PersonContent:
    """Everything that is stored about him where the actor is. Runs in his rows, in the language of the file."""
    attached: dict[str, bytes] = {}
    sections = tuple(_section(part, attached) for part in parts_about(customer))
    place = f"{actor.organization} · {actor.location}"
    return PersonContent(customer, at, actor.actor_name, place, sections, attached)


def _section(part: Part, attached: dict[str, bytes]) -> Section:
    said = wordings_of(part.rows) if part.table.name == "customers_consent" else {}
    rows = tuple(tuple(_cells(part, row, said, attached)) for row in part.rows)
    return Section(part.table.name, title_of(part.model), _kept(part), rows, part.table.history_of is not None)


def _cells(part: Part, row: Any, said: Mapping[tuple[str, str], str], attached: dict[str, bytes]) -> Iterator[Cell]:
    if part.table.history_of:
        facts = (row.pgh_context.metadata if row.pgh_context else None) or {}
        yield Cell("changed_by", _("By"), actor_shown(facts), actor_shown(facts))
        place = str(facts.get("location_name") or "")
        yield Cell("changed_at_location", _("Location"), place, place)
    for column in part.columns:
        value = value_of(row, column.name)
        if isinstance(value, BYTES):
            value = _attach(bytes(value), part.table.name, attached)
        field = part.model._meta.get_field(column.name)
        is_shown = column.category != Category.TECHNICAL or is_labelled(field)
        yield Cell(column.name, label_of(field), plain(value), shown(row, column.name, value) if is_shown else "")
    if text := said.get((getattr(row, "purpose", ""), getattr(row, "wording_version", ""))):
        yield Cell("wording", _("Wording"), text, text)


def _attach(content: bytes, table: str, attached: dict[str, bytes]) -> str:
    """Put a stored document beside the others; returns its name, which follows from what is in it."""
    ending = {b"%PDF": "pdf", b"<?xm": "xml"}.get(content[:4], "bin")
    name = f"{table}/{hashlib.sha256(content).hexdigest()[:16]}.{ending}"
    attached[name] = content
    return name


def _kept(part: Part) -> str:
    """For how long, in words."""
    kept = part.table.declaration.kept
    if kept is not None:
        sentence = _("%(years)s years from the end of the year (%(law)s), also if you are erased")
        return sentence % {"years": kept.years, "law": kept.law}
    if part.table.declaration.erased == Erasure.ROW_GOES:
        return _("until you are erased")
    return _("until you are erased; that it was so stays without you")
