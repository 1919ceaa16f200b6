"""What is open, as matching needs it: found by number, reference, customer, account or name without looking at all."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from accounting.banking.numbers_in_text import keys_of_number

ZERO = Decimal("0.00")
MOST_AT_ONCE = 200
"""So many items of one customer are looked at for one payment."""
_LEGAL_FORMS = frozenset({"gmbh", "ag", "kg", "ohg", "ug", "ev", "co", "mbh", "gbr", "se", "ltd", "inc", "ek"})
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Something that a customer owes. `id` is of whoever asks, unique and sortable; `open_amount` is above zero.

    `end_to_end_id`, `mandate_id` and `batch_id` (of its group) are those of the debit by which it is collected. A
    customer without a number is known by his names and IBANs alone.
    """

    id: int
    open_amount: Decimal
    due_on: date
    invoice_number: str = ""
    order_number: str = ""
    customer_number: int | None = None
    names: tuple[str, ...] = ()
    ibans: tuple[str, ...] = ()
    end_to_end_id: str = ""
    mandate_id: str = ""
    batch_id: str = ""


class Ledger:
    """The items with what is left of each while proposals are made; always the ones that are due first come first."""

    def __init__(self, items: Iterable[OpenItem]) -> None:
        self.items = sorted(items, key=lambda item: (item.due_on, item.id))
        self._left = {item.id: item.open_amount for item in self.items}
        self.by_number = self._by(lambda item: _numbers(item))
        self.by_reference = self._by(lambda item: [item.end_to_end_id])
        self.by_batch = self._by(lambda item: [item.batch_id])
        self.by_mandate = self._by(lambda item: [item.mandate_id])
        self.by_customer = self._by(lambda item: [item.customer_number])
        self.by_iban = self._by(lambda item: [compact(iban) for iban in item.ibans])
        self.by_name = self._by(lambda item: [name_key(name) for name in item.names])

    def _by[T](self, keys: Callable[[OpenItem], Iterable[T]]) -> dict[T, Queue]:
        found: dict[T, list[OpenItem]] = defaultdict(list)
        for item in self.items:
            for key in dict.fromkeys(keys(item)):
                if key:
                    found[key].append(item)
        return {key: Queue(items, self) for key, items in found.items()}

    def left(self, item: OpenItem) -> Decimal:
        """What is open of an item after what was proposed so far."""
        return self._left[item.id]

    def is_whole(self, item: OpenItem) -> bool:
        return self._left[item.id] == item.open_amount

    def take(self, item: OpenItem, most: Decimal) -> Decimal:
        """Take as much of the item as is left, at most so much. Returns what was taken."""
        taken = min(self._left[item.id], most)
        self._left[item.id] -= taken
        return taken


class Queue:
    """Items that have something in common. What is used up at its beginning is forgotten for good."""

    def __init__(self, items: Sequence[OpenItem], ledger: Ledger) -> None:
        self._items, self._ledger, self._start = items, ledger, 0
        self._of_amount: dict[Decimal, Queue] | None = None

    def open(self) -> Iterator[OpenItem]:
        """Those of which something is left, MOST_AT_ONCE of them at most."""
        items, left = self._items, self._ledger.left
        while self._start < len(items) and not left(items[self._start]):
            self._start += 1
        looked = range(self._start, min(len(items), self._start + MOST_AT_ONCE))
        return (items[at] for at in looked if left(items[at]))

    @cached_property
    def total(self) -> Decimal:
        """What all of them came to before anything was proposed."""
        return sum((item.open_amount for item in self._items), ZERO)

    def all_if_whole(self) -> list[OpenItem]:
        """All of them, however many; none where something of one was proposed for another payment."""
        return list(self._items) if all(map(self._ledger.is_whole, self._items)) else []

    def of_amount(self, amount: Decimal) -> list[OpenItem]:
        """Those that are wholly open with exactly this amount; two of them at most, which tells one from several."""
        if self._of_amount is None:
            groups: dict[Decimal, list[OpenItem]] = defaultdict(list)
            for item in self._items:
                groups[item.open_amount].append(item)
            self._of_amount = {key: Queue(group, self._ledger) for key, group in groups.items()}
        queue = self._of_amount.get(amount)
        found = (item for item in queue.open() if self._ledger.is_whole(item)) if queue else iter(())
        return [item for item, _number in zip(found, range(2), strict=False)]

    def oldest_that_sum_to(self, amount: Decimal) -> list[OpenItem]:
        """The items that are due first, as many as give exactly this amount; none where no number of them does."""
        found, total = [], ZERO
        for item in self.open():
            found.append(item)
            total += self._ledger.left(item)
            if total >= amount:
                break
        return found if total == amount else []

    def customers(self) -> set[object]:
        """Whose items these are: the number, or the item itself where a customer has none."""
        return {item.customer_number or ("item", item.id) for item in self.open()}


def name_key(name: str) -> str:
    """Equal for names that differ in case, accents, order of words, signs and legal form; "" for too short ones."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    words = [word for word in re.findall(r"[^\W_]+", letters) if word not in _LEGAL_FORMS]
    key = " ".join(sorted(words))
    return key if len(key) >= 5 else ""


def _numbers(item: OpenItem) -> Iterator[str]:
    for number in (item.invoice_number, item.order_number):
        if number:
            yield from sorted(keys_of_number(number))


def compact(iban: str) -> str:
    """The IBAN without blanks, in capital letters."""
    return "".join(iban.split()).upper()
