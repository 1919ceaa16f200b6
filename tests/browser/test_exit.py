"""Flensburg leaves: four people, from the request to the new business, which begins empty."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from procrastinate.contrib.django.models import ProcrastinateJob

from customers.models import Customer
from tests.browser.conftest import Enter
from tests.customers.people import customer
from tests.transitions.moving import exit_in, say, second
from transitions import tasks
from transitions.choices import TransitionState
from transitions.operations import ordering

pytestmark = pytest.mark.browser

NEW_PASSWORD = "Fischbrötchen-am-Hafen-6"


def test_location_leaves_and_begins_as_a_business_of_its_own(enter: Enter, choose_password, cast):
    agreed = customer(cast.scope("frida", "Flensburg"), first_name="Greta", last_name="Ja")
    say(agreed)
    customer(cast.scope("frida", "Flensburg"), first_name="Nils", last_name="Nein")

    frida = enter("frida")
    ask_to_leave(frida)
    rita = enter("rita")
    choose_password(assign_the_number(rita), NEW_PASSWORD)
    anna = enter("anna")
    review_and_name_the_ground(anna)
    second(cast.scope("anna", "Zentrale"))
    confirm(enter("zweite"))
    anna.reload()
    execute(anna)
    expect_out_of_the_group(frida)

    owner = enter("freda", password=NEW_PASSWORD)
    owner.wait_for_url("**/40200/2/")
    expect(owner.get_by_role("group", name="Wo Sie sind")).to_contain_text("Flensburger Backstube")
    owner.goto("/40200/2/customers/customer/")
    expect(owner.locator("#result_list tbody tr")).to_have_count(0)
    assert status_of(owner, "/10400/6/customers/customer/") == 404

    anna.goto("/10400/1/customers/customer/")
    expect(anna.locator("#result_list tbody tr")).to_have_count(2)
    assert Customer.objects.count() == 2


def test_large_base_is_executed_by_the_worker_and_the_page_shows_when_it_is_done(enter: Enter, cast, monkeypatch):
    monkeypatch.setattr(ordering, "DIRECT_CUSTOMERS", -1)
    leaving = exit_in(cast, TransitionState.CONFIRMED)
    anna = enter("anna")
    anna.goto(f"/10400/1/transitions/transition/{leaving.pk}/")
    anna.get_by_label("Ja, ausführen").check()
    anna.get_by_role("button", name="Jetzt ausführen").click()
    expect(anna.get_by_text("Bei so vielen Kunden dauert das bis zu einer Minute.")).to_be_visible()
    expect(anna.locator(".transition-next")).to_contain_text("Es wird gerade ausgeführt.")
    expect(anna.get_by_role("button", name="Jetzt ausführen")).to_have_count(0)

    job = ProcrastinateJob.objects.get(task_name=ordering.EXECUTE)
    tasks.execute_transition.func(**job.args)
    expect(anna.locator("[aria-current=step]")).to_contain_text("Ausgeführt")


def status_of(page: Page, address: str) -> int:
    answer = page.goto(address)
    assert answer is not None
    return answer.status


def open_the_list(page: Page) -> None:
    page.get_by_role("navigation", name="Seitenleiste").get_by_role("link", name="Ausstieg und Beitritt").click()


def ask_to_leave(page: Page) -> None:
    open_the_list(page)
    expect(page.locator(".transition")).to_contain_text("Zurzeit verlässt kein Standort")
    page.get_by_role("link", name="Neuer Antrag").click()
    page.locator("[name=planned_for]").fill(timezone.localdate().isoformat())
    page.locator("[name=note]").fill("Wir machen uns selbständig.")
    page.get_by_role("button", name="Antrag stellen").click()
    expect(page.locator(".transition-next")).to_contain_text("Der Support des Anbieters vergibt")
    expect(page.locator("[aria-current=step]")).to_contain_text("Beantragt")


def assign_the_number(page: Page) -> str:
    """The link by which the first administrator chooses a password."""
    page.goto("/10400/1/")
    open_the_list(page)
    page.get_by_role("link", name="Flensburg").click()
    page.get_by_role("link", name="Kundennummer des Betriebs vergeben").click()
    page.locator("[name=account_number]").fill("10400")
    fill_in_the_business(page)
    page.get_by_role("button", name="Vergeben").click()
    expect(page.get_by_role("alert")).to_contain_text("10400 ist die Kundennummer des Verbunds selbst")
    page.locator("[name=account_number]").fill("40200")
    fill_in_the_business(page)
    page.get_by_role("button", name="Vergeben").click()
    link = page.locator(".mcp-link").input_value()
    page.get_by_role("link", name="Fertig").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("vergeben")
    return link


def fill_in_the_business(page: Page) -> None:
    for name, value in {
        "name": "Flensburger Backstube",
        "username": "freda",
        "first_name": "Frida",
        "last_name": "Friis",
    }.items():
        page.locator(f"[name={name}]").fill(value)


def review_and_name_the_ground(page: Page) -> None:
    page.goto("/10400/1/")
    open_the_list(page)
    page.get_by_role("link", name="Flensburg").click()
    page.get_by_role("button", name="Prüfen").click()
    expect(page.locator(".transfer-figures")).to_contain_text("2")
    expect(page.locator(".transition")).to_contain_text("Greta Ja")
    page.get_by_role("link", name="Keine Einwilligung").click()
    expect(page.locator(".transition")).to_contain_text("Nils Nein")
    page.locator("[name=basis]").select_option("consent")
    page.locator("[name=ground]").fill("Einwilligung der Kunden, gesammelt mit Formular 3.")
    page.get_by_role("button", name="Benennen").click()
    expect(page.locator(".transition")).to_contain_text("gesammelt mit Formular 3")
    expect(page.locator(".transition")).to_contain_text("ohne: Bankverbindung")
    expect(page.get_by_role("button", name="Bestätigen")).to_have_count(0)
    expect(page.locator(".transition")).to_contain_text("Eine zweite Person muss die Rechtsgrundlage bestätigen")


def confirm(page: Page) -> None:
    page.goto("/10400/1/")
    open_the_list(page)
    page.get_by_role("link", name="Flensburg").click()
    page.get_by_role("button", name="Bestätigen").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("Rechtsgrundlage bestätigt")


def execute(page: Page) -> None:
    page.get_by_label("Ja, ausführen").check()
    page.get_by_role("button", name="Jetzt ausführen").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("Ausgeführt")
    expect(page.locator(".transition-next")).to_contain_text("Flensburger Backstube (40200)")


def expect_out_of_the_group(page: Page) -> None:
    page.get_by_role("navigation", name="Seitenleiste").get_by_role("link", name="Übersicht").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Anmelden")
