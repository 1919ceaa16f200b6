"""What must hold after every run, looked up plainly in both databases. Nothing of the product is asked.

    problems = Look(both, edits).problems()     empty where all holds, once both sides are quiet

lost        what somebody was told is stored is neither at both sides nor kept in a conflict or with what is held back
doubled     an effect is there twice: a conflict of one version, a statement, a run of one number
diverged    the two sides differ, or another run still writes, or a run does not say what became of what was sent
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.clearing.installation.editing import Edits
from tests.clearing.installation.world import Installations

_OWN = "id, base_id, organization_id, customer_group_id, home_location_id, search_text, sort_name, changed_at, tags"
CUSTOMERS = f"""SELECT customer.uid::text, (to_jsonb(customer) - string_to_array('{_OWN}', ', ')) || jsonb_build_object(
        'tags', ARRAY(SELECT tag FROM unnest(customer.tags) AS tag ORDER BY tag),
        'group', (SELECT name FROM customers_customergroup WHERE id = customer.customer_group_id),
        'home', (SELECT client_number FROM locations_location WHERE id = customer.home_location_id),
        'former', (SELECT jsonb_agg(former.number ORDER BY former.number) FROM customers_formernumber AS former
            WHERE former.customer_id = customer.id AND former.base_id = customer.base_id),
        'said', (SELECT jsonb_agg(jsonb_build_array(consent.purpose, consent.is_given, consent.at, consent.source,
                consent.struck_out_at) ORDER BY consent.at, consent.purpose, consent.is_given)
            FROM customers_consent AS consent
            WHERE consent.customer_id = customer.id AND consent.base_id = customer.base_id)
    ) FROM customers_customer AS customer JOIN locations_customerbase AS base ON base.id = customer.base_id
    WHERE base.kind = 'offline'"""
CONFLICTS = "SELECT id::text, uid::text, lost_uid::text, kind, state, lost::text FROM clearing_conflict"
HELD = "SELECT uid::text, record::text FROM clearing_heldback"
FOREIGN = """SELECT md5(string_agg(customer::text, '|' ORDER BY customer.id)), count(*)
    FROM customers_customer AS customer JOIN locations_customerbase AS base ON base.id = customer.base_id
    WHERE base.kind <> 'offline'"""
ORDERS = "SELECT key, state FROM accounting_branchorder"
BOOKED = """SELECT movement.key, count(*) FROM accounting_movement AS movement
    JOIN locations_customerbase AS base ON base.id = movement.base_id WHERE base.kind = 'offline' GROUP BY 1"""
RUNS = """SELECT number, state, counts, (SELECT json_agg(encode(content, 'base64') ORDER BY part.number)
        FROM clearing_cyclepart AS part WHERE part.cycle_id = cycle.id AND part.kind = 'sent')
    FROM clearing_cycle AS cycle WHERE state IN ('decided', 'done') AND counts <> '{}' ORDER BY number"""
WRITTEN = ("customers_customer", "customers_consent", "customers_customerrevision", "customers_tag",
           "customers_customergroup", "customers_formernumber", "customers_customerevent", "customers_consentevent",
           "customers_tombstone", "clearing_conflict", "clearing_heldback", "accounting_branchorder",
           "accounting_toldterms", "accounting_movement")  # fmt: skip
"""Tables of which a run that has nothing to tell writes no row."""
_MARK = "SELECT '{table}', md5(string_agg(ctid::text || xmin::text, '|' ORDER BY ctid)) FROM {table}"

type Problem = tuple[str, str]
"""What is wrong, and where."""


@dataclass
class Look:
    """Both sides as they are now, and what people were told is stored."""

    both: Installations
    edits: Edits

    def __post_init__(self) -> None:
        self.customers = {side: dict(self.both.ask(side, CUSTOMERS)) for side in ("central", "branch")}
        self.conflicts = {side: self.both.ask(side, CONFLICTS) for side in ("central", "branch")}
        self.orders = {side: dict(self.both.ask(side, ORDERS)) for side in ("central", "branch")}
        self.booked = dict(self.both.ask("central", BOOKED))
        self.held = {side: dict(self.both.ask(side, HELD)) for side in ("central", "branch")}

    def problems(self) -> list[Problem]:
        return [*self._lost(), *self._doubled(), *self._diverged()]

    def _lost(self) -> list[Problem]:
        lost = [row[-1] or "" for row in self.conflicts["central"]]
        kept = " ".join([*lost, *map(str, self.held["central"].values())])
        found = [
            ("lost", f"{name} {word} of {uid}")
            for (uid, name), words in self.edits.alive.items()
            if uid not in self.edits.erased and uid not in self.held["central"]
            for word in words
            if not self._is_there(uid, name, word) and json.dumps(word, ensure_ascii=False).strip('"') not in kept
        ]
        found += [("lost", f"order {key}") for key in self.orders["branch"].keys() - self.orders["central"].keys()]
        for side, customers in self.customers.items():
            found += [("lost", f"{uid} is back at the {side}") for uid in self.edits.erased & customers.keys()]
        return [*found, *self._unsaid()]

    def _is_there(self, uid: str, name: str, word: str) -> bool:
        return all(self.customers[side].get(uid, {}).get(name) == word for side in self.customers)

    def _unsaid(self) -> list[Problem]:
        return [
            ("lost", f"what {uid} has said is not at the {side}: {time}")
            for uid, times in self.edits.said.items()
            for side, customers in self.customers.items()
            if uid in customers
            for time in times
            if time[:19] not in {said[2][:19] for said in customers[uid].get("said") or []}
        ]

    def _doubled(self) -> list[Problem]:
        found: list[Problem] = [("doubled", f"order {key}") for key, times in self.booked.items() if times > 1]
        words = {word for words in self.edits.all_words.values() for word in words}
        for side, conflicts in self.conflicts.items():
            losers = Counter(word for row in conflicts for word in _words_of(row[-1]) if word in words)
            if not self.edits.may_conflict_again:
                found += [
                    ("doubled", f"{word} has lost {n} times at the {side}") for word, n in losers.items() if n > 1
                ]
        for side, customers in self.customers.items():
            for uid, row in customers.items():
                said = [json.dumps(one) for one in row["said"] or []]
                found += [("doubled", f"{uid} has said it twice at the {side}")] if len(said) != len(set(said)) else []
        return found

    def _diverged(self) -> list[Problem]:
        found: list[Problem] = [
            ("diverged", f"order {key} is {state} at the branch")
            for key, state in self.orders["branch"].items()
            if state != "posted" or key not in self.booked
        ]
        apart = self.held["central"].keys() | self.held["branch"].keys()
        here, there = (self.customers[side] for side in ("branch", "central"))
        for uid in here.keys() | there.keys():
            if uid not in apart and here.get(uid) != there.get(uid):
                found.append(("diverged", f"{uid}: {_difference(here.get(uid), there.get(uid))}"))
        if self.edits.conflicts_travel and sorted(self.conflicts["central"]) != sorted(self.conflicts["branch"]):
            found.append(("diverged", f"conflicts: {self.conflicts}"))
        for number, _state, counts, parts in self.both.ask("central", RUNS):
            if parts is None and counts["sent"]:
                continue  # the bytes of a part go with whoever was erased, or after a while
            lines = [json.loads(line) for part in parts or () for line in _lines(part)]
            sent = sum(line["kind"] != "vocabulary" for line in lines)
            became = sum(counts[name] for name in ("applied", "same", "conflict", "held_back"))
            if (sent, sent) != (counts["sent"], became):
                found.append(("diverged", f"run {number}: {sent} sent, {counts}"))
        [[own, _number]] = self.both.ask("central", FOREIGN)
        if own != self.edits.foreign or self.both.ask("branch", FOREIGN)[0][1]:
            found.append(("diverged", "a row of another base"))
        return found


def written(both: Installations) -> dict[str, str]:
    """Another value as soon as any row is written, be it with what it had before."""
    question = " UNION ALL ".join(_MARK.format(table=table) for table in WRITTEN)
    return {f"{side} {table}": mark for side in ("central", "branch") for table, mark in both.ask(side, question)}


def _lines(part: str) -> list[bytes]:
    import base64  # noqa: PLC0415

    return gzip.decompress(base64.b64decode(part)).splitlines()


def _words_of(lost: str | None) -> list[str]:
    values = (json.loads(lost) or {}).get("values", {}) if lost else {}
    return [value for value in values.values() if isinstance(value, str)]


def _difference(here: dict[str, Any] | None, there: dict[str, Any] | None) -> Any:
    if here is None or there is None:
        return "at the branch alone" if there is None else "at the central alone"
    return {name: (here.get(name), there.get(name)) for name in here if here.get(name) != there.get(name)}
