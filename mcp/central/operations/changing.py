"""Two people change different things of one row at the same moment, and both stand."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Model


def merged[Row: Model](
    stored: Row, wanted: Row, fields: Iterable[str], *, changed: Collection[str] | None = None
) -> list[str]:
    """Give the locked row those of `fields` that somebody has changed: their names, to be saved and nothing else.

    `changed` are the fields in which he has changed what he saw; None is all of them. Afterwards `wanted` says what is
    so now.
    """
    names = [name for name in fields if changed is None or name in changed]
    for name in names:
        column = stored._meta.get_field(name)
        setattr(stored, column.attname, getattr(wanted, column.attname))  # type: ignore[union-attr]
    for column in stored._meta.concrete_fields:
        setattr(wanted, column.attname, getattr(stored, column.attname))
    return names
