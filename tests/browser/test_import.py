"""The file that a till in Germany exports (semicolons, cp1252, 1.250,00 and 31.12.1990) becomes customers."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from customers.models import Customer
from locations.permissions import Right
from mcp.isolation import grants
from mcp.models import UserGroup
from tests.browser.conftest import Enter

pytestmark = pytest.mark.browser

GERMAN = Path(__file__).parents[1] / "data" / "kunden_de.csv"


def test_german_file_is_recognised_previewed_and_imported(enter: Enter):
    anna = enter("anna")
    anna.goto("/10400/1/")
    anna.get_by_role("navigation", name="Seitenleiste").get_by_role("link", name="Importieren").click()
    upload(anna, GERMAN)
    expect_recognised(anna)

    anna.get_by_role("button", name="Prüfen").click()
    expect(anna.locator(".transfer-figures")).to_contain_text("50")
    assert Customer.objects.count() == 0

    anna.get_by_role("button", name="Jetzt importieren: 50 neu, 0 geändert").click()
    anna.get_by_role("link", name="Zu den Kunden").click()
    expect(anna.locator("#customer-pages")).to_contain_text("50 Kunden")
    expect_second_customer_without_loss(anna)


def test_refused_file_is_corrected_and_chosen_anew(enter: Enter, tmp_path):
    file = tmp_path / "kunden.csv"
    file.write_bytes(b"")
    anna = enter("anna")
    anna.goto("/10400/1/customers/customer/import/")
    upload(anna, file)
    expect(anna.get_by_role("alert")).to_contain_text("leer")
    file.write_text("Name;Ort\nMeier;Kiel\n", encoding="utf-8")  # the browser would not send what was chosen before
    upload(anna, file)
    expect(anna.get_by_role("combobox", name="Ort", exact=True)).to_have_value("city")


def test_right_that_is_gone_is_told_and_the_file_is_not_sent_again(enter: Enter, cast):
    anna = enter("anna")
    anna.goto("/10400/1/customers/customer/import/")
    posted: list[str] = []
    anna.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    central = UserGroup.objects.get(organization=cast.organization(), name="Zentralverwaltung")
    grants.remove_grants(central, [(Right.IMPORT_CUSTOMERS, None)])
    upload(anna, GERMAN)
    expect(anna.locator("body")).to_contain_text("Ihnen fehlt die Berechtigung „Kunden importieren“")
    assert len(posted) == 1


ROWS_OF_WORDS = """cell => {
    const words = document.createRange();
    words.selectNodeContents(cell);
    return new Set([...words.getClientRects()].map(line => line.top)).size;
}"""


def test_rejected_rows_are_read_at_any_width(enter: Enter, tmp_path):
    """The name of a column stays whole, and on a phone nothing has to be pushed aside."""
    file = tmp_path / "kunden.csv"
    value = "eine-sehr-lange-und-falsche-adresse@@beispiel.example"
    file.write_text(f"Name;Geburtsdatum;E-Mail\nMeier;31.02.1980;{value}\n", encoding="utf-8")
    anna = enter("anna")
    anna.goto("/10400/1/customers/customer/import/")
    upload(anna, file)
    anna.get_by_role("button", name="Prüfen").click()
    table = anna.locator(".transfer-scroll")
    for width in (1366, 820, 390):
        anna.set_viewport_size({"width": width, "height": 900})
        column = table.get_by_text("Geburtsdatum", exact=True)
        expect(column).to_be_visible()
        assert column.evaluate(ROWS_OF_WORDS) == 1
        assert table.evaluate("box => box.scrollWidth <= box.clientWidth"), width


def upload(page: Page, file: Path) -> None:
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Hochladen", exact=True).click()


def expect_recognised(page: Page) -> None:
    expect(page.locator("[name=encoding]")).to_have_value("cp1252")
    expect(page.locator("[name=delimiter]")).to_have_value(";")
    for heading, target in {"Name": "last_name", "PLZ": "postal_code", "Kreditlimit": "credit_limit"}.items():
        expect(page.get_by_role("combobox", name=heading, exact=True)).to_have_value(target)


def expect_second_customer_without_loss(page: Page) -> None:
    """Its letters, its comma and its date."""
    page.locator("#searchbar").press_sequentially("élodie fischer")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Élodie Fischer").click()
    expect(page.locator("[name=credit_limit]")).to_have_value("1250.00")  # what a number field holds, in any language
    expect(page.locator("[name=birthday]")).to_have_value("03.03.1942")
    expect(page.locator("[name=street]")).to_have_value("Bahnhofstraße 3")
