"""The pages of invoices: who issues them, a run from its form to its end, one invoice, and what a branch sees."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from accounting.models import BillingTerms, Invoice, InvoiceRun, Issuer
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest
from tests.accounting.invoices import ISSUER, issued, issuer, line, order, prepared
from tests.accounting.test_account_pages import german, text
from tests.accounting.test_invoice_runs import work
from tests.customers.people import BREMEN, HAMBURG

pytestmark = pytest.mark.django_db
CENTRAL = "/10400/1"
PAGES = "/accounting/accountterms"


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def client(log_in) -> Any:
    return german(log_in("anna"))


def test_issuer_is_entered_and_what_is_missing_is_named(client):
    runs = text(client.get(f"{CENTRAL}{PAGES}/runs/"))
    assert "Vor der ersten Rechnung fehlt noch: Firma, Straße" in runs
    sent = {**ISSUER, "country": "DE", "payment_term": "14", "prefix": "RE", "cancellation_prefix": "ST"}
    wrong = client.post(f"{CENTRAL}{PAGES}/issuer/", {**sent, "iban": "DE12"})
    assert "„DE12“ ist keine IBAN" in text(wrong)
    answer = client.post(f"{CENTRAL}{PAGES}/issuer/", {**sent, "phone": ""}, follow=True)
    assert "Vor der ersten Rechnung fehlt noch: Telefon." in text(answer)
    client.post(f"{CENTRAL}{PAGES}/issuer/", sent)
    assert Issuer.objects.get().phone == ISSUER["phone"]
    assert "fehlt noch" not in text(client.get(f"{CENTRAL}{PAGES}/runs/"))


def test_run_goes_from_its_form_over_its_preview_to_invoices(client, anna, till):
    issuer(anna)
    order(till, guest(till, last_name="Eins"), line("10.70"), number="B1")
    order(till, guest(till, last_name="Klein"), line("1"))
    sent = {"until": timezone.localdate().isoformat(), "bundling": "agreed", "minimum": "5,00"}
    answer = client.post(f"{CENTRAL}{PAGES}/runs/new/", sent, follow=True)
    shown = text(answer)
    assert "1 Rechnung ausstellen" in shown
    assert "10,70 €" in shown
    assert "Unter dem Mindestbetrag" in shown
    assert "Klein" in shown
    assert re.search(r"Rechnungen dieser Vorschau.*Eins \(\d+\) 1 10,70 €", shown)
    run = InvoiceRun.objects.get()
    page = f"{CENTRAL}{PAGES}/runs/{run.pk}/"
    assert "läuft" in text(client.post(page, {"step": "start"}, follow=True)).lower()
    assert "HX-Refresh" not in client.get(page, headers={"hx-request": "true", "hx-target": "run-progress"})
    assert work(run).state == "done"
    assert client.get(page, headers={"hx-request": "true", "hx-target": "run-progress"})["HX-Refresh"] == "true"
    shown = text(client.get(page))
    assert "Ausgestellt: 1 von 1; mit Dokumenten: 1." in shown
    number = Invoice.objects.get().number
    assert f"{number} Eins 10,70 €" in shown
    listed = text(client.get(f"{CENTRAL}{PAGES}/invoices/?run={run.pk}"))
    assert re.search(rf"{number} Eins .* 10,70 € 10,70 € Offen", listed)
    assert number not in text(client.get(f"{CENTRAL}{PAGES}/invoices/?run={UUID(int=1)}"))


def test_locations_of_a_run_are_ticked_in_a_named_group(client, anna, till, cast):
    issuer(anna)
    whose = guest(till)
    order(till, whose)
    order(cast.scope("anna", "Bremen"), whose)
    shown = client.get(f"{CENTRAL}{PAGES}/runs/new/").content.decode()
    assert 'role="group" aria-labelledby="id_locations_label"' in shown
    assert '<span class="customer-label" id="id_locations_label">Standorte</span>' in shown
    [place] = re.findall(r'name="locations" value="(\d+)"[^>]*>\s*Hamburg<', shown)
    sent = {"until": timezone.localdate().isoformat(), "bundling": "agreed", "locations": [place]}
    assert "Standorte Hamburg Rechnungen" in text(client.post(f"{CENTRAL}{PAGES}/runs/new/", sent, follow=True))
    assert InvoiceRun.objects.get().locations == [till.location.pk]


def test_run_is_refused_in_a_sentence(client, anna, till):
    sent = {"until": timezone.localdate().isoformat(), "bundling": "agreed"}
    assert "was noch fehlt" in text(client.post(f"{CENTRAL}{PAGES}/runs/new/", sent))
    issuer(anna)
    order(till, guest(till))
    run = prepared(anna)
    page = f"{CENTRAL}{PAGES}/runs/{run.pk}/"
    client.post(page, {"step": "cancel"})
    assert "inzwischen im Zustand „Abgebrochen“" in text(client.post(page, {"step": "start"}, follow=True))


def test_invoice_shows_its_sums_and_documents_and_is_cancelled(client, anna, till):
    issuer(anna)
    whose = guest(till, last_name="Eins")
    order(till, whose, line("10.70"), line("11.90", "19"), number="B1")
    [one] = issued(anna)
    page = f"{CENTRAL}{PAGES}/invoices/{one.pk}/"
    shown = text(client.get(page))
    for word in ("22,60 €", "Brot", "B1", "7 %", "19 %", "Hamburg", "Eins"):
        assert word in shown
    crumb = f'<a href="{CENTRAL}{PAGES}/invoices/" class="shell-crumb">Rechnungen</a>'
    assert crumb in client.get(page).content.decode()
    assert crumb not in client.get(f"{CENTRAL}{PAGES}/invoices/").content.decode()
    pdf = client.get(f"{page}file/pdf/")
    assert pdf.getvalue()[:5] == b"%PDF-"
    assert one.number.encode() in client.get(f"{page}file/xml/").getvalue()
    assert client.get(f"{page}file/doc/").status_code == 404
    assert "Grund" in text(client.post(f"{page}cancel/", {"reason": ""}))
    shown = text(client.post(f"{page}cancel/", {"reason": "Doppelt"}, follow=True))
    assert "Doppelt" in shown
    assert "Storniert" in text(client.get(page))
    assert re.search(rf"{one.number} Eins .* 22,60 € Storniert", text(client.get(f"{CENTRAL}{PAGES}/invoices/")))
    assert "ist schon storniert" in text(client.post(f"{page}cancel/", {"reason": "x"}))


def test_list_is_searched_narrowed_and_goes_on(client, anna, till, monkeypatch):
    issuer(anna)
    guests = [guest(till, last_name=f"Gast{turn}") for turn in range(3)]
    for whose in guests:
        order(till, whose)
    one, two, three = issued(anna)
    page = f"{CENTRAL}{PAGES}/invoices/"

    def numbers(query: str) -> list[str]:
        return re.findall(r"RE-\d{4}-\d{6}", text(client.get(page + query)))

    assert numbers("") == [three.number, two.number, one.number]
    assert numbers(f"?q={two.number.lower()}") == [two.number]
    assert numbers(f"?q={guests[2].customer_number}") == [three.number]
    assert numbers("?state=paid") == []
    assert numbers("?state=overdue") == []
    assert numbers("?state=nonsense&before=x") == [three.number, two.number, one.number]
    monkeypatch.setattr("accounting.pages.invoices.PAGE", 2)
    [older] = re.findall(r'rel="next" href="([^"]+)"', client.get(page).content.decode())
    assert numbers(older) == [one.number]


def test_account_names_the_invoice_of_what_is_open_where_it_may_be_seen(client, anna, till):
    issuer(anna)
    whose = guest(till)
    order(till, whose)
    [one] = issued(anna)
    order(till, whose)  # sold since, and on no invoice
    for place, links in ((CENTRAL, 1), (HAMBURG, 1), (BREMEN, 0)):
        shown = client.get(f"{place}{PAGES}/{whose.pk}/").content.decode()
        assert shown.count(f">{one.number}</a>") == links
        assert shown.count(f"/invoices/?q={whose.customer_number}") == links


def test_overdue_invoices_stand_on_the_front_page(client, anna, till, cast):
    issuer(anna, payment_term=0)
    order(till, guest(till))
    [one] = issued(anna)
    assert "Überfällige Rechnungen" not in text(client.get(f"{CENTRAL}/"))
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert list(Invoice.objects.all().overdue(tomorrow)) == [one]


def test_branch_sees_invoices_of_its_customers_and_makes_none(client, anna, till, cast):
    issuer(anna)
    order(till, guest(till, last_name="Hier"))
    order(till, guest(cast.scope("anna", "Bremen"), last_name="Dort"))
    issued(anna)
    here = text(client.get(f"{HAMBURG}{PAGES}/invoices/"))
    assert "Hier" in here
    assert "Dort" not in here
    there = Invoice.objects.get(buyer_data__last_name="Dort")
    assert client.get(f"{HAMBURG}{PAGES}/invoices/{there.pk}/").status_code == 404
    assert client.get(f"{BREMEN}{PAGES}/invoices/{there.pk}/").status_code == 200
    sent = {"until": timezone.localdate().isoformat(), "bundling": "agreed"}
    assert "Rechnungen werden in der Zentrale erstellt" in text(client.post(f"{HAMBURG}{PAGES}/runs/new/", sent))


def test_billing_of_a_customer_is_set_on_its_form(client, till):
    whose = guest(till)
    page = f"{HAMBURG}{PAGES}/{whose.pk}/billing/"
    wrong = client.post(page, {"deliver_by": "mail", "leitweg_id": "4711", "is_collective": "on"})
    assert "„4711“ ist keine Leitweg-ID" in text(wrong)
    assert "ohne" in text(client.post(page, {"deliver_by": "mail", "is_held": "on", "is_collective": "on"})).lower()
    sent = {"deliver_by": "mail", "reference": "KST 7", "payment_term": "30", "is_collective": "on"}
    answer = client.post(page, sent)
    assert answer.status_code == 302
    found = BillingTerms.objects.get()
    assert (found.reference, found.payment_term, found.is_collective) == ("KST 7", 30, True)
