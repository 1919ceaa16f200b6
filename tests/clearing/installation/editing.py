"""What people do at both sides: each value that they type is a word of its own, so that it can be found again.

    edits = Edits(both, seed=7)
    edits.before()              a usual day at both sides, with the same customers changed at either
    edits.change("branch")      somebody's city

`alive` is what must be found in the end: for each field of a customer what was typed last, unless whoever typed later
had it before him. Nothing counts that was not stored.
"""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any
from uuid import UUID

from tests.clearing.installation.building import BUYER, CONSENT, CUSTOMERS, FIRST, NEW, SOLD, new_customer, uid_of
from tests.clearing.installation.world import Installations

FIELDS = ("city", "street", "phone_private", "alias")
ARCHIVE = "UPDATE customers_customer SET archived_at = '2026-06-01 12:00+00' WHERE uid = %(uid)s::uuid"
FOREIGN = """SELECT md5(string_agg(customer::text, '|' ORDER BY customer.id)) FROM customers_customer AS customer
    JOIN locations_customerbase AS base ON base.id = customer.base_id WHERE base.kind <> 'offline'"""


class Edits:
    """One day at both sides; another one for each seed."""

    def __init__(self, both: Installations, seed: int) -> None:
        self._both = both
        self.random = random.Random(seed)
        self.alive: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.all_words: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.said: defaultdict[str, list[str]] = defaultdict(list)
        self.erased: set[str] = set()
        self.may_conflict_again = False
        """After a restore what has lost before can lose again."""
        self.conflicts_travel = True
        """A branch that was restored gets its customers again, not its past conflicts."""
        self.foreign = both.ask("central", FOREIGN)[0][0]
        self._words = self._new = 0
        self._at = ""

    def word(self) -> str:
        self._words += 1
        return f"w{self._words}"

    def long_word(self, length: int) -> str:
        """One that cannot be packed well."""
        return "".join(self.random.choices("abcdefghijklmnopqrstuvwxyz", k=length))

    def somebody(self) -> str:
        return uid_of(self.random.randrange(FIRST, FIRST + CUSTOMERS))

    def some_uuid(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def before(self) -> None:
        """A usual day: some at one side, some at the other, some at both."""
        for side in ("branch", "central"):
            for _time in range(4):
                self.change(side)
            self.say(side)
        for uid in {self.somebody() for _time in range(3)}:
            name = self.random.choice(FIELDS)
            self.change("branch", uid, name)
            self.change("central", uid, self.random.choice((name, *FIELDS)))
        self.register("branch")
        self.register("central")
        self.archive("branch")
        self.sell()

    def sell(self) -> str:
        """The branch sells something on account."""
        key = self.word()
        self._write("branch", SOLD, {"key": key, "uid": uid_of(BUYER)})
        return key

    def change(self, side: str, uid: str | None = None, name: str | None = None, word: str | None = None) -> str:
        """Somebody types another value; what he has had before him is beaten."""
        uid, name, word = uid or self.somebody(), name or self.random.choice(FIELDS), word or self.word()
        connection = self._both.looking(side)
        with connection.transaction():
            seen = connection.execute(
                f"SELECT {name} FROM customers_customer WHERE uid = %s FOR UPDATE", [uid]
            ).fetchone()
            connection.execute(f"UPDATE customers_customer SET {name} = %s WHERE uid = %s", [word, uid])
        if seen is not None:
            self.stored(uid, name, word, seen[0])
        return uid

    def stored(self, uid: str, name: str, word: str, seen: str) -> None:
        """It was told that this is stored."""
        self.alive[uid, name] = (self.alive[uid, name] - {seen}) | {word}
        self.all_words[uid, name].add(word)

    def register(self, side: str, **values: Any) -> str:
        """A new customer with the next number of the side."""
        self._new += 1
        number = {"branch": 2_000, "central": 3_000}[side] + self._new
        word = self.word()
        self._write(side, NEW, new_customer(number, **{"city": word, **values}))
        self.stored(uid_of(number), "city", word, "")
        return uid_of(number)

    def say(self, side: str, uid: str | None = None, *, is_given: bool = True) -> str:
        """Somebody says something about a newsletter, at a moment of its own."""
        uid = uid or self.somebody()
        self._words += 1
        self._at = f"2026-06-{self.random.randrange(1, 28):02d} {self._words // 60 % 24:02d}:{self._words % 60:02d}+00"
        self.say_again(side, uid, is_given=is_given)
        return uid

    def say_again(self, side: str, uid: str, *, is_given: bool) -> None:
        """At the same moment."""
        self._write(side, CONSENT, {"uid": uid, "is_given": is_given, "at": self._at})
        self.said[uid].append(self._both.ask(side, "SELECT to_jsonb(%s::timestamptz)", self._at)[0][0])

    def archive(self, side: str) -> str:
        """Somebody goes whom nobody has changed."""
        uid = next(
            one for number in range(FIRST, FIRST + CUSTOMERS) for one in [uid_of(number)]
            if not any(key[0] == one for key in self.alive) and one not in self.said
        )  # fmt: skip
        self._write(side, ARCHIVE, {"uid": uid})
        return uid

    def erase(self, side: str, uid: str | None = None) -> str:
        """Somebody is erased for good."""
        uid = uid or self.somebody()
        self._both.call(side, "tests.clearing.installation.calls.erase", uid=uid)
        self.erased.add(uid)
        return uid

    def _write(self, side: str, statement: str, parameters: dict[str, Any]) -> None:
        self._both.looking(side).execute(statement.encode(), parameters)
