"""Who might be the same customer: asked while somebody is being registered.

Two customers may be one when they share an e-mail address, a phone number, or a name together with the birthday or
the postal code. A day without its year is shared with the birthdays on that day. It is a hint and never a refusal:
families share a phone, and father and son a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.field_groups import withheld
from customers.models import Customer
from customers.querysets import CustomerQuerySet, is_named
from mcp.isolation.scope import Scope

MOST_CANDIDATES = 5
PHONE_FIELDS = ("mobile", "phone_private", "phone_business")
_TEXTS = ("email", "first_name", "last_name", "company", "postal_code", "birthday_without_year")
_SHOWN = (
    "organization", "base", "customer_number", "title", "first_name", "last_name", "company", "alias", "email",
    "birthday", "birthday_without_year", "postal_code", "city", "street", "archived_at", *PHONE_FIELDS,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Sought:
    """What is known of the customer being registered; values in their stored form, blank where unknown."""

    email: str = ""
    phones: tuple[str, ...] = ()
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    birthday: date | None = None
    birthday_without_year: str = ""
    postal_code: str = ""

    @classmethod
    def of(cls, values: dict[str, Any]) -> Sought:
        """From the cleaned values of a form or the fields of a row; what is missing is unknown."""
        texts = {name: values.get(name) or "" for name in _TEXTS}
        phones = tuple(dict.fromkeys(values[name] for name in PHONE_FIELDS if values.get(name)))
        return cls(phones=phones, birthday=values.get("birthday") or None, **texts)

    def without(self, hidden: frozenset[str]) -> Sought:
        """The same without some fields, so that nobody is found by what the user may not see."""
        return replace(
            self,
            phones=() if hidden.intersection(PHONE_FIELDS) else self.phones,
            email="" if "email" in hidden else self.email,
            postal_code="" if "postal_code" in hidden else self.postal_code,
        )

    @property
    def name(self) -> dict[str, str]:
        return {"last_name": self.last_name, "first_name": self.first_name, "company": self.company}


def sought_of(customer: Customer) -> Sought:
    """By what the customer of a row that is not saved yet may be known already."""
    return Sought.of({name: getattr(customer, name) for name in (*_TEXTS, "birthday", *PHONE_FIELDS)})


@dataclass(frozen=True)
class Candidate:
    """A customer who may be the same, and why."""

    customer: Customer
    reasons: tuple[Promise, ...]
    facts: tuple[str, ...] = ()
    """What else tells him from others: as much of it as may be seen."""


def candidates(sought: Sought, *, scope: Scope, but: int | None = None) -> list[Candidate]:
    """Up to MOST_CANDIDATES customers who may be the one sought, in two queries at any size of base.

    Those who share more come first. Archived customers count: whoever comes back is restored, not registered again.
    By what the scope may not see nobody is sought, and nothing of it is read. `but` is the id of the customer who is
    being edited.
    """
    hidden = withheld(scope)
    known = sought.without(hidden)
    ids = _ids(known, Customer.objects.in_base(scope.base))
    if not ids:
        return []
    has_name = ExpressionWrapper(is_named(**known.name), output_field=BooleanField())
    rows = Customer.objects.in_base(scope.base).filter(pk__in=[pk for pk in ids if pk != but])
    customers = rows.only(*(name for name in _SHOWN if name not in hidden)).annotate(has_name=has_name)
    found = [
        Candidate(customer, tuple(_reasons(known, customer)), tuple(_facts(customer, hidden))) for customer in customers
    ]
    found.sort(key=lambda candidate: (-len(candidate.reasons), candidate.customer.customer_number))
    return found[:MOST_CANDIDATES]


def _ids(sought: Sought, customers: CustomerQuerySet) -> list[int]:
    """The ids of possible duplicates, in one query with a part for each criterion, each answered by its own index.

    Only the first few of each criterion are read: a phone number that hundreds share is no hint.
    """
    questions = [*_by_email(sought, customers), *_by_phone(sought, customers), *_by_name(sought, customers)]
    if not questions:
        return []
    first, *others = [question.order_by().values_list("pk", flat=True)[: 4 * MOST_CANDIDATES] for question in questions]
    return list(first.union(*others)) if others else list(first)


def _by_email(sought: Sought, customers: CustomerQuerySet) -> Iterator[CustomerQuerySet]:
    if sought.email:
        yield customers.reached_by(sought.email)


def _by_phone(sought: Sought, customers: CustomerQuerySet) -> Iterator[CustomerQuerySet]:
    for phone in sought.phones:
        yield customers.dialled_by(phone)


def _by_name(sought: Sought, customers: CustomerQuerySet) -> Iterator[CustomerQuerySet]:
    if not any(sought.name.values()):
        return
    same = customers.named(**sought.name)
    if sought.birthday:
        yield same.filter(Q(birthday=sought.birthday) | Q(birthday_without_year=f"{sought.birthday:%m-%d}"))
    elif sought.birthday_without_year:
        month, day = sought.birthday_without_year.split("-")
        on_day = Q(birthday__month=int(month), birthday__day=int(day))
        yield same.filter(on_day | Q(birthday_without_year=sought.birthday_without_year))
    if sought.postal_code:
        yield same.filter(postal_code__iexact=sought.postal_code)


def _facts(customer: Customer, hidden: frozenset[str]) -> Iterator[str]:
    town = customer.city if "postal_code" in hidden else f"{customer.postal_code} {customer.city}".strip()
    phone = "" if hidden.intersection(PHONE_FIELDS) else customer.display_phone
    email = "" if "email" in hidden else customer.email
    company = customer.company if customer.company != customer.display_name else ""
    yield from (fact for fact in (company, town, phone, email) if fact)


def _reasons(sought: Sought, customer: Any) -> Iterator[Promise]:
    if sought.email and customer.email.casefold() == sought.email.casefold():
        yield _("same e-mail")
    if sought.phones and set(sought.phones) & {getattr(customer, name) for name in PHONE_FIELDS}:
        yield _("same phone")
    if customer.has_name and _is_same_day(sought, customer):
        yield _("same name and birthday")
    if customer.has_name and sought.postal_code and customer.postal_code.casefold() == sought.postal_code.casefold():
        yield _("same name and postal code")


def _is_same_day(sought: Sought, customer: Customer) -> bool:
    if sought.birthday and customer.birthday:
        return sought.birthday == customer.birthday
    days = [f"{one.birthday:%m-%d}" if one.birthday else one.birthday_without_year for one in (sought, customer)]
    return bool(days[0]) and days[0] == days[1]
