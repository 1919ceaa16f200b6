"""Proposes which open items a payment pays. Nothing is allocated here: somebody looks at it, or takes what is sure.

    for proposal in propose(entries, items):
        proposal.allocations, proposal.reason, proposal.confidence, proposal.rest

The rules are tried one after the other, each for all entries before the next one: what is said by number is not taken
away by what is guessed by name. Within a rule entries come as they are given. No proposal, and all of them together,
allocates more than the payment has and more than is open of an item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from accounting.banking.numbers_in_text import Number, customers_in, numbers_in
from accounting.banking.open_items import ZERO, Ledger, OpenItem, Queue, compact, name_key
from accounting.banking.statements import BankEntry, Direction


class Reason(StrEnum):
    """By what the items were found."""

    END_TO_END = "end_to_end_id"
    BATCH = "batch_id"
    NUMBER = "number"
    MANDATE = "mandate_id"
    CUSTOMER = "customer_number"
    IBAN = "iban"
    IBAN_OLDEST = "iban_oldest"
    NAME = "name"
    NOTHING = "nothing"


class Confidence(StrEnum):
    """`sure` may be allocated without anybody looking; `probable` wants a look; `none` proposes nothing."""

    SURE = "sure"
    PROBABLE = "probable"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Allocation:
    """So much of the payment to this item; above zero."""

    item: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for one entry. `rest` is what is left of the payment: with a reason, it was too much."""

    entry: BankEntry
    allocations: tuple[Allocation, ...]
    reason: Reason
    confidence: Confidence
    rest: Decimal


MOST_OF_ONE_NUMBER = 20
"""A number that more items have tells nothing."""

type Found = tuple[list[OpenItem], Confidence]


def propose(entries: Iterable[BankEntry], items: Iterable[OpenItem]) -> list[Proposal]:
    """One proposal for each entry, in the same order.

    Only money that comes in pays anything: what goes out, comes back or is taken back by the bank gets none.
    """
    all_entries, ledger = list(entries), Ledger(items)
    found: dict[int, Proposal] = {}
    waiting = [at for at, entry in enumerate(all_entries) if _is_payment(entry)]
    for reason, rule in RULES.items():
        for at in waiting:
            chosen, confidence = rule(all_entries[at], ledger)
            if chosen:
                found[at] = _allocated(all_entries[at], chosen, ledger, reason, confidence)
        waiting = [at for at in waiting if at not in found]
    return [found.get(at) or _nothing(entry) for at, entry in enumerate(all_entries)]


def _is_payment(entry: BankEntry) -> bool:
    return entry.direction is Direction.CREDIT and not entry.is_return and not entry.is_reversal


def _allocated(
    entry: BankEntry, items: Sequence[OpenItem], ledger: Ledger, reason: Reason, confidence: Confidence
) -> Proposal:
    rest, allocations = entry.amount, []
    for item in items:
        if taken := ledger.take(item, rest):
            allocations.append(Allocation(item.id, taken))
            rest -= taken
    return Proposal(entry, tuple(allocations), reason, confidence, rest)


def _nothing(entry: BankEntry) -> Proposal:
    return Proposal(entry, (), Reason.NOTHING, Confidence.NONE, entry.amount)


NONE: Found = ([], Confidence.NONE)


def _named(items: list[OpenItem], amount: Decimal, ledger: Ledger) -> Found:
    """Items that the payment names: sure when it is exactly what they come to, else part of it or too much."""
    if not items:
        return NONE
    total = sum((ledger.left(item) for item in items), ZERO)
    return items, Confidence.SURE if total == amount else Confidence.PROBABLE


def _by_end_to_end_id(entry: BankEntry, ledger: Ledger) -> Found:
    queue = ledger.by_reference.get(entry.end_to_end_id)
    return _named(list(queue.open()), entry.amount, ledger) if queue else NONE


def _by_batch(entry: BankEntry, ledger: Ledger) -> Found:
    """All debits of a group that the bank has booked as one sum, without details, if none of them is missing in it."""
    queue = ledger.by_batch.get(entry.batch_id)
    if not queue or entry.end_to_end_id or queue.total != entry.amount:
        return NONE
    return queue.all_if_whole(), Confidence.SURE


def _by_number(entry: BankEntry, ledger: Ledger) -> Found:
    """Invoices and orders by their numbers in the text. A number of several customers counts where the payer tells.

    Numbers that only go on from others count where all of them come to the amount. Of what may be a month as well it is
    not sure that it is a number, unless the customer pays it himself.
    """
    numbers = list(numbers_in(f"{entry.purpose} {entry.end_to_end_id}", ledger.by_number))
    whole = [one for one in numbers if not one.goes_on]
    items, confidence = _named(_items_of(whole, entry, ledger), entry.amount, ledger)
    if confidence is Confidence.PROBABLE and len(whole) < len(numbers):
        more, is_exact = _named(_items_of(numbers, entry, ledger), entry.amount, ledger)
        items = more if is_exact is Confidence.SURE else items
        return items, confidence
    if any(one.may_be_a_month for one in whole) and not all(_is_payer(entry, item) for item in items):
        return items, Confidence.PROBABLE if items else Confidence.NONE
    return items, confidence


def _items_of(numbers: Iterable[Number], entry: BankEntry, ledger: Ledger) -> list[OpenItem]:
    found = {item.id: item for one in numbers for item in _of_payer(ledger.by_number[one.key], entry)}
    return sorted(found.values(), key=lambda item: (item.due_on, item.id))


def _of_payer(queue: Queue, entry: BankEntry) -> list[OpenItem]:
    items = list(queue.open())
    if len(items) < 2:
        return items
    if len(items) > MOST_OF_ONE_NUMBER:
        return []
    own = [item for item in items if _is_payer(entry, item)]
    return own if len(own) == 1 else []


def _is_payer(entry: BankEntry, item: OpenItem) -> bool:
    """Whether the money comes from an account, or somebody with a name, of the customer."""
    names = {name_key(entry.counterparty_name), name_key(entry.ultimate_name)} - {""}
    return entry.counterparty_iban in map(compact, item.ibans) or bool(names.intersection(map(name_key, item.names)))


def _by_mandate(entry: BankEntry, ledger: Ledger) -> Found:
    return _fitting(ledger.by_mandate.get(entry.mandate_id), entry.amount, exact=Confidence.SURE)


def _by_customer(entry: BankEntry, ledger: Ledger) -> Found:
    """A customer number in the text and an amount that fits; sure where a word says that it is a customer number."""
    for number, is_announced in customers_in(entry.purpose, ledger.by_customer):
        exact = Confidence.SURE if is_announced else Confidence.PROBABLE
        items, confidence = _fitting(ledger.by_customer[number], entry.amount, exact=exact)
        if items:
            return items, confidence
    return NONE


def _by_iban(entry: BankEntry, ledger: Ledger) -> Found:
    """One item of whoever pays from this account: sure if it is the only one with this amount, and his alone."""
    queue = ledger.by_iban.get(entry.counterparty_iban)
    items = queue.of_amount(entry.amount) if queue else []
    if not queue or not items:
        return NONE
    is_sure = len(items) == 1 and len(queue.customers()) == 1
    return items[:1], Confidence.SURE if is_sure else Confidence.PROBABLE


def _by_iban_oldest(entry: BankEntry, ledger: Ledger) -> Found:
    """The oldest items of the one customer who pays from this account, if they come to exactly the amount."""
    queue = ledger.by_iban.get(entry.counterparty_iban)
    if not queue or len(queue.customers()) != 1:
        return NONE
    return queue.oldest_that_sum_to(entry.amount), Confidence.PROBABLE


def _by_name(entry: BankEntry, ledger: Ledger) -> Found:
    """One item of the only customer of this name with this amount."""
    for name in (entry.counterparty_name, entry.ultimate_name):
        queue = ledger.by_name.get(name_key(name)) if name else None
        items = queue.of_amount(entry.amount) if queue else []
        if queue and items and len({item.customer_number or ("item", item.id) for item in items}) == 1:
            return items[:1], Confidence.PROBABLE
    return NONE


def _fitting(queue: Queue | None, amount: Decimal, *, exact: Confidence) -> Found:
    """The one item with the amount, else the oldest ones that come to it."""
    if queue is None:
        return NONE
    items = queue.of_amount(amount)
    if items:
        return items[:1], exact if len(items) == 1 else Confidence.PROBABLE
    return queue.oldest_that_sum_to(amount), exact


RULES: dict[Reason, Callable[[BankEntry, Ledger], Found]] = {
    Reason.END_TO_END: _by_end_to_end_id,
    Reason.BATCH: _by_batch,
    Reason.NUMBER: _by_number,
    Reason.MANDATE: _by_mandate,
    Reason.CUSTOMER: _by_customer,
    Reason.IBAN: _by_iban,
    Reason.IBAN_OLDEST: _by_iban_oldest,
    Reason.NAME: _by_name,
}
"""What is tried, the surest first."""
