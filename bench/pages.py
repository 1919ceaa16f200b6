"""The pages that are measured: ours at a million and at ten thousand customers, and the stock admin's at a million."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.fill import BIG, SMALL, WIDE
from bench.measure import Series, in_turns
from customers.models import Customer
from locations.models import Location, Organization
from mcp.isolation import access, row_scope
from mcp.models import User

LIST = "customers/customer/"
STOCK_LIST = "/stock/stock/stockcustomer/"
PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. `small` and `stock` are missing where there is nothing to compare with."""

    name: str
    ours: Series
    small: Series | None = None
    stock: Series | None = None
    queries: int


everything = row_scope.without_scope(reason="look up what is measured", actor="the bench")
"""A decorator for what looks up pages and people before they are measured."""


def all_rows(*, repeat: int) -> list[Row]:
    """Measure every page. Raises AssertionError where a page does not answer as expected."""
    big, small, stock = _head(BIG), _head(SMALL), Client()
    os.environ["BENCH_STOCK_BASE"] = _base(BIG)
    rows = [
        _page("list", big, small, stock, "", "", repeat),
        _page("list, last page", big, small, stock, _last(BIG), _stock_last(), repeat),
        _page("list, page in the middle", big, small, stock, _middle(BIG), _stock_middle(), repeat),
        _page("search that finds 3", big, small, stock, "?q=zyxwerth", "?q=zyxwerth", repeat),
        _page("search that finds 10,000", big, small, stock, "?q=marderkamp", "?q=marderkamp", repeat),
        _page("search in the middle of a word", big, small, stock, "?q=yxwert", "?q=yxwert", repeat),
        _page("search for a phone number", big, small, stock, "?q=040+1000002", "?q=401000002", repeat),
        _open(big, small, stock, repeat),
        _save(big, small, stock, repeat),
        _only_ours("dashboard", lambda client, number: _get(client, f"/{number}/1/"), big, small, repeat),
    ]
    return [*rows, *_scope_rows(repeat)]


def _page(name: str, big: Client, small: Client, stock: Client, query: str, other: str, repeat: int) -> Row:
    ours = f"/{BIG}/1/{LIST}{query}"
    theirs = f"/{SMALL}/1/{LIST}{_for_small(query)}"
    series = in_turns(
        {
            "ours": lambda: _get(big, ours),
            "small": lambda: _get(small, theirs),
            "stock": lambda: _get(stock, STOCK_LIST + other),
        },
        repeat=repeat,
    )
    return Row(name=name, **series, queries=_queries(lambda: _get(big, ours)))


def _open(big: Client, small: Client, stock: Client, repeat: int) -> Row:
    first, other = _customer(BIG), _customer(SMALL)
    series = in_turns(
        {
            "ours": lambda: _get(big, f"/{BIG}/1/{LIST}{first.pk}/change/"),
            "small": lambda: _get(small, f"/{SMALL}/1/{LIST}{other.pk}/change/"),
            "stock": lambda: _get(stock, f"{STOCK_LIST}{first.pk}/change/"),
        },
        repeat=repeat,
    )
    return Row(
        name="open a customer", **series, queries=_queries(lambda: _get(big, f"/{BIG}/1/{LIST}{first.pk}/change/"))
    )


def _save(big: Client, small: Client, stock: Client, repeat: int) -> Row:
    """The form is fetched outside of the measured time, because ours carries when the row was last seen."""
    savers = {
        "ours": _saver(big, f"/{BIG}/1/{LIST}{_customer(BIG).pk}/change/"),
        "small": _saver(small, f"/{SMALL}/1/{LIST}{_customer(SMALL).pk}/change/"),
        "stock": _saver(stock, f"{STOCK_LIST}{_customer(BIG).pk}/change/"),
    }
    taken: dict[str, list[float]] = {name: [] for name in savers}
    for turn in range(repeat + 2):
        for name, (prepare, save) in savers.items():
            prepare(turn)
            series = in_turns({name: save}, repeat=1, warm_up=0)[name]
            if turn >= 2:
                taken[name].extend(series.seconds)
    prepare, save = savers["ours"]
    prepare(repeat + 2)
    return Row(
        name="save a customer",
        **{name: Series(tuple(seconds)) for name, seconds in taken.items()},
        queries=_queries(save),
    )


def _saver(client: Client, address: str) -> tuple[Callable[[int], None], Callable[[], None]]:
    form: dict[str, Any] = {}

    def prepare(turn: int) -> None:
        form.clear()
        form.update(_values(_get(client, address).context["adminform"].form), street=f"Neuer Weg {turn}")

    def save() -> None:
        answer = client.post(address, form)
        assert answer.status_code == 302, answer.context["adminform"].form.errors

    return prepare, save


def _values(form: Any) -> dict[str, Any]:
    """What the browser would send: every field as the form shows it, without what is empty or switched off."""
    shown = {bound.html_name: bound.value() for bound in form}
    return {name: value for name, value in shown.items() if value not in (None, False)}


def _only_ours(name: str, get: Callable[[Client, int], Any], big: Client, small: Client, repeat: int) -> Row:
    series = in_turns({"ours": lambda: get(big, BIG), "small": lambda: get(small, SMALL)}, repeat=repeat)
    return Row(name=name, **series, queries=_queries(lambda: get(big, BIG)))


def _scope_rows(repeat: int) -> list[Row]:
    """Resolving scope and rights, and the chooser, in a business of ten thousand locations."""
    user, place = _one_of_many()

    def resolve() -> None:
        assert access.enter_location(user, WIDE, place.client_number).rights

    client = _head(WIDE)
    return [
        Row(name="scope and rights", **in_turns({"ours": resolve}, repeat=repeat * 5), queries=_queries(resolve)),
        Row(
            name="chooser of 10,000 locations",
            **in_turns({"ours": lambda: _get(client, "/")}, repeat=repeat),
            queries=_queries(lambda: _get(client, "/")),
        ),
        Row(
            name="chooser, searching",
            **in_turns({"ours": lambda: _get(client, "/?q=filiale+77")}, repeat=repeat),
            queries=_queries(lambda: _get(client, "/?q=filiale+77")),
        ),
    ]


@everything
def _one_of_many() -> tuple[User, Location]:
    user = User.objects.select_related("organization").get(username="user77", organization__account_number=WIDE)
    return user, access.accessible_locations(user).order_by("client_number")[5]


@everything
def _base(account_number: int) -> str:
    return str(Location.objects.get(organization__account_number=account_number).base_id)


@everything
def _head(account_number: int) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=f"head{account_number}"))
    return client


def _get(client: Client, address: str) -> Any:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer


@everything
def _customer(account_number: int) -> Customer:
    organization = Organization.objects.get(account_number=account_number)
    return Customer.objects.filter(base__organization=organization, customer_number=5000).order_by("id")[0]


@everything
def _count(account_number: int) -> int:
    return Customer.objects.filter(base__organization__account_number=account_number).count()


def _last(account_number: int) -> str:
    return f"?p={-(-_count(account_number) // PAGE)}"


def _middle(account_number: int) -> str:
    return f"?p={_count(account_number) // PAGE // 2}"


def _stock_last() -> str:
    return _last(BIG)


def _stock_middle() -> str:
    return _middle(BIG)


def _for_small(query: str) -> str:
    """The same place in the small base: its own last or middle page, or the same search."""
    return {_last(BIG): _last(SMALL), _middle(BIG): _middle(SMALL)}.get(query, query)


def _queries(call: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        call()
    marks = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "SELECT set_config('role'")
    return sum(1 for query in captured.captured_queries if not query["sql"].startswith(marks))
