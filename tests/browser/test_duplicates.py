"""Whoever registers a customer twice is warned while typing, and is not held up."""

import re

import pytest
from playwright.sync_api import Page, expect

from customers.models import Customer
from tests.browser.conftest import Enter
from tests.customers.people import customer

pytestmark = pytest.mark.browser


def test_possible_duplicate_is_shown_while_typing_and_does_not_block(enter: Enter):
    bodo = enter("bodo")
    fill_in(bodo, first_name="Jan", last_name="Jansen", email="jan@jansen.example")
    bodo.locator("[name=_save]").click()
    expect(bodo.get_by_text("ist angelegt")).to_be_visible()

    fill_in(bodo, first_name="Johann", last_name="Janssen", email="jan@jansen.example")
    warning = bodo.locator("#customer-candidates")
    expect(warning.get_by_role("link", name="Jan Jansen")).to_be_visible()

    bodo.locator("[name=_save]").click()
    expect(bodo.locator("#customer-candidates")).to_be_focused()
    bodo.get_by_role("button", name=re.compile("trotzdem anlegen")).click()
    expect(bodo.get_by_text("Johann Janssen")).to_have_count(2)  # the message, and the row of the list
    expect(bodo.locator("#result_list tbody tr")).to_have_count(2)


def test_enter_after_the_question_asks_again_and_the_button_by_the_keyboard_registers(enter: Enter, cast):
    customer(cast.scope("bodo", "Hamburg"), first_name="Jan", last_name="Jansen", email="jan@jansen.example")
    bodo = enter("bodo")
    fill_in(bodo, first_name="Johann", last_name="Janssen", email="jan@jansen.example")
    for _time in range(2):
        bodo.locator("[name=email]").press("Enter")
        expect(bodo.locator("#customer-candidates")).to_be_focused()
        assert Customer.objects.count() == 1
    bodo.keyboard.press("Tab")
    expect(bodo.get_by_role("link", name="Jan Jansen")).to_be_focused()
    bodo.keyboard.press("Tab")
    expect(bodo.get_by_role("button", name=re.compile("trotzdem anlegen"))).to_be_focused()
    bodo.keyboard.press("Enter")
    expect(bodo.get_by_text("ist angelegt")).to_be_visible()
    assert Customer.objects.count() == 2


def fill_in(page: Page, **values: str) -> None:
    page.goto("/10400/2/customers/customer/add/")
    for name, value in values.items():
        page.locator(f"[name={name}]").press_sequentially(value)
