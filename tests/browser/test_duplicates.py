"""Whoever registers a customer twice is warned while typing, and is not held up."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter

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


def fill_in(page: Page, **values: str) -> None:
    page.goto("/10400/2/customers/customer/add/")
    for name, value in values.items():
        page.locator(f"[name={name}]").press_sequentially(value)
