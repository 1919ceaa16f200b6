"""Which fields of a customer take a right of their own to be seen: bank data, contact data, free texts.

    withheld(scope)              the fields that somebody does not see; every path that shows, finds or writes asks it
    demand_fields(names, scope)  raises MissingRight where one of them is withheld, as for a file that holds them

Each field stands in one group or in OPEN, or a test fails. Who cannot see a field cannot write it either: he could
not see what he replaces. What stays open is what tells people apart at a counter (name, town, birthday), what the
till goes by, and what changes by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from locations.permissions import Right
from mcp.isolation.scope import Scope

MASK = "••••"
"""Stands for a value that is withheld, also where there is none."""


class FieldGroup(StrEnum):
    CONTACT = "contact"
    BANK = "bank"
    MEMO = "memo"

    @property
    def right(self) -> Right:
        return _RIGHTS[self]

    @property
    def fields(self) -> tuple[str, ...]:
        return FIELDS[self]


_RIGHTS = {
    FieldGroup.CONTACT: Right.SEE_CONTACT_DATA,
    FieldGroup.BANK: Right.SEE_BANK_DATA,
    FieldGroup.MEMO: Right.SEE_MEMOS,
}
FIELDS: dict[FieldGroup, tuple[str, ...]] = {
    FieldGroup.CONTACT: (
        "street", "address_extra", "po_box", "postal_code", "phone_private", "phone_business", "mobile", "fax",
        "email", "website",
    ),
    FieldGroup.BANK: ("iban", "bic", "bank"),
    FieldGroup.MEMO: ("memo", "blocked_reason", "loss_reason", "archived_reason"),
}  # fmt: skip
"""What one reaches somebody with; what money is taken from; and every free text about a person."""
EVIDENCE = "evidence"
"""The one field of a consent that is such a free text. It is told to whoever sees memos."""
OPEN = frozenset(
    {
        "id", "uid", "organization", "base", "customer_number", "former_numbers", "salutation", "title", "first_name",
        "last_name", "alias", "birthday", "birthday_without_year", "company", "vat_id", "city", "country", "language",
        "customer_group", "price_level", "discount", "credit_limit", "payment_method", "payment_term", "tags",
        "is_favourite", "is_blocked", "home_location", "created_at", "changed_at", "archived_at", "sort_name",
        "search_text",  # shown nowhere; who may not see all of it finds by the rest (CustomerQuerySet.matching)
    }
)  # fmt: skip
SAID_WITH = {"is_blocked": "blocked_reason"}
"""Open fields that change only together with another one: who blocks says why, and unblocking empties the reason."""


_added: dict[str, Right] = {}
"""Columns of a floor above, each with the right to see it (customers/table/added_columns.py)."""


def add_field(name: str, right: Right) -> None:
    """Let `demand_fields` ask for this right where the column is taken out. It is no field of a customer."""
    _added[name] = right


def withheld(scope: Scope) -> frozenset[str]:
    """The fields of a customer that the scope may not see."""
    return frozenset(name for group in FieldGroup if not scope.allows(group.right) for name in group.fields)


def unwritable(scope: Scope) -> frozenset[str]:
    """The fields that the scope may not write: those that it may not see, and those that change with them."""
    hidden = withheld(scope)
    return hidden | {name for name, other in SAID_WITH.items() if other in hidden}


def sees_evidence(scope: Scope) -> bool:
    """Whether the scope may see the evidence of a consent."""
    return scope.allows(FieldGroup.MEMO.right)


def demand_fields(names: Collection[str], scope: Scope) -> None:
    """Raise MissingRight unless each of these fields of a customer may be seen."""
    for group in FieldGroup:
        if set(group.fields) & set(names):
            scope.demand(group.right)
    for right in {_added[name] for name in names if name in _added}:
        scope.demand(right)
