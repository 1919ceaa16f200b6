"""What is said in words of entries of the bank that are about debits: which debits those are, and what does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounting.amounts import ZERO, shown
from accounting.banking.debit_matching import BLOCKING, Doubt
from accounting.choices import EntryState
from accounting.models import BankEntry, DebitFile, DebitItem
from accounting.pages.frame import DEBIT_FILE, address_of
from accounting.payments.debited import Kind, about_debits

DOUBTS: Mapping[Doubt, Promise] = {
    Doubt.AMOUNT: gettext_lazy("The amount does not fit the debit."),
    Doubt.MANDATE: gettext_lazy("The bank names another mandate."),
    Doubt.NO_REFERENCE: gettext_lazy("The bank gives no reference: found by mandate and amount alone."),
    Doubt.ELSEWHERE: gettext_lazy("The same is proposed for another entry already."),
    Doubt.LOOKS_KNOWN: gettext_lazy("An entry of another statement looks the same: perhaps it was read before."),
    Doubt.BY_HAND: gettext_lazy("It was returned by hand before its money came."),
    Doubt.RETURNED_BEFORE: gettext_lazy("It was returned already by another entry of the bank. Leave this one out."),
    Doubt.COLLECTED_BEFORE: gettext_lazy("It was collected already by another entry of the bank. Leave this one out."),
    Doubt.GONE: gettext_lazy("It was cancelled with its file."),
}
MOST_GUESSED = 3


@dataclass(frozen=True)
class DebitsTold:
    """The debits of an entry in a sentence, where they are shown, and what was charged for a return."""

    sentence: str
    address: str
    is_return: bool = False
    charges: Decimal = ZERO
    doubts: Sequence[str] = ()
    is_blocked: bool = False


@dataclass
class _Rows:
    """What several entries are about, read at once."""

    debits: dict[UUID, DebitItem] = field(default_factory=dict)
    files: dict[UUID, DebitFile] = field(default_factory=dict)
    done: dict[UUID, tuple[UUID, int, Decimal]] = field(default_factory=dict)
    of_entry: dict[UUID, DebitItem] = field(default_factory=dict)


def debits_of(entries: Sequence[BankEntry], currency: str) -> dict[UUID, DebitsTold]:
    """By the entry what is proposed or booked of debits; most entries are about none."""
    rows = _read(entries)
    told = {entry.pk: _told(entry, rows, currency) for entry in entries}
    return {pk: one for pk, one in told.items() if one is not None}


def _read(entries: Sequence[BankEntry]) -> _Rows:
    if not entries:
        return _Rows()
    base, rows = entries[0].base_id, _Rows()
    proposals = [one.proposal for one in entries if one.state == EntryState.OPEN and about_debits(one.proposal)]
    decided = [one.pk for one in entries if one.state in (EntryState.BOOKED, EntryState.RETURNED)]
    items = DebitItem.objects.filter(base=base).select_related("customer", "invoice", "file")
    if debits := [UUID(one["debit"]) for one in proposals if "debit" in one]:
        rows.debits = items.in_bulk(debits)
    if decided:
        sums = DebitItem.objects.filter(base=base, collected_entry__in=decided).values("collected_entry", "file")
        rows.done = {
            one["collected_entry"]: (one["file"], one["many"], one["sum"])
            for one in sums.annotate(many=Count("pk"), sum=Sum("amount"))
        }
        alone = [pk for pk, (_file, many, _sum) in rows.done.items() if many == 1]
        returned, collected = items.filter(returned_entry__in=decided), items.filter(collected_entry__in=alone)
        rows.of_entry = {one.returned_entry_id: one for one in returned if one.returned_entry_id}
        rows.of_entry |= {one.collected_entry_id: one for one in collected if one.collected_entry_id}
    asked = [UUID(one["file"]) for one in proposals if "file" in one] + [one[0] for one in rows.done.values()]
    if asked:
        rows.files = DebitFile.objects.filter(base=base).in_bulk(asked)
    return rows


def _told(entry: BankEntry, rows: _Rows, currency: str) -> DebitsTold | None:
    if entry.state != EntryState.OPEN:
        return _of_done(entry, rows, currency)
    kind = about_debits(entry.proposal)
    if kind is Kind.BATCH:
        return _of_sum(entry, rows.files.get(UUID(entry.proposal["file"])), currency)
    debit = rows.debits.get(UUID(entry.proposal["debit"])) if kind else None
    if debit is None:
        return None
    doubts = [Doubt(one) for one in entry.proposal["doubts"]]
    said = [str(DOUBTS[one]) if one in DOUBTS else _difference(entry.amount, debit.amount, currency) for one in doubts]
    return DebitsTold(
        sentence=_of_one(debit, is_return=kind is Kind.RETURN), address=address_of(DEBIT_FILE, debit.file_id),
        is_return=kind is Kind.RETURN, charges=Decimal(entry.proposal.get("charges", ZERO)), doubts=said,
        is_blocked=any(one in BLOCKING for one in doubts),
    )  # fmt: skip


def _of_done(entry: BankEntry, rows: _Rows, currency: str) -> DebitsTold | None:
    is_return = entry.state == EntryState.RETURNED
    if (debit := rows.of_entry.get(entry.pk)) is not None:
        charges = debit.charges if is_return else ZERO
        address = address_of(DEBIT_FILE, debit.file_id)
        return DebitsTold(_of_one(debit, is_return=is_return), address, is_return=is_return, charges=charges)
    if entry.pk not in rows.done:
        return None
    file, many, total = rows.done[entry.pk]
    sentence = ngettext(
        "%(many)s debit of the file of %(day)s: %(sum)s", "%(many)s debits of the file of %(day)s: %(sum)s", many
    )
    day = _day(rows.files[file])
    return DebitsTold(
        sentence % {"many": many, "day": day, "sum": shown(total, currency)}, address_of(DEBIT_FILE, file)
    )


def _of_one(debit: DebitItem, *, is_return: bool) -> str:
    sentence = (
        _("Returned debit %(debit)s of %(customer)s, %(invoice)s")
        if is_return
        else _("Collected debit %(debit)s of %(customer)s, %(invoice)s")
    )
    customer = debit.customer or _("erased")
    return sentence % {"debit": debit.end_to_end_id, "customer": customer, "invoice": debit.invoice.number}


def _of_sum(entry: BankEntry, file: DebitFile | None, currency: str) -> DebitsTold | None:
    if file is None:
        return None
    proposal: Mapping[str, Any] = entry.proposal
    expected = Decimal(proposal["sum"])
    sentence = _("Debits of the file of %(day)s, together %(sum)s")
    return DebitsTold(
        sentence=sentence % {"day": _day(file), "sum": shown(expected, currency)},
        address=address_of(DEBIT_FILE, file.pk),
        doubts=list(_doubts_of_sum(entry, file, expected, currency)),
        is_blocked=any(Doubt(one) in BLOCKING for one in proposal["doubts"]),
    )


def _doubts_of_sum(entry: BankEntry, file: DebitFile, expected: Decimal, currency: str) -> Iterator[str]:
    for doubt in (Doubt(one) for one in entry.proposal["doubts"]):
        if doubt is not Doubt.DIFFERENCE:
            yield str(DOUBTS[doubt])
            continue
        yield _difference(entry.amount, expected, currency)
        if guessed := _guessed(file, expected - entry.amount):
            yield _("Perhaps the bank has refused one of these: %(debits)s") % {"debits": ", ".join(guessed)}


def _difference(amount: Decimal, expected: Decimal, currency: str) -> str:
    if amount < expected:
        return _("%(amount)s less were credited than the debits come to.") % {
            "amount": shown(expected - amount, currency)
        }
    return _("%(amount)s more were credited than the debits come to.") % {"amount": shown(amount - expected, currency)}


def _guessed(file: DebitFile, missing: Decimal) -> list[str]:
    """Debits of the file with just the amount that is missing."""
    rows = DebitItem.objects.of_file(file).pending().filter(amount=missing) if missing > 0 else DebitItem.objects.none()
    found = rows.select_related("customer").order_by("position")[:MOST_GUESSED]
    return [f"{one.end_to_end_id} ({one.customer or _('erased')})" for one in found]


def _day(file: DebitFile) -> str:
    return date_format(file.collect_on, "SHORT_DATE_FORMAT")
