"""What an export says about consents comes back as the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.sql import SQL

from customers.choices import TRANSFER
from customers.exports.writer import copying, joins_of
from customers.models import Consent, Customer
from customers.operations import register_customer
from customers.table.consent_columns import HELD_BY_MANY, HELD_BY_NOBODY
from customers.table.former_number_columns import BORNE_BY_MANY, BORNE_BY_NOBODY
from customers.table.resources import CustomerResource
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.customers.consents import said
from tests.customers.transfer import file_name, take_in, taken_out
from tests.proofs.sampling import examples

COLUMNS = ["customer_number", "last_name", "newsletter", "newsletter_on", "transfer_allowed", "transfer_allowed_on"]
NOW = datetime(2024, 4, 30, 22, 30, tzinfo=UTC)
"""Half an hour into the first of May, by the clock of the business."""


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


def lines(scope: Scope, **more: Any) -> list[str]:
    return taken_out(scope, "plain", columns=COLUMNS, language="en", **more).decode().splitlines()[1:]


def test_export_says_what_holds_and_since_which_day(anna):
    """By the clock of the business, and for whoever receives the data."""
    one = register_customer(customer=Customer(customer_number=7, last_name="Meier"), actor=anna)
    register_customer(customer=Customer(customer_number=8, last_name="Schulz"), actor=anna)
    said(one, at=NOW)
    said(one, at=NOW, is_given=False)
    said(one, at=NOW - timedelta(days=9))
    said(one, TRANSFER, at=NOW - timedelta(days=2), is_given=False)
    said(one, TRANSFER, at=NOW - timedelta(days=1))
    said(one, TRANSFER, at=NOW, is_given=False, receiver=30100)
    for is_small in (False, True):
        assert lines(anna, is_small=is_small) == ["7,Meier,nein,2024-05-01,ja,2024-04-30", "8,Schulz,,,,"]
    german = taken_out(anna, columns=COLUMNS).decode("utf-8-sig").splitlines()[1:]
    assert german == ["7;Meier;nein;01.05.2024;ja;30.04.2024", "8;Schulz;;;;"]


def test_statements_of_other_bases_and_about_other_purposes_are_not_said(anna, cast):
    register_customer(customer=Customer(customer_number=7, last_name="Meier"), actor=anna)
    other = register_customer(customer=Customer(last_name="Fremd"), actor=cast.scope("sven", "Zentrale", 20800))
    said(other)
    said(Customer.objects.get(customer_number=7, base=anna.base), "birthday")
    assert lines(anna) == lines(anna, is_small=True) == ["7,Meier,,,,"]


def test_database_may_let_several_processes_write_the_cells(anna):
    """Where nothing is said, and where much is. What depends on each customer would keep the query in one process."""
    register_customer(customer=Customer(last_name="Meier"), actor=anna)
    resource = CustomerResource(scope=anna)
    for held, former in ((HELD_BY_NOBODY, BORNE_BY_NOBODY), (HELD_BY_MANY, BORNE_BY_MANY)):
        with row_scope.rows_of(anna), connection.cursor() as cursor:
            version: int = connection.pg_version  # type: ignore[attr-defined]  # of PostgreSQL alone
            name = "debug_parallel_query" if version >= 160_000 else "force_parallel_mode"
            cursor.execute(f"SET LOCAL {name} = on")
            columns = resource.export_columns()
            beside = SQL(" ").join([held, former, *joins_of(columns, is_small=False)])
            statement = copying(
                resource.get_queryset(), columns, look="german", beside=beside, cursor=cursor
            ).as_string()
            cursor.execute(f"EXPLAIN {statement.removeprefix('COPY (').rpartition(') TO STDOUT')[0]}")
            assert any("Gather" in line for (line,) in cursor.fetchall())


PURPOSES = st.sampled_from([("newsletter", None), (TRANSFER, None), (TRANSFER, 30100)])
SAID = st.lists(st.tuples(st.integers(1, 4), PURPOSES, st.booleans(), st.integers(-72, 0)), max_size=12, unique=True)


@pytest.mark.isolation
@pytest.mark.in_part
@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(statements=SAID, profile=st.sampled_from(["excel-de", "plain", "xlsx", "jsonl"]))
def test_what_was_exported_changes_nothing_and_arrives_in_an_empty_base(cast, statements, profile):
    """For any statements: export, import, and nothing is new; there, and the export says the same as here."""
    here, there = cast.scope("anna", "Zentrale"), cast.scope("sven", "Zentrale", 20800)
    with transaction.atomic():
        people = {
            number: register_customer(customer=Customer(customer_number=number, last_name="Meier"), actor=here)
            for number in range(1, 5)
        }
        for number, (purpose, receiver), is_given, hours in statements:
            said(people[number], purpose, is_given=is_given, at=NOW + timedelta(hours=hours), receiver=receiver)
        file = taken_out(here, profile)
        again = take_in(here, file, name=file_name(profile))
        assert again.counts() == {"read": 4, "created": 0, "changed": 0, "unchanged": 4, "rejected": 0}
        assert (again.told["consents"], Consent.objects.filter(source="import").count()) == (0, 0)
        assert take_in(there, file, name=file_name(profile)).created == 4
        assert lines(there) == lines(here) == lines(here, is_small=True)
        transaction.set_rollback(True)
