"""What becomes of debits at the bank: collected, or returned with a reason and charges."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from accounting.amounts import ZERO, exact
from accounting.banking.return_reasons import REASONS, reason_of
from accounting.choices import AccountKind, DebitFileState, DebitState, MovementKind
from accounting.debits.calls import DebitRefused, call, demand_collector, file_in_state, locked_file, told
from accounting.debits.files import go_to
from accounting.models import Account, DebitFile, DebitItem, Ledger
from accounting.operations.opening import ensure_accounts
from accounting.operations.posting import OLDEST, Entry, wanted_of
from accounting.owners import owners_of
from mcp.isolation import access, row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.worker.queueing import enqueue
from mcp.worker.somebody import for_somebody

AT_ONCE = 500
"""So many debits are collected in one transaction. More of them the worker collects, so that no till waits long."""
COLLECT = "accounting.tasks.collect_debit_file"


@busy_told()
def start_collecting(*, file: UUID, on: date, actor: Scope) -> int | None:
    """Collect what is at the bank of a file: at once, and how many; or by the worker, None, where they are many.

    Raises as `collect_debits`.
    """
    demand_collector(actor)
    _demand_past(on)
    with row_scope.within(actor):
        one = locked_file(file, actor)
        _demand_after(on, one)
        if one.state == DebitFileState.COLLECTING:
            return None
        if DebitItem.objects.of_file(one).pending().count() <= AT_ONCE:
            return collect_debits(file=file, on=on, actor=actor)
        go_to(one, DebitFileState.COLLECTING)
        enqueue(COLLECT, file=str(one.pk), on=on.isoformat(), lock=f"debits {one.ledger_id}", **for_somebody(actor))
        return None


def collect_in_pieces(file: UUID, on: date, actor: Scope) -> None:
    """Collect a file piece by piece, each a transaction of its own. For the worker; whoever goes on takes the rest.

    Raises MissingRight, NothingThere, Stopped where it is not being collected any more, or DebitRefused.
    """
    demand_collector(actor)
    many = 1
    while many:
        with row_scope.rows_of(actor):
            one = file_in_state(file, DebitFileState.COLLECTING, actor)
            many = _collected(one, on, None, actor, most=AT_ONCE)
            access.demand_still(actor)
            if not many:
                go_to(one, DebitFileState.DONE)


@busy_told()
def collect_debits(*, file: UUID, on: date, items: Collection[UUID] | None = None, actor: Scope) -> int:
    """Book that the bank has collected these debits of a file, or all that are at the bank; returns how many.

    Each is a payment for the items of its invoice, with the reference of the debit as its key. Debits that are settled
    already stay as they are. Raises MissingRight, DebitsAtCentral, DebitFile.DoesNotExist, DebitRefused where the file
    is not made, ValidationError for a day to come or before the file was made, or Busy.
    """
    owner = demand_collector(actor)
    _demand_past(on)
    with row_scope.within(actor):
        one = DebitFile.objects.in_base(actor.base).select_related("ledger").get(pk=file, owner_key=owner)
        _demand_after(on, one)
        return _collected(one, on, items, actor)


def _collected(
    file: DebitFile, on: date, items: Collection[UUID] | None, actor: Scope, *, most: int | None = None
) -> int:
    params = [
        actor.base.pk, file.pk, account_for(file.ledger, AccountKind.MONEY, actor),
        None if items is None else list(items), on, actor.actor_name[:200], most,
    ]  # fmt: skip
    with told():
        return int(call("accounting_collect_debits(%s, %s, %s, %s::uuid[], %s, %s, %s)", params))


@busy_told()
def return_debit(
    *, debit: UUID, code: str, on: date, charges: Decimal = ZERO, is_charged: bool = False, actor: Scope
) -> DebitItem:
    """The bank has sent a debit back: a payment that was booked is reversed, so that its items are open again.

    `code` is that of ISO 20022; where it says so the mandate ends. `charges` are those of the bank; `is_charged` lets
    the customer owe them, as a correction. Raises MissingRight, DebitsAtCentral, DebitItem.DoesNotExist, DebitRefused
    where it was returned before or its customer was erased, ValidationError, or Busy.
    """
    owner = demand_collector(actor)
    _demand_past(on)
    known, costs = _known(code), exact(charges) if charges else ZERO
    with row_scope.within(actor):
        one = DebitItem.objects.in_base(actor.base).select_related("file").get(pk=debit, owner_key=owner)
        _demand_after(on, one.file)
        return sent_back(debit, known, on, charges=costs, is_charged=is_charged, actor=actor)


def sent_back(
    debit: UUID, code: str, on: date, *, charges: Decimal, is_charged: bool, entry: UUID | None = None, actor: Scope
) -> DebitItem:
    """As return_debit, for whoever has asked for the right and entered the scope; `entry` is that of the bank.

    An entry that says once more what was returned by hand before only refers to it. `code` may be one that is in no
    list, or empty: then the bank has said nothing that ends the mandate.
    """
    found = DebitItem.objects.in_base(actor.base).select_related("file__ledger", "payment", "customer")
    one = found.get(pk=debit, owner_key__in=owners_of(actor).billed)
    owed = exact(charges) if charges and is_charged and one.state != DebitState.RETURNED else ZERO
    wanted = [*_reversal(one, code, on), *_charge(one, owed, actor)]
    with told():
        call(
            "accounting_return_debit(%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s)",
            [
                actor.base.pk, one.pk, code, charges, on, reason_of(code).ends_mandate, actor.actor_name[:200],
                json.dumps(wanted), entry,
            ],
        )  # fmt: skip
    one.refresh_from_db()
    return one


def _reversal(one: DebitItem, code: str, on: date) -> list[dict[str, Any]]:
    """The payment taken back, where one was booked."""
    if one.payment is None or one.state != DebitState.COLLECTED:
        return []
    entry = Entry(
        kind=MovementKind.REVERSAL, amount=one.payment.amount, key=_key(one, "-R"), business_day=business_day(on),
        document=one.payment.document, reason=reason_in_words(code)[:200], reverses=one.payment.pk,
    )  # fmt: skip
    return [wanted_of(one.payment.credit_id, one.payment.debit_id, entry)]


def _charge(one: DebitItem, amount: Decimal, actor: Scope) -> list[dict[str, Any]]:
    """What the customer owes for it. Raises DebitRefused where he was erased."""
    if not amount:
        return []
    ledger = one.file.ledger
    owed = Account.objects.filter(base=one.base_id, customer=one.customer_id, ledger=ledger, kind=AccountKind.OWED)
    if one.customer_id is None or (account := owed.first()) is None:
        raise DebitRefused(_("The customer of this debit was erased for good."), code="movement_of_nobody")
    entry = Entry(
        kind=MovementKind.CORRECTION, amount=amount, key=_key(one, "-C"),
        reason=_text("Charges for the returned debit %(debit)s") % {"debit": one.end_to_end_id},
    )  # fmt: skip
    return [wanted_of(account.pk, account_for(ledger, AccountKind.CORRECTIONS, actor), entry)]


def account_for(ledger: Ledger, kind: AccountKind, actor: Scope) -> int:
    """The account of the location for money, or that of the ledger for corrections; opened when needed."""
    place = actor.location.pk if kind == AccountKind.MONEY else None
    ensure_accounts(ledger, (kind, None, place))
    return Account.objects.get(base=ledger.base_id, ledger=ledger, kind=kind, location=place).pk


def _key(one: DebitItem, kind: str) -> str:
    """The key of a movement of a debit; another one after what an entry had done was undone."""
    return f"{one.end_to_end_id}{kind}" + (f"/{one.times_undone}" if one.times_undone else "")


def business_day(on: date) -> date:
    """The day of the bank; today, where that is further away than a business day may be."""
    today = timezone.localdate()
    return on if today - OLDEST <= on <= today else today


def reason_in_words(code: str) -> str:
    """Why it was reversed, as it stays with the booking."""
    return f"{code}: {reason_of(code).sentence}" if code else _text("The bank has sent the debit back.")


def _known(code: str) -> str:
    """The code of the reason, as it is stored. Raises ValidationError for one that is in no list."""
    known = code.strip().upper()
    if known not in REASONS:
        sentence = _("Choose why the bank has sent it back.")
        raise ValidationError({"code": ValidationError(sentence, code="return_code_unknown")})
    return known


def _demand_after(on: date, file: DebitFile) -> None:
    """Raise ValidationError for a day on which the bank cannot have had the file yet."""
    if file.made_at is not None and on < timezone.localdate(file.made_at):
        sentence = _("The debit file was made later. Enter the day that the bank says.")
        raise ValidationError({"on": ValidationError(sentence, code="before_the_file")})


def _demand_past(on: date) -> None:
    if on > timezone.localdate():
        raise ValidationError({"on": ValidationError(_("This day is still to come."), code="day_to_come")})
