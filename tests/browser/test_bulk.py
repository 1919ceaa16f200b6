"""By the keyboard alone: save a filter, give all that it finds a tag, look at one, undo it; and bring back what was."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from customers.models import BulkChange, Customer, SavedFilter
from tests.browser.conftest import Enter
from tests.customers.people import customer, tag

pytestmark = pytest.mark.browser

LIST = "/10400/2/customers/customer/"


def press(page: Page, control: str, key: str = "Enter") -> None:
    page.locator(control).focus()
    page.keyboard.press(key)


def test_filter_is_saved_and_all_that_it_finds_get_a_tag_and_lose_it_again(enter: Enter, cast):
    scope = cast.scope("anna", "Hamburg")
    tag(scope, "Herbstaktion")
    for number in range(30):
        customer(scope, last_name=f"Muster{number:02}", city="Kiel")
    customer(scope, last_name="Auswärtig", city="Bonn")
    anna = enter("anna")
    anna.goto(f"{LIST}?q=kiel&size=25")
    press(anna, "a.customer-filters-new")
    expect(anna.get_by_label("Name")).to_be_focused()
    anna.keyboard.type("Kieler Gäste")
    anna.keyboard.press("Enter")
    expect(anna.get_by_text("Der Filter „Kieler Gäste“ ist gespeichert.")).to_be_visible()
    assert SavedFilter.objects.get().query == "q=kiel"

    anna.goto(f"{LIST}?q=kiel&size=25")
    press(anna, "[name=all_found]", "Space")
    expect(anna.get_by_text("Alle 30 gefundenen", exact=True)).to_be_visible()
    anna.locator("select[name=action]").focus()
    anna.locator("select[name=action]").select_option(label="Schlagwort hinzufügen …")
    anna.get_by_role("button", name="Ausführen").first.focus()
    anna.keyboard.press("Enter")
    expect(anna.get_by_text("30 Kunden sind gewählt.")).to_be_visible()
    expect(anna.get_by_label("Schlagwort")).to_be_focused()
    anna.keyboard.press("ArrowDown")
    anna.keyboard.press("Tab")
    anna.keyboard.press("Enter")
    expect(anna.get_by_text("30 Kunden werden geändert.")).to_be_visible()
    assert not Customer.objects.filter(tags=["Herbstaktion"]).exists()
    expect(anna.get_by_role("button", name="Jetzt ändern")).to_be_focused()
    anna.keyboard.press("Enter")
    expect(anna.get_by_text("30 Kunden wurden geändert.")).to_be_visible()
    assert Customer.objects.filter(tags=["Herbstaktion"]).count() == 30
    press(anna, "button[value=undo]")
    expect(anna.get_by_text("30 Kunden sind wieder, wie sie waren.")).to_be_visible()
    assert not Customer.objects.filter(tags=["Herbstaktion"]).exists()
    assert BulkChange.objects.get().state == "undone"


def test_older_state_is_brought_back_from_the_history(enter: Enter, cast):
    scope = cast.scope("anna", "Hamburg")
    row = customer(scope, last_name="Groth", city="Kiel")
    anna = enter("anna")
    anna.goto(f"{LIST}{row.pk}/change/")
    anna.locator("[name=last_name]").fill("Falsch")
    anna.keyboard.press("Enter")
    expect(anna.locator("#result_list, #customer-results").first).to_be_visible()
    anna.goto(f"{LIST}{row.pk}/history/")
    press(anna, "a.customer-button-small")
    expect(anna.get_by_text("Dieses Feld würde sich ändern:")).to_be_visible()
    expect(anna.locator(".customer-version dd")).to_contain_text("Falsch → Groth")
    anna.keyboard.press("Enter")
    expect(anna.get_by_text("1 Feld ist wieder wie damals.")).to_be_visible()
    expect(anna.get_by_text("Früherer Stand wiederhergestellt")).to_be_visible()
    assert Customer.objects.get(pk=row.pk).last_name == "Groth"
