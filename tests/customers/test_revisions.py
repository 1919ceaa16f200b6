"""Changes of a base 1.0 are numbered in the order in which they become visible, whoever writes."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.consents.operations import strike_out
from customers.models import Consent, Customer, CustomerRevision, RevisionCounter
from customers.operations import archive_customers, change_customer
from locations.choices import Side
from locations.row_policies import CLEARING_ROLE, side_sql
from mcp.isolation import row_scope
from tests.customers.people import customer, says
from tests.customers.transfer import table, take_in, undone
from tests.proofs.sampling import examples

WRITERS, WRITES = 8, 25


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Lübeck")


def revision(row: Customer) -> CustomerRevision:
    return CustomerRevision.objects.get(uid=row.uid)


def sequence(scope) -> int:
    return RevisionCounter.objects.get(base=scope.base).sequence


def at_a_branch() -> None:
    with connection.cursor() as cursor:
        cursor.execute(side_sql(Side.BRANCH))


@pytest.mark.django_db
def test_each_statement_about_customers_of_a_base_1_0_is_the_next_number(anna):
    row = customer(anna, last_name="Muster")
    first = sequence(anna)
    assert (revision(row).revision, revision(row).sequence) == (1, first)
    row.city = "Kiel"
    change_customer(customer=row, actor=anna)
    assert (revision(row).revision, revision(row).sequence, sequence(anna)) == (2, first + 1, first + 1)
    others = Customer.objects.bulk_create(
        Customer(organization=anna.organization, base=anna.base, customer_number=900_000 + n, last_name="Viele")
        for n in range(3)
    )
    assert {revision(one).sequence for one in Customer.objects.filter(last_name="Viele")} == {first + 2}
    assert len(others) == 3
    archive_customers(customers=[row.pk], reason="Umgezogen", actor=anna)
    assert list(CustomerRevision.objects.in_base(anna.base).since(first + 2)) == [revision(row)]


@pytest.mark.django_db
def test_what_a_customer_says_is_a_change_of_order_and_of_no_revision(anna):
    row = customer(anna, last_name="Muster")
    before = revision(row)
    says(anna, row, "newsletter", is_given=True)
    assert (revision(row).revision, revision(row).sequence) == (before.revision, before.sequence + 1)
    with row_scope.rows_of(anna):
        strike_out(statement=Consent.objects.get(customer=row.pk).pk, actor=anna)
    assert (revision(row).revision, revision(row).sequence) == (before.revision, before.sequence + 2)


@pytest.mark.django_db
def test_a_base_2_0_numbers_nothing(cast):
    anna = cast.scope("anna", "Hamburg")
    row = customer(anna, last_name="Muster")
    says(anna, row, "newsletter", is_given=True)
    row.city = "Kiel"
    change_customer(customer=row, actor=anna)
    assert not CustomerRevision.objects.in_base(anna.base).exists()
    assert not RevisionCounter.objects.filter(base=anna.base).exists()


@pytest.mark.django_db
def test_what_a_reconciliation_writes_is_no_change_of_its_own(anna):
    row = customer(anna, last_name="Muster")
    before = revision(row)
    with row_scope._enter(row_scope.Rows(base=anna.base.pk, organization=anna.organization.pk, role=CLEARING_ROLE)):
        assert Customer.objects.filter(pk=row.pk).update(city="Kiel") == 1
    assert (revision(row).sequence, revision(row).revision) == (before.sequence, before.revision)
    assert sequence(anna) == before.sequence


@pytest.mark.django_db
def test_a_branch_keeps_what_was_agreed_until_it_is_agreed_anew(anna, as_owner):
    at_a_branch()
    row = customer(anna, last_name="Muster", city="Lübeck")
    assert (revision(row).revision, revision(row).before) == (None, None)
    for city in ("Kiel", "Plön"):
        row.city = city
        change_customer(customer=row, actor=anna)
        assert (revision(row).revision, revision(row).before) == (None, None)  # the central does not know him yet
    CustomerRevision.objects.filter(uid=row.uid).update(revision=7)
    for city in ("Eutin", "Malente"):
        row.city = city
        change_customer(customer=row, actor=anna)
        assert revision(row).revision == 7
        assert (revision(row).before or {})["city"] == "Plön"
    assert "search_text" not in (revision(row).before or {})


@pytest.mark.django_db
def test_who_is_deleted_is_known_to_have_been_there(anna):
    done = take_in(anna, table(["Nachname"], ["Muster"]))
    row = Customer.objects.in_base(anna.base).get(last_name="Muster")
    before = revision(row)
    undone(done.upload, anna)
    assert not Customer.objects.filter(uid=row.uid).exists()
    assert (revision(row).is_deleted, before.is_deleted) == (True, False)
    assert (revision(row).revision, revision(row).sequence) == (2, sequence(anna))
    assert sequence(anna) > before.sequence


def read_on(scope, cursor: int, seen: dict[UUID, int]) -> int:
    """What has changed behind a number goes into `seen`; the last number."""
    with row_scope.rows_of(scope):
        for one in CustomerRevision.objects.in_base(scope.base).since(cursor):
            seen[one.uid], cursor = one.sequence, one.sequence
    return cursor


@pytest.mark.django_db(transaction=True)
def test_whoever_reads_what_has_changed_since_misses_nothing_that_is_committed_later(cast):
    """Eight write at once, each transaction open for a while, and one asks again and again for what is new."""
    anna = cast.scope("anna", "Lübeck")
    rows = [customer(anna, last_name=f"Gast{at}") for at in range(WRITERS)]
    ended = threading.Event()
    seen: dict[UUID, int] = defaultdict(int)

    def write(at: int) -> None:
        chance = random.Random(at)
        for turn in range(WRITES):
            with row_scope.rows_of(anna):
                Customer.objects.filter(pk=rows[chance.randrange(WRITERS)].pk).update(city=f"Ort {at} {turn}")
                time.sleep(chance.random() / 200)
        connection.close()

    def follow() -> None:
        cursor = 0
        while True:
            is_last = ended.is_set()
            cursor = read_on(anna, cursor, seen)
            if is_last:
                break
        connection.close()

    writers = [threading.Thread(target=write, args=(at,)) for at in range(WRITERS)]
    reader = threading.Thread(target=follow)
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    ended.set()
    reader.join()
    now = {one.uid: one.sequence for one in CustomerRevision.objects.in_base(anna.base)}
    assert {uid: seen[uid] for uid in now} == now
    written = sum(one.revision or 0 for one in CustomerRevision.objects.filter(uid__in=[row.uid for row in rows]))
    assert written == WRITERS + WRITERS * WRITES


STEPS = st.lists(
    st.tuples(st.sampled_from(["register", "change", "archive", "say", "many"]), st.integers(0, 4)), max_size=12
)


@pytest.mark.django_db
@given(steps=STEPS, side=st.sampled_from(Side))
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_and_revisions_are_those_of_a_plain_rule(cast, as_owner, steps, side):
    anna = cast.scope("anna", "Lübeck")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(side_sql(side))
        customer(anna, last_name="Erste")
        CustomerRevision.objects.in_base(anna.base).delete()
        Customer.objects.in_base(anna.base).update(alias="vorher")
        number = sequence(anna)
        born = 1 if side == Side.CENTRAL else None
        known = Customer.objects.in_base(anna.base).values_list("pk", flat=True)
        model: dict[int, tuple[int | None, int]] = dict.fromkeys(known, (born, number))
        for kind, at in steps:
            there = sorted(model)
            number += 1
            if kind == "register":
                model[customer(anna, last_name="Neu").pk] = (born, number)
                continue
            some = there[:at] if kind == "many" else there[at : at + 1]
            if kind == "say":
                for pk in some:
                    says(anna, Customer.objects.get(pk=pk), "newsletter", at % 2 == 0)
            else:
                Customer.objects.filter(pk__in=some).update(city=f"Ort {number}")
            if not some:
                number -= 1
            for pk in some:
                was, _sequence = model[pk]
                model[pk] = (was + 1 if was and kind != "say" else was, number)
        uids = dict(Customer.objects.in_base(anna.base).values_list("uid", "pk"))
        found = {uids[one.uid]: (one.revision, one.sequence) for one in CustomerRevision.objects.in_base(anna.base)}
        assert found == model
        transaction.set_rollback(True)
