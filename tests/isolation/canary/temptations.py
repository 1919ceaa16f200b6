"""What is typed, chosen and sent by somebody who tries to read other people's rows.

None of it is a whole canary, but where only an exact name would be taken (see canaries.py).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import cycle
from typing import Any
from urllib.parse import urlencode

from django.core.files.uploadedfile import SimpleUploadedFile

from customers.models import (
    BulkChange,
    ConsentPurpose,
    Customer,
    CustomerExport,
    CustomerGroup,
    ImportUpload,
    SavedFilter,
    Tag,
)
from locations.models import Location
from locations.permissions import Right
from mcp.models import Restriction, User, UserGroup
from tests.isolation.canary.canaries import NUMBER_PREFIX, PREFIX
from tests.isolation.canary.pages import Field, Form
from tests.isolation.canary.planting import Ground

MODELS: tuple[Any, ...] = (
    Customer,
    CustomerGroup,
    Tag,
    Location,
    User,
    UserGroup,
    Restriction,
    ImportUpload,
    CustomerExport,
    ConsentPurpose,
    BulkChange,
    SavedFilter,
)
PICKED: dict[str, tuple[Any, ...]] = {
    "customer_group": (CustomerGroup,),
    "group": (UserGroup, CustomerGroup),
    "user_groups": (UserGroup,),
    "home_location": (Location,),
    "_selected_action": (Customer,),
    "known_candidates": (Customer,),
    "id": (Customer,),
}
"""Whose keys a field takes; any other field that is chosen from is tried with one key of each model."""
NEVER = {"csrfmiddlewaretoken", "seen_at", "initial-seen_at", "_save", "_continue", "_addanother", "language", "format"}
TYPED = {
    "first_name": "Gleich",
    "last_name": "Gleich",
    "email": "gleich@example.com",
    "mobile": "0151 12345678",
    "postal_code": "20095",
    "birthday": "1980-05-05",
    "username": "sven",
    "password": "Falsch-Geraten-2026",
    "password1": "Lang-Genug-2026!",
    "password2": "Lang-Genug-2026!",
    "new_password1": "Lang-Genug-2026!",
    "new_password2": "Lang-Genug-2026!",
    "old_password": "Stammhaus-Demo-2026",
    "account_number": "20800",
    "customer_number": "",
    "name": "Stammgast",
    "reason": "Verzogen",
    "post": "yes",
    "place": "München",
    "person": "sven",
    "next": "/20800/1/",
}
"""What somebody types who knows the others: as it stands beside theirs."""
WORDS = (PREFIX, NUMBER_PREFIX, "Gleich", "gleich@example.com", "501", "München", "sven", "%", "Zentrale")
LOOKUPS = (
    "memo__startswith", "iban__contains", "email__icontains", "search_text__contains", "customer_group__name__contains",
    "organization__name__contains", "home_location__name__contains", "base__organization__name__contains",
    "name__startswith", "password__startswith", "groups__name__contains", "members__username__contains",
)  # fmt: skip
FRAME = {"_popup": "1", "_to_field": "email", "_changelist_filters": f"q={PREFIX}", "next": "/20800/1/"}


class Temptations:
    """The same for one ground, on which the foreign keys are known; `is_short` leaves the most telling of it."""

    def __init__(self, ground: Ground, *, is_short: bool) -> None:
        self.ground, self.is_short = ground, is_short

    def keys(self, model: Any) -> list[str]:
        """Keys of foreign rows: those of the first and the last business."""
        found = self.ground.keys(model)
        return found[:1] if self.is_short else list(dict.fromkeys([found[0], found[-1]]))

    def tag_names(self) -> list[str]:
        return [tag.name for business in self.ground.foreign for tag in business.rows["customers.Tag"]][:2]

    def purpose_codes(self) -> list[str]:
        return [row.code for business in self.ground.foreign for row in business.rows["customers.ConsentPurpose"]][:2]

    # --- lists --------------------------------------------------------------------------------------------

    def queries(self, *, is_asking: bool, is_list: bool) -> Iterator[str]:
        """What can be put behind the address of a page: of one that asks for rows, of a list of them, and of any."""
        yield urlencode({"q": PREFIX, "archived": "all"})
        yield urlencode(FRAME)
        if is_asking and not self.is_short:
            yield from (urlencode({name: value}) for name, value in self._filters())
            yield from (urlencode({"q": word}) for word in WORDS)
        if is_list and not self.is_short:
            yield from (urlencode({name: PREFIX}) for name in LOOKUPS)
            yield from self._orders()

    def _orders(self) -> Iterator[str]:
        yield from (f"o={sign}{column}" for column, sign in zip(range(1, 13), cycle(["", "-"]), strict=False))
        yield from ("o=99", "o=x", "p=2", "p=99", "size=25", "size=100", "size=9999", "all=", "e=1", "_facets=True")
        yield from (
            "birthday=7",
            "changed_since=1990-01-01",
            "blocked=yes",
            "favourite=no",
            "archived=yes",
            "closed=no",
        )
        yield from (f"q=&{name}=yes" for name in ("closed", "held", "open", "is_active__exact", "is_franchise__exact"))

    def _filters(self) -> Iterator[tuple[str, str]]:
        named: dict[str, Any] = {"group": CustomerGroup, "home": Location, "id": Customer, "person_id": User}
        yield from ((name, key) for name, model in named.items() for key in self.keys(model))
        yield from (("group", key) for key in self.keys(UserGroup))
        yield from (("tag", name) for name in self.tag_names())
        yield from (("consent", f"{code}.given") for code in self.purpose_codes())
        yield from (("place", "München"), ("at", "/20800/2/"), ("person", "sven"), ("base", "2"))

    # --- forms --------------------------------------------------------------------------------------------

    def variants(self, form: Form) -> Iterator[dict[str, Any]]:
        """What is sent with a form: as it stands, filled in, filled in wrongly, and with somebody else's keys."""
        given, typed = form.data(), [field for field in form.fields.values() if _is_typed(field)]
        yield {**given, **{field.name: self._typed(field) for field in typed}}
        for field in form.fields.values():
            yield from ({**given, **FRAME, field.name: [value]} for value in self._foreign(field))
        if not self.is_short:
            yield given
            yield {**given, **{field.name: [PREFIX] for field in typed}}
            yield {**given, **{field.name: ["\u2028" * 300] for field in typed}}
            yield from self._options(form, given)

    def _typed(self, field: Field) -> list[Any]:
        if field.kind == "file":
            return [self.file()]
        kept = field.values or [""]
        return [TYPED[field.name]] if field.name in TYPED else kept

    def _options(self, form: Form, given: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Each option of each list: with a form that only asks, and for the buttons of any."""
        for field in form.fields.values():
            is_asked = form.method == "get" or field.kind == "submit" or field.name == "action"
            options = field.options[:12] if is_asked else []
            yield from ({**given, field.name: [value]} for value in options if [value] != field.values)

    def _foreign(self, field: Field) -> Iterator[str]:
        if field.name in NEVER or not (field.is_chosen or field.name in PICKED):
            return
        if field.name == "tags":
            yield from self.tag_names()
        elif field.name in {"purpose", "withdraw"}:
            yield from self.purpose_codes()
        elif field.name in {"cell", "give", "take"}:
            yield from (f"{Right.VIEW_CUSTOMERS}@{key}" for key in self.keys(Location))
        elif field.name == "row":
            yield from (f"{key}:0" for key in self.keys(Location))
        else:
            models = PICKED.get(field.name, () if self.is_short else MODELS[3:7])
            yield from (key for model in models for key in self.keys(model)[:1])

    def file(self) -> SimpleUploadedFile:
        """A file about customers with our numbers and theirs, and with a group and a tag that only they have."""
        text = io.StringIO()
        rows = [
            ("Kundennummer", "Nachname", "E-Mail", "Kundengruppe", "Schlagwörter"),
            ("501", "Neu", "gleich@example.com", "Stammgast", ""),
            ("502", "Neu", "gleich@example.com", PREFIX, PREFIX),
            (NUMBER_PREFIX, "Neu", "", "", ""),
        ]
        csv.writer(text, delimiter=";").writerows(rows)
        return SimpleUploadedFile("kunden.csv", text.getvalue().encode(), content_type="text/csv")


def _is_typed(field: Field) -> bool:
    return field.kind in {"text", "search", "textarea", "email", "number", "password", "date", "url", "tel", "file"}
