"""From one location to another by the header."""

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import Enter

pytestmark = pytest.mark.browser


def test_location_is_switched_with_two_clicks(enter: Enter):
    bodo = enter("bodo")
    bodo.goto("/10400/2/customers/customer/")
    bodo.get_by_role("button", name="Standort wechseln").click()
    bodo.get_by_role("dialog", name="Standort wechseln").get_by_role("link", name="Bremen").click()
    expect(bodo.get_by_role("group", name="Wo Sie sind")).to_contain_text("Bremen")
    assert bodo.url.endswith("/10400/3/customers/customer/")


def test_search_typed_into_the_list_goes_along(enter: Enter):
    bodo = enter("bodo")
    bodo.goto("/10400/2/customers/customer/")
    bodo.get_by_role("searchbox", name="Kunden suchen").press_sequentially("Meier")
    bodo.wait_for_url("**/customer/?q=Meier")
    bodo.get_by_role("button", name="Standort wechseln").click()
    panel = bodo.get_by_role("dialog", name="Standort wechseln")
    panel.get_by_role("searchbox").press_sequentially("Brem")
    expect(panel.get_by_role("listitem")).to_have_count(1)
    bodo.keyboard.press("Enter")
    bodo.wait_for_url("**/10400/3/customers/customer/?q=Meier")
    bodo.get_by_role("button", name="Standort wechseln").click()
    panel.get_by_role("link", name="Alle Ihre Standorte").click()
    bodo.get_by_role("link", name="Hamburg").click()
    bodo.wait_for_url("**/10400/2/customers/customer/?q=Meier")


def test_what_is_typed_into_a_form_is_not_left_without_a_question(enter: Enter):
    bodo = enter("bodo")
    bodo.goto("/10400/2/customers/customer/add/")
    bodo.locator("[name=last_name]").fill("Meier")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    bodo.once("dialog", stay)
    bodo.get_by_role("button", name="Standort wechseln").click()
    bodo.get_by_role("dialog", name="Standort wechseln").get_by_role("link", name="Bremen").click(no_wait_after=True)
    bodo.wait_for_timeout(500)
    assert (asked, bodo.url.endswith("/10400/2/customers/customer/add/")) == (["beforeunload"], True)
    assert bodo.locator("[name=last_name]").input_value() == "Meier"
    bodo.once("dialog", lambda dialog: dialog.accept())
    bodo.get_by_role("dialog", name="Standort wechseln").get_by_role("link", name="Bremen").click()
    bodo.wait_for_url("**/10400/3/customers/customer/add/")


def test_location_is_switched_by_typing(enter: Enter):
    anna = enter("anna")
    anna.goto("/10400/1/")
    anna.get_by_role("button", name="Standort wechseln").click()
    panel = anna.get_by_role("dialog", name="Standort wechseln")
    expect(panel.get_by_role("listitem")).to_have_count(6)
    panel.get_by_role("searchbox").press_sequentially("lüb")
    expect(panel.get_by_role("listitem")).to_have_count(1)
    anna.keyboard.press("Enter")
    anna.wait_for_url("**/10400/4/")
    expect(anna.get_by_role("group", name="Wo Sie sind")).to_contain_text("1.0 abgekündigt")


def test_location_is_switched_by_the_keyboard_alone(enter: Enter):
    anna = enter("anna")
    anna.goto("/10400/1/")
    tab_to(anna, "Standort wechseln")
    anna.keyboard.press("Enter")
    panel = anna.get_by_role("dialog", name="Standort wechseln")
    expect(panel.get_by_role("searchbox")).to_be_focused()
    expect(panel.get_by_role("listitem")).to_have_count(6)
    anna.keyboard.press("ArrowDown")
    anna.keyboard.press("ArrowDown")
    expect(panel.locator("a[href='/10400/2/']")).to_be_focused()
    anna.keyboard.press("Enter")
    anna.wait_for_url("**/10400/2/")


def test_escape_closes_the_switch_and_gives_the_focus_back(enter: Enter):
    anna = enter("anna")
    anna.goto("/10400/1/")
    button = anna.get_by_role("button", name="Standort wechseln")
    button.click()
    panel = anna.get_by_role("dialog", name="Standort wechseln")
    expect(panel.get_by_role("searchbox")).to_be_focused()
    anna.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(button).to_be_focused()


def test_chooser_opens_the_first_location_found(enter: Enter):
    anna = enter("anna")
    expect(anna.get_by_role("heading", level=1)).to_have_text("Standort wählen")
    anna.get_by_role("searchbox", name="Standorte suchen").press_sequentially("flens")
    expect(anna.locator("#locations").get_by_role("listitem")).to_have_count(1)
    anna.keyboard.press("Enter")
    anna.wait_for_url("**/10400/6/")


def tab_to(page: Page, name: str, *, steps: int = 40) -> None:
    """Press Tab until the button of this name has the focus."""
    button = page.get_by_role("button", name=name)
    for _step in range(steps):
        page.keyboard.press("Tab")
        if button.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{steps} times Tab do not lead to {name}.")
