"""The file that a till in Germany exports (semicolons, cp1252, 1.250,00 and 31.12.1990) becomes customers."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from customers.models import Customer
from tests.browser.conftest import Enter

pytestmark = pytest.mark.browser

GERMAN = Path(__file__).parents[1] / "data" / "kunden_de.csv"


def test_german_file_is_recognised_previewed_and_imported(enter: Enter):
    anna = enter("anna")
    anna.goto("/10400/1/")
    anna.get_by_role("navigation", name="Seitenleiste").get_by_role("link", name="Importieren").click()
    anna.locator("input[type=file]").set_input_files(GERMAN)
    anna.get_by_role("button", name="Hochladen").click()
    expect_recognised(anna)

    anna.get_by_role("button", name="Prüfen und Vorschau zeigen").click()
    expect(anna.locator(".transfer-figures")).to_contain_text("50")
    assert Customer.objects.count() == 0

    anna.get_by_role("button", name="Jetzt importieren: 50 neu, 0 geändert").click()
    anna.get_by_role("link", name="Zu den Kunden").click()
    expect(anna.locator("#customer-pages")).to_contain_text("50 Kunden")
    expect_second_customer_without_loss(anna)


def expect_recognised(page: Page) -> None:
    expect(page.locator("[name=encoding]")).to_have_value("cp1252")
    expect(page.locator("[name=delimiter]")).to_have_value(";")
    for heading, target in {"Name": "last_name", "PLZ": "postal_code", "Kreditlimit": "credit_limit"}.items():
        expect(page.get_by_role("combobox", name=heading, exact=True)).to_have_value(target)


def expect_second_customer_without_loss(page: Page) -> None:
    """Its letters, its comma and its date."""
    page.get_by_role("searchbox").press_sequentially("élodie fischer")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Élodie Fischer").click()
    expect(page.locator("[name=credit_limit]")).to_have_value("1250.00")  # what a number field holds, in any language
    expect(page.locator("[name=birthday]")).to_have_value("03.03.1942")
    expect(page.locator("[name=street]")).to_have_value("Bahnhofstraße 3")
