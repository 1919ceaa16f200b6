"""Fifty businesses over two connections, handed on at each commit: nobody meets what another had entered.

The numbers are printed; what is asserted is that no transaction saw a wrong row, and that the same check notices
where a setting outlives its transaction.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from django.db import connection, transaction

from customers.models import Customer
from locations.choices import OrganizationKind
from locations.operations import Place, open_organization
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.project import environment
from tests.isolation.database import pooler

pytestmark = [pytest.mark.isolation, pytest.mark.django_db(transaction=True)]

BUSINESSES, POOL, WRITERS, TRANSACTIONS = 50, 2, 16, 10_000
CONTROL = TRANSACTIONS // 10
"""In so many transactions a setting that outlives its own is seen at least once, so ten times over in all."""


@dataclass
class Seen:
    """What all threads together have seen; `wrong` are bases that should not have been visible."""

    transactions: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    failures: list[BaseException] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, other: Seen) -> None:
        with self.lock:
            self.transactions += other.transactions
            self.wrong += other.wrong


@pytest.fixture
def scopes(cast) -> list[Scope]:
    """Fifty businesses, each with as many customers as its place in the list says, from 1 to 5."""
    opened = [_business(number) for number in range(BUSINESSES)]
    Customer.objects.bulk_create(
        Customer(organization=scope.organization, base=scope.base, customer_number=n + 1, last_name=f"Gast {number}")
        for number, scope in enumerate(opened)
        for n in range(_size(number))
    )
    return opened


def _business(number: int) -> Scope:
    organization = open_organization(
        account_number=500_000 + number,
        name=f"Betrieb {number}",
        kind=OrganizationKind.INDEPENDENT,
        place=Place(name=f"Ort {number}"),
    )
    location = organization.locations.select_related("organization", "base").get()
    return Scope.of_system(location, name="pooler")


def _size(number: int) -> int:
    return 1 + number % 5


@pytest.fixture
def behind_the_pooler(scopes) -> Iterator[None]:
    """New connections, those of the threads, are the web role behind the pooler."""
    user = environment.database("DATABASE_URL")["USER"]
    shared = connection.settings_dict
    connection.settings_dict = dict(shared)
    before = dict(shared)
    with pooler.pooled(connection.get_connection_params(), user=user, size=POOL) as parameters:
        shared.update(USER=user, HOST=parameters["host"], PORT=parameters["port"])
        try:
            yield
        finally:
            shared.update(before)
            connection.settings_dict = shared


def run(step: Callable[[random.Random, Seen], None], *, total: int) -> Seen:
    """Let the threads take steps, each with randomness of its own, until there were as many transactions."""
    everything = Seen()

    def work(seed: int) -> None:
        chance, seen = random.Random(seed), Seen()
        try:
            while seen.transactions < total // WRITERS:
                step(chance, seen)
        except BaseException as failure:
            everything.failures.append(failure)
        finally:
            everything.take(seen)
            connection.close()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert everything.failures == []
    return everything


def _rows() -> Counter[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT base_id, count(*) FROM customers_customer GROUP BY base_id")
        return Counter(dict(cursor.fetchall()))


def test_nobody_meets_what_another_had_entered(scopes, behind_the_pooler, note, sample):
    total = TRANSACTIONS if sample.is_whole else 2 * CONTROL
    numbered = list(enumerate(scopes))

    def step(chance: random.Random, seen: Seen) -> None:
        number, scope = chance.choice(numbered)
        kind = chance.random()
        if kind < 0.05:
            seen.wrong["without a scope"] += _rows().total()
        elif kind < 0.10:
            _broken_off(scope, seen, number)
        elif kind < 0.15:
            _within_another(scope, chance.choice(numbered), seen, number)
        elif kind < 0.17:
            _without_scope(seen)
        else:
            with row_scope.rows_of(scope):
                _check(scope, number, seen, writes=kind > 0.9)
        seen.transactions += 1

    seen = run(step, total=total)
    sentence = "{} transactions of {} businesses over {} connections, {} wrong rows"
    note(sentence.format(seen.transactions, BUSINESSES, POOL, seen.wrong.total()))
    assert seen.transactions >= total
    assert seen.wrong == Counter()


def _check(scope: Scope, number: int, seen: Seen, *, writes: bool = False) -> None:
    if writes and Customer.objects.update(memo=f"von {number}") != _size(number):
        seen.wrong["written"] += 1
    if _rows() != {scope.base.pk: _size(number)}:
        seen.wrong["read"] += 1


def _broken_off(scope: Scope, seen: Seen, number: int) -> None:
    with pytest.raises(ZeroDivisionError), row_scope.rows_of(scope):
        _check_and_break(scope, seen, number)


def _check_and_break(scope: Scope, seen: Seen, number: int) -> None:
    _check(scope, number, seen)
    raise ZeroDivisionError


def _within_another(scope: Scope, other: tuple[int, Scope], seen: Seen, number: int) -> None:
    with row_scope.rows_of(scope):
        with row_scope.rows_of(other[1]):
            _check(other[1], other[0], seen)
        _check(scope, number, seen)


def _without_scope(seen: Seen) -> None:
    with row_scope.without_scope(reason="see all", actor="a test"):
        if len(_rows()) < BUSINESSES:
            seen.wrong["not all without a scope"] += 1


def test_a_setting_that_outlives_its_transaction_would_be_noticed(scopes, behind_the_pooler, note):
    """The same check, with the setting of the session that the product never uses."""

    def step(chance: random.Random, seen: Seen) -> None:
        number, scope = chance.choice(list(enumerate(scopes)))
        _set_for_session(scope)
        if _rows() != {scope.base.pk: _size(number)}:
            seen.wrong["read"] += 1
        seen.transactions += 1

    leaks = run(step, total=CONTROL).wrong["read"]
    note(f"a setting of the session is noticed {leaks} times in {CONTROL} transactions")
    assert leaks > 0


def _set_for_session(scope: Scope) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('stammhaus.base', %s, false)", [str(scope.base.pk)])
