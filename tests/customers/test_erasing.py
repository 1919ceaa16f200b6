"""Erasing a customer for good: he goes everywhere in one transaction, and what stays says nothing of him."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Sum
from django.db.utils import DatabaseError

from customers.cards.operations import assign_card, block_card
from customers.choices import BulkKind, CardReason, MarkKind
from customers.disclosures import disclosures_of
from customers.erasure.erasing import erase_customer, what_goes
from customers.exports import files
from customers.exports.writer import Order
from customers.models import (
    BulkChange,
    Card,
    Consent,
    Customer,
    CustomerCount,
    CustomerExport,
    CustomerMonth,
    DisclosedNumbers,
    Disclosure,
    ExportChunk,
    FormerNumber,
    ImportUpload,
    SavedFilter,
    Tombstone,
    TombstoneMark,
)
from customers.models.narrowing import Narrowing
from customers.operations import change_customer
from files.choices import FileState
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight
from tests.customers.people import bears, customer, person_without, says
from tests.customers.transfer import applied, checked, table, undone
from tests.transitions.carrying import consent, made
from tests.transitions.moving import exit_in
from transitions.choices import TransitionState
from transitions.models import Package, PackageChunk, TransitionCustomer
from transitions.protocol import protocol_of

WHY = "Wunsch vom 3. Mai, Akte 17"


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def vera(anna):
    """Somebody with everything: history, cards, consents, former numbers."""
    row = customer(
        anna, last_name="Verschwindt", first_name="Vera", email="vera@example.com", mobile="+491701112223",
        phone_private="040 4711", iban="DE89370400440532013000", memo="mag Mohn",
    )  # fmt: skip
    row.email = "neu@example.com"
    row = change_customer(customer=row, actor=anna)
    card = assign_card(customer=row.pk, number="C-100", actor=anna)
    block_card(card=card.pk, reason=CardReason.LOST, actor=anna)
    bears(row, "ALT-7")
    says(anna, row, "newsletter", True)
    says(anna, row, "newsletter", False)
    return Customer.objects.get(pk=row.pk)


def counted(base) -> tuple[int, int]:
    sums = CustomerCount.objects.filter(base=base).aggregate(active=Sum("active"), archived=Sum("archived"))
    return sums["active"] or 0, sums["archived"] or 0


def history_of(model: Any) -> Any:
    return model._meta.get_field("history").related_model


def left_of(row: Customer) -> list[str]:
    """The tables of the master in which something still refers to him."""
    found = []
    for model in (Card, Consent, FormerNumber):
        both: list[Any] = [model, history_of(model)]
        found += [one._meta.label for one in both if one.objects.filter(customer=row.pk).exists()]
    found += ["history"] if history_of(Customer).objects.filter(pgh_obj_id=row.pk).exists() else []
    return found + (["customer"] if Customer.objects.filter(pk=row.pk).exists() else [])


def test_he_goes_with_cards_consents_numbers_and_all_their_history(anna, vera):
    other = customer(anna, last_name="Bleibt")
    says(anna, other, "newsletter", True)
    goes = what_goes(customer=vera, actor=anna)
    assert {name: goes[name] for name in ("cards", "consents", "former_numbers", "history")} == {
        "cards": 1, "consents": 2, "former_numbers": 1, "history": 2,
    }  # fmt: skip
    stone = erase_customer(customer=vera.pk, reason=f" {WHY} ", actor=anna)
    assert left_of(vera) == []
    assert (stone.reason, stone.user_name, stone.figures) == (WHY, "Anna Andresen", goes)
    assert sorted(left_of(other)) == ["customer", "customers.Consent", "customers.ConsentEvent", "history"]


def test_figures_are_those_of_who_is_there(anna, vera):
    customer(anna, last_name="Bleibt")
    before = counted(anna.base)
    erase_customer(customer=vera.pk, reason=WHY, actor=anna)
    assert counted(anna.base) == (before[0] - 1, before[1])
    months = CustomerMonth.objects.filter(base=anna.base).aggregate(Sum("registered"), Sum("given"), Sum("withdrawn"))
    assert months == {"registered__sum": before[0] - 1, "given__sum": 0, "withdrawn__sum": 0}


def test_tombstone_has_marks_of_all_by_which_he_was_ever_known(anna, vera):
    stone = erase_customer(customer=vera.pk, reason=WHY, actor=anna)
    kinds = list(TombstoneMark.objects.filter(tombstone=stone).order_by("kind").values_list("kind", flat=True))
    assert {kind: kinds.count(kind) for kind in MarkKind.values} == {
        "uid": 1, "email": 2, "phone": 2, "number_email": 4, "number_phone": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (" ", "no_reason"),
        ("x" * 201, "reason_too_long"),
        ("Wunsch von Frau Verschwindt", "reason_names_customer"),
        ("per Mail von vera@example.com", "reason_names_customer"),
    ],
)
def test_reason_says_why_and_not_who(anna, vera, reason, code):
    with pytest.raises(ValidationError) as refusal:
        erase_customer(customer=vera.pk, reason=reason, actor=anna)
    assert refusal.value.code == code
    assert Customer.objects.filter(pk=vera.pk).exists()


def test_it_takes_a_right_of_its_own(cast, vera):
    person_without(Right.ERASE_CUSTOMERS)
    for call in (
        lambda actor: erase_customer(customer=vera.pk, reason=WHY, actor=actor),
        lambda actor: what_goes(customer=vera, actor=actor),
    ):
        with pytest.raises(MissingRight) as refusal:
            call(cast.scope("teilsicht", "Zentrale"))
        assert refusal.value.right == Right.ERASE_CUSTOMERS


def test_customer_of_another_base_does_not_exist(cast, vera):
    with pytest.raises(Customer.DoesNotExist):
        erase_customer(customer=vera.pk, reason=WHY, actor=cast.scope("sven", "Zentrale", 20800))


# --- files ------------------------------------------------------------------------------------------------------


def exported(scope, *rows, query="") -> CustomerExport:
    """A file of these customers, kept as the worker keeps it."""
    order = Order(profile="plain", columns=("last_name",))
    wanted = Customer.objects.filter(pk__in=[row.pk for row in rows])
    export, file = files.make_now(order=order, query=query, customers=wanted, actor=scope)
    ExportChunk.objects.create(base=scope.base, file=export, position=0, content=file.read())
    file.close()
    return export


def test_files_in_which_he_is_lose_their_content_and_others_keep_it(anna, vera):
    other = customer(anna, last_name="Bleibt")
    both, alone = exported(anna, vera, other), exported(anna, other)
    assert what_goes(customer=vera, actor=anna)["exports"] == 1
    erase_customer(customer=vera.pk, reason=WHY, actor=anna)
    assert list(ExportChunk.objects.values_list("file", flat=True)) == [alone.pk]
    both.refresh_from_db()
    assert (both.state, both.total, len(both.sha256)) == (FileState.DONE, 2, 64)


def test_hand_over_stays_and_forgets_his_number(anna, vera):
    other = customer(anna, last_name="Bleibt")
    exported(anna, vera, other)
    exported(anna, vera)
    erase_customer(customer=vera.pk, reason=WHY, actor=anna)
    assert [one.total for one in Disclosure.objects.order_by("total")] == [1, 2]
    assert [one.total for one in disclosures_of(other)] == [2]
    assert DisclosedNumbers.objects.count() == 1


def test_file_that_is_being_made_is_stopped(anna, vera):
    order = Order(profile="plain", columns=("last_name",), filter_words=Narrowing())
    export = files.demand_export(order=order, query="", total=3, actor=anna)
    CustomerExport.objects.filter(pk=export.pk).update(state=FileState.RUNNING, done=1)
    erase_customer(customer=vera.pk, reason=WHY, actor=anna)
    export.refresh_from_db()
    assert (export.state, ExportChunk.objects.count()) == (FileState.FAILED, 0)
    assert str(export.failure) == "A customer was erased for good while this file was being made. Order it again."


def test_imports_in_which_he_is_or_may_be_lose_their_content(anna, vera):
    with_him = checked(anna, table(["Nachname", "E-Mail"], ["Jemand", "vera@example.com"]))
    without = checked(anna, table(["Nachname", "E-Mail"], ["Bleibt", "b@example.com"]))
    done = applied(checked(anna, table(["Nachname"], ["Neu"])), anna)
    erase_customer(customer=vera.pk, reason=WHY, actor=anna)
    stored = {upload.pk: upload.cleared_at for upload in ImportUpload.objects.all()}
    assert set(stored) == {without.pk, done.pk}
    assert (stored[without.pk], stored[done.pk] is not None) == (None, True)
    with row_scope.rows_of(anna), connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT upload FROM customers_import_rows")
        assert cursor.fetchall() == [(without.pk,)]
    assert with_him.pk not in stored
    assert ImportUpload.objects.get(pk=done.pk).choices["seen"]["examples"] == [[]]


def test_bulk_changes_filters_and_searches_forget_him(anna, vera):
    owner = {"organization": anna.organization, "base": anna.base, "user": anna.user}
    change = BulkChange.objects.create(
        **owner, location=anna.location, kind=BulkKind.ADD_TAG, customers=[1, vera.pk, 2], query="q=Verschwindt"
    )
    named = SavedFilter.objects.create(**owner, name="Unsere", query="q=vera%40example.com&o=1")
    stays = SavedFilter.objects.create(**owner, name="Mohn", query="q=verschwindtnicht")
    export = exported(anna, customer(anna, last_name="Bleibt"), query="q=ALT-7")
    assert what_goes(customer=vera, actor=anna)["searches"] == 3
    erase_customer(customer=vera.pk, reason=WHY, actor=anna)
    change.refresh_from_db()
    export.refresh_from_db()
    assert (change.customers, change.query, export.choices["query"]) == ([1, 2], "", "")
    assert list(SavedFilter.objects.values_list("pk", flat=True)) == [stays.pk]
    assert not history_of(SavedFilter).objects.filter(pgh_obj_id=named.pk).exists()


def test_package_loses_its_content_and_the_decision_about_him_its_name(cast, anna):
    frida = cast.scope("frida", "Flensburg")
    gone, stays = customer(frida, last_name="Geht"), customer(frida, last_name="Bleibt")
    consent(gone)
    asked = exit_in(cast, TransitionState.EXECUTED)
    package = made(asked, anna)
    assert PackageChunk.objects.filter(file=package).exists()
    erase_customer(customer=gone.pk, reason=WHY, actor=anna)
    assert not PackageChunk.objects.exists()
    assert Package.objects.get(pk=package.pk).sha256 == package.sha256
    decided = TransitionCustomer.objects.filter(transition=asked)
    assert decided.get(reason="").customer_number is None
    assert decided.get(customer_id=stays.pk).customer_number == stays.customer_number
    told = protocol_of(transition=asked, actor=anna)
    [counts] = [section for section in told.sections if section.title == "How many"]
    assert counts.rows[0] == ("Carried over", "1")


# --- by no path but this one ------------------------------------------------------------------------------------


@contextmanager
def refused(constraint: str) -> Iterator[None]:
    """The database refuses by this constraint, or says this."""
    with pytest.raises(DatabaseError) as refusal:
        yield
    cause: Any = refusal.value.__cause__
    assert constraint in (cause.diag.constraint_name or str(cause))


def forged(sql: str, *params: Any) -> None:
    """As the role that serves, in a transaction that is asked what it holds at its end."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


STONE = """INSERT INTO customers_tombstone
    (organization_id, base_id, customer_id, user_name, location_name, reason, figures, written_in, at)
    VALUES (%s, %s, %s, 'x', 'x', 'x', '{}', coalesce(%s::xid8, pg_current_xact_id()), now() + interval '1 day')"""


def test_nobody_is_deleted_without_a_tombstone(anna, vera):
    with refused("customer_not_deleted"):
        forged("DELETE FROM customers_customer WHERE id = %s", vera.pk)


def test_tombstone_of_another_customer_does_not_do(anna, vera):
    other = customer(anna, last_name="Andere")
    with refused("customer_not_deleted"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STONE, [anna.organization.pk, anna.base.pk, other.pk, None])
        cursor.execute("DELETE FROM customers_customer WHERE id = %s", [vera.pk])


def test_tombstone_is_of_the_transaction_that_writes_it_whatever_it_says(anna, vera):
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute(STONE, [anna.organization.pk, anna.base.pk, vera.pk, "1"])
        cursor.execute("SELECT written_in = pg_current_xact_id(), at <= clock_timestamp() FROM customers_tombstone")
        assert cursor.fetchone() == (True, True)
        transaction.set_rollback(True)


def test_tombstone_while_he_is_there_is_refused_wherever_the_transaction_has_gone(anna, vera):
    with refused("tombstone_of_nobody_there"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STONE, [anna.organization.pk, anna.base.pk, vera.pk, None])
        cursor.execute("SELECT set_config('stammhaus.base', '', true)")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_tombstone_of_nobody_is_refused(anna):
    with refused("tombstone_of_customer"):
        forged(STONE, anna.organization.pk, anna.base.pk, 4711, None)


def test_rows_alone_do_not_go_the_history_would_stay(anna):
    row = customer(anna)
    with refused("tombstone_of_nobody_there"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STONE, [anna.organization.pk, anna.base.pk, row.pk, None])
        cursor.execute("DELETE FROM customers_customer WHERE id = %s", [row.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("function", ["customers_erase(%s, %s, '{}')", "transitions_erase(%s, %s, 1)"])
def test_functions_erase_nobody_without_a_tombstone(anna, vera, function):
    with refused("customer_not_erased"):
        forged(f"SELECT {function}", anna.base.pk, vera.pk)


@pytest.mark.parametrize("function", ["customers_erase(%s, %s, '{}')", "transitions_erase(%s, %s, 1)"])
def test_functions_erase_in_no_base_but_the_entered_one(cast, anna, vera, function):
    sven = cast.scope("sven", "Zentrale", 20800)
    with refused("customer_not_erased"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STONE, [anna.organization.pk, anna.base.pk, vera.pk, None])
        with row_scope.rows_of(sven):
            cursor.execute(f"SELECT {function}", [anna.base.pk, vera.pk])


def test_tombstone_of_before_erases_nobody(anna, vera):
    """One that another transaction has written is none of this one."""
    erase_customer(customer=vera.pk, reason=WHY, actor=anna)
    with refused("permission denied"):
        forged("UPDATE customers_tombstone SET customer_id = 1")
    with refused("permission denied"):
        forged("DELETE FROM customers_tombstone")
    assert Tombstone.objects.count() == 1


@pytest.mark.parametrize("table_name", ["customers_tombstone", "customers_tombstonemark"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET base_id = base_id", "DELETE FROM {}"])
def test_not_even_the_owner_changes_a_tombstone(anna, vera, table_name, statement, as_owner):
    erase_customer(customer=vera.pk, reason=WHY, actor=anna)
    with refused("_stays"):
        forged(statement.format(table_name))


def test_undoing_an_import_does_not_bring_him_back(anna):
    upload = applied(checked(anna, table(["Nachname", "E-Mail"], ["Eins", "a@example.com"], ["Zwei", "b@x.de"])), anna)
    one = Customer.objects.get(last_name="Eins")
    erase_customer(customer=one.pk, reason=WHY, actor=anna)
    assert undone(ImportUpload.objects.get(pk=upload.pk), anna) == {
        "restored": 0, "removed": 1, "kept": 0, "stuck": 0,
    }  # fmt: skip
    assert not Customer.objects.filter(last_name__in=["Eins", "Zwei"]).exists()
