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
    rows = [_cost(name, _getter(client, f"/{BIG}/1/{path}"), repeat) for name, path in pages.items()]
    return [*rows, _save_cost(client, f"/{BIG}/1/{LIST}{customer.pk}/change/", repeat)]


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


def _cost(name: str, call: Callable[[], object], repeat: int) -> Cost:
    taken: dict[str, list[float]] = {"guarded": [], "open": []}
    for turn in range(repeat):
        for kind in ("guarded", "open") if turn % 2 else ("open", "guarded"):
            with _switched_off() if kind == "open" else nullcontext():
                taken[kind] += in_turns({kind: call}, repeat=CALLS_EACH_TURN, warm_up=1)[kind].seconds
    return Cost(name=name, guarded=Series(tuple(taken["guarded"])), open=Series(tuple(taken["open"])))


def _save_cost(client: Client, address: str, repeat: int) -> Cost:
    """Measure saving a customer; the form is fetched before the clock starts."""
    prepare, save = _saver(client, address)
    taken: dict[str, list[float]] = {"guarded": [], "open": []}
    for turn in range(repeat * CALLS_EACH_TURN):
        for kind in taken:
            with _switched_off() if kind == "open" else nullcontext():
                prepare(turn * 2 + (kind == "open"))
                taken[kind] += in_turns({kind: save}, repeat=1, warm_up=0)[kind].seconds
    return Cost(name="save a customer", guarded=Series(tuple(taken["guarded"])), open=Series(tuple(taken["open"])))


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
