"""References that are checked once for each statement hold as a foreign key of the database does."""

from __future__ import annotations

import threading
import time
from typing import Any

import pgtrigger
import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings

from customers.models import Customer, CustomerGroup
from locations.constraints import StatementForeignKey
from locations.row_policies import UNSCOPED_ROLE
from mcp.isolation import row_scope
from tests.conftest import Cast
from tests.customers import people

KEYS = [key for key in Customer._meta.constraints if isinstance(key, StatementForeignKey)]


@pytest.fixture
def group(cast) -> CustomerGroup:
    return people.group(cast.scope("anna", "Hamburg"), "Gast")


def row(cast: Cast, number: int, **values: Any) -> Customer:
    hamburg = cast.location("Hamburg")
    named = {"organization": hamburg.organization, "base": hamburg.base, "last_name": "Muster"}
    return Customer(**named, customer_number=number, **values)


def take_away(group: CustomerGroup) -> None:
    """Without asking before, as Django would."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE_AWAY, [group.pk])


def refused(name: str) -> Any:
    return pytest.raises(IntegrityError, match=name)


def test_keys_are_there():
    assert [key.name for key in KEYS] == [
        "customer_base_of_organization", "customer_group_in_base", "customer_home_of_organization",
    ]  # fmt: skip


def test_one_wrong_row_among_many_refuses_all(cast, group):
    rows = [row(cast, number, customer_group=group) for number in range(1, 50)]
    rows[30].customer_group_id = group.pk + 1_000
    with refused("customer_group_in_base"), transaction.atomic():
        Customer.objects.bulk_create(rows)
    assert not Customer.objects.filter(customer_number__lt=50).exists()


def test_many_rows_and_rows_that_refer_to_nothing_pass(cast, group):
    Customer.objects.bulk_create([row(cast, number, customer_group=group) for number in range(1, 50)])
    Customer.objects.bulk_create([row(cast, number) for number in range(50, 99)])
    assert Customer.objects.filter(customer_group=group).count() == 49


def test_update_is_refused_and_what_stays_is_not_asked(cast, group, django_assert_num_queries):
    Customer.objects.bulk_create([row(cast, number, customer_group=group) for number in range(1, 5)])
    with refused("customer_group_in_base"), transaction.atomic():
        Customer.objects.update(customer_group=group.pk + 1_000)
    Customer.objects.update(memo="gleich")
    Customer.objects.update(customer_group=None)
    assert not Customer.objects.exclude(customer_group=None).exists()


def test_whoever_is_referred_to_neither_goes_nor_changes_his_key(cast, group):
    Customer.objects.bulk_create([row(cast, 1, customer_group=group)])
    with refused("customer_group_in_base"), transaction.atomic():
        take_away(group)
    with refused("customer_group_in_base"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customergroup SET id = id + 5000 WHERE id = %s", [group.pk])
    CustomerGroup.objects.filter(pk=group.pk).update(name="Anders")
    Customer.objects.update(customer_group=None)
    take_away(group)


def test_whoever_sees_no_customer_cannot_take_away_what_they_refer_to(cast, group):
    """In the scope of the business alone, in which no customer exists, a location of one cannot be deleted either."""
    hamburg = cast.location("Hamburg")
    customer = row(cast, 5_000_000)
    customer.home_location = hamburg
    Customer.objects.bulk_create([customer])
    with row_scope.rows_of_business(cast.user("anna")), transaction.atomic(), connection.cursor() as cursor:
        assert not Customer.objects.exists()
        with refused("customer_home_of_organization"), transaction.atomic():
            cursor.execute("DELETE FROM locations_location WHERE id = %s", [hamburg.pk])


def test_owner_who_is_not_let_through_refuses_every_deletion(cast, group, as_owner):
    """He would see nobody who refers to the row; a key that cannot be kept is not taken for one that is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'customer_group_in_base_kept'")
        [(source,)] = cursor.fetchall()
        cursor.execute(
            "CREATE OR REPLACE FUNCTION customer_group_in_base_kept() RETURNS trigger LANGUAGE plpgsql "
            f"SECURITY DEFINER AS $check$ {source.replace(UNSCOPED_ROLE, 'pg_read_server_files')} $check$"
        )
    with refused("customer_group_in_base"), transaction.atomic():
        take_away(group)


def test_it_is_created_and_goes_without_a_trace(cast, as_owner):
    key = KEYS[1].clone()
    key.name = "probe"
    names = """
        SELECT proname FROM pg_proc WHERE proname LIKE 'probe%%'
        UNION SELECT tgname FROM pg_trigger WHERE tgname LIKE 'probe%%'
    """
    with connection.schema_editor() as editor:
        editor.execute(str(key.create_sql(Customer, editor)), None)
        with connection.cursor() as cursor:
            cursor.execute(names)
            assert {name for (name,) in cursor.fetchall()} == {
                "probe_inserted", "probe_changed", "probe_kept", "probe_kept_key",
            }  # fmt: skip
        editor.execute(str(key.remove_sql(Customer, editor)), None)
    with connection.cursor() as cursor:
        cursor.execute(names)
        assert cursor.fetchall() == []


def test_for_each_row_where_tables_are_spread(cast):
    with connection.schema_editor(collect_sql=True) as editor:
        assert "FOR EACH STATEMENT" in str(KEYS[1].create_sql(Customer, editor))
        with override_settings(TRIGGER_LEVEL=pgtrigger.Row):
            text = str(KEYS[1].create_sql(Customer, editor))
    assert "FOR EACH STATEMENT" not in text
    assert "new_values FOR" not in text


class Session:
    """A connection of its own, as somebody for whom all rows exist, in a transaction."""

    def __init__(self) -> None:
        parameters = connection.get_connection_params()
        for name in ("cursor_factory", "context"):
            parameters.pop(name, None)
        self.line = psycopg.connect(**parameters)
        self.line.execute("SET ROLE stammhaus_unscoped")
        self.failure: BaseException | None = None

    def begin(self, sql: str, values: list[Any]) -> threading.Thread:
        thread = threading.Thread(target=self._run, args=(sql, values))
        thread.start()
        time.sleep(0.5)
        return thread

    def _run(self, sql: str, values: list[Any]) -> None:
        try:
            self.line.execute(sql, values)
            self.line.commit()
        except psycopg.Error as failure:
            self.failure = failure
            self.line.rollback()


ADD = """
    INSERT INTO customers_customer (organization_id, base_id, customer_number, customer_group_id, last_name, salutation,
        title, first_name, alias, company, vat_id, street, address_extra, po_box, postal_code, city, country,
        phone_private, phone_business, mobile, fax, email, website, language, payment_method, iban, bic, bank,
        loss_reason, tags, is_favourite, is_blocked, blocked_reason, memo, archived_reason)
    VALUES (%s, %s, 7, %s, 'Muster', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '',
        '', '', '', '', '{}', false, false, '', '', '')
"""
TAKE_AWAY = "DELETE FROM customers_customergroup WHERE id = %s"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_added_first", [True, False])
def test_of_two_at_the_same_moment_the_second_waits_and_is_refused(cast, group, is_added_first):
    add = (ADD, [group.base.organization_id, group.base_id, group.pk])
    orders = [add, (TAKE_AWAY, [group.pk])]
    first, second = orders if is_added_first else orders[::-1]
    one, other = Session(), Session()
    try:
        one.line.execute(*first)
        thread = other.begin(*second)
        assert thread.is_alive()
        one.line.commit()
        thread.join(timeout=20)
        assert isinstance(other.failure, psycopg.errors.ForeignKeyViolation)
        assert other.failure.diag.constraint_name == "customer_group_in_base"
    finally:
        one.line.close()
        other.line.close()


@pytest.mark.django_db(transaction=True)
def test_who_works_on_a_snapshot_takes_nothing_away(group):
    """He would not see who has referred to it since."""
    one = Session()
    try:
        one.line.rollback()
        one.line.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        one.line.execute("SET LOCAL ROLE stammhaus_unscoped")
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match="READ COMMITTED") as refusal:
            one.line.execute(TAKE_AWAY, [group.pk])
        assert refusal.value.diag.constraint_name in {"customer_group_in_base"}
    finally:
        one.line.close()
