"""What an engine that spreads tables over machines by the base (Citus) refuses is not built in.

Read in the catalogue of the database: keys, references, policies, functions and triggers of every table of customer
data. Small tables that every machine holds whole (businesses, locations, people, rights) are no part of it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pgtrigger
import pytest
from django.db import connection
from django.test import override_settings

from locations.triggers import of_one_row, over_written_rows

pytestmark = pytest.mark.isolation

ROOT = Path(__file__).resolve().parents[3]
HELD_WHOLE = frozenset(
    {
        "locations_location",
        "locations_locationevent",
        "clearing_node",
        "clearing_pairingcode",
        "clearing_ownnode",
        "clearing_alarm",
    }
)
"""Tables with a base that are small: a location is a row of the business, and so are the nodes of its branches
and their alarms."""
_SPREAD = """
    SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'base_id'
    WHERE relkind = 'r' AND nspname = 'public'
"""


def _rows(sql: str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.fixture
def spread(db) -> frozenset[str]:
    """The tables of customer data, by name."""
    found = frozenset(name for (name,) in _rows(_SPREAD)) - HELD_WHOLE
    assert {"customers_customer", "customers_customerevent", "customers_consent", "transitions_packagechunk"} <= found
    return found


def test_every_table_about_customers_has_the_base(spread):
    tables = {name for (name,) in _rows("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^customers_'")}
    assert tables - spread == {
        "customers_consentpurpose",  # what a business asks its customers for
        "customers_consentpurposeevent",
        "customers_headingchoice",  # where a business puts the columns of its files
        "customers_numbercounter",  # one row for each location
    }


def test_every_unique_key_contains_the_base(spread):
    keys = _rows("""
        SELECT owner.relname, index.relname, coalesce(string_agg(attname, ','), '')
        FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid JOIN pg_class AS owner ON owner.oid = indrelid
        LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
        WHERE indisunique OR indisexclusion GROUP BY 1, 2
    """)
    here = [(table, key, columns.split(",")) for table, key, columns in keys if table in spread]
    assert {table for table, _key, _columns in here} == spread  # each has a primary key at least
    assert [key for _table, key, columns in here if "base_id" not in columns] == []


def test_every_reference_between_them_goes_over_the_base(spread):
    references = _rows("""
        SELECT conname, source.relname, target.relname,
            (SELECT string_agg(attname, ',') FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY(conkey)),
            (SELECT string_agg(attname, ',') FROM pg_attribute WHERE attrelid = confrelid AND attnum = ANY(confkey))
        FROM pg_constraint JOIN pg_class AS source ON source.oid = conrelid
        JOIN pg_class AS target ON target.oid = confrelid WHERE contype = 'f'
    """)
    between = [row for row in references if row[2] in spread]
    assert len(between) >= 12
    for name, source, _target, here, there in between:
        assert source in spread, f"{name}: a table that every machine holds whole refers to one that is spread"
        assert "base_id" in here.split(","), name
        assert "base_id" in there.split(","), name


def test_no_policy_asks_another_table(spread):
    policies = _rows("SELECT tablename, policyname, coalesce(qual, ''), coalesce(with_check, '') FROM pg_policies")
    asking = [(table, name) for table, name, *conditions in policies if re.search(r"\bselect\b", str(conditions), re.I)]
    assert {table for table, *_rest in policies} >= spread - {"customers_importrow"}  # which is read through a view
    assert asking == []


OF_ALL_BASES = {"customer_home_of_organization_kept", "consent_location_of_organization_kept",
                "consent_purpose_of_organization_kept"}  # fmt: skip
"""Asked where a location or a purpose of a business is deleted, which is no hot path: whether any base refers to it."""


def test_no_function_of_a_trigger_reads_rows_without_naming_their_base(spread):
    """Each statement in it that names a table of customer data says of which base."""
    functions = _rows("""
        SELECT DISTINCT proname, prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal
    """)
    named = 0
    for name, source in functions:
        for statement in source.split(";"):
            for table in spread:
                if re.search(rf'\b(FROM|JOIN|UPDATE|INTO)\s+"?{table}\b', statement):
                    named += 1
                    assert "base_id" in statement or name in OF_ALL_BASES, f"{name}: {statement}"
    assert named >= 30


def test_no_key_of_a_history_comes_from_a_sequence(spread):
    keys = _rows("""
        SELECT table_name, column_default FROM information_schema.columns
        WHERE column_name = 'pgh_id' AND table_schema = 'public'
    """)
    assert {table for table, _default in keys} >= {table for table in spread if table.endswith("event")}
    assert {default for _table, default in keys} == {"time_ordered_uuid()"}


def test_only_triggers_that_the_one_setting_turns_use_transition_tables(spread):
    """What is over the rows of a statement is declared by `over_written_rows` or by the history (see settings)."""
    used = _rows("""
        SELECT relname, pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE NOT tgisinternal AND (tgoldtable IS NOT NULL OR tgnewtable IS NOT NULL)
    """)
    sources = "".join(path.read_text("utf-8") for path in ROOT.glob("*/triggers/*.py"))
    sources += "".join(path.read_text("utf-8") for path in ROOT.glob("*/models/*.py"))
    assert "referencing" not in sources
    assert len(used) > 40


def test_the_same_text_serves_one_row():
    func = "SELECT a FROM new_values UNION SELECT b FROM old_values AS customer WHERE c IN (SELECT d FROM new_values)"
    assert of_one_row(func) == (
        "SELECT a FROM (SELECT NEW.*) AS new_values UNION SELECT b FROM (SELECT OLD.*) AS customer "
        "WHERE c IN (SELECT d FROM (SELECT NEW.*) AS new_values)"
    )
    with override_settings(TRIGGER_LEVEL=pgtrigger.Row):
        trigger = over_written_rows(name="x", operation=pgtrigger.Update, func=func)
    assert (trigger.level, trigger.referencing) == (pgtrigger.Row, None)
    with override_settings(TRIGGER_LEVEL=pgtrigger.Statement):
        trigger = over_written_rows(name="x", operation=pgtrigger.Update, func=func)
    assert (trigger.level, str(trigger.referencing)) == (
        pgtrigger.Statement,
        "REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
    )


@pytest.mark.sample("long proofs in turns", most=3)
@pytest.mark.parametrize(
    "tests",
    [
        "tests/customers/test_counts.py",
        "tests/customers/test_history.py tests/customers/test_history_triggers.py",
        "tests/customers/test_import_undo.py",
        "tests/customers/test_months.py",
        "tests/customers/test_numbers.py tests/customers/test_bulk.py",
    ],
)
def test_everything_holds_as_well_with_triggers_for_each_row(tests):
    """As where tables are spread: the tests of what triggers do, on a database whose triggers run for each row."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", *tests.split()],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if "PYTEST" not in name}
        | {"TRIGGERS_FOR_EACH_ROW": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
