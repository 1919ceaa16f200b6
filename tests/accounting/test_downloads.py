"""Tables of the accounts as files: their sums, their columns in both languages, and who may have them."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone, translation

from accounting.debits.mandates import add_mandate
from accounting.downloads import DOWNLOADS, OF_LEDGER
from accounting.models import Allocation, Invoice, InvoiceLine, Movement
from accounting.operations import post_sale, receive_payment
from customers.exports import Order, files, take_out
from customers.models import CustomerExport, Disclosure
from files.lifecycle import fetch, make
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting import debits
from tests.accounting.accounts import guest, key, on_its_own
from tests.accounting.bank_files import paid, statement
from tests.accounting.invoices import issued, issuer, line, order
from tests.accounting.mandates import signature
from tests.accounting.own_billing import back_to_the_central
from tests.accounting.reminders import later_run
from tests.accounting.test_account_pages import german

pytestmark = pytest.mark.django_db
BY_NAME = {one.name: one for one in DOWNLOADS}


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def taken(
    scope: Scope, name: str, profile: Any = "excel-de", language: str = "de", **asked: str
) -> list[dict[str, str]]:
    """The rows of the file, by their headings."""
    table = BY_NAME[name]
    with translation.override(language), row_scope.rows_of(scope):
        columns = tuple(column.name for column in table.columns)
        export, file = take_out(
            table=table, order=Order(profile=profile, columns=columns, language=language), asked=asked, actor=scope
        )
    assert file is not None
    assert export.total == CustomerExport.objects.get(pk=export.pk).done
    with file:
        content = file.read().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content), delimiter=";" if profile == "excel-de" else ","))


def summed(rows: list[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column].replace(",", ".")) for row in rows), Decimal(0))


def test_sums_of_files_are_those_of_the_database(anna, till):
    issuer(anna)
    whose = guest(till, last_name="=1+1")
    order(till, whose, line("10.70"), line("2.38", "19"), number="B1")
    issued(anna)
    post_sale(customer=whose.pk, amount=Decimal(5), key=key(), actor=till)
    receive_payment(customer=whose.pk, amount=Decimal(4), key=key(), actor=till)
    open_now = Decimal("14.08")
    assert summed(taken(anna, "overview"), "Zusammen") == summed(taken(anna, "open-items"), "Noch offen") == open_now
    with row_scope.rows_of(anna):
        assert summed(taken(anna, "movements"), "Betrag") == sum(one.amount for one in Movement.objects.all())
        assert summed(taken(anna, "allocations"), "Betrag") == sum(one.amount for one in Allocation.objects.all()) == 4
        assert summed(taken(anna, "invoices"), "Summe") == sum(one.gross for one in Invoice.objects.all())
        assert summed(taken(anna, "invoice-lines"), "Summe") == sum(one.gross for one in InvoiceLine.objects.all())
    [payment] = taken(anna, "payments")
    assert (payment["Zugeordnet"], payment["Nicht zugeordnet"]) == ("4,00", "0,00")
    assert payment["Kunde"] == "'=1+1"
    assert taken(anna, "movements", last=(timezone.localdate() - timedelta(days=1)).isoformat()) == []
    assert Disclosure.objects.count() == len(CustomerExport.objects.exclude(total=0)) + 1


@pytest.mark.parametrize("language", ["de", "en"])
def test_each_table_has_rows_and_headings_in_both_languages(anna, till, language):
    issuer(anna, creditor_id=debits.CREDITOR_ID)
    whose = guest(till)
    add_mandate(customer=whose.pk, signature=signature(), actor=anna)
    order(till, whose, line("10.70"), number="B1")
    issued(anna)
    file = debits.made(anna)
    run = later_run(anna)
    receive_payment(customer=whose.pk, amount=Decimal(1), key=key(), actor=till)
    statement(anna, paid("2.00"))
    for name, table in BY_NAME.items():
        of = {"debits": str(file.pk), "reminders": str(run.pk)}.get(name, "")
        rows = taken(anna, name, "plain", language, of=of)
        assert rows, name
        with translation.override(language):
            assert list(rows[0]) == [str(column.label) for column in table.columns]


def test_foreign_bases_and_ledgers_are_not_in_a_file(anna, till, cast):
    bremen, stranger = cast.scope("anna", "Bremen"), cast.scope("ines", "Dresden", 30100)
    post_sale(customer=guest(till).pk, amount=Decimal(1), key=key(), actor=till)
    on_its_own(cast, "Bremen")
    post_sale(customer=guest(bremen).pk, amount=Decimal(2), key=key(), actor=bremen)
    for name in ("movements", "open-items", "overview"):
        assert len(taken(anna, name)) == len(taken(bremen, name)) == 1
        assert taken(stranger, name) == []
    assert summed(taken(bremen, "movements"), "Betrag") == 2


def test_ledger_of_before_is_offered_to_whom_it_belongs(anna, till, cast, log_in):
    """After the switch Hamburg sees what its customers have in the ledger of the central, and back again its own."""
    bremen, page = cast.scope("anna", "Bremen"), "/10400/2/accounting/accountterms/downloads/"
    post_sale(customer=guest(till).pk, amount=Decimal(1), key=key(), actor=till)
    post_sale(customer=guest(bremen).pk, amount=Decimal(9), key=key(), actor=bremen)
    client = german(log_in("anna"))
    assert "?in=before" not in client.get(page).content.decode()
    assert client.get(f"{page}movements/?in=before").status_code == 404
    on_its_own(cast, "Hamburg")
    post_sale(customer=guest(till).pk, amount=Decimal(2), key=key(), actor=till)
    assert before(till) == {"movements": 1, "open-items": 1, "overview": 1}
    assert summed(taken(till, "movements"), "Betrag") == 2
    back_to_the_central(cast)
    assert before(till) == {"movements": 2, "open-items": 2, "overview": 2}
    assert summed(taken(till, "movements"), "Betrag") == 1
    for other in (anna, bremen, cast.scope("ines", "Dresden", 30100)):
        assert before(other) == {"movements": 0, "open-items": 0, "overview": 0}
    shown = client.get(page).content.decode()
    assert shown.count("?in=before") == len(OF_LEDGER)
    assert "bank-entries/?in=before" not in shown
    form = {"first": "2020-01-01", "last": timezone.localdate().isoformat(), "format": "plain"}
    file = b"".join(client.post(f"{page}movements/?in=before", form).streaming_content).decode("utf-8-sig")
    assert [row["Betrag"] for row in csv.DictReader(io.StringIO(file))] == ["2.00"]
    assert any("Vor der Umstellung" in str(one.narrowed_by) for one in CustomerExport.objects.all())
    exports = client.get("/10400/2/customers/customer/export/files/")
    assert (exports.status_code, "Vor der Umstellung" in exports.content.decode()) == (200, True)
    overview = client.get("/10400/2/accounting/accountterms/overview/?in=before").content.decode()
    assert "downloads/overview/?in=before" in overview


def before(scope: Scope) -> dict[str, Decimal | int]:
    """The sums of the tables out of the ledger of before."""
    columns = {"movements": "Betrag", "open-items": "Noch offen", "overview": "Zusammen"}
    return {name: summed(taken(scope, name, **{"in": "before"}), column) for name, column in columns.items()}


def test_invoices_of_before_are_in_their_ledger_alone(anna, till, cast):
    on_its_own(cast, "Hamburg")
    issuer(till)
    order(till, guest(till), number="B1")
    issued(till)
    back_to_the_central(cast)
    for name in ("invoices", "invoice-lines"):
        assert len(taken(till, name, **{"in": "before"})) == 1
        assert taken(till, name) == taken(anna, name) == []


@pytest.mark.parametrize("missing", [Right.SEE_ACCOUNTS, Right.VIEW_CUSTOMERS, Right.EXPORT_CUSTOMERS])
def test_each_right_is_asked(anna, missing):
    poor = Scope(user=anna.user, location=anna.location, rights=anna.rights - {missing})
    for name in BY_NAME:
        with pytest.raises(MissingRight):
            taken(poor, name)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("profile", ["excel-de", "xlsx"])
def test_large_tables_are_made_by_the_worker_logged_and_fetched(cast, monkeypatch, profile):
    monkeypatch.setattr(files, "DIRECT_ROWS", 0)
    till = cast.scope("anna", "Hamburg")
    post_sale(customer=guest(till).pk, amount=Decimal(1), key=key(), actor=till)
    table = BY_NAME["movements"]
    order_of = Order(profile=profile, columns=tuple(column.name for column in table.columns))
    with row_scope.rows_of(till):
        export, nothing = take_out(table=table, order=order_of, asked={}, actor=till)
    assert nothing is None
    make(files.EXPORTS, pk=str(export.pk), actor=till)
    with row_scope.rows_of(till):
        export = files.exports_of(till).get(pk=export.pk)
        assert export.state == "done", str(export.failure)
    with row_scope.rows_of(till), fetch(files.EXPORTS, export, actor=till) as file:
        assert len(file.read()) == CustomerExport.objects.get(pk=export.pk).size
        assert CustomerExport.objects.get(pk=export.pk).total == 1
        assert export.downloads.count() == 1
        assert Disclosure.objects.filter(source=export.pk).count() == 1
    poor = Scope(user=till.user, location=till.location, rights=till.rights - {Right.SEE_ACCOUNTS})
    with row_scope.rows_of(till), pytest.raises(MissingRight):
        fetch(files.EXPORTS, export, actor=poor)
