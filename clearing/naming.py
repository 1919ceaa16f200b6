"""How a customer of a record is called, as his page would call him."""

from __future__ import annotations

from clearing.protocol.versions import Version

LONGEST = 300


def name_of(version: Version) -> str:
    """The name to show: that of the person, else of the company, else the alias."""
    values = version.values
    person = " ".join(str(values[name]) for name in ("title", "first_name", "last_name") if values.get(name))
    return (person or str(values.get("company") or values.get("alias") or ""))[:LONGEST]
