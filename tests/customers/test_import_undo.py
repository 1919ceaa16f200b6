"""Undoing an import: every row ends as reversed, kept or told why it could not be."""

from __future__ import annotations

from typing import Any

import pghistory
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.choices import UploadState
from customers.imports import lifecycle
from customers.models import Customer, CustomerCount, CustomerGroup, Tag
from customers.operations import archive_customers, change_customer, register_customer
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.stored_sentences import Sentences
from tests.customers.transfer import applied, checked, events_of, state, table, take_in, undone
from tests.proofs.sampling import examples

HEADINGS = ["Kundennummer", "Name", "Ort", "Schlagwörter", "Kundengruppe", "Notiz", "Rabatt %"]


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


def without_times(scope: Scope) -> list[dict[str, Any]]:
    return [{**row, "changed_at": None} for row in state(scope)]


def known(anna: Scope, **values: Any) -> Customer:
    with pghistory.context(**anna.history()):
        return register_customer(customer=Customer(last_name="Meier", city="Kiel", **values), actor=anna)


def test_new_customers_go_and_changed_ones_are_as_before(anna):
    customer = known(anna)
    before = without_times(anna)
    done = take_in(anna, table(HEADINGS, [customer.customer_number, "Neu", "Bonn", "", "Gast", "x", "5"],
                               ["", "Ganz neu", "", "VIP", "", "", ""]))  # fmt: skip
    assert (done.created, done.changed) == (1, 1)
    assert undone(done.upload, anna) == {"restored": 1, "removed": 1, "kept": 0, "stuck": 0}
    assert without_times(anna) == before
    assert done.upload.state == UploadState.UNDONE
    assert not CustomerGroup.objects.exists()
    assert not Tag.objects.exists()
    assert CustomerCount.objects.in_base(anna.base).totals() == (1, 0)


def test_whoever_was_edited_since_stays_and_it_is_told_by_whom(anna, cast):
    first, second = known(anna), known(anna)
    rows: list[list[Any]] = [[first.customer_number, "A"], [second.customer_number, "B"], ["", "C"], ["", "D"]]
    done = take_in(anna, table(HEADINGS[:2], *rows))
    bodo = cast.scope("bodo", "Hamburg")
    created = Customer.objects.get(last_name="C")
    with pghistory.context(**bodo.history()):
        for customer in (Customer.objects.get(pk=first.pk), created):
            customer.city = "Lübeck"
            change_customer(customer=customer, seen_at=customer.changed_at, actor=bodo)
    assert undone(done.upload, anna) == {"restored": 1, "removed": 1, "kept": 2, "stuck": 0}
    told = {one.row_number: str(one.problems[0]["reason"]) for one in done.upload.verdicts.filter(verdict="kept")}
    assert set(told) == {first.customer_number, created.customer_number}
    assert all(str(bodo.user) in reason for reason in told.values())
    assert Customer.objects.get(pk=first.pk).last_name == "A"
    assert Customer.objects.get(pk=second.pk).last_name == "Meier"


def test_whoever_was_archived_since_stays(anna):
    done = take_in(anna, table(HEADINGS[:2], ["", "C"]))
    archive_customers(customers=[Customer.objects.get().pk], reason="weg", actor=anna)
    assert undone(done.upload, anna) == {"restored": 0, "removed": 0, "kept": 1, "stuck": 0}


@pytest.mark.parametrize("gone", ["group", "tag"])
def test_what_cannot_come_back_is_told_with_the_reason(anna, gone):
    group, _tag = (
        CustomerGroup.objects.create(base=anna.base, name="Alt"),
        Tag.objects.create(base=anna.base, name="alt"),
    )
    customer = known(anna, customer_group=group if gone == "group" else None, tags=["alt"] if gone == "tag" else [])
    done = take_in(anna, table(HEADINGS, [customer.customer_number, "Neu", "", "neu", "Neu", "", ""]))
    (CustomerGroup if gone == "group" else Tag).objects.filter(base=anna.base, name__in=["Alt", "alt"]).delete()
    assert undone(done.upload, anna) == {"restored": 0, "removed": 0, "kept": 0, "stuck": 1}
    [told] = done.upload.verdicts.filter(verdict="stuck")
    assert (told.row_number, told.problems[0]["code"]) == (customer.customer_number, f"{gone}_gone")
    assert Customer.objects.get(pk=customer.pk).last_name == "Neu"


def test_history_shows_the_import_and_the_undo(anna):
    customer = known(anna)
    done = take_in(anna, table(HEADINGS[:2], [customer.customer_number, "Neu"]), name="kunden.csv")
    undone(done.upload, anna)
    reasons = [str(Sentences(event.pgh_context.metadata.get("reason") or [])) for event in events_of(customer)]
    assert reasons == ["", "Import of kunden.csv", "Import of kunden.csv undone"]


def test_imports_are_undone_one_after_the_other(anna):
    customer = known(anna)
    before = without_times(anna)
    first = take_in(anna, table(HEADINGS[:2], [customer.customer_number, "Eins"]))
    second = take_in(anna, table(HEADINGS[:2], [customer.customer_number, "Zwei"], ["", "Neu"]))
    assert undone(second.upload, anna)["restored"] == 1
    assert undone(first.upload, anna)["restored"] == 1
    assert without_times(anna) == before


def test_nothing_is_undone_twice(anna):
    done = take_in(anna, table(HEADINGS[:2], ["", "Neu"]))
    undone(done.upload, anna)
    with pytest.raises(ValidationError, match="has been undone already"):
        lifecycle.start_undo(upload=done.upload, actor=anna)


def test_undoing_needs_the_rights_of_what_it_does(anna, cast):
    customer = known(anna)
    done = take_in(anna, table(HEADINGS[:2], [customer.customer_number, "Neu"], ["", "Ganz neu"]))
    for missing in (Right.IMPORT_CUSTOMERS, Right.ADD_CUSTOMERS, Right.CHANGE_CUSTOMERS):
        less = Scope(user=anna.user, location=anna.location, rights=anna.rights - {missing})
        with pytest.raises(MissingRight):
            lifecycle.start_undo(upload=done.upload, actor=less)
    with pytest.raises(PermissionDenied):
        lifecycle.start_undo(upload=done.upload, actor=cast.scope("sven", "Zentrale", 20800))
    with pytest.raises(PermissionDenied):
        lifecycle.start_undo(upload=done.upload, actor=cast.scope("anna", "Hamburg"))


def test_only_what_an_import_created_can_be_deleted_and_only_while_it_is_undone(anna):
    known(anna)
    done = take_in(anna, table(HEADINGS[:2], ["", "Neu"]))

    def delete(**which: Any) -> None:
        with row_scope.rows_of(anna), transaction.atomic():
            Customer.objects.filter(**which).delete()

    for name in ("Neu", "Meier"):
        with pytest.raises(DatabaseError, match="is archived, not deleted"):
            delete(last_name=name)
    lifecycle.start_undo(upload=done.upload, actor=anna)
    with pytest.raises(DatabaseError, match="is archived, not deleted"):
        delete(last_name="Meier")
    delete(last_name="Neu")
    assert not Customer.objects.filter(last_name="Neu").exists()


def test_record_outlives_the_file(anna):
    upload = applied(checked(anna, table(HEADINGS[:2], ["", "Neu"])), anna)
    with row_scope.rows_of(anna):
        lifecycle.delete_expired(upload=upload)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM customers_import_rows), (SELECT count(*) FROM customers_importchunk)"
            )
            assert cursor.fetchone() == (0, 0)
    assert undone(upload, anna)["removed"] == 1


TEXT = st.sampled_from(["", "Kiel", "Bonn", 'Ö; "x"', "=1+1"])
ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(["A", "B"]), TEXT, st.sampled_from(["", "VIP"])), max_size=6
)


@pytest.mark.isolation
@pytest.mark.in_part
@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(there=ROWS, rows=ROWS)
def test_undoing_an_import_leaves_what_was_before(cast, there, rows):
    """For any base and any file: import, undo, and every value is as it was."""
    anna = cast.scope("anna", "Zentrale")

    def content(lines: list[tuple[int, str, str, str]]) -> bytes:
        return table(HEADINGS[:4], *[(row[0] or "", *row[1:]) for row in lines])

    with transaction.atomic():
        if there:
            take_in(anna, content(there))
        before = without_times(anna)
        if rows:
            done = take_in(anna, content(rows))
            ends = undone(done.upload, anna)
            assert ends["restored"] + ends["removed"] == done.created + done.changed
            assert (ends["kept"], ends["stuck"]) == (0, 0)
        assert without_times(anna) == before
        transaction.set_rollback(True)
