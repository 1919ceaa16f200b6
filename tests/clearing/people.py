"""Customers and statements for the tests of the protocol: dull ones by name, and strategies for any."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from clearing.protocol.consent_union import ConsentStatement, StrikeOut, union
from clearing.protocol.field_kinds import FIELDS, FieldKind, FormerNumber, encode_value
from clearing.protocol.versions import Version

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EVA, OTTO = UUID(int=1), UUID(int=2)
NODE, REQUEST = UUID(int=77), UUID(int=78)

EMPTY: dict[FieldKind, Any] = {
    FieldKind.TEXT: "",
    FieldKind.NUMBER: None,
    FieldKind.FLAG: False,
    FieldKind.DECIMAL: None,
    FieldKind.DAY: None,
    FieldKind.MOMENT: None,
    FieldKind.TAGS: (),
    FieldKind.NAME_OR_NONE: None,
    FieldKind.FORMER_NUMBERS: (),
}
CHANGED: dict[str, Any] = {
    "city": "Bremen",
    "price_level": 3,
    "is_blocked": True,
    "discount": Decimal("2.50"),
    "birthday": date(1980, 2, 29),
    "tags": ("Stammgast",),
    "customer_group": "Firmen",
    "former_numbers": (FormerNumber("K-12", "typed"),),
}
"""One field of each kind but the moment, which says that somebody is archived."""


def statement(purpose: str = "newsletter", *, minutes: int = 0, struck_out: int | None = None) -> ConsentStatement:
    """What somebody has said at the counter of Lübeck."""
    return ConsentStatement(
        purpose=purpose,
        is_given=True,
        at=NOON,
        source="counter",
        recorded_at=NOON + timedelta(minutes=minutes),
        recorded_by="dirk",
        location=4,
        struck_out=None if struck_out is None else StrikeOut(NOON + timedelta(minutes=struck_out), "dirk"),
    )


def version(uid: UUID = EVA, *, number: int = 4001, said: tuple[ConsentStatement, ...] = (), **fields: Any) -> Version:
    """Eva Sommer, or somebody with other values."""
    values = (
        {name: EMPTY[kind] for name, kind in FIELDS.items()} | {"last_name": "Sommer", "first_name": "Eva"} | fields
    )
    return Version(
        uid=uid,
        number=number,
        created_at=NOON,
        values={name: encode_value(FIELDS[name], value) for name, value in values.items()},
        consents=union(said),
    )


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
MOMENTS = st.datetimes(
    min_value=datetime(1850, 1, 2),  # noqa: DTZ001 - the zone comes from the strategy
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - as above
    timezones=st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
CONSENTS = st.sampled_from(
    [
        statement(purpose, minutes=minutes, struck_out=struck_out)
        for purpose in ("newsletter", "transfer")
        for minutes in (0, 5)
        for struck_out in (None, 10, 20)
    ]
)
FORMER_NUMBERS = st.builds(FormerNumber, TEXTS, st.sampled_from(["typed", "import"]), TEXTS)
OF_KIND: dict[FieldKind, st.SearchStrategy[Any]] = {
    FieldKind.TEXT: TEXTS,
    FieldKind.NUMBER: st.none() | st.integers(-(2**31), 2**31 - 1),
    FieldKind.FLAG: st.booleans(),
    FieldKind.DECIMAL: st.none() | st.decimals(-(10**9), 10**9, places=2),
    FieldKind.DAY: st.none() | st.dates(),
    FieldKind.MOMENT: st.none() | MOMENTS,
    FieldKind.TAGS: st.sets(TEXTS, max_size=5).map(lambda tags: tuple(sorted(tags))),
    FieldKind.NAME_OR_NONE: st.none() | TEXTS,
    FieldKind.FORMER_NUMBERS: st.sets(FORMER_NUMBERS, max_size=4).map(lambda numbers: tuple(sorted(numbers))),
}
