"""Checking, booking, undoing and discarding a file of opening balances."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Func
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounting.amounts import MOST, ZERO, Money
from accounting.choices import AccountKind, BalanceImportState, MovementKind
from accounting.models import Account, BalanceImport, Movement
from accounting.opening_balances.accounts import account_ids, with_accounts
from accounting.opening_balances.matching import already_opened, matched
from accounting.opening_balances.reading import BalanceLine, read_balances
from accounting.operations.correcting import demanded_reason
from accounting.operations.opening import demand_base, ensure_ledger
from accounting.operations.posting import post_all
from accounting.owners import owners_of
from accounting.triggers import LOCK_OF_OPENING
from locations.permissions import Right
from locations.text import clean_text
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope

LIFETIME = timedelta(hours=24)
MOST_REJECTED = 200
"""So many rows that are left out are kept with the reason; of all the number is."""


class OtherTotals(ValidationError):
    """The totals of the old system are not those of the file."""

    def __init__(self, kept: BalanceImport) -> None:
        super().__init__(
            _(
                "These are not the totals of the file: it has %(owed)s open and %(credit)s of credit. Compare it with "
                "the list of your old system; rows that are left out are missing in it."
            ),
            code="other_totals",
            params={
                "owed": Money(kept.owed_total, kept.organization.currency),
                "credit": Money(kept.credit_total, kept.organization.currency),
            },
        )


class BalancesChanged(ValidationError):
    """The file was booked, undone or discarded meanwhile, or a customer in it was erased or got an opening balance."""

    def __init__(self) -> None:
        super().__init__(
            _("Somebody has dealt with this file or with a customer in it meanwhile. Look at it again."),
            code="balances_changed",
        )


class StillUsed(ValidationError):
    """Credit that came with the file has been used, so it cannot be taken back."""

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__(
            _(
                "The credit of these customers has been used meanwhile, so nothing was undone: %(numbers)s. Reverse "
                "what has used it first, or correct the others by hand."
            ),
            code="credit_used",
            params={"numbers": ", ".join(map(str, numbers[:10])) + (" …" if len(numbers) > 10 else "")},
        )


@busy_told()
def check_balances(*, file_name: str, content: bytes, actor: Scope) -> BalanceImport:
    """Read a file and keep what would be booked. Nothing is booked yet.

    Raises MissingRight, NotOnThisBase, ValidationError for a file that cannot be read or has nothing to be booked, or
    Busy.
    """
    _demand(actor)
    lines, rejected = read_balances(io.BytesIO(content))
    with row_scope.within(actor):
        _discard_old(actor)
        ledger = ensure_ledger(actor)
        found, unmatched = matched(lines, ledger, actor)
        rejected = sorted([*rejected, *unmatched], key=lambda one: one.row)
        owed, credit = _totals([line for line, _pk in found])
        kept = [
            [line.row, pk, *(_text(one) for one in (line.owed, line.credit, line.limit)), line.document]
            for line, pk in found
        ]
        made = BalanceImport(
            organization=actor.organization, base=actor.base, ledger=ledger, owner_key=ledger.owner_key,
            location=actor.location, user_name=actor.actor_name[:200],
            file_name=clean_text(file_name).strip()[:200] or "–", sha256=hashlib.sha256(content).hexdigest(),
            lines=kept, rejected=[[one.row, one.code, one.value] for one in rejected[:MOST_REJECTED]],
            customers=len(kept), rejected_count=len(rejected),
            owed_total=owed, credit_total=credit,
        )  # fmt: skip
        made.save(force_insert=True)
        return made


def _totals(lines: Sequence[BalanceLine]) -> tuple[Decimal, Decimal]:
    """What is owed and what was paid in advance. Raises ValidationError for more than can be kept."""
    owed, credit = sum((one.owed for one in lines), ZERO), sum((one.credit for one in lines), ZERO)
    if max(owed, credit) > MOST:
        raise ValidationError(_("The amounts of the file are too large to be added up."), code="totals_too_large")
    return owed, credit


@busy_told()
def book_balances(*, balances: UUID, owed_total: Decimal, credit_total: Decimal, actor: Scope) -> BalanceImport:
    """Book what was checked, all of it at once, for whoever proves it by the totals of the old system.

    A customer without an account gets one: with the credit limit of the file he may buy on account, with credit he may
    hold some. What is owed above a limit becomes an exception. Raises MissingRight, BalanceImport.DoesNotExist,
    OtherTotals, BalancesChanged, or Busy.
    """
    _demand(actor)
    with row_scope.within(actor):
        kept = _locked(balances, BalanceImportState.CHECKED, actor)
        if (owed_total, credit_total) != (kept.owed_total, kept.credit_total):
            raise OtherTotals(kept)
        try:
            with transaction.atomic():
                kept.booked_rows = _booked(kept, actor)
        except IntegrityError as error:
            raise BalancesChanged from error
        _close(kept, BalanceImportState.BOOKED, actor)
        return kept


def _text(amount: Decimal | None) -> str:
    return "" if amount is None else str(amount)


def _booked(kept: BalanceImport, actor: Scope) -> list[list[Any]]:
    """Post the lines; pairs of row and kind of account of what was posted. Raises BalancesChanged."""
    with connection.cursor() as cursor:  # another file may open the same customers at the same moment
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s::integer)", [LOCK_OF_OPENING, kept.ledger_id])
    if already_opened(kept.ledger, [pk for _row, pk, *_rest in kept.lines]):
        raise BalancesChanged
    with_accounts(kept.ledger, {pk: (limit, Decimal(credit)) for _, pk, _, credit, limit, _ in kept.lines}, actor)
    sides = account_ids(kept.ledger, [pk for _row, pk, *_rest in kept.lines])
    opening = sides[AccountKind.OPENING, None]
    today, wanted, rows = timezone.localdate().isoformat(), [], []
    for row, pk, owed, credit, _limit, text in kept.lines:
        for kind, amount in ((AccountKind.OWED, Decimal(owed)), (AccountKind.CREDIT, Decimal(credit))):
            if not amount:
                continue
            if (kind, pk) not in sides:
                raise BalancesChanged  # he was erased since the file was checked
            mine = sides[kind, pk]
            debit, credited = (mine, opening) if kind == AccountKind.OWED else (opening, mine)
            rows.append([row, kind.value])
            wanted.append({
                "debit": debit, "credit": credited, "amount": str(amount), "kind": MovementKind.OPENING.value,
                "business_day": today, "key": kept.key_of(row, kind), "document": text,
            })  # fmt: skip
    post_all(kept.ledger, wanted, actor)
    return rows


@busy_told()
def undo_balances(*, balances: UUID, reason: str, actor: Scope) -> BalanceImport:
    """Reverse whatever the file has booked and nobody has reversed since; all of it at once.

    Raises MissingRight, BalanceImport.DoesNotExist, StillUsed, BalancesChanged, ValidationError without a reason, or
    Busy.
    """
    _demand(actor)
    with row_scope.within(actor):
        kept = _locked(balances, BalanceImportState.BOOKED, actor)
        why = clean_text(demanded_reason(reason)).strip()[:200]
        booked = _standing(kept)
        _demand_unused(booked)
        wanted = [
            {
                "debit": one.credit_id, "credit": one.debit_id, "amount": str(one.amount), "reason": why,
                "kind": MovementKind.REVERSAL.value, "business_day": timezone.localdate().isoformat(),
                "key": f"{one.key}/back", "reverses": str(one.pk), "document": one.document,
            }
            for one in booked
        ]  # fmt: skip
        try:
            with transaction.atomic():
                post_all(kept.ledger, wanted, actor)
        except IntegrityError as error:
            raise BalancesChanged from error
        kept.reason = why
        _close(kept, BalanceImportState.UNDONE, actor)
        return kept


@busy_told()
def discard_balances(*, balances: UUID, actor: Scope) -> None:
    """Throw away what was checked and is not booked. Raises MissingRight, BalanceImport.DoesNotExist, BalancesChanged,
    or Busy.
    """
    _demand(actor)
    with row_scope.within(actor):
        _close(_locked(balances, BalanceImportState.CHECKED, actor), BalanceImportState.DISCARDED, actor)


def _discard_old(actor: Scope) -> None:
    """Discard what was checked more than a day ago and never booked, so that nothing of it is kept longer."""
    old = BalanceImport.objects.in_base(actor.base).filter(
        state=BalanceImportState.CHECKED, created_at__lt=timezone.now() - LIFETIME
    )  # whosever they are, as far as they are seen here
    for one in old.select_for_update(of=("self",), no_key=True):
        _close(one, BalanceImportState.DISCARDED, actor)


def _demand(actor: Scope) -> None:
    actor.demand(Right.CORRECT_ACCOUNTS)
    actor.demand(Right.MANAGE_ACCOUNT_TERMS)
    demand_base(actor)


def _locked(pk: UUID, state: BalanceImportState, actor: Scope) -> BalanceImport:
    """The file, which nobody else deals with meanwhile. Raises BalancesChanged where it is in another state."""
    found = BalanceImport.objects.in_base(actor.base).filter(owner_key__in=owners_of(actor).all)
    rows = found.select_related("organization", "ledger")
    kept = rows.select_for_update(of=("self",), no_key=True).get(pk=pk)
    if kept.state != state:
        raise BalancesChanged
    return kept


def _close(kept: BalanceImport, state: BalanceImportState, actor: Scope) -> None:
    kept.state, kept.lines, kept.rejected = state, [], []
    kept.closed_by, kept.closed_at = actor.actor_name[:200], Func(function="clock_timestamp")
    names = ["state", "lines", "rejected", "booked_rows", "closed_by", "closed_at", "reason"]
    kept.save(update_fields=names)
    kept.refresh_from_db(fields=["closed_at"])


def _standing(kept: BalanceImport) -> list[Movement]:
    """The movements of the file that were not reversed."""
    keys = [kept.key_of(row, kind) for row, kind in kept.booked_rows]
    rows = Movement.objects.filter(base=kept.base_id, ledger=kept.ledger_id, location=kept.location_id, key__in=keys)
    found = {one.pk: one for one in rows.select_related("debit", "credit")}
    back = Movement.objects.filter(base=kept.base_id, reverses__in=list(found))
    for one in back:
        found.pop(cast(UUID, one.reverses_id), None)
    return list(found.values())


def _demand_unused(booked: Sequence[Movement]) -> None:
    short = [
        one.credit.customer_id
        for one in booked
        if one.credit.kind == AccountKind.CREDIT and (one.credit.balance or ZERO) < one.amount
    ]
    if short:
        rows = Account.objects.filter(customer__in=short, kind=AccountKind.CREDIT).select_related("customer")
        raise StillUsed(sorted(one.customer.customer_number for one in rows if one.customer))
