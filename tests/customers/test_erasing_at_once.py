"""Somebody is erased while others edit him, import, or make a file: he is gone afterwards, whoever came first."""

from __future__ import annotations

import pytest
from django.db import connection

from customers.disclosures import disclosures_of
from customers.erasure.erasing import erase_customer
from customers.exports import files
from customers.exports.writer import Order
from customers.imports import turns
from customers.models import Consent, Customer, CustomerExport, DisclosedNumbers, ExportChunk, Tombstone
from customers.operations import change_customer
from files import chunks, lifecycle
from files.choices import FileState
from files.reading_lock import reading
from mcp.isolation import row_scope
from mcp.worker.progress import Progress
from tests.customers.people import customer, says
from tests.customers.test_cards_at_once import at_once
from tests.customers.transfer import applied, checked, table

pytestmark = pytest.mark.django_db(transaction=True)
ORDER = Order(profile="plain", columns=("last_name",))


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def vera(anna):
    return customer(anna, last_name="Verschwindt", email="v@example.com")


def erase(row, scope):
    erase_customer(customer=row.pk, reason="Wunsch", actor=scope)


def events() -> int:
    model = Customer._meta.get_field("history").related_model
    assert isinstance(model, type)
    return model._base_manager.filter(last_name="Verschwindt").count()


def test_edit_and_erasure_at_once_leave_nothing(anna, vera):
    vera.memo = "geändert"
    told = at_once(anna, lambda: erase(vera, anna), lambda: change_customer(customer=vera, actor=anna))
    gone = repr(Customer.DoesNotExist("Customer matching query does not exist."))
    assert told in (["", ""], ["", gone])
    assert (Customer.objects.count(), events(), Tombstone.objects.count()) == (0, 0, 1)


def test_two_erase_and_one_of_them_does(anna, vera):
    told = at_once(anna, lambda: erase(vera, anna), lambda: erase(vera, anna))
    assert told == sorted(["", repr(Customer.DoesNotExist("Customer matching query does not exist."))])
    assert Tombstone.objects.count() == 1


def test_consent_that_is_recorded_meanwhile_does_not_outlive_him(anna, vera):
    at_once(anna, lambda: erase(vera, anna), lambda: says(anna, vera, "newsletter", True))
    model = Consent._meta.get_field("history").related_model
    assert isinstance(model, type)
    assert not model._base_manager.filter(customer=vera.pk).exists()
    assert (Customer.objects.count(), Consent.objects.count()) == (0, 0)


def test_import_that_changes_him_and_erasure_take_turns(anna, vera):
    upload = checked(anna, table(["Kundennummer", "Memo"], [vera.customer_number, "neu"]))
    at_once(anna, lambda: erase(vera, anna), lambda: applied(upload, anna))
    assert (Customer.objects.count(), events()) == (0, 0)


def test_erasure_waits_for_no_import(anna, vera, monkeypatch):
    """It gives up and says so, instead of keeping somebody before his browser for minutes."""
    monkeypatch.setattr(Progress, "patience", 0.1)
    with row_scope.second_connection(anna) as other, other.transaction() as cursor:
        cursor.execute(turns._TRY, [anna.base.pk])
        assert cursor.fetchone() == (True,)
        with pytest.raises(turns.AnotherImport):
            erase(vera, anna)
    erase(vera, anna)


def test_file_that_is_being_made_ends_without_him(anna, vera, monkeypatch):
    """The worker has read him and goes on writing."""
    export = files.demand_export(order=ORDER, query="", total=1, actor=anna)
    pieces = chunks.of_size

    def with_erasure(parts):
        yield from pieces(parts)
        erase(vera, anna)

    monkeypatch.setattr(chunks, "of_size", with_erasure)
    lifecycle.make(files.EXPORTS, pk=str(export.pk), actor=anna)
    export.refresh_from_db()
    assert (export.state, ExportChunk.objects.count(), DisclosedNumbers.objects.count()) == (FileState.FAILED, 0, 0)
    assert list(disclosures_of(vera)) == []


def test_file_is_begun_after_an_erasure_and_not_meanwhile(anna, vera):
    """Who begins while somebody is being erased waits, and does not read him."""
    export = files.demand_export(order=ORDER, query="", total=1, actor=anna)
    at_once(
        anna,
        lambda: erase(vera, anna),
        lambda: lifecycle.make(files.EXPORTS, pk=str(export.pk), actor=anna),
    )
    kept = b"".join(chunks.read(ExportChunk, file=CustomerExport.objects.get(pk=export.pk)))
    assert b"Verschwindt" not in kept


def test_both_locks_are_those_of_the_base(cast, anna):
    other = cast.scope("sven", "Zentrale", 20800)
    with row_scope.rows_of(anna), connection.cursor() as cursor:
        reading(anna.base.pk)
        cursor.execute("SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert cursor.fetchall() == [(anna.base.pk,)] != [(other.base.pk,)]
