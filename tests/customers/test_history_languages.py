"""Why a customer was changed, and by what of the system, is read in the language of whoever looks at the history."""

from __future__ import annotations

from typing import Any

import pghistory
import pytest
from django.utils.translation import override

from customers.bulk.changing import Wish
from customers.choices import BulkKind
from customers.history.changes import history_of
from customers.history.versions import restore_version
from customers.models import Customer
from mcp.isolation.scope import Scope
from tests.conftest import forget_author
from tests.customers import people, test_bulk
from tests.customers.transfer import table, take_in, undone
from transitions.choices import TransitionKind
from transitions.tasks import REASONS


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def reasons(customer: Customer, scope: Scope, language: str) -> list[str]:
    with override(language):
        return [entry.reason for entry in history_of(customer, page=1, scope=scope)[0] if entry.reason]


def of_worker(kind: TransitionKind) -> dict[str, Any]:
    return {"user": None, "user_name": "the worker", "reason": REASONS[kind]()}


def test_what_germans_have_done_is_read_in_english(anna):
    with override("de"):
        row = test_bulk.someone(anna, "Meier", city="Kiel")
        done = take_in(anna, table(["Kundennummer", "Ort"], [row.customer_number, "Bonn"]), name="kunden.csv")
        undone(done.upload, anna)
        forget_author()
        change = test_bulk.counted(anna, Wish(kind=BulkKind.GROUP, group=people.group(anna, "Gast")))
        test_bulk.undone(test_bulk.applied(change, anna), anna)
        test_bulk.edited(anna, row, city="Bonn")
        row.refresh_from_db()
        first = history_of(row, page=1, scope=anna)[0][-1].version
        assert first is not None
        with pghistory.context(**anna.history()):
            restore_version(customer=row, version=first, seen_at=row.changed_at, actor=anna)
    assert reasons(row, anna, "en") == [
        "An older state restored", "Bulk change undone", "Bulk change", "Import of kunden.csv undone",
        "Import of kunden.csv",
    ]  # fmt: skip
    assert reasons(row, anna, "de")[-2:] == ["Import von kunden.csv rückgängig gemacht", "Import von kunden.csv"]


def test_page_of_the_history_is_in_the_language_of_who_looks(anna, log_in):
    with override("de"):
        row = test_bulk.someone(anna, "Meier", city="Kiel")
        take_in(anna, table(["Kundennummer", "Ort"], [row.customer_number, "Bonn"]), name="kunden.csv")
    client = log_in("anna")
    page = f"{people.HAMBURG}{people.LIST}{row.pk}/history/"
    assert "Import of kunden.csv" in client.get(page, headers={"accept-language": "en"}).content.decode()
    assert "Import von kunden.csv" in client.get(page, headers={"accept-language": "de"}).content.decode()


def test_system_is_called_as_the_reader_calls_it(anna):
    """Customers of a business that joins are stored by the worker."""
    with override("de"), pghistory.context(**of_worker(TransitionKind.JOIN)):
        row = people.customer(anna, last_name="Meier")
    for language, user in (("en", "the worker"), ("de", "Stammhaus (von selbst)")):
        with override(language):
            [entry] = history_of(row, page=1, scope=anna)[0]
        assert (entry.user, entry.reason) == (
            user,
            str(TransitionKind.JOIN.label) if language == "en" else entry.reason,
        )
