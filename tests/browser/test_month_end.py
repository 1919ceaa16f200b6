"""The end of a month: a till sells with and without a line, and the central bills, debits, takes in what the bank
says, reminds and cancels."""

from __future__ import annotations

import importlib.util
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounting.invoicing import prepare_run, set_billing_terms
from accounting.invoicing.running import finish_run, issue_next
from accounting.models import BankEntry, DebitItem, DunningNotice, Invoice, InvoiceRun, PaymentOrder
from customers.models import Customer
from locations.models import Location
from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import Scope
from mcp.models import UserGroup
from tests.accounting.accounts import amounts, guest
from tests.accounting.bank_files import file_of, own_account, paid
from tests.accounting.debits import CREDITOR_ID
from tests.accounting.invoices import issuer, order
from tests.accounting.mandates import mandate
from tests.browser.conftest import Enter
from tests.mcp.devices import device_at
from tests.worker import work

pytestmark = pytest.mark.browser
FILE = Path(__file__).resolve().parents[2] / "examples" / "till" / "till.py"
PLACE = "/10400/1/accounting/accountterms/"
OF_A_TILL = (Right.VIEW_CUSTOMERS, Right.SEE_ACCOUNTS, Right.POST_TO_ACCOUNTS)


def test_from_the_till_to_the_reminder(enter: Enter, live_server, cast, tmp_path, settings):
    settings.DEVICE_REQUESTS = {"a_second": 10_000, "burst": 10_000}
    till, head = cast.scope("anna", "Hamburg"), cast.scope("anna", "Zentrale")
    canteen, regular, forgetful = people(till, head)
    numbers = [str(one.customer_number) for one in (canteen, regular)]
    program = set_up(tmp_path / "till.sqlite", live_server, cast.location("Hamburg"))
    sell_with_and_without_a_line(program, tmp_path / "till.sqlite", numbers)

    anna = enter("anna")
    bill(anna)
    of_canteen, of_regular = (Invoice.objects.get(customer=one) for one in (canteen, regular))
    assert (of_canteen.gross, of_regular.gross) == (Decimal("12.60"), Decimal("4.20"))
    read_the_invoice(anna, of_regular)
    debit(anna, of_canteen)
    take_in(anna, file_of(paid("4.20", f"Rechnung {of_regular.number}", counterparty_name="Stammgast")), head, regular)
    remind(anna, forgetful)
    cancel(anna, of_canteen, canteen, head)


def people(till: Scope, head: Scope) -> tuple[Customer, Customer, Customer]:
    """A canteen with a mandate, a regular, and somebody whose invoice was due yesterday."""
    issuer(head, creditor_id=CREDITOR_ID)
    own_account(head)
    canteen, regular, forgetful = (guest(till, last_name=name) for name in ("Kantine", "Stammgast", "Vergesslich"))
    mandate(head, canteen, notice_days=1)
    set_billing_terms(customer=forgetful.pk, values={"payment_term": 0}, actor=head)
    yesterday = timezone.localdate() - timedelta(days=1)
    order(till, forgetful, day=yesterday)
    run = prepare_run(until=yesterday, actor=head)
    InvoiceRun.objects.filter(pk=run.pk).update(state="running")
    while issue_next(run.pk, on=yesterday, actor=head) is not None:
        pass
    finish_run(run.pk, head)
    return canteen, regular, forgetful


def set_up(file: Path, server: Any, location: Location) -> ModuleType:
    """The example till, as a device of a location that was set up."""
    group = UserGroup.objects.create(organization=location.organization, name="Kassen")
    grants.add_grants(group, [(right, location.pk) for right in OF_A_TILL])
    _device, token = device_at(location, group)
    spec = importlib.util.spec_from_file_location("example_till_month", FILE)
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FILE.parent)
        spec.loader.exec_module(program)
    till = program.Till(file)
    till.know(address=f"{server.url}/10400/{location.client_number}/", token=token)
    till.close()
    return program


def sell_with_and_without_a_line(program: ModuleType, file: Path, numbers: list[str]) -> None:
    """Three sales: what was sold without a line is posted once it is there again, and all of it once."""
    said: list[str] = []

    def typed(*words: str) -> int:
        return int(program.main(["--file", str(file), *words], say=said.append))

    assert typed("copy") == 0
    assert typed("sell", numbers[0], "Mittagessen=8.40") == 0
    typed("--offline", "sell", numbers[0], "Frühstück=4.20")
    typed("--offline", "sell", numbers[1], "Brötchen=4.20")
    assert PaymentOrder.objects.filter(state="open").count() == 1
    assert typed("send") == 0
    assert typed("send") == 0
    assert PaymentOrder.objects.filter(state="open").count() == 3


def press(page: Page, name: str) -> None:
    """A button or a link that looks like one, by the keyboard."""
    found = page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name, exact=True))
    found.first.focus()
    page.keyboard.press("Enter")


def bill(page: Page) -> None:
    """The preview says what will be issued, the worker issues it, and the page follows by itself."""
    page.goto(f"{PLACE}runs/new/")
    page.get_by_label("Bestellungen bis").fill(timezone.localdate().isoformat())
    press(page, "Vorschau")
    expect(page.get_by_role("button", name="2 Rechnungen ausstellen")).to_be_visible()
    assert Invoice.objects.count() == 1
    press(page, "2 Rechnungen ausstellen")
    expect(page.get_by_role("progressbar")).to_be_visible()
    work()
    expect(page.get_by_text("Ausgestellt: 2 von 2; mit Dokumenten: 2.")).to_be_visible()


def fetched(page: Page, name: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("link", name=name).first.click()
    return Path(download.value.path()).read_bytes()


def read_the_invoice(page: Page, invoice: Invoice) -> None:
    page.goto(f"{PLACE}invoices/")
    page.get_by_role("link", name=invoice.number).click()
    expect(page.get_by_text("Brötchen")).to_be_visible()
    pdf = fetched(page, "PDF")
    assert pdf.startswith(b"%PDF-")
    assert b"factur-x.xml" in pdf


def debit(page: Page, invoice: Invoice) -> None:
    """Announced, made by the worker, and fetched: from then on it is at the bank."""
    assert invoice.due_on is not None
    page.goto(f"{PLACE}debits/new/")
    page.get_by_label("Rechnungen, die fällig sind bis").fill(f"{invoice.due_on:%Y-%m-%d}")
    page.get_by_label("Tag des Einzugs").fill(f"{invoice.due_on + timedelta(days=1):%Y-%m-%d}")
    press(page, "Vorschau")
    expect(page.get_by_role("link", name=invoice.number)).to_be_visible()
    press(page, "Als angekündigt vermerken")
    press(page, "Lastschriftdatei erstellen")
    expect(page.get_by_text("Der Worker erstellt die Datei.")).to_be_visible()
    work()
    file = fetched(page, "Datei für die Bank")
    assert b"<CtrlSum>12.60</CtrlSum>" in file
    assert DebitItem.objects.get(invoice=invoice).state == "pending"


def take_in(page: Page, content: bytes, head: Scope, payer: Customer) -> None:
    """The payment names the number of the invoice, so it is sure, and the worker books it."""
    page.goto(f"{PLACE}bank/read/")
    page.locator("input[type=file]").set_input_files(
        {"name": "auszug.xml", "mimeType": "application/xml", "buffer": content}
    )
    press(page, "Einlesen")
    press(page, "Den sicheren Umsatz buchen")
    work()
    expect(page.get_by_text("Gebucht: Anna Andresen")).to_be_visible()
    assert BankEntry.objects.get().state == "booked"
    assert amounts(head, payer) == (0, 0)
    assert Invoice.objects.get(customer=payer).state == "paid"


def remind(page: Page, whom: Customer) -> None:
    """The first level comes a day after the due day from now on. Only who is overdue gets it."""
    page.goto(f"{PLACE}reminders/levels/1/")
    page.get_by_label("Tage nach der Fälligkeit").fill("1")
    press(page, "Speichern")
    page.wait_for_url("**/reminders/levels/")
    page.goto(f"{PLACE}reminders/")
    press(page, "Vorschau der Mahnungen")
    expect(page.get_by_role("button", name="1 Mahnung verschicken")).to_be_visible()
    press(page, "1 Mahnung verschicken")
    assert fetched(page, "Nicht Versendetes drucken").startswith(b"%PDF-")
    assert [(one.customer_id, one.level, one.state) for one in DunningNotice.objects.all()] == [(whom.pk, 1, "sent")]


def cancel(page: Page, invoice: Invoice, whose: Customer, head: Scope) -> None:
    """The canteen's debit comes back, and its invoice is cancelled: what was sold is open again."""
    page.goto(f"{PLACE}debits/return/{DebitItem.objects.get(invoice=invoice).pk}/")
    page.get_by_label("Warum die Bank", exact=False).select_option("AM04")
    page.get_by_label("Tag").fill(timezone.localdate().isoformat())
    press(page, "Rücklastschrift buchen")
    expect(page.get_by_text("Die Lastschrift ist zurückgegeben", exact=False)).to_be_visible()
    page.goto(f"{PLACE}invoices/{invoice.pk}/")
    press(page, "Rechnung stornieren")
    page.get_by_label("Grund").fill("Falsche Anschrift")
    press(page, "Rechnung stornieren")
    expect(page.get_by_text("Die Bestellungen sind wieder offen.")).to_be_visible()
    assert Invoice.objects.get(cancels=invoice).number.startswith("ST-")
    assert amounts(head, whose) == (Decimal("12.60"), 0)
    assert set(PaymentOrder.objects.filter(customer=whose).values_list("state", flat=True)) == {"open"}
