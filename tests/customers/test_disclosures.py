"""Whoever hands customers over records it: who went, to whom, and found by each customer."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.choices import DisclosureKind
from customers.disclosures import disclosures_of, numbers_in, numbers_of, record
from customers.exports import files
from customers.exports.writer import Order
from customers.history.changes import history_of
from customers.models import Customer, DisclosedNumbers, Disclosure
from customers.querysets import NUMBERS_OF_A_BLOCK
from files import lifecycle
from tests.customers.people import customer, page_of
from tests.proofs.sampling import examples

ORDER = Order(profile="plain", columns=("last_name",))


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


def exported(scope, *customers):
    wanted = Customer.objects.filter(pk__in=[one.pk for one in customers])
    export, file = files.make_now(order=ORDER, query="", customers=wanted, actor=scope)
    file.close()
    return export


def refused_as(constraint: str):
    return pytest.raises(IntegrityError, match=constraint)


def test_file_made_at_once_is_told_of_whoever_is_in_it_and_of_nobody_else(cast, anna):
    gone, other, stays = (customer(anna, last_name=name) for name in ("Eins", "Zwei", "Bleibt"))
    export = exported(anna, gone, other)
    [told] = disclosures_of(gone)
    assert (told.kind, told.source, told.total) == (DisclosureKind.EXPORT, export.pk, 2)
    assert (told.receiver, told.shown_receiver, told.user) == (None, "Anna Andresen", "Anna Andresen")
    assert told.occasion == "Hamburg: Exported file"
    assert [one.pk for one in disclosures_of(other)] == [told.pk]
    assert list(disclosures_of(stays)) == []


@pytest.mark.django_db(transaction=True)
def test_file_of_the_worker_is_told_once_it_can_be_fetched(anna):
    row = customer(anna)
    export = files.demand_export(order=ORDER, query="", total=1, actor=anna)
    assert list(disclosures_of(row)) == []
    lifecycle.make(files.EXPORTS, pk=str(export.pk), actor=anna)
    assert [(one.total, one.source) for one in disclosures_of(row)] == [(1, export.pk)]


def test_page_and_history_of_the_customer_name_who_has_the_file(anna, log_in):
    row = customer(anna)
    exported(anna, row)
    assert "Anna Andresen" in log_in("anna").get(page_of(row)).content.decode().split("disclosures-title", 1)[1]
    entries, _more = history_of(row, page=1, scope=anna)
    [told] = [entry for entry in entries if entry.kind == "disclosed"]
    assert [(change.label, change.new) for change in told.changes] == [("Receiver", "Anna Andresen")]


def test_number_that_somebody_bore_before_him_tells_nothing(anna):
    row = customer(anna)
    numbers = [(row.customer_number // NUMBERS_OF_A_BLOCK, f"{{[{row.customer_number},{row.customer_number}]}}")]
    before = record(
        kind=DisclosureKind.EXPORT, numbers=numbers, total=1, source=uuid4(), receiver_name="x",
        at=row.created_at.replace(year=2001), actor=anna,
    )  # fmt: skip
    assert before.pk not in [one.pk for one in disclosures_of(row)]


def test_a_hundred_thousand_take_a_hundred_rows(anna):
    numbers = "SELECT * FROM generate_series(1, 102400) AS one (customer_number)"
    with connection.cursor() as cursor:
        told = numbers_in(cursor, numbers, [])
    record(kind=DisclosureKind.EXPORT, numbers=told, total=102400, source=uuid4(), receiver_name="x",
           actor=anna)  # fmt: skip
    assert DisclosedNumbers.objects.count() == 102400 // NUMBERS_OF_A_BLOCK + 1


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.sets(st.integers(1, 5000), max_size=40), second=st.sets(st.integers(1, 5000), max_size=40))
@pytest.mark.django_db
def test_what_is_recorded_is_what_was_said_at_either_moment(cast, first, second):
    scope = cast.scope("anna", "Hamburg")
    with connection.cursor() as cursor:
        said = [
            numbers_in(cursor, "SELECT unnest(%s::int[]) AS customer_number", [sorted(one)]) for one in (first, second)
        ]
        told = record(kind=DisclosureKind.EXPORT, numbers=[*said[0], *said[1]], total=1, receiver_name="x",
                      source=uuid4(), actor=scope)  # fmt: skip
        cursor.execute(
            """SELECT n FROM customers_disclosednumbers, unnest(numbers) AS r, generate_series(lower(r), upper(r) - 1) n
                WHERE disclosure_id = %s""",
            [told.pk],
        )
        assert {number for (number,) in cursor.fetchall()} == first | second


def test_numbers_are_of_the_customers_asked_for(anna):
    rows = [customer(anna) for _ in range(3)]
    with connection.cursor() as cursor:
        [(block, numbers)] = numbers_of(cursor, Customer.objects.filter(pk=rows[1].pk))
    assert (block, numbers) == (
        rows[1].customer_number // NUMBERS_OF_A_BLOCK,
        f"{{[{rows[1].customer_number},{rows[1].customer_number + 1})}}",
    )


@pytest.mark.parametrize("table", ["customers_disclosure", "customers_disclosednumbers"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET base_id = base_id", "DELETE FROM {}"])
def test_nobody_changes_or_deletes_what_was_handed_over(anna, table, statement, as_owner):
    exported(anna, customer(anna))
    with refused_as("stay"), transaction.atomic():
        connection.cursor().execute(statement.format(table))


@pytest.mark.parametrize("table", ["customers_disclosure", "customers_disclosednumbers"])
def test_role_that_serves_may_only_add(anna, table):
    for statement in (f"UPDATE {table} SET base_id = base_id", f"DELETE FROM {table}"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement)


def test_numbers_stand_in_their_block(anna):
    told = Disclosure.objects.get(source=exported(anna, customer(anna)).pk)
    row = DisclosedNumbers(base=anna.base, disclosure=told, block=3, numbers="{[1,2)}")
    with refused_as("disclosednumbers_in_block"), transaction.atomic():
        row.save()


def test_file_that_was_stopped_was_handed_to_nobody(anna):
    row = customer(anna)
    export = files.demand_export(order=ORDER, query="", total=1, actor=anna)
    files.delete_file(export=export, actor=anna)
    lifecycle.make(files.EXPORTS, pk=str(export.pk), actor=anna)
    assert list(disclosures_of(row)) == []
