"""Posting to the account of a customer. Each operation is one movement, and the same key has one effect.

The key is that of whoever posts, unique at the location: a till makes it, or the form that somebody sends. Sent again
with the same content it is answered with the same movement; with other content it is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from accounting.amounts import exact, shown
from accounting.balances import Standing, ledger_of, standing
from accounting.choices import OF_CUSTOMER, OF_LEDGER, AccountKind, MovementKind
from accounting.models import Account, Ledger, Movement
from accounting.models.ledgers import OF_ALL
from accounting.operations.allocating import Part
from accounting.operations.opening import NoAccount, demand_accounts, ensure_accounts, open_for_late
from accounting.operations.refusals import told
from customers.models import Customer
from locations.permissions import Right
from locations.text import LazyText, clean_text
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Day

LONGEST_KEY = 64
LONGEST_DOCUMENT = 60
LONGEST_REASON = 200
OLDEST = timedelta(days=366)
"""So far back a business day may lie: a till that was without a connection for longer is looked at first."""


@dataclass(frozen=True)
class Posted:
    """A movement, how the account stands after it, and what somebody should know."""

    movement: Movement
    standing: Standing
    warnings: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is said about a movement besides its accounts."""

    kind: MovementKind
    amount: Decimal
    key: str
    business_day: date | None = None
    document: str = ""
    reason: str = ""
    reverses: UUID | None = None
    is_late: bool = False
    parts: Sequence[Part] = ()
    """Of a payment: which items it pays first."""


def post_sale(
    *,
    customer: int,
    amount: Decimal,
    key: str,
    business_day: date | None = None,
    document: str = "",
    is_late: bool = False,
    actor: Scope,
) -> Posted:
    """A customer of the actor's base buys on account. `is_late` says that it has happened without a connection.

    Raises MissingRight, Customer.DoesNotExist, NoAccount, Refused by a limit or a rule of his terms, OtherContent,
    ValidationError for an amount, key or day that cannot be or at a location that was closed, or Busy. What is late
    breaks limits and rules of terms, and becomes an exception that somebody decides; whoever has no account gets one
    that allows nothing.
    """
    entry = Entry(kind=MovementKind.SALE, amount=amount, key=key, business_day=business_day, document=document,
                  is_late=is_late)  # fmt: skip
    return _post(customer, (AccountKind.OWED, AccountKind.SALES), entry, Right.POST_TO_ACCOUNTS, actor)


def receive_payment(
    *,
    customer: int,
    amount: Decimal,
    key: str,
    business_day: date | None = None,
    document: str = "",
    is_late: bool = False,
    parts: Sequence[Part] = (),
    ledger: int | None = None,
    actor: Scope,
) -> Posted:
    """A customer pays what he owes: `parts` first, then the oldest items. Raises as `post_sale`, but for limits and
    terms, and NotAllocated.

    `ledger` names the one in which it is open, where the location posts to another one since it was switched. Raises
    Ledger.DoesNotExist besides.
    """
    entry = Entry(kind=MovementKind.PAYMENT, amount=amount, key=key, business_day=business_day, document=document,
                  is_late=is_late, parts=parts)  # fmt: skip
    return _post(customer, (AccountKind.MONEY, AccountKind.OWED), entry, Right.RECEIVE_PAYMENTS, actor, ledger)


def top_up(
    *,
    customer: int,
    amount: Decimal,
    key: str,
    business_day: date | None = None,
    document: str = "",
    is_late: bool = False,
    actor: Scope,
) -> Posted:
    """A customer pays in advance. Raises as `post_sale`."""
    entry = Entry(kind=MovementKind.TOP_UP, amount=amount, key=key, business_day=business_day, document=document,
                  is_late=is_late)  # fmt: skip
    return _post(customer, (AccountKind.MONEY, AccountKind.CREDIT), entry, Right.TOP_UP_CREDIT, actor)


def use_credit(
    *,
    customer: int,
    amount: Decimal,
    key: str,
    business_day: date | None = None,
    document: str = "",
    is_late: bool = False,
    actor: Scope,
) -> Posted:
    """A customer buys with what he has paid in advance. Raises as `post_sale`."""
    entry = Entry(kind=MovementKind.USE, amount=amount, key=key, business_day=business_day, document=document,
                  is_late=is_late)  # fmt: skip
    return _post(customer, (AccountKind.CREDIT, AccountKind.SALES), entry, Right.POST_TO_ACCOUNTS, actor)


def pay_out(
    *,
    customer: int,
    amount: Decimal,
    key: str,
    business_day: date | None = None,
    document: str = "",
    is_late: bool = False,
    ledger: int | None = None,
    actor: Scope,
) -> Posted:
    """A customer gets back what he has paid in advance. Raises as `receive_payment`."""
    entry = Entry(kind=MovementKind.PAY_OUT, amount=amount, key=key, business_day=business_day, document=document,
                  is_late=is_late)  # fmt: skip
    return _post(customer, (AccountKind.CREDIT, AccountKind.MONEY), entry, Right.PAY_OUT_CREDIT, actor, ledger)


def open_balance(
    *, customer: int, kind: AccountKind, amount: Decimal, key: str, document: str = "", actor: Scope
) -> Posted:
    """What a customer owed or had in advance before his account was kept here. Raises as `post_sale`, but for terms.

    An open amount above the limit is booked and becomes an exception.
    """
    entry = Entry(kind=MovementKind.OPENING, amount=amount, key=key, document=document)
    sides = {
        AccountKind.OWED: (AccountKind.OWED, AccountKind.OPENING),
        AccountKind.CREDIT: (AccountKind.OPENING, AccountKind.CREDIT),
    }
    return _post(customer, sides[kind], entry, Right.CORRECT_ACCOUNTS, actor)


def _post(
    customer: int,
    sides: tuple[AccountKind, AccountKind],
    entry: Entry,
    right: Right,
    actor: Scope,
    ledger: int | None = None,
) -> Posted:
    actor.demand(right)
    return posted(customer, sides, entry, actor, ledger)


@busy_told()
def posted(
    customer: int, sides: tuple[AccountKind, AccountKind], entry: Entry, actor: Scope, into: int | None = None
) -> Posted:
    """Post a movement between accounts of these kinds, without asking for a right. For the operations.

    `into` is the id of a ledger; None: the one to which the location posts.
    """
    demand_accounts(actor)
    with row_scope.within(actor):
        whose = Customer.objects.in_base(actor.base).get(pk=customer)
        if entry.is_late:
            open_for_late(whose, actor)
        ledger = ledger_of(actor) if into is None else _ledger_here(into, actor)
        if ledger is None:
            raise NoAccount(whose)
        debit, credit = sides_of(ledger, whose, sides, actor)
        return add(debit, credit, entry, whose, ledger, actor)


def _ledger_here(pk: int, actor: Scope) -> Ledger:
    """Raises Ledger.DoesNotExist where it is of another base or of another location."""
    return Ledger.objects.in_base(actor.base).get(pk=pk, owner_key__in=(OF_ALL, actor.location.pk))


def add(debit: int, credit: int, entry: Entry, customer: Customer, ledger: Ledger, actor: Scope) -> Posted:
    """Post a movement between two accounts and say how that of the customer stands. The caller has entered the
    actor's scope. Raises as `post_sale`.
    """
    wanted = wanted_of(debit, credit, entry)
    with told(entry.kind, customer, actor):
        [movement] = post_all(ledger, [wanted], actor)
    now = standing(customer, actor, ledger=ledger)
    if now is None:
        raise NoAccount(customer)
    return Posted(movement, now, warnings_of(movement, now, actor))


def post_all(ledger: Ledger, wanted: Sequence[Mapping[str, Any]], actor: Scope) -> list[Movement]:
    """Post movements at once, as the function of the database takes them; all of them or none.

    The caller has entered the actor's scope. Raises IntegrityError for what the database refuses.
    """
    sql = "SELECT * FROM accounting_post(%s, %s, %s, %s::jsonb)"
    params = [ledger.base_id, ledger.pk, actor.actor_name[:200], json.dumps(wanted)]
    return list(Movement.objects.raw(sql, params))


def wanted_of(debit: int, credit: int, entry: Entry) -> dict[str, Any]:
    """One movement as `post_all` takes it. Amounts travel as text, so that nothing makes them floating."""
    day = entry.business_day or timezone.localdate()
    check_day(day)
    return {
        "debit": debit,
        "credit": credit,
        "amount": str(exact(entry.amount)),
        "kind": entry.kind.value,
        "business_day": day.isoformat(),
        "key": _line("key", entry.key, LONGEST_KEY, _("A booking has a key of up to %(most)s characters.")),
        "reverses": str(entry.reverses) if entry.reverses else None,
        "document": _short("document", entry.document, LONGEST_DOCUMENT),
        "reason": _short("reason", entry.reason, LONGEST_REASON),
        "is_late": entry.is_late,
        **({"items": [one.told() for one in entry.parts]} if entry.parts else {}),
    }


def _line(field: str, text: str, most: int, sentence: LazyText) -> str:
    line = clean_text(text).strip()
    if not line or len(line) > most:
        raise ValidationError({field: ValidationError(sentence, code=f"{field}_invalid", params={"most": most})})
    return line


def _short(field: str, text: str, most: int) -> str:
    return _line(field, text, most, _("Write no more than %(most)s characters.")) if text.strip() else ""


def check_day(day: date) -> None:
    """Raise ValidationError for a business day more than a year ago, or to come."""
    today = timezone.localdate()
    if not today - OLDEST <= day <= today + timedelta(days=1):
        raise ValidationError(
            {
                "business_day": ValidationError(
                    _("A business day lies within the last year. %(day)s does not."),
                    code="business_day_invalid",
                    params={"day": Day.of(day)},
                )
            }
        )


def accounts_of(customers: Iterable[int], kind: AccountKind, ledger: Ledger | None) -> dict[int, int]:
    """By the id of the customer the id of his account of this kind; of those who have one."""
    rows = Account.objects.filter(ledger=ledger, customer__in=list(customers), kind=kind) if ledger else ()
    return {one.customer_id: one.pk for one in rows if one.customer_id}


def sides_of(
    ledger: Ledger, customer: Customer, sides: tuple[AccountKind, AccountKind], actor: Scope
) -> tuple[int, int]:
    """The ids of the accounts of these kinds; those of the location and of the ledger are opened when needed."""
    wanted = [_whose(kind, customer, actor) for kind in sides]
    found = _found(ledger, wanted)
    missing = [one for one in wanted if one not in found]
    if any(kind in OF_CUSTOMER for kind, _customer, _location in missing):
        raise NoAccount(customer)
    if missing:
        ensure_accounts(ledger, *missing)
        found = _found(ledger, wanted)
    debit, credit = (found[one] for one in wanted)
    return debit, credit


type _Whose = tuple[AccountKind, int | None, int | None]


def _whose(kind: AccountKind, customer: Customer, actor: Scope) -> _Whose:
    if kind in OF_CUSTOMER:
        return kind, customer.pk, None
    return kind, None, None if kind in OF_LEDGER else actor.location.pk


def _found(ledger: Ledger, wanted: Sequence[_Whose]) -> dict[_Whose, int]:
    asked = Q()
    for kind, customer, location in wanted:
        asked |= Q(kind=kind, customer=customer, location=location)
    rows = Account.objects.filter(asked, base=ledger.base_id, ledger=ledger, is_nameless=False)
    return {(AccountKind(one.kind), one.customer_id, one.location_id): one.pk for one in rows}


def warnings_of(movement: Movement, now: Standing, actor: Scope) -> list[str]:
    """What is in order and worth knowing, in the language of whoever posts. They are amounts of the account, so they
    are for whoever sees accounts.
    """
    if not actor.allows(Right.SEE_ACCOUNTS):
        return []
    currency, terms = now.terms.organization.currency, now.terms
    opened = shown(now.open_amount, currency)
    if movement.kind == MovementKind.SALE and now.is_above_hard:
        sentence = _text("%(open)s are open, which is above the credit limit of %(limit)s.")
        return [sentence % {"open": opened, "limit": shown(terms.hard_limit, currency)}]
    if movement.kind == MovementKind.SALE and now.is_above_soft and terms.soft_limit is not None:
        sentence = _text("%(open)s are open; this account warns above %(limit)s.")
        return [sentence % {"open": opened, "limit": shown(terms.soft_limit, currency)}]
    if movement.kind == MovementKind.PAYMENT and now.open_amount < 0:
        return [_text("%(paid)s more were paid than was open.") % {"paid": shown(-now.open_amount, currency)}]
    return []
