"""What is said of entries of the bank in words: what is proposed, by what, and why a payment came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounting.amounts import ZERO
from accounting.banking.debit_matching import Doubt
from accounting.banking.matching import Confidence, Reason
from accounting.banking.return_reasons import reason_of
from accounting.choices import EntryState
from accounting.models import BankEntry, Movement
from accounting.pages.debit_words import DOUBTS, DebitsTold, debits_of
from accounting.payments.deciding import movements_of_all
from accounting.payments.naming import Named, names_of

REASONS: Mapping[Reason, Promise] = {
    Reason.END_TO_END: gettext_lazy("reference of the debit"),
    Reason.BATCH: gettext_lazy("sum of a group of debits"),
    Reason.NUMBER: gettext_lazy("number in the text"),
    Reason.MANDATE: gettext_lazy("mandate and amount"),
    Reason.CUSTOMER: gettext_lazy("customer number in the text, and amount"),
    Reason.IBAN: gettext_lazy("account of the payer, and amount"),
    Reason.IBAN_OLDEST: gettext_lazy("account of the payer, and the sum of the oldest items"),
    Reason.NAME: gettext_lazy("name and amount"),
}


@dataclass(frozen=True)
class Proposed:
    """An item that an entry would pay: what it is, whose, and how much of it."""

    what: str
    customer: object
    amount: Decimal


@dataclass(frozen=True)
class Told:
    """An entry, and what its page says of it."""

    entry: BankEntry
    proposed: Sequence[Proposed] = ()
    why: str = ""
    rest: Decimal = ZERO
    booked: Sequence[Movement] = ()
    returned: str = ""
    debits: DebitsTold | None = None
    doubts: Sequence[object] = ()

    @property
    def can_book(self) -> bool:
        """Whether one click books what is proposed."""
        if self.entry.state != EntryState.OPEN:
            return False
        return bool(self.proposed) if self.debits is None else not self.debits.is_blocked


def told_of(entries: Sequence[BankEntry]) -> list[Told]:
    """In the order of the entries, which are of one ledger. Items and bookings are read for all at once."""
    asked = {UUID(one["item"]) for entry in entries for one in entry.proposal.get("parts", ())}
    base = entries[0].base_id if entries else None
    rows = Movement.objects.filter(base=base, pk__in=asked).select_related("debit__customer") if asked else ()
    items = {one.pk: one for one in rows}
    names = names_of(entries[0].ledger) if items else {}
    booked = movements_of_all([entry for entry in entries if entry.state == EntryState.BOOKED])
    debits = debits_of(entries, entries[0].organization.currency) if entries else {}
    return [_told(entry, items, names, booked.get(entry.pk, ()), debits.get(entry.pk)) for entry in entries]


def _told(
    entry: BankEntry,
    items: Mapping[UUID, Movement],
    names: Mapping[UUID, Named],
    booked: Sequence[Movement],
    debits: DebitsTold | None,
) -> Told:
    returned = str(reason_of(entry.return_reason).sentence) if entry.is_return and entry.return_reason else ""
    if entry.state != EntryState.OPEN:
        return Told(entry, booked=booked, returned=returned, debits=debits)
    if debits is not None:
        return Told(entry, returned=returned, debits=debits, doubts=debits.doubts, why=_confidence(entry))
    proposed = [Proposed(*of, amount) for of, amount in _sums(entry, items, names).items()]
    why = _why(entry) if proposed else ""
    doubts = [DOUBTS[Doubt(one)] for one in entry.proposal.get("doubts", ())] if proposed else ()
    rest = Decimal(entry.proposal.get("rest", "0.00"))
    return Told(entry, proposed, why, rest, returned=returned, doubts=doubts)


def _sums(
    entry: BankEntry, items: Mapping[UUID, Movement], names: Mapping[UUID, Named]
) -> dict[tuple[str, object], Decimal]:
    """What the entry would pay, by name and customer: the items of an invoice are one thing to be paid."""
    found: dict[tuple[str, object], Decimal] = {}
    for one in entry.proposal.get("parts", ()):
        if (item := items.get(UUID(one["item"]))) is not None:
            of = (_name_of(item, names), item.debit.customer)
            found[of] = found.get(of, ZERO) + Decimal(one["amount"])
    return found


def _name_of(item: Movement, names: Mapping[UUID, Named]) -> str:
    """The number of its invoice, else its document, else what kind of booking it is."""
    number = names.get(item.pk, Named()).number
    if number:
        return _("Invoice %(number)s") % {"number": number}
    return item.document or str(item.get_kind_display())


def _confidence(entry: BankEntry) -> str:
    """Of what is about debits: they are found by their references."""
    return _("sure: reference of the debit") if entry.confidence == Confidence.SURE else _("to be looked at")


def _why(entry: BankEntry) -> str:
    reason = REASONS.get(Reason(entry.proposal["reason"]), "")
    sentence = _("sure: %(reason)s") if entry.confidence == Confidence.SURE else _("probable: %(reason)s")
    return sentence % {"reason": reason}
