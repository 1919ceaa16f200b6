"""What row security costs: the hottest pages at a million customers, with it and without, in turns in one run.

"Without" means that the owner has switched the policies off and that nothing is entered at all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from unittest.mock import patch

import psycopg
from django.db import connection
from django.test import Client

from bench.fill import BIG
from bench.measure import Series, in_turns
from bench.pages import LIST, _customer, _get, _head, _last, _middle, _saver, everything
from mcp.isolation import row_scope

CALLS_EACH_TURN = 3
SAVE = "save a customer"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One page with row security and without it."""

    name: str
    guarded: Series
    open: Series

    @property
    def ratio(self) -> float:
        return self.guarded.median / self.open.median


def all_rows(*, repeat: int) -> list[Cost]:
    """Measure each of the pages with row security and without it, in turns."""
    client, customer = _head(BIG), _customer(BIG)
    lists = {f"list{name}": f"{LIST}{query}" for name, query in _lists().items()}
    pages = {
        **lists,
        "open a customer": f"{LIST}{customer.pk}/change/",
        "history of a customer": f"{LIST}{customer.pk}/history/",
        "form for a new customer": f"{LIST}add/",
        "tags": "customers/tag/",
        "front page": "",
        "customer groups": "customers/customergroup/",
        "users": "mcp/user/",
    }
    calls = {name: _getter(client, f"/{BIG}/1/{path}") for name, path in pages.items()}
    saver = _saver(client, f"/{BIG}/1/{LIST}{customer.pk}/change/")
    taken: dict[str, dict[str, list[float]]] = {name: {"guarded": [], "open": []} for name in (*calls, SAVE)}
    for turn in range(repeat):
        for kind in ("guarded", "open") if turn % 2 else ("open", "guarded"):
            with _switched_off() if kind == "open" else nullcontext():
                for name, call in calls.items():
                    taken[name][kind] += in_turns({kind: call}, repeat=CALLS_EACH_TURN, warm_up=1)[kind].seconds
                taken[SAVE][kind] += _saves(*saver, turn * 2 + (kind == "open"))
    return [
        Cost(name=name, guarded=Series(tuple(kinds["guarded"])), open=Series(tuple(kinds["open"])))
        for name, kinds in taken.items()
    ]


def _lists() -> dict[str, str]:
    return {
        "": "",
        ", last page": _last(BIG),
        ", page in the middle": _middle(BIG),
        ", newest first": "?o=-8",
        ": search that finds 3": "?q=zyxwerth",
        ": search that finds 10,000": "?q=marderkamp",
        ": search in the middle of a word": "?q=yxwert",
        ": search by phone": "?q=040+1000002",
        ": search by number": "?q=123456",
        ": search by two words": "?q=zyxwerth+berlin",
        ": birthdays of a month": "?birthday=5",
        ": archived": "?archived=yes",
    }


def _getter(client: Client, address: str) -> Callable[[], object]:
    return lambda: _get(client, address)


def _saves(prepare: Callable[[int], None], save: Callable[[], object], turn: int) -> list[float]:
    """The seconds of saves of a customer; the form is fetched before the clock starts."""
    taken: list[float] = []
    for call in range(CALLS_EACH_TURN + 1):
        prepare(turn * (CALLS_EACH_TURN + 1) + call)
        taken += in_turns({"save": save}, repeat=1, warm_up=0)["save"].seconds
    return taken[1:]


@contextmanager
def _switched_off() -> Iterator[None]:
    """Inside, the policies of row security are switched off and no scope is entered."""
    _switch("DISABLE")
    try:
        with patch.object(row_scope, "_enter", _nothing):
            yield
    finally:
        _switch("ENABLE")


def _nothing(_rows: object) -> AbstractContextManager[None]:
    return nullcontext()


def _switch(how: str) -> None:
    connection.close()  # a plan made before would be of the other kind
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        owner.execute("; ".join(f"ALTER TABLE {table} {how} ROW LEVEL SECURITY" for table in _tables()))


@everything
def _tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tablename FROM pg_policies WHERE schemaname = 'public' ORDER BY 1")
        return [name for (name,) in cursor.fetchall()]
