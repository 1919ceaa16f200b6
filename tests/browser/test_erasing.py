"""A customer is erased for good from his own page: told beforehand, confirmed by his number, at every width."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Enter
from tests.customers.people import bears, customer, says

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", [(1366, 900), (820, 1180), (390, 844)], ids=["desktop", "tablet", "phone"])
def test_customer_is_erased_for_good(cast, enter: Enter, size: tuple[int, int]):
    scope = cast.scope("anna", "Zentrale")
    row = customer(scope, first_name="Vera", last_name="Verschwindt", email="vera@example.com")
    bears(row, "ALT-7")
    says(scope, row, "newsletter", True)
    anna = enter("anna", size=size)
    anna.goto(f"/10400/1/customers/customer/{row.pk}/change/")
    _look(anna, f"form-{size[0]}")
    anna.goto(anna.locator("a[href$='/erase/']").get_attribute("href") or "")
    expect(anna.get_by_role("heading", name="Was verschwindet")).to_be_visible()
    expect(anna.locator("#id_reason")).to_be_focused()
    width = anna.evaluate("document.documentElement.scrollWidth")
    assert width <= size[0]
    anna.locator("#id_reason").fill("Antrag vom 3. Mai")
    anna.locator("#id_number").fill("1234567")
    anna.get_by_role("button", name="Endgültig löschen").click()
    expect(anna.get_by_text("Das ist nicht die Nummer dieses Kunden.")).to_be_visible()
    _look(anna, f"erase-{size[0]}")
    anna.locator("#id_number").fill(str(row.customer_number))
    anna.get_by_role("button", name="Endgültig löschen").click()
    expect(anna.get_by_text("Der Kunde ist endgültig gelöscht.")).to_be_visible()
    expect(anna.get_by_text("Verschwindt")).to_have_count(0)


def _look(page, name: str) -> None:
    if folder := os.environ.get("LOOK"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
        page.emulate_media(color_scheme="dark")
        page.evaluate("document.documentElement.classList.add('dark')")
        page.screenshot(path=Path(folder) / f"{name}-dark.png", full_page=True)
        page.evaluate("document.documentElement.classList.remove('dark')")
