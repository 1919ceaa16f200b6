"""The uid of a customer: one for each at birth, whatever brings him, and the same for good."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from customers.filling import fill
from customers.models import STAGED, Customer
from customers.operations import archive_customers, change_customer
from customers.table.resources import CustomerResource, PackageResource
from mcp.isolation import row_scope
from tests.customers.people import customer, customers
from tests.customers.transfer import checked, events_of, table, take_in, undone
from tests.locations.refusals import refused_by, run


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


def uids(scope) -> list[UUID]:
    return list(Customer.objects.in_base(scope.base).order_by("customer_number").values_list("uid", flat=True))


def test_each_has_one_of_version_7_from_birth(anna):
    rows = customers(anna, 3)
    assert [row.uid for row in rows] == uids(anna)
    assert {row.uid.version for row in rows} == {7}
    assert {row.uid.variant for row in rows} == {"specified in RFC 4122"}
    assert len({row.uid for row in rows}) == 3


def test_later_ones_are_greater(cast):
    """They are put at the end of an index, not everywhere in it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT time_ordered_uuid() FROM generate_series(1, 2000)")
        made = [uid for (uid,) in cursor]
    assert len(set(made)) == 2000
    assert [uid.hex[:15] for uid in made] == sorted(uid.hex[:15] for uid in made)


@pytest.mark.parametrize("count", [1, 50])
def test_bits_are_those_of_the_standard(db, count):
    with connection.cursor() as cursor:
        cursor.execute("SELECT time_ordered_uuid(), clock_timestamp() FROM generate_series(1, %s)", [count])
        for uid, at in cursor:
            assert (uid.version, uid.variant) == (7, "specified in RFC 4122")
            assert abs((uid.int >> 80) - at.timestamp() * 1000) < 2


def test_import_gives_one_to_each_and_undoing_another_keeps_it(anna):
    outcome = take_in(anna, table(["Nachname", "Ort"], *([f"Muster{at}", "Kiel"] for at in range(5))))
    born = uids(anna)
    assert len(set(born)) == 5
    numbers = Customer.objects.in_base(anna.base).order_by("customer_number").values_list("customer_number", flat=True)
    later = take_in(anna, table(["Kundennummer", "Nachname", "Ort"], *([str(n), "Anders", "Bonn"] for n in numbers)))
    assert uids(anna) == born
    undone(later.upload, anna)
    assert uids(anna) == born
    undone(outcome.upload, anna)
    assert uids(anna) == []


@pytest.mark.parametrize("heading", ["UID", "uid", "Uid"])
def test_file_of_people_gives_nobody_a_uid(anna, heading):
    """No column of theirs is one, and nothing that is written into the choices makes it one."""
    chosen = uuid4()
    content = table(["Nachname", heading], ["Muster", str(chosen)])
    assert take_in(anna, content).upload.choices["targets"] == ["last_name", "-"]
    with pytest.raises(ValidationError):
        checked(anna, content, targets=["last_name", "uid"])
    assert chosen not in uids(anna)


def test_people_are_not_shown_it(anna):
    assert "uid" not in CustomerResource(scope=anna).fields
    assert "uid" in PackageResource(scope=anna).fields
    assert "uid" not in STAGED


def test_filling_gives_one_to_each(anna):
    list(fill(count=1000, batch=400, actor=anna))
    assert len(set(uids(anna))) == 1000


def test_it_never_changes_by_any_path(anna):
    row = customer(anna)
    for attempt in (
        lambda: Customer.objects.update(uid=uuid4()),
        lambda: Customer.objects.bulk_update([Customer(pk=row.pk, uid=uuid4())], ["uid"]),
        lambda: run("UPDATE customers_customer SET uid = time_ordered_uuid()"),
        lambda: Customer.objects.filter(pk=row.pk).update(uid=uuid4(), city="Kiel"),
    ):
        with refused_by("customer_uid_stays"):
            attempt()
    assert uids(anna) == [row.uid]


def test_it_is_never_missing(anna):
    with pytest.raises(Exception, match="null value"), row_scope.rows_of(anna):
        Customer.objects.filter(pk=customer(anna).pk).update(uid=None)


def test_copy_gives_one_to_each(as_owner, anna):
    """COPY does not enter a table under row security; its owner can take that off."""
    run("ALTER TABLE customers_customer DISABLE ROW LEVEL SECURITY")
    columns = "organization_id, base_id, customer_number, last_name"
    texts = [
        field.attname
        for field in Customer._meta.concrete_fields
        if field.get_internal_type() in _TEXTS and not field.generated
    ]
    more = [name for name in texts if name != "last_name"]
    extra = ["tags", "is_favourite", "is_blocked"]
    with connection.cursor() as cursor:
        raw = cursor
        names = ", ".join([columns, *more, *extra])
        with raw.copy(f"COPY customers_customer ({names}) FROM STDIN") as copy:
            for number in (7, 8, 9):
                blank = "\t".join([*[""] * len(more), "{}", "f", "f"])
                copy.write(f"{anna.organization.pk}\t{anna.base.pk}\t{number}\tMuster\t{blank}\n".encode())
    assert len(set(uids(anna))) == 3


_TEXTS = {"CharField", "TextField", "URLField"}


def test_it_is_unique_in_its_base_and_may_be_elsewhere(cast, anna):
    row = customer(anna)
    with refused_by("customer_uid_unique"):
        twin(row, anna, 2_000_001)
    elsewhere = cast.scope("sven", "München", 20800)
    assert twin(row, elsewhere, 5).uid == row.uid


def twin(row: Customer, scope, number: int) -> Customer:
    return Customer.objects.create(
        organization=scope.organization, base=scope.base, customer_number=number, last_name="Zwilling", uid=row.uid
    )


def test_history_has_it(anna):
    row = customer(anna)
    row.city = "Kiel"
    change_customer(customer=row, actor=anna)
    archive_customers(customers=[row.pk], reason="Verzogen", actor=anna)
    assert set(events_of(row).values_list("uid", flat=True)) == {row.uid}
