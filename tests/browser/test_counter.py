"""At the counter, on a phone and on a tablet: three taps and a save in sight; and the form by the keyboard alone."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from customers.models import Consent, Customer
from tests.browser.conftest import Enter
from tests.customers.people import customer

pytestmark = pytest.mark.browser

PHONE, TABLET, DESKTOP = (390, 844), (820, 1180), (1366, 900)
ADD = "/10400/2/customers/customer/add/"
HIDDEN = """(field) => {
    const bar = document.querySelector("[name=_save]").getBoundingClientRect();
    const box = field.getBoundingClientRect();
    return box.bottom > bar.top && box.top < bar.bottom && !field.closest("#submit-row") ? field.name || field.id : "";
}"""
"""The name of a field that lies behind the button that saves."""


@pytest.mark.parametrize("size", [PHONE, TABLET], ids=["phone", "tablet"])
def test_three_taps_and_a_save_in_sight(enter: Enter, size: tuple[int, int]):
    bodo = enter("bodo", size=size)
    bodo.goto(ADD)
    save = bodo.locator("[name=_save]")
    taps = 0
    for target, typed in (
        (bodo.get_by_label("Nachname", exact=True), "Groth"),
        (bodo.get_by_label("Mobil"), "0170 1234567"),
        (chip(bodo, "Newsletter", "An der Theke"), ""),
    ):
        expect(save).to_be_in_viewport(ratio=1)
        target.click()
        bodo.keyboard.type(typed)
        taps += 1
    expect(save).to_be_in_viewport(ratio=1)
    save.click()
    expect(bodo.get_by_text("ist angelegt")).to_be_visible()
    made = Customer.objects.get()
    said = Consent.objects.get()
    assert (taps, made.last_name, made.mobile) == (3, "Groth", "+491701234567")
    assert (said.customer, said.purpose, said.is_given, said.source) == (made, "newsletter", True, "counter")


def test_double_tap_on_save_registers_once(enter: Enter):
    bodo = enter("bodo", size=PHONE)
    bodo.goto(ADD)
    bodo.get_by_label("Nachname", exact=True).fill("Groth")
    chip(bodo, "Newsletter", "Auf Papier").click()
    bodo.locator("[name=_save]").dblclick()
    expect(bodo.locator("#result_list tbody tr")).to_have_count(1)
    assert (Customer.objects.count(), Consent.objects.count()) == (1, 1)


def test_whole_form_is_one_tap_away_and_keeps_what_was_typed(enter: Enter):
    bodo = enter("bodo", size=PHONE)
    bodo.goto(ADD)
    bodo.get_by_label("Nachname", exact=True).fill("Groth")
    expect(bodo.get_by_label("Anrede")).to_be_hidden()
    bodo.get_by_text("Weitere Angaben", exact=True).click()
    bodo.get_by_label("Ort", exact=True).fill("Kiel")
    bodo.get_by_text("Weitere Angaben", exact=True).click()
    bodo.locator("[name=_save]").click()
    expect(bodo.get_by_text("ist angelegt")).to_be_visible()
    assert Customer.objects.values_list("last_name", "city").get() == ("Groth", "Kiel")


def test_wrong_field_in_the_folded_part_is_shown_with_its_error(enter: Enter):
    bodo = enter("bodo", size=PHONE)
    bodo.goto(ADD)
    bodo.get_by_label("Nachname", exact=True).fill("Groth")
    bodo.get_by_text("Weitere Angaben", exact=True).click()
    bodo.get_by_role("tab", name="Konditionen").click()
    bodo.get_by_label("Rabatt %").fill("200")
    bodo.locator("[name=_save]").click()
    expect(bodo.get_by_label("Rabatt %")).to_be_in_viewport()
    expect(bodo.get_by_label("Rabatt %")).to_be_focused()
    assert bodo.get_by_label("Rabatt %").evaluate(HIDDEN) == ""


@pytest.mark.parametrize("size", [PHONE, TABLET, DESKTOP], ids=["phone", "tablet", "desktop"])
def test_no_field_with_the_focus_lies_behind_the_button_that_saves(enter: Enter, cast, size: tuple[int, int]):
    row = customer(cast.scope("bodo", "Hamburg"), last_name="Groth")
    bodo = enter("bodo", size=size)
    bodo.goto(f"/10400/2/customers/customer/{row.pk}/change/")
    expect(bodo.locator("[name=_save]")).to_be_in_viewport(ratio=1)
    bodo.locator("main [name=salutation]").focus()
    passed = 0
    while not bodo.evaluate("document.activeElement.closest('#submit-row') !== null"):
        assert bodo.evaluate(f"({HIDDEN})(document.activeElement)") == ""
        bodo.keyboard.press("Tab")
        passed += 1
        assert passed < 60
    assert passed > 20
    expect(bodo.locator("[name=_save]")).to_be_focused()


def test_tabs_of_the_form_are_reached_and_switched_by_the_keyboard(enter: Enter, cast):
    row = customer(cast.scope("bodo", "Hamburg"), last_name="Groth")
    bodo = enter("bodo")
    bodo.goto(f"/10400/2/customers/customer/{row.pk}/change/")
    first = bodo.get_by_role("tab", name="Adresse")
    expect(first).to_have_attribute("aria-selected", "true")
    bodo.locator("[name=language] ~ .select2 .select2-selection").focus()
    bodo.keyboard.press("Tab")
    expect(first).to_be_focused()
    assert first.evaluate("tab => getComputedStyle(tab).outlineStyle") != "none"
    for key, name in (
        ("ArrowRight", "Konditionen"), ("ArrowRight", "Bank"), ("ArrowLeft", "Konditionen"), ("End", "Verwaltung"),
        ("ArrowRight", "Adresse"), ("ArrowLeft", "Verwaltung"), ("Home", "Adresse"), ("ArrowDown", "Konditionen"),
    ):  # fmt: skip
        bodo.keyboard.press(key)
        here = bodo.get_by_role("tab", name=name)
        expect(here).to_be_focused()
        expect(here).to_have_attribute("aria-selected", "true")
        expect(bodo.get_by_role("tabpanel", name=name)).to_be_visible()
        expect(bodo.get_by_role("tabpanel")).to_have_count(1)
    bodo.keyboard.press("Tab")
    expect(bodo.locator("[name=customer_group]")).to_be_focused()


def test_of_errors_in_two_tabs_the_first_is_open_and_has_the_focus(enter: Enter, cast):
    row = customer(cast.scope("bodo", "Hamburg"), last_name="Groth")
    anna = enter("anna")
    anna.goto(f"/10400/2/customers/customer/{row.pk}/change/")
    tab = anna.get_by_role("tab", name="Bank")
    tab.click()
    anna.get_by_label("IBAN").fill("DE00 falsch")
    tab.press("ArrowLeft")
    anna.get_by_label("Rabatt %").fill("200")
    anna.keyboard.press("Enter")
    expect(anna.get_by_role("tab", name="Konditionen")).to_have_attribute("aria-selected", "true")
    expect(anna.get_by_role("tabpanel")).to_have_count(1)
    expect(anna.get_by_label("Rabatt %")).to_be_focused()
    expect(anna.get_by_label("Rabatt %")).to_have_accessible_description(
        "Dieser Wert muss kleiner oder gleich 100 sein."
    )
    anna.get_by_role("tab", name="Konditionen").press("ArrowRight")
    expect(anna.get_by_label("IBAN")).to_have_value("DE00 falsch")
    expect(anna.get_by_label("IBAN")).to_have_accessible_description(re.compile("IBAN"))


def test_reason_for_blocking_without_the_block_is_refused_at_its_field(enter: Enter, cast):
    row = customer(cast.scope("bodo", "Hamburg"), last_name="Groth")
    bodo = enter("bodo")
    bodo.goto(f"/10400/2/customers/customer/{row.pk}/change/")
    bodo.get_by_role("tab", name="Notiz").click()
    reason = bodo.locator("[name=blocked_reason]")
    reason.fill("Zahlt nicht")
    reason.press("Enter")
    expect(bodo.get_by_role("tab", name="Notiz")).to_have_attribute("aria-selected", "true")
    expect(reason).to_be_focused()
    expect(reason).to_have_value("Zahlt nicht")
    expect(reason).to_have_accessible_description(re.compile("nicht gesperrt"))
    bodo.locator("[name=is_blocked]").check()
    reason.press("Enter")
    expect(bodo.get_by_text("ist geändert")).to_be_visible()
    assert Customer.objects.values_list("is_blocked", "blocked_reason").get() == (True, "Zahlt nicht")


def chip(page: Page, purpose: str, how: str) -> Locator:
    return page.get_by_role("group", name=purpose).get_by_role("radio", name=how)
