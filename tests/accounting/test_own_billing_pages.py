"""Billing of a location with accounts of its own, on screen; and that its addresses exist nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounting.models import BankEntry, BankStatement, DebitItem, Dispute, Invoice, InvoiceRun, Issuer, Mandate
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest, on_its_own
from tests.accounting.debits import CREDITOR_ID, billed, creditor, debtor, in_days
from tests.accounting.invoices import ISSUER, issued, order, prepared
from tests.accounting.own_billing import back_to_the_central, of_the_central, previewed_again, whole_story
from tests.accounting.test_account_pages import german, text
from tests.accounting.test_invoice_runs import work
from tests.customers.people import BREMEN, HAMBURG

pytestmark = pytest.mark.django_db
CENTRAL = "/10400/1"
PAGES = "/accounting/accountterms"
HERE = f"{HAMBURG}{PAGES}"


def html(response: Any) -> str:
    """The page as it was sent, with blanks as they are typed."""
    assert response.status_code == 200
    return str(response.content.decode()).replace("\u00a0", " ")


@pytest.fixture
def hamburg(cast) -> Scope:
    on_its_own(cast, "Hamburg")
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def central(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def client(log_in) -> Any:
    return german(log_in("anna"))


def test_forms_lead_from_the_issuer_over_a_run_to_a_debit_file(client, hamburg):
    whose = debtor(hamburg, last_name="Eins")
    begins = html(client.get(f"{HERE}/issuer/"))
    assert 'value="RE02"' in begins
    assert "Rechnungsaussteller von Hamburg" in begins
    sent = {
        **ISSUER, "creditor_id": CREDITOR_ID, "country": "DE", "payment_term": "14", "prefix": "HH",
        "cancellation_prefix": "SH",
    }  # fmt: skip
    assert "gespeichert" in text(client.post(f"{HERE}/issuer/", sent, follow=True))
    assert Issuer.objects.get().location == hamburg.location
    form = html(client.get(f"{HERE}/runs/new/"))
    assert 'name="locations"' not in form
    sent = {"until": timezone.localdate().isoformat(), "bundling": "agreed"}
    assert "1 Rechnung ausstellen" in text(client.post(f"{HERE}/runs/new/", sent, follow=True))
    run = InvoiceRun.objects.get()
    client.post(f"{HERE}/runs/{run.pk}/", {"step": "start"})
    assert work(run).state == "done"
    invoices = text(client.get(f"{HERE}/invoices/"))
    number = f"HH-{timezone.localdate().year}-000001"
    assert number in invoices
    assert "Rechnungen von Hamburg" in invoices
    one = Invoice.objects.get()
    assert client.get(f"{HERE}/invoices/{one.pk}/file/pdf/").getvalue().startswith(b"%PDF")
    days = {"due_until": in_days(20).isoformat(), "collect_on": in_days(20).isoformat()}
    assert str(whose.last_name) in text(client.post(f"{HERE}/debits/new/", days, follow=True))
    assert DebitItem.objects.get().owner_key == hamburg.location.pk
    answer = client.post(f"{HERE}/invoices/{one.pk}/cancel/", {"reason": "Falsch"}, follow=True)
    assert f"SH-{timezone.localdate().year}-000001" in text(answer)


@pytest.mark.parametrize("is_own", [True, False])
def test_side_bar_leads_to_debits_and_reminders_where_they_are_made(request, client, is_own):
    if is_own:
        request.getfixturevalue("hamburg")
    shown = html(client.get(f"{HAMBURG}/"))
    for page in ("debits", "reminders"):
        assert (f'href="{HERE}/{page}/"' in shown) == is_own


def test_central_and_other_locations_are_told_nothing(client, hamburg, central):
    """Neither in lists and numbers nor at any address of a row: as if it did not exist."""
    creditor(hamburg)
    creditor(central)
    done = whole_story(hamburg)
    order(hamburg, done["customers"][0])
    run, file = prepared(hamburg), previewed_again(hamburg)
    one = done["invoices"]["Kauft"]
    rows = [
        f"runs/{run.pk}/", f"invoices/{one.pk}/", f"invoices/{one.pk}/file/pdf/", f"invoices/{one.pk}/cancel/",
        f"invoices/{one.pk}/dispute/", f"debits/{file.pk}/", f"debits/{done["file"].pk}/file/xml/",
        f"debits/return/{DebitItem.objects.filter(state='collected').get().pk}/", f"reminders/{done['run'].pk}/",
        f"reminders/{done['run'].pk}/file/", f"mandates/{Mandate.objects.order_by('pk')[0].pk}/revoke/",
        f"bank/{done['statement'].pk}/", f"bank/entry/{BankEntry.objects.get().pk}/",
    ]  # fmt: skip
    served = {row: client.get(f"{HERE}/{row}").status_code for row in rows}
    assert [row for row, status in served.items() if status != 200] == []
    before = [InvoiceRun.objects.get(pk=run.pk).state, Dispute.objects.count(), Invoice.objects.count()]
    lists = ("invoices", "runs", "debits", "reminders", "bank", "balances", "reminders/levels")
    for place in (CENTRAL, BREMEN):
        for row in rows:
            for ask in (client.get, client.post):
                assert ask(f"{place}{PAGES}/{row}").status_code == 404, (place, row)
        for name in lists:
            shown = html(client.get(f"{place}{PAGES}/{name}/"))
            assert "RE02" not in shown
            assert str(run.pk) not in shown
            assert "10,70" not in shown
        assert "Überfällige Rechnungen" not in text(client.get(f"{place}/"))
    assert before == [InvoiceRun.objects.get(pk=run.pk).state, Dispute.objects.count(), Invoice.objects.count()]


def test_location_on_its_own_is_told_nothing_of_the_central_but_invoices_of_its_customers(cast, client, central):
    hamburg = cast.scope("anna", "Hamburg")
    creditor(central)
    known = guest(hamburg, last_name="Bekannt")
    order(hamburg, known)
    [before] = issued(central)
    on_its_own(cast, "Hamburg")
    theirs = of_the_central(cast, central)
    rows = [
        f"runs/{theirs['run'].pk}/", f"invoices/{theirs['invoice'].pk}/", f"debits/{theirs['file'].pk}/",
        f"reminders/{theirs['reminders'].pk}/", f"mandates/{theirs['mandate'].pk}/revoke/",
        f"bank/{theirs['statement'].pk}/", f"bank/entry/{theirs['entry'].pk}/", f"invoices/{before.pk}/cancel/",
        f"invoices/{before.pk}/dispute/",
    ]  # fmt: skip
    assert {row: client.get(f"{HERE}/{row}").status_code for row in rows} == dict.fromkeys(rows, 404)
    assert before.number not in text(client.get(f"{HERE}/invoices/"))
    listed = text(client.get(f"{HERE}/invoices/?of=central"))
    assert before.number in listed
    assert "Bekannt" in listed
    assert "Zentral " not in listed
    shown = html(client.get(f"{HERE}/invoices/{before.pk}/"))
    assert "/cancel/" not in shown
    assert "/dispute/" not in shown
    assert BankStatement.objects.filter(owner_key=0).exists()
    assert "Auszug" not in text(client.get(f"{HERE}/bank/"))


def test_after_the_switch_back_the_pages_say_whose_invoices_they_are(cast, client, hamburg, central):
    creditor(hamburg)
    creditor(central)
    payer = debtor(hamburg, last_name="Zahlt")
    [own] = billed(hamburg)
    back_to_the_central(cast)
    new = guest(hamburg, last_name="Neu")
    order(hamburg, new)
    [of_central] = issued(central)
    listed = text(client.get(f"{HERE}/invoices/"))
    assert own.number in listed
    assert of_central.number in listed
    assert "Ausgestellt von" in listed
    assert "wird weiterhin hier abgerechnet" in listed
    assert f"{own.pk}/cancel/" in html(client.get(f"{HERE}/invoices/{own.pk}/"))
    assert f"{of_central.pk}/cancel/" not in html(client.get(f"{HERE}/invoices/{of_central.pk}/"))
    mandates = html(client.get(f"{HERE}/{payer.pk}/mandates/?in=before"))
    assert f"{Mandate.objects.get().pk}/revoke/" in mandates
    assert client.get(f"{HERE}/{payer.pk}/billing/?in=before").status_code == 200
