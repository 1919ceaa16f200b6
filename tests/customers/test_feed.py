"""Whoever keeps a copy of the customers misses no change, in whatever order transactions are committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, connections, transaction
from django.db.backends.utils import CursorWrapper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers import feed
from customers.cards.operations import assign_card, block_card, remove_card
from customers.erasure.erasing import erase_customer
from customers.models import Customer, CustomerChange
from customers.operations import archive_customers
from customers.tasks import forget_superseded_changes
from mcp.isolation import row_scope
from tests.conftest import as_web_role
from tests.customers.people import customer, customers
from tests.feed_of_one_database import wait_for_others

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("only_own_transactions")]


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


@contextmanager
def transaction_of(scope) -> Iterator[CursorWrapper]:
    """A transaction over a line of its own; the test ends it."""
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute(row_scope._SET, row_scope._values(row_scope._rows(scope)))
            yield cursor
    finally:
        own.close()


def rename(cursor: CursorWrapper, pk: int, name: str) -> None:
    cursor.execute("UPDATE customers_customer SET last_name = %s WHERE id = %s", [name, pk])


class Copy:
    """What somebody keeps who applies what he reads: last names by id."""

    def __init__(self, base: Any, most: int = 3) -> None:
        self.base, self.most, self.position = base, most, feed.started()
        self.names: dict[int, str] = {}
        self.told: list[int] = []

    def read_once(self) -> bool:
        ids, self.position, has_more = feed.read(self.position, base=self.base, most=self.most)
        found = dict(Customer.objects.filter(pk__in=ids).values_list("pk", "last_name"))
        self.told += ids
        for pk in ids:
            self.names.pop(pk, None)
        self.names |= found
        return has_more

    def read(self) -> list[int]:
        """All that there is; the ids that came."""
        before = len(self.told)
        while self.read_once():
            pass
        return self.told[before:]


def stored(base: Any) -> dict[int, str]:
    return dict(Customer.objects.in_base(base).values_list("pk", "last_name"))


def test_copy_begins_with_all_customers_and_goes_on_with_changes(anna):
    rows = customers(anna, 7)
    copy = Copy(anna.base)
    copy.read()
    assert set(copy.names) == {row.pk for row in rows}
    assert copy.read() == []
    with transaction.atomic():
        Customer.objects.filter(pk=rows[2].pk).update(last_name="Anders")
    assert copy.read() == [rows[2].pk]
    assert copy.names == stored(anna.base)


def test_transaction_that_ends_later_is_not_missed(anna):
    """The first one takes its number earlier and is committed later: whoever goes by the number alone would miss it."""
    first, second = customers(anna, 2)
    copy = Copy(anna.base)
    copy.read()
    with transaction_of(anna) as slow, transaction_of(anna) as quick:
        rename(slow, first.pk, "Langsam")
        rename(quick, second.pk, "Schnell")
        quick.connection.commit()
        assert second.pk not in copy.read()  # what came later waits for what is still open
        slow.connection.commit()
    assert sorted(copy.read()) == [first.pk, second.pk]
    assert copy.names == {first.pk: "Langsam", second.pk: "Schnell"}


def test_who_begins_a_copy_while_somebody_writes_gets_that_as_well(anna):
    (row,) = customers(anna, 1)
    with transaction_of(anna) as slow:
        rename(slow, row.pk, "Langsam")
        copy = Copy(anna.base)
        copy.read()
        assert copy.names == {row.pk: "Muster00"}
        slow.connection.commit()
    copy.read()
    assert copy.names == {row.pk: "Langsam"}


def test_what_was_taken_back_is_not_told(anna):
    (row,) = customers(anna, 1)
    copy = Copy(anna.base)
    copy.read()
    with transaction_of(anna) as given_up:
        rename(given_up, row.pk, "Nie")
        given_up.connection.rollback()
    assert copy.read() == []


def test_cards_archiving_and_erasing_are_changes(anna):
    row = customer(anna)
    copy = Copy(anna.base)
    copy.read()
    steps = [
        lambda: assign_card(customer=row.pk, number="4711", actor=anna),
        lambda: block_card(card=row.cards.get().pk, reason="lost", actor=anna),
        lambda: archive_customers(customers=[row.pk], reason="weg", actor=anna),
        lambda: erase_customer(customer=row.pk, reason="gewünscht", actor=anna),
    ]
    for step in steps:
        with transaction.atomic(), row_scope.rows_of(anna):
            step()
        assert copy.read() == [row.pk]
    assert copy.names == {}


def test_removed_card_is_a_change(anna):
    row = customer(anna)
    card = assign_card(customer=row.pk, number="4711", actor=anna)
    copy = Copy(anna.base)
    copy.read()
    remove_card(card=card.pk, actor=anna)
    assert copy.read() == [row.pk]


def test_changes_are_read_in_the_order_of_their_index(anna):
    """Else each page would sort all that has changed since."""
    customers(anna, 2)
    asked = {"base": anna.base.pk, "changed_in": "0", "last": 0, "most": 200}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {feed._CHANGED}", asked)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "customers_customerchange_pkey" in plan
    assert "Sort" not in plan


def test_nobody_reads_another_business(cast, anna):
    other = customer(cast.scope("sven", "München", 20800))
    copy = Copy(anna.base)
    with as_web_role(), row_scope.rows_of(anna):
        copy.read()
    assert other.pk not in copy.told


def test_only_what_is_superseded_goes(anna):
    first, second = customers(anna, 2)
    copy = Copy(anna.base)
    copy.read()
    for name in ("Eins", "Zwei", "Drei"):
        Customer.objects.filter(pk=first.pk).update(last_name=name)
    Customer.objects.filter(pk=second.pk).update(last_name="Anders")
    wait_for_others()
    forget_superseded_changes(0)
    assert CustomerChange.objects.filter(customer_id=first.pk).count() == 1
    assert sorted(copy.read()) == [first.pk, second.pk]
    assert copy.names == {first.pk: "Drei", second.pk: "Anders"}


def test_last_change_stays_and_none_is_written_by_hand(anna):
    (row,) = customers(anna, 1)
    with as_web_role(), row_scope.rows_of(anna), connection.cursor() as cursor:
        with pytest.raises(IntegrityError, match="stays until a later one"), transaction.atomic():
            cursor.execute("DELETE FROM customers_customerchange WHERE customer_id = %s", [row.pk])
        with pytest.raises(IntegrityError, match="written by what happens"), transaction.atomic():
            cursor.execute(
                "INSERT INTO customers_customerchange (base_id, changed_in, customer_id) VALUES (%s, '7', %s)",
                [anna.base.pk, row.pk],
            )


def test_change_that_a_restored_database_has_not_come_to_supersedes_nothing(anna):
    """Its transaction has a higher number than any that this server has begun: nobody is told of it yet."""
    (row,) = customers(anna, 1)
    copy = Copy(anna.base)
    copy.read()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE customers_customerchange DISABLE TRIGGER USER")
        cursor.execute(
            "INSERT INTO customers_customerchange (base_id, changed_in, customer_id) VALUES (%s, '9000000000000', %s)",
            [anna.base.pk, row.pk],
        )
        cursor.execute("ALTER TABLE customers_customerchange ENABLE TRIGGER USER")
    Customer.objects.filter(pk=row.pk).update(last_name="Anders")
    wait_for_others()
    forget_superseded_changes(0)
    copy.read()
    assert copy.names == {row.pk: "Anders"}


def test_another_table_is_another_life(anna):
    before = feed.life()
    assert feed.life() == before
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT * FROM customers_customerchange")
        cursor.execute("DROP TABLE customers_customerchange")
        cursor.execute("ALTER TABLE kept RENAME TO customers_customerchange")
    assert feed.life() != before


WHAT = st.sampled_from(["write", "write", "commit", "commit", "undo", "read"])
STEPS = st.lists(st.tuples(WHAT, st.integers(0, 2), st.integers(0, 4)), min_size=5, max_size=40)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_copy_is_the_list_whenever_nobody_writes(anna, steps):
    """Three who write over lines of their own, and one who reads on in between, in any order."""
    known = list(Customer.objects.in_base(anna.base).order_by("pk")[:5]) or customers(anna, 5)
    copy = Copy(anna.base, most=2)
    with ExitStack() as lines:
        writers = [lines.enter_context(transaction_of(anna)) for _ in range(3)]
        held: dict[int, int] = {}
        for at, (what, writer, which) in enumerate(steps):
            cursor, pk = writers[writer], known[which].pk
            if what == "write" and held.setdefault(pk, writer) == writer:
                rename(cursor, pk, f"Name{at}")
            elif what == "read":
                copy.read_once()
            elif what in ("commit", "undo"):
                cursor.connection.commit() if what == "commit" else cursor.connection.rollback()
                held = {row: by for row, by in held.items() if by != writer}
                cursor.execute(row_scope._SET, row_scope._values(row_scope._rows(anna)))
        for cursor in writers:
            cursor.connection.commit()
    copy.read()
    assert copy.names == stored(anna.base)
