"""Row 12: somebody is erased, or a right is withdrawn, while the branch is offline for days. It never comes back."""

from __future__ import annotations

from functools import partial

from tests.clearing.faults.cells import Day, cell
from tests.clearing.installation.building import FIRST, uid_of

DAYS = (0, 1, 30, 400)
KEPT = ("customers_customer", "customers_customerevent", "customers_customerrevision", "clearing_conflict",
        "clearing_heldback")  # fmt: skip


def _offline(day: Day, days: int) -> None:
    """The central's nights go by."""
    day.both.stop_serving()
    day.both.later = days * 86_400.0
    day.both.call("central", "tests.clearing.installation.calls.forget_parts")
    day.both.serve()


def _erased(day: Day, days: int, side: str) -> None:
    """Whoever is erased at one side, while at the other he is changed, and has lost before."""
    day.edits.conflicts_travel = False  # the branch keeps a conflict without the words of whoever was erased
    uid = uid_of(FIRST + day.edits.random.randrange(20))
    day.both.serve()
    for _time in range(2):
        day.edits.change("branch", uid, "city")
        day.edits.change("central", uid, "city")
    day.run().demand_done()
    day.edits.before()
    day.edits.change("branch", uid)
    if days and side == "central":
        day.edits.change("central", uid)
    day.edits.erase(side, uid)
    if side == "central":
        day.edits.say("branch", uid_of(FIRST + 30))
    _offline(day, days)
    day.demand_right()
    number = int(uid[-12:])
    words = [f"%{word}%" for key, known in day.edits.all_words.items() if key[0] == uid for word in known]
    for at in ("central", "branch"):
        for table in KEPT:
            about = f"SELECT count(*) FROM {table} AS row WHERE row::text ~ %s OR row::text LIKE %s"
            patterns = "|".join(rf"\m{word.strip('%')}\M" for word in words)
            found = day.both.ask(at, about, patterns, f"%Gast {number}%")
            assert found == [(0,)], (at, table, found)


def _withdrawn(day: Day, days: int) -> None:
    """A consent is withdrawn at the central, and a person there may work at the branch no longer."""
    uid = day.edits.somebody()
    day.both.serve()
    day.edits.say("branch", uid)
    day.run().demand_done()
    active = "SELECT is_active FROM mcp_user WHERE username = 'dirk'"
    assert day.both.ask("branch", active) == [(True,)]
    day.edits.before()
    day.edits.change("branch", uid)
    day.edits.say("central", uid, is_given=False)
    day.both.ask(
        "central", "DELETE FROM mcp_membership WHERE user_id = (SELECT id FROM mcp_user WHERE username = 'dirk')"
    )
    _offline(day, days)
    day.both.line.disturb("decide", lambda _exchange: None, 4)  # it holds although the run comes to nothing
    day.demand_refused(day.run())
    assert day.both.ask("branch", active) == [(False,)]
    day.demand_right()
    assert day.both.ask("branch", active) == [(False,)]
    last = """SELECT is_given FROM customers_consent AS consent JOIN customers_customer AS customer
        ON customer.id = consent.customer_id WHERE uid = %s AND purpose = 'newsletter' ORDER BY at DESC LIMIT 1"""
    assert day.both.ask("branch", last, uid) == day.both.ask("central", last, uid)


for _days in DAYS:
    cell("erased", f"at the central, offline for {_days} days", partial(_erased, days=_days, side="central"))
    cell("erased", f"at the branch, offline for {_days} days", partial(_erased, days=_days, side="branch"))
    cell("erased", f"right withdrawn, offline for {_days} days", partial(_withdrawn, days=_days))
