"""The story of the demo: the central registers a customer, a location sees it, and loses the right to change it."""

import re

import pytest
from playwright.sync_api import Page, expect

from mcp.demo import PASSWORD
from tests.browser.conftest import Enter

pytestmark = pytest.mark.browser


def test_right_taken_away_refuses_the_next_click(enter: Enter):
    anna = enter("anna", password=PASSWORD)
    choose_central(anna)
    register_wiebke(anna)

    bodo = enter("bodo", password=PASSWORD)
    bodo.goto("/10400/2/")
    find_wiebke(bodo)
    bodo.get_by_role("link", name="Wiebke Petersen").click()
    expect(bodo.locator("[name=city]")).to_have_value("Husum")

    take_away_changing_at_hamburg(anna)

    bodo.locator("[name=mobile]").fill("0151 23456789")
    assert save(bodo) == 403
    expect(bodo.get_by_role("heading", level=1)).to_contain_text("Kunden ändern")
    expect(bodo.locator("main")).to_contain_text("Hamburg")
    expect(bodo.locator("main")).to_contain_text("Anna Andresen")

    bodo.goto("/10400/3/customers/customer/?q=Petersen")
    bodo.get_by_role("link", name="Wiebke Petersen").click()
    bodo.locator("[name=mobile]").fill("0151 23456789")
    assert save(bodo) == 302
    expect(bodo.get_by_text("Wiebke Petersen (1) ist geändert.")).to_be_visible()


def choose_central(page: Page) -> None:
    """From the chooser, by a click."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Standort wählen")
    page.get_by_role("link", name="Zentrale").click()
    expect(page.get_by_role("group", name="Wo Sie sind")).to_contain_text("Nordlicht Bäckereien · Zentrale")


def register_wiebke(page: Page) -> None:
    page.get_by_role("navigation", name="Seitenleiste").get_by_role("link", name="Kunden", exact=True).click()
    page.get_by_role("link", name=re.compile("Kunde.* hinzufügen")).first.click()
    page.locator("[name=first_name]").fill("Wiebke")
    page.locator("[name=last_name]").fill("Petersen")
    page.locator("[name=email]").fill("wiebke@petersen.example")
    page.get_by_text("Weitere Angaben", exact=True).click()
    page.locator("[name=city]").fill("Husum")
    page.locator("[name=_save]").click()
    expect(page.get_by_text("ist angelegt")).to_be_visible()


def find_wiebke(page: Page) -> None:
    """By typing a part of her name: the list follows without a click."""
    page.goto("/10400/2/customers/customer/")
    page.locator("#searchbar").press_sequentially("peters")
    expect(page).to_have_url(re.compile(r"\?q=peters"))
    expect(page.locator("#result_list tbody tr")).to_have_count(1)


def take_away_changing_at_hamburg(page: Page) -> None:
    page.get_by_role("navigation", name="Seitenleiste").get_by_role("link", name="Benutzergruppen").click()
    page.get_by_role("link", name="Theke Hamburg und Bremen").click()
    page.get_by_role("link", name="Berechtigungen", exact=True).click()
    cell = page.locator("tr[data-row^='2 hamburg'] [name=cell][value^='change_customers@']")
    expect(cell).to_be_checked()
    cell.uncheck()
    page.get_by_role("button", name="Änderungen ansehen").click()
    expect(page.locator(".mcp-summary")).to_have_text("1 Berechtigung für 1 Person entzogen")
    expect(page.locator(".mcp-lines")).to_contain_text("Kunden ändern")
    expect(page.locator(".mcp-lines")).to_contain_text("Hamburg")
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("Gespeichert für Theke Hamburg und Bremen")).to_be_visible()


def save(page: Page) -> int:
    """Send the customer's form; the status of the answer itself."""
    with page.expect_response(lambda response: response.request.method == "POST") as answer:
        page.locator("[name=_save]").click()
    return answer.value.status
