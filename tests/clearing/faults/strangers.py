"""Rows 10 and 11: programs of other versions, and rows that a rule of the central refuses."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.clearing.faults.cells import Day, cell
from tests.clearing.installation.building import ACCOUNT, CLIENT, uid_of
from tests.data.clearing_client_1 import Client, changed

OLDER = "clearing.central.standing.OLDEST_PROTOCOL"
_IDENTITY = """SELECT identity::text, incarnation::text, private_key, lease, epoch, applied, receipt
    FROM clearing_ownnode"""
_LAST = """SELECT (counts->>'held_back')::int FROM clearing_cycle WHERE state <> 'arriving'
    ORDER BY number DESC LIMIT 1"""
OUT_OF_RANGE = 9_999_999


def _works(day: Day, side: str, twists: list[dict[str, Any]]) -> None:
    """A run between two versions comes to the same end."""
    day.edits.before()
    for twist in twists:
        day.both.twist(side, **twist)
    day.both.serve()
    day.run().demand_done()
    day.demand_as_undisturbed()


def _not_emptied(day: Day) -> None:
    """A branch that does not know a field yet sends customers who have something in it."""
    day.edits.before()
    uid = day.edits.change("central", name="mobile")
    day.both.serve()
    day.run().demand_done()
    day.both.twist("branch", "without", where="branch", name="mobile")
    day.edits.change("branch", uid, "city")
    day.run().demand_done()
    day.both.twists.clear()
    day.demand_right()


def _too_old(day: Day) -> None:
    """It is told to be upgraded, and its changes are sent once it is."""
    day.edits.before()
    day.both.instead[OLDER] = 3
    day.both.serve()
    waiting = (
        "SELECT count(*) FROM customers_customerrevision WHERE sequence > (SELECT sent_up_to FROM clearing_ownnode)"
    )
    before = day.both.ask("branch", waiting)
    day.demand_refused(day.run())
    assert day.hellos() == ["too old"]
    assert day.both.ask("branch", waiting) == before != [(0,)]
    day.both.stop_serving()
    day.both.instead.clear()
    day.both.serve()
    day.demand_as_undisturbed()


def _recorded(day: Day) -> None:
    """What spoke the first version, bit by bit, is still understood, and understands."""
    both, edits = day.both, day.edits
    edits.before()
    uid = edits.change("central", name="street")
    both.serve()
    [known] = both.ask("branch", _IDENTITY)
    client = Client(both.port, f"/{ACCOUNT}/{CLIENT}/", *known)
    _counts, answer = client.run([])
    [record] = [one for one in answer if one["kind"] == "customer" and one["uid"] == uid]
    word = edits.word()
    counts, _answer = client.run([changed(record, alias=word)])
    assert (counts["sent"], counts["applied"]) == (1, 1)
    assert both.ask("central", "SELECT alias FROM customers_customer WHERE uid = %s", uid) == [(word,)]
    both.ask("central", "UPDATE clearing_node SET state = 'retired'")
    code = both.call("central", "tests.clearing.installation.calls.pairing_code")
    edits.stored(uid, "alias", word, "")
    both.call("branch", "tests.clearing.installation.calls.pair", code=code, port=both.line.port)
    edits.may_conflict_again = True
    day.demand_right()


def _held_back(day: Day, kind: str) -> None:
    """That row alone waits, and says why; it is taken once what was wrong with it is mended."""
    day.edits.before()
    uid = day.edits.change("branch", uid_of(1007), "memo")
    if kind == "number out of range":
        uid = day.edits.register("branch")
        day.both.twist("branch", "number", uid=uid, number=OUT_OF_RANGE)
    else:
        name, value = {"poison row": ("price_level", "many"), "unknown tag": ("tags", ["Gibtsnicht"])}[kind]
        day.both.twist("branch", "field", where="branch", name=name, value=value, uid=uid)
    day.both.serve()
    day.run().demand_done()
    for side in ("central", "branch"):
        [[held, reasons]] = day.both.ask(side, "SELECT uid::text, reasons::text FROM clearing_heldback")
        assert held == uid
        assert len(reasons) > len("[]"), reasons
    assert day.both.ask("central", _LAST) == [(1,)]
    day.edits.change("branch")
    day.settle()
    day.demand_none(day.look().problems())
    day.both.twists.clear()
    day.demand_right()
    assert day.both.ask("central", "SELECT count(*) FROM clearing_heldback") == [(0,)]


_NEW = {"what": "field", "where": "branch", "name": "favourite_colour", "value": "blau"}
cell("version", "one older at the branch", partial(_works, side="branch", twists=[{"what": "protocol", "number": 1}]))
cell(
    "version", "newer at the branch, with a new field",
    partial(_works, side="branch", twists=[{"what": "protocol", "number": 2}, _NEW]),
)  # fmt: skip
cell(
    "version",
    "newer at the central, with a new field",
    partial(_works, side="central", twists=[_NEW | {"where": "central"}]),
)
cell("version", "a field that the branch does not know", _not_emptied)
cell("version", "two older at the branch", _too_old)
cell("version", "the recorded client", _recorded)
for _kind in ("poison row", "unknown tag", "number out of range"):
    cell("held back", _kind, partial(_held_back, kind=_kind))
