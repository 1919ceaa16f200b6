"""Balances go out and come in with customers: columns of an export, and opening balances of an imported file."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounting.models import BalanceImport, Movement
from accounting.opening_balances import book_balances, undo_balances
from accounting.opening_balances.of_imports import (
    BalancesElsewhere,
    check_balances_of,
    demand_undoable,
    undo_balances_of,
)
from accounting.operations import post_sale, receive_payment, top_up
from customers.choices import UploadState
from customers.exports.files import make_now
from customers.exports.writer import Order
from customers.imports import content_of
from customers.imports.steps import UNDOING
from customers.models import Customer, ImportUpload
from customers.table import CustomerResource
from locations.models import Location
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import amounts, guest, key, on_its_own
from tests.accounting.test_account_pages import german, text
from tests.customers.people import customer
from tests.customers.transfer import applied, checked, undone

pytestmark = pytest.mark.django_db
COLUMNS = ("customer_number", "last_name", "credit_limit", "open_amount", "credit_balance", "account_limit")


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def ines(cast) -> Scope:
    """At another business, which has no customer yet and the numbers of Hamburg to give."""
    Location.objects.filter(name="Dresden").update(number_range=cast.location("Hamburg").number_range)
    return cast.scope("ines", "Dresden", 30100)


def exported(scope: Scope, columns: Any = COLUMNS) -> bytes:
    with row_scope.rows_of(scope):
        order = Order(profile="excel-de", columns=columns)
        _export, file = make_now(order=order, query="", customers=Customer.objects.in_base(scope.base), actor=scope)
    with file:
        return file.read()


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def balances(content: bytes) -> dict[str, tuple[str, ...]]:
    names = ("Offener Betrag", "Guthaben", "Kreditrahmen")
    return {row["Nachname"]: tuple(row[name] for name in names) for row in table(content)}


def with_money(scope: Scope) -> None:
    owing, rich = guest(scope, last_name="Schuldet"), guest(scope, last_name="Reich", hard_limit=Decimal("12.50"))
    guest(scope, last_name="Nichts", hard_limit=Decimal(7))
    post_sale(customer=owing.pk, amount=Decimal("30.10"), key=key(), actor=scope)
    receive_payment(customer=owing.pk, amount=Decimal(10), key=key(), actor=scope)
    top_up(customer=rich.pk, amount=Decimal(5), key=key(), actor=scope)


def test_export_has_balances_for_whoever_may_see_accounts(anna):
    with_money(anna)
    found = balances(exported(anna))
    assert found["Schuldet"] == ("20,10", "0,00", "100,00")
    assert found["Reich"] == ("0,00", "5,00", "12,50")
    blind = Scope(user=anna.user, location=anna.location, rights=anna.rights - {Right.SEE_ACCOUNTS})
    assert "open_amount" not in CustomerResource(scope=blind).export_columns()


def came_in(scope: Scope, content: bytes) -> ImportUpload:
    """The file imported by the steps of its page."""
    return applied(checked(scope, content), scope)


def test_balances_make_the_round_trip(anna, ines):
    with_money(anna)
    sent = exported(anna)
    upload = came_in(ines, sent)
    assert balances(exported(ines))["Schuldet"] == ("", "", "")
    made = check_balances_of(upload=upload, actor=ines)
    with pytest.raises(ValidationError):
        book_balances(balances=made.pk, owed_total=Decimal(1), credit_total=Decimal(5), actor=ines)
    book_balances(balances=made.pk, owed_total=Decimal("20.10"), credit_total=Decimal(5), actor=ines)
    assert balances(exported(ines)) == balances(sent)


def test_undoing_the_import_takes_its_balances_back_unless_somebody_has_dealt_with_them(anna, ines):
    with_money(anna)
    upload = came_in(ines, exported(anna))
    made = check_balances_of(upload=upload, actor=ines)
    book_balances(balances=made.pk, owed_total=Decimal("20.10"), credit_total=Decimal(5), actor=ines)
    with row_scope.rows_of(ines):
        whose = Customer.objects.in_base(ines.base).get(last_name="Schuldet")
    receive_payment(customer=whose.pk, amount=Decimal(1), key=key(), actor=ines)
    with pytest.raises(ValidationError, match="reversed or paid since"), row_scope.rows_of(ines):
        UNDOING["undo"](None, upload, ines)  # type: ignore[arg-type]
    assert amounts(ines, whose) == (Decimal("19.10"), 0)


def test_undoing_the_import_reverses_its_balances(anna, ines):
    with_money(anna)
    upload = came_in(ines, exported(anna))
    made = check_balances_of(upload=upload, actor=ines)
    book_balances(balances=made.pk, owed_total=Decimal("20.10"), credit_total=Decimal(5), actor=ines)
    with row_scope.rows_of(ines):
        UNDOING["undo"](None, upload, ines)  # type: ignore[arg-type]
        upload.refresh_from_db()
        assert upload.state == UploadState.UNDONE
        assert BalanceImport.objects.get(pk=made.pk).state == "undone"
        assert Movement.objects.filter(base=ines.base, kind="reversal").count() == 2


def test_page_of_an_import_offers_its_balances(log_in, anna, ines):
    with_money(anna)
    upload = came_in(ines, exported(anna))
    client = german(log_in("ines"))
    page = client.get(f"/30100/2/customers/customer/import/{upload.pk}/")
    assert "Anfangssalden dieser Datei" in text(page)
    answer = client.post(f"/30100/2/accounting/accountterms/balances/import/{upload.pk}/", follow=True)
    assert "20,10" in text(answer)


def with_balance(scope: Scope, whose: Customer) -> tuple[ImportUpload, BalanceImport]:
    """A file of one customer that was imported at this location, with the 5 € that he owes."""
    content = f"Kundennummer;Nachname;Offener Betrag\r\n{whose.customer_number};Neu;5,00\r\n".encode()
    upload = came_in(scope, content)
    made = check_balances_of(upload=upload, actor=scope)
    return upload, made


def test_undoing_an_import_leaves_balances_of_the_same_file_that_came_in_elsewhere(cast, anna):
    whose, bremen = customer(anna, last_name="Alt"), cast.scope("anna", "Bremen")
    upload, made = with_balance(anna, whose)
    book_balances(balances=made.pk, owed_total=Decimal(5), credit_total=Decimal(0), actor=anna)
    with row_scope.rows_of(bremen):
        content = content_of(upload)
    undone(came_in(bremen, content), bremen)
    assert amounts(anna, whose) == (5, 0)
    undone(upload, anna)
    assert amounts(anna, whose) == (0, 0)


def test_import_is_not_undone_while_its_balances_stand_with_the_central(cast, anna):
    """The location keeps accounts of its own since."""
    whose = customer(anna, last_name="Alt")
    upload, made = with_balance(anna, whose)
    book_balances(balances=made.pk, owed_total=Decimal(5), credit_total=Decimal(0), actor=anna)
    on_its_own(cast, "Hamburg")
    for step in (demand_undoable, undo_balances_of):
        with pytest.raises(BalancesElsewhere), row_scope.rows_of(anna):
            step(upload, anna)
    undo_balances(balances=made.pk, reason="x", actor=cast.scope("anna", "Zentrale"))
    undone(upload, anna)
    assert upload.state == UploadState.UNDONE
