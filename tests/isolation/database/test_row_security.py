"""Row security by itself: raw SQL, as the web role, with no line of ours between it and the tables."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from customers.models import Customer
from locations.constraints import StatementForeignKey
from locations.row_policies import POLICIES, SETTINGS, WRITTEN_BY_NOBODY
from mcp.isolation import row_scope
from mcp.models import User
from tests.isolation.database.crossing import belongs, count, owner_key, owners, put_into
from tests.isolation.database.rows import fill_every_table
from tests.isolation.database.tables import WITHOUT_ROWS_OF_ANYBODY, all_tables, guarded_tables

STATEMENT_KEYS = [
    key.name for model in apps.get_models() for key in model._meta.constraints if isinstance(key, StatementForeignKey)
]


@pytest.fixture
def scopes(cast):
    return fill_every_table(cast)


def test_every_table_is_under_row_security_or_says_why_not(db):
    guarded = {table.name for table in guarded_tables()}
    assert all_tables() - guarded == set(WITHOUT_ROWS_OF_ANYBODY)
    assert len(guarded) >= 25


def test_policies_are_the_known_ones_and_compare_with_one_setting(db):
    """A sub-select, an array or a function for each row would cost seconds at a million of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename, policyname, cmd, permissive, roles::text[], qual, with_check FROM pg_policies"
        )
        rows = cursor.fetchall()
    assert {policy for _table, policy, *_rest in rows} == set(POLICIES)
    assert {table for table, policy, *_rest in rows if policy == "person"} == {
        "mcp_user", "mcp_userevent", "mcp_loginattempt", "mcp_passwordlink", "mcp_mail",
    }  # fmt: skip
    for table, policy, command, permissive, roles, condition, check in rows:
        assert (command, permissive) == ("ALL", "PERMISSIVE"), table
        if check == WRITTEN_BY_NOBODY:
            assert table in {"locations_legacyswitch", "locations_legacyswitchevent"}
        else:
            assert condition == check or set(re.findall(r"stammhaus\.\w+", check)) == {
                "stammhaus.organization",
                "stammhaus.user",
            }, table
        assert roles == [POLICIES[policy]]
        if policy != "unscoped":
            assert "SELECT" not in condition.upper(), table
            assert any(name in condition for name in SETTINGS.values()), table


def test_views_and_functions_with_their_owners_rights_are_those_that_are_known(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT viewname FROM pg_views WHERE schemaname = 'public' ORDER BY viewname")
        assert cursor.fetchall() == [("customers_import_rows",), ("customers_searchable",)]
        cursor.execute("""
            SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY proname
        """)
        kept = [(f"{key}_kept",) for key in STATEMENT_KEYS]
        ours = (
            "accounting_allocate", "accounting_book_entries", "accounting_cancel_debits", "accounting_cancel_invoice",
            "accounting_cancel_notices", "accounting_cancel_order", "accounting_choose_orders",
            "accounting_collect_batch", "accounting_collect_debits", "accounting_collect_entries", "accounting_forget",
            "accounting_forget_balances", "accounting_forget_branch_orders", "accounting_forget_entries",
            "accounting_forget_invoices", "accounting_forget_letters", "accounting_forget_mandates",
            "accounting_forget_notices", "accounting_forget_orders", "accounting_issue_invoices",
            "accounting_keep_document", "accounting_make_debits", "accounting_pay_order", "accounting_post",
            "accounting_post_order", "accounting_propose_debits", "accounting_propose_notices",
            "accounting_queue_again", "accounting_queue_letters",
            "accounting_release_orders", "accounting_return_debit", "accounting_send_notices", "accounting_set_limit",
            "accounting_undo_debits",
            "customers_analyze", "customers_erase", "customers_forget_memberships", "customers_merge_search_index",
            "transitions_erase", "transitions_forget_switched", "transitions_leave_no_history",
        )  # fmt: skip
        assert cursor.fetchall() == sorted([*((name,) for name in ours), *kept])


def test_each_table_shows_the_own_rows_and_none_of_another_business(scopes):
    nordlicht, suedstern = scopes[10400], scopes[20800]
    for table in guarded_tables():
        there = owners(table, scopes)
        assert all(there.values()), f"{table.name} has rows of both businesses: {there}"
        with row_scope.rows_of(nordlicht):
            assert (count(table, nordlicht), count(table, suedstern)) == (there[10400], 0), table.name
        with row_scope.rows_of(suedstern):
            assert (count(table, nordlicht), count(table, suedstern)) == (0, there[20800]), table.name


def test_without_a_scope_each_table_is_empty(scopes):
    with row_scope.no_rows(), connection.cursor() as cursor:
        for table in guarded_tables():
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table.name)}")
            assert cursor.fetchone() == (0,), table.name
        for view in ("customers_searchable", "customers_import_rows"):
            cursor.execute(f"SELECT count(*) FROM {view}")
            assert cursor.fetchone() == (0,), view


def test_rows_of_another_business_cannot_be_changed_or_deleted(scopes):
    nordlicht, suedstern = scopes[10400], scopes[20800]
    for table in guarded_tables():
        name, key = connection.ops.quote_name(table.name), owner_key(table, suedstern)
        update, delete = f"UPDATE {name} AS seen SET {_itself(table.name)}", f"DELETE FROM {name} AS seen"
        for kind, statement in (("UPDATE", update), ("DELETE", delete)):
            if not _may(kind, table.name):
                continue
            with row_scope.rows_of(nordlicht), connection.cursor() as cursor:
                cursor.execute(f"{statement} WHERE {belongs(table)}", [key])
                assert cursor.rowcount == 0, (table.name, statement)
        assert owners(table, scopes)[20800] >= 1


def test_history_can_be_added_to_and_nothing_else(db):
    histories = [table.name for table in guarded_tables() if table.name.endswith("event")]
    assert len(histories) >= 10
    for name in histories:
        assert [_may(kind, name) for kind in ("SELECT", "INSERT", "UPDATE", "DELETE")] == [True, True, False, False]


def _may(kind: str, table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(session_user, %s, %s)", [table, kind])
        return bool(cursor.fetchone()[0])


def _may_add_to(table: str) -> bool:
    """Whether rows of it may be written, of whatever columns."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_any_column_privilege(session_user, %s, 'INSERT')", [table])
        return bool(cursor.fetchone()[0])


def _itself(table: str) -> str:
    """A change of nothing, by a column that any trigger leaves alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attgenerated = '' "
            "AND NOT attisdropped ORDER BY attnum LIMIT 1",
            [table],
        )
        column = connection.ops.quote_name(cursor.fetchone()[0])
    return f"{column} = {column}"


def test_a_row_cannot_be_put_into_another_business(scopes):
    """A copy of an own row that says to be another's. Refused before any trigger or key looks at it.

    A table to which nobody adds but a function of its owner takes none at all.
    """
    for table in guarded_tables():
        with row_scope.rows_of(scopes[10400]), pytest.raises(DatabaseError) as caught, transaction.atomic():
            put_into(scopes[20800], table)
        refused = "row-level security" if _may_add_to(table.name) else "permission denied"
        assert refused in str(caught.value), (table.name, caught.value)


def test_own_row_can_be_written(scopes):
    nordlicht = scopes[10400]
    with row_scope.rows_of(nordlicht):
        assert Customer.objects.update(memo="neu") == Customer.objects.count() > 0


def test_a_person_alone_sees_himself_and_nobody_else(scopes, cast):
    bodo = cast.user("bodo")
    with row_scope.rows_of_person(bodo.pk), connection.cursor() as cursor:
        cursor.execute("SELECT username FROM mcp_user")
        assert cursor.fetchall() == [("bodo",)]
        for table in ("mcp_usergroup", "mcp_membership", "locations_location", "customers_customer"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,)
        cursor.execute("UPDATE mcp_user SET email = 'x@example.com'")
        assert cursor.rowcount == 1


def test_the_providers_people_exist_in_no_business(scopes, cast):
    """Not even where one of them works: what is his own he does as himself."""
    rita = cast.user("rita")
    with row_scope.rows_of(replace(scopes[10400], user=rita)):
        assert not User.objects.filter(organization=None).exists()
        with row_scope.rows_of_person(rita.pk):
            assert list(User.objects.values_list("username", flat=True)) == ["rita"]


def test_outside_of_a_location_no_customer_exists(scopes, cast):
    with row_scope.rows_of_business(cast.user("anna")), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_customer")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT DISTINCT organization_id FROM locations_location")
        assert cursor.fetchall() == [(cast.organization().pk,)]


def test_what_was_entered_ends_with_its_block(scopes):
    nordlicht, suedstern = scopes[10400], scopes[20800]
    with row_scope.rows_of(nordlicht):
        with row_scope.rows_of(suedstern):
            assert _seen_bases() == {suedstern.base.pk}
        assert _seen_bases() == {nordlicht.base.pk}
        with pytest.raises(ZeroDivisionError), row_scope.rows_of(suedstern):
            raise ZeroDivisionError
        assert _seen_bases() == {nordlicht.base.pk}
        with pytest.raises(DatabaseError), row_scope.rows_of(suedstern):
            connection.cursor().execute("SELECT 1 / 0")
        assert _seen_bases() == {nordlicht.base.pk}


def _seen_bases() -> set[int]:
    return set(Customer.objects.values_list("base_id", flat=True))


def test_a_broken_setting_shows_nothing(scopes):
    """An empty text, as SET LOCAL leaves it behind, and one that is no number."""
    with row_scope.no_rows(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('stammhaus.base', '', true)")
        assert _seen_bases() == set()
        with pytest.raises(DatabaseError, match="invalid input syntax"), transaction.atomic():
            cursor.execute(
                "SELECT set_config('stammhaus.base', '1 OR true', true), (SELECT count(*) FROM customers_tag)"
            )


def test_search_shows_the_own_base_only(scopes):
    nordlicht = scopes[10400]
    with row_scope.rows_of(nordlicht):
        found = Customer.objects.all().matching("Gast", hidden=())
        assert set(found.values_list("base_id", flat=True)) == {nordlicht.base.pk}


def test_search_can_be_used_as_any_other_question(scopes):
    """It reads a view in the place of the table, which must make no difference to whoever goes on asking."""
    nordlicht = scopes[10400]
    with row_scope.rows_of(nordlicht):
        found = Customer.objects.in_base(nordlicht.base).matching("Gast", hidden=())
        every = Customer.objects.in_base(nordlicht.base)
        [row] = found
        assert list(every.filter(pk__in=found)) == list(found.filter(home_location__name__isnull=False)) == [row]
        assert row not in (others := list(every.exclude(pk__in=found)))
        assert len(others) == every.count() - 1
        assert list(found.select_related("customer_group", "home_location")) == list(found | found) == [row]
        assert found.filter(home_location__isnull=False).update(memo="neu") == 1
        assert list(every.filter(pk__in=[row.pk]).select_for_update()) == [row]


def test_view_of_the_search_has_every_column_of_the_table(db):
    """A migration that adds a column to customers has to make the view anew."""
    assert _columns_of("customers_searchable") == {field.column for field in Customer._meta.concrete_fields}


def _columns_of(view: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {view} LIMIT 0")
        return {column.name for column in cursor.description}
