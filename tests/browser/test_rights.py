"""Who may do what where: the reason is shown, and what changes counts from the next click on."""

import pytest
from playwright.sync_api import Page, expect

from locations.permissions import Right
from tests.browser.conftest import Enter

pytestmark = pytest.mark.browser


def status_of(page: Page, address: str) -> int:
    response = page.goto(address)
    assert response is not None
    return response.status


def test_why_page_names_the_group_and_the_missing_right(enter: Enter):
    anna = enter("anna")
    anna.goto("/10400/1/mcp/user/why/")
    anna.locator("[name=person]").fill("bodo")
    anna.locator("[name=place]").fill("Hamburg")
    anna.get_by_role("button", name="Anzeigen").click()
    expect(anna.locator(".mcp-heading")).to_have_text("Bodo Brandt am Standort Hamburg: 10 Berechtigungen")
    held = anna.get_by_role("row", name="Kunden ändern")
    expect(held).to_contain_text("ja")
    expect(held).to_contain_text("Theke Hamburg und Bremen")
    missing = anna.get_by_role("row", name="Kunden importieren")
    expect(missing).to_contain_text("nein")
    expect(missing).to_contain_text("Keine Benutzergruppe von Bodo Brandt")


def test_franchisee_restricts_the_central_from_the_next_click_on(enter: Enter):
    anna = enter("anna")
    assert status_of(anna, "/10400/6/customers/customer/add/") == 200

    frida = enter("frida")
    frida.get_by_role("navigation", name="Seitenleiste").get_by_role("link", name="Einschränkungen").click()
    frida.get_by_role("link", name="Einschränkung hinzufügen").last.click()
    frida.locator("[name=group]").select_option(label="Zentralverwaltung")
    frida.locator("[name=right]").select_option(label="Kunden anlegen")
    frida.locator("[name=_save]").click()
    expect(frida.get_by_role("row", name="Zentralverwaltung")).to_contain_text("Kunden anlegen")

    assert status_of(anna, "/10400/6/customers/customer/add/") == 403
    expect(anna.get_by_role("heading", level=1)).to_contain_text("Kunden anlegen")
    expect(anna.get_by_role("listitem")).to_contain_text(["Frida Friis"])
    assert status_of(anna, "/10400/2/customers/customer/add/") == 200
    assert status_of(frida, "/10400/6/customers/customer/add/") == 200


def test_deactivated_user_is_out_on_the_next_click(enter: Enter):
    bodo = enter("bodo")
    assert status_of(bodo, "/10400/2/customers/customer/") == 200

    anna = enter("anna")
    anna.goto("/10400/1/mcp/user/")
    anna.get_by_role("link", name="bodo", exact=True).click()
    anna.locator("input[name=is_active]").uncheck()
    anna.locator("[name=_save]").click()
    anna.wait_for_url("**/mcp/user/")

    bodo.get_by_role("navigation", name="Seitenleiste").get_by_role("link", name="Übersicht").click()
    expect(bodo.get_by_role("heading", level=1)).to_have_text("Anmelden")
    bodo.locator("[name=username]").fill("bodo")
    bodo.locator("[name=password]").fill("Stammhaus-Demo-2026")
    bodo.get_by_role("button", name="Anmelden", exact=True).click()
    expect(bodo.get_by_role("alert")).to_contain_text("passen nicht")


def test_support_opens_a_business_and_its_administrator_works_there(enter: Enter, choose_password):
    rita = enter("rita")
    rita.get_by_role("navigation", name="Seitenleiste").get_by_role("link", name="Betriebe").click()
    rita.get_by_role("link", name="Betrieb hinzufügen").first.click()
    fill_in_the_new_business(rita)
    rita.locator("[name=_save]").click()
    rita.context.grant_permissions(["clipboard-write"])
    rita.get_by_role("button", name="Kopieren").click()
    expect(rita.get_by_role("button", name="Kopiert")).to_be_visible()
    choose_password(rita.locator(".mcp-link").input_value(), "Leuchtturm-am-Deich-7")
    rita.get_by_role("link", name="Fertig").click()
    expect(rita.get_by_role("heading", level=1)).to_contain_text("Westwind Cafés")

    wilma = enter("wilma", password="Leuchtturm-am-Deich-7")
    wilma.wait_for_url("**/40500/1/")
    expect(wilma.get_by_role("group", name="Wo Sie sind")).to_contain_text("Westwind Cafés · Hauptbüro")
    wilma.get_by_role("navigation", name="Seitenleiste").get_by_role("link", name="Benutzergruppen").click()
    expect(wilma.locator("#result_list")).to_contain_text(f"{len(Right)} für alle Standorte")


def fill_in_the_new_business(page: Page) -> None:
    for name, value in {
        "account_number": "40500",
        "name": "Westwind Cafés",
        "place_name": "Hauptbüro",
        "city": "Emden",
        "username": "wilma",
        "first_name": "Wilma",
        "last_name": "Wolff",
    }.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=kind]").select_option("central_group")
