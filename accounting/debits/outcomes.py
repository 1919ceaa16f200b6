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
from accounting.choices import AccountKind, DebitState, MovementKind
from accounting.debits.calls import DebitRefused, call, demand_collector, told
from accounting.models import Account, DebitFile, DebitItem, Ledger
from accounting.operations.opening import ensure_accounts
from accounting.operations.posting import Entry, wanted_of
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope


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
        with told():
            return int(call(
                "accounting_collect_debits(%s, %s, %s, %s::uuid[], %s, %s)",
                [
                    actor.base.pk, one.pk, _account(one.ledger, AccountKind.MONEY, actor),
                    None if items is None else list(items), on, actor.actor_name[:200],
                ],
            ))  # fmt: skip


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
        found = DebitItem.objects.in_base(actor.base).select_related("file__ledger", "payment", "customer")
        one = found.get(pk=debit, owner_key=owner)
        _demand_after(on, one.file)
        wanted = [*_reversal(one, known, on), *_charge(one, costs if is_charged else ZERO, actor)]
        with told():
            call(
                "accounting_return_debit(%s, %s, %s, %s, %s, %s, %s, %s::jsonb)",
                [
                    actor.base.pk, one.pk, known, costs, on, reason_of(known).ends_mandate,
                    actor.actor_name[:200], json.dumps(wanted),
                ],
            )  # fmt: skip
        one.refresh_from_db()
        return one


def _reversal(one: DebitItem, code: str, on: date) -> list[dict[str, Any]]:
    """The payment taken back, where one was booked."""
    if one.payment is None or one.state != DebitState.COLLECTED:
        return []
    entry = Entry(
        kind=MovementKind.REVERSAL, amount=one.payment.amount, key=f"{one.end_to_end_id}-R", business_day=on,
        document=one.payment.document, reason=f"{code}: {reason_of(code).sentence}"[:200], reverses=one.payment.pk,
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
        kind=MovementKind.CORRECTION, amount=amount, key=f"{one.end_to_end_id}-C",
        reason=_text("Charges for the returned debit %(debit)s") % {"debit": one.end_to_end_id},
    )  # fmt: skip
    return [wanted_of(account.pk, _account(ledger, AccountKind.CORRECTIONS, actor), entry)]


def _account(ledger: Ledger, kind: AccountKind, actor: Scope) -> int:
    """The account of the location for money, or that of the ledger for corrections; opened when needed."""
    place = actor.location.pk if kind == AccountKind.MONEY else None
    ensure_accounts(ledger, (kind, None, place))
    return Account.objects.get(base=ledger.base_id, ledger=ledger, kind=kind, location=place).pk


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
