"""Saving a row so that changes of somebody else to other fields stay."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Model


def merged[Row: Model](
    stored: Row, wanted: Row, fields: Iterable[str], *, changed: Collection[str] | None = None
) -> list[str]:
    """Copy those of `fields` that the user has changed from `wanted` to the locked row `stored`; returns their names.

    `changed` are the fields whose value he has changed; None means all. Only the returned fields are to be saved.
    Afterwards `wanted` has the values of `stored`.
    """
    names = [name for name in fields if changed is None or name in changed]
    for name in names:
        column = stored._meta.get_field(name)
        setattr(stored, column.attname, getattr(wanted, column.attname))  # type: ignore[union-attr]
    for column in stored._meta.concrete_fields:
        setattr(wanted, column.attname, getattr(stored, column.attname))
    return names
