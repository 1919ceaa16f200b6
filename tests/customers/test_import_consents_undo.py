"""Undoing an import takes back what it has recorded about consents, and nothing else."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import DatabaseError, transaction
from django.utils import timezone

from customers.history.changes import history_of
from customers.models import Consent, Customer, Tag
from mcp.isolation.scope import Scope
from tests.customers.consents import HEADINGS, edited, known, recorded, said
from tests.customers.transfer import applied, checked, table, take_in, undone


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


def test_undoing_takes_back_what_the_import_has_recorded(anna):
    silent, changed = known(anna), known(anna)
    before = said(changed)
    upload = checked(
        anna,
        table(HEADINGS[:3], [silent.customer_number, "Meier", "ja"], [changed.customer_number, "Neu", "nein"],
              [7, "Ganz neu", "ja"]),
    )  # fmt: skip
    applied(upload, anna)
    assert len(recorded()) == 4
    assert undone(upload, anna) == {"restored": 2, "removed": 1, "kept": 0, "stuck": 0}
    assert list(Consent.objects.all()) == [before]
    assert not Customer.objects.filter(last_name="Ganz neu").exists()
    assert apps.get_model("customers.ConsentEvent")._default_manager.filter(pgh_label="delete").count() == 3


def test_history_keeps_what_was_said_and_that_it_was_removed(anna):
    customer = known(anna)
    upload = checked(anna, table(HEADINGS[:3], [customer.customer_number, "Meier", "ja"]))
    applied(upload, anna)
    undone(upload, anna)
    entries, _has_more = history_of(customer, page=1, scope=anna)
    given, removed = sorted((one for one in entries if one.kind.startswith("given")), key=lambda one: one.kind)
    for entry, kind in ((given, "given"), (removed, "given_removed")):
        assert (entry.kind, entry.user, entry.location) == (kind, "Anna Andresen", "Zentrale")
    assert removed.reason == f"Import of {upload.name} undone"
    assert [change.old for change in removed.changes] == [change.new for change in given.changes] != []


def test_who_was_edited_since_keeps_the_statements_of_the_import(anna):
    customer = known(anna)
    done = take_in(anna, table(HEADINGS[:3], [customer.customer_number, "Neu", "ja"], [7, "Auch neu", "ja"]))
    for one in (customer, Customer.objects.get(customer_number=7)):
        edited(one, anna)
    assert undone(done.upload, anna) == {"restored": 0, "removed": 0, "kept": 2, "stuck": 0}
    assert len(recorded()) == 2


def test_who_only_said_something_loses_that_whatever_was_edited_since(anna):
    customer = known(anna)
    done = take_in(anna, table(HEADINGS[:3], [customer.customer_number, "Meier", "ja"]))
    edited(customer, anna)
    assert undone(done.upload, anna) == {"restored": 1, "removed": 0, "kept": 0, "stuck": 0}
    assert recorded() == []
    assert Customer.objects.get(pk=customer.pk).city == "Bonn"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_statements_and_words_go_in_whatever_order_imports_are_undone(anna, order):
    """The first kept its customer, because the second had changed him since: with the second all of it goes."""
    customer = known(anna)
    before = said(customer, is_given=False)
    number = customer.customer_number
    first = take_in(anna, table(["Kundennummer", "Ort", "Newsletter", "Tags"], [number, "Aa", "ja", "Tx"]))
    second = take_in(anna, table(["Kundennummer", "Ort"], [number, "Bb"]))
    for nth in order:
        undone((first, second)[nth].upload, anna)
    customer.refresh_from_db()
    assert (customer.city, customer.tags, Tag.objects.exists()) == ("", [], False)
    assert list(Consent.objects.all()) == [before]


def test_statements_stay_with_who_was_edited_between_two_imports(anna):
    customer = known(anna)
    number = customer.customer_number
    first = take_in(anna, table(["Kundennummer", "Name", "Newsletter"], [number, "Aa", "ja"]))
    edited(customer, anna)
    second = take_in(anna, table(["Kundennummer", "Name"], [number, "Bb"]))
    undone(first.upload, anna)
    undone(second.upload, anna)
    customer.refresh_from_db()
    assert (customer.last_name, customer.city) == ("Aa", "Bonn")
    assert [one[1:3] for one in recorded()] == [("newsletter", True)]


def test_new_customer_who_said_something_since_is_not_removed(anna):
    done = take_in(anna, table(HEADINGS[:3], [7, "A", "ja"], [8, "B", "ja"]))
    said(Customer.objects.get(customer_number=7), is_given=False, at=timezone.now())
    assert undone(done.upload, anna) == {"restored": 0, "removed": 1, "kept": 0, "stuck": 1}
    [told] = done.upload.verdicts.filter(verdict="stuck")
    assert (told.row_number, told.problems[0]["code"]) == (7, "referenced")
    assert recorded() == [(7, "newsletter", True, None), (7, "newsletter", False, None)]


def test_statement_of_somebody_else_stays_when_the_import_is_undone(anna):
    customer = known(anna)
    done = take_in(anna, table(HEADINGS[:3], [customer.customer_number, "Neu", "ja"]))
    said(customer, is_given=False, at=timezone.now())
    assert undone(done.upload, anna) == {"restored": 1, "removed": 0, "kept": 0, "stuck": 0}
    assert recorded() == [(customer.customer_number, "newsletter", False, None)]


def test_no_statement_is_deleted_but_while_its_import_is_undone(anna):
    take_in(anna, table(HEADINGS[:3], [7, "A", "ja"]))
    with pytest.raises(DatabaseError, match="is never deleted"), transaction.atomic():
        Consent.objects.all().delete()
