"""Customers as a till looks for them: by what somebody types, by number, card, phone or e-mail; page by page."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from api import cursors
from api.problems import CursorGone
from customers import formats
from customers.field_groups import demand_fields
from customers.models import Customer
from customers.paginator import CustomerPaginator
from customers.querysets import CustomerQuerySet
from customers.selection.criteria import Asker
from customers.selection.selecting import Selection, card_of
from mcp.isolation.scope import Scope

ALL = "all"
PHONE_FIELDS = ("mobile", "phone_private", "phone_business")


@dataclass(frozen=True, kw_only=True)
class Sought:
    """Whom somebody looks for. All that is said must be true of whoever is found."""

    words: str = ""
    number: int | None = None
    card: str = ""
    phone: str = ""
    email: str = ""
    state: str = "active"

    @property
    def is_searched(self) -> bool:
        """Whether an index finds them by words."""
        return bool(self.words.strip() or self.phone or self.email)


def find(sought: Sought, *, page: str | None, most: int, scope: Scope) -> tuple[list[Customer], str | None]:
    """Up to `most` customers sorted by name behind the last one of the page before, and the next page.

    Raises MissingRight where somebody is sought by what the scope may not see, ValidationError for what is no phone
    number or address, UnusableCursor, or CursorGone where the last one of the page before is there no more.
    """
    rows = _rows(sought, scope)
    if page is not None:
        rows = _behind(rows, cursors.last_of_page(page), scope)
    if rows.query.is_empty():
        ids = []
    elif sought.is_searched:
        ids = CustomerPaginator(rows, most + 1, order="sort_name").ids(1)
    else:
        ids = list(rows.order_by("sort_name", "id").values_list("pk", flat=True)[: most + 1])
    shown = ids[:most]
    found = Customer.objects.in_base(scope.base).in_bulk(shown)
    return [found[pk] for pk in shown if pk in found], str(shown[-1]) if len(ids) > most else None


def _rows(sought: Sought, scope: Scope) -> CustomerQuerySet:
    card = card_of(scope.base, sought.words)
    chosen = "yes" if sought.state == "archived" else sought.state if sought.state == ALL else ""
    selection = Selection(words=sought.words, values={"archived": chosen} if chosen else {})
    rows = selection.rows(Asker(scope, timezone.localdate()), card=card)
    if sought.number is not None:
        rows = rows.filter(customer_number=sought.number)
    if sought.card:
        meant = card_of(scope.base, sought.card)
        rows = rows.filter(pk=meant.customer_id) if meant else rows.none()
    if sought.phone:
        demand_fields(PHONE_FIELDS, scope)
        rows = rows.dialled_by(formats.normalize_phone(sought.phone))
    if sought.email:
        demand_fields(["email"], scope)
        rows = rows.reached_by(formats.normalize_email(sought.email))
    return rows


def _behind(rows: CustomerQuerySet, last: int, scope: Scope) -> CustomerQuerySet:
    """Those who come behind the customer of this id in the order of names."""
    name = Customer.objects.in_base(scope.base).filter(pk=last).values_list("sort_name", flat=True).first()
    if name is None:
        raise CursorGone(name=cursors.PAGE)
    return rows.named_behind(name, last)
