"""The front page, the filters by keyboard, what lies at the edge, and what is printed: in a real browser."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers.models import Customer
from customers.operations import register_customer
from locations.permissions import Right
from tests.browser.conftest import Enter
from tests.browser.test_sizes import BEYOND
from tests.conftest import Cast

pytestmark = pytest.mark.browser

LIST = "/10400/2/customers/customer/"
INSIDE = "() => document.activeElement.closest('#changelist-filter') !== null"
WIDTHS = (1366, 820, 390)
WIDEST_CELL = 30
"""Pixels of a right in the matrix; together they are wider than a phone or a tablet, and are pushed along."""


def register(cast: Cast, name: str) -> Customer:
    born = timezone.localdate().replace(year=1980)  # a year in which every day exists
    customer = Customer(last_name=name, birthday=born, email="ahlers@example.com")
    return register_customer(customer=customer, actor=cast.scope("bodo", "Hamburg"))


def test_front_page_leads_to_the_lists_and_to_each_customer(enter: Enter, cast: Cast):
    customer = register(cast, "Ahlers")
    bodo = enter("bodo")
    bodo.goto("/10400/2/")
    new = bodo.locator("section[aria-labelledby=panel-newcomers]")
    expect(new.get_by_role("link", name="Ahlers")).to_have_attribute("href", f"{LIST}{customer.pk}/change/")
    bodo.get_by_text("Alle Zahlen als Tabelle").click()
    expect(bodo.locator(".shell-months tbody tr")).to_have_count(12)
    expect(bodo.locator(".shell-months tbody tr").first.locator("td").first).to_have_text("1")
    bodo.locator(".shell-figures a").nth(1).click()
    expect(bodo.locator("#result_list tbody tr")).to_have_count(1)
    bodo.goto("/10400/2/")
    bodo.get_by_role("link", name="in den nächsten 30 Tagen").click()
    expect(bodo.get_by_role("columnheader", name="Nächster Geburtstag")).to_be_visible()


def test_filters_open_and_close_by_keyboard_and_give_the_focus_back(enter: Enter, cast: Cast):
    register(cast, "Ahlers")
    bodo = enter("bodo")
    bodo.goto(LIST)
    bodo.locator("#searchbar").focus()
    for _tab in range(5):
        bodo.keyboard.press("Tab")
        if bodo.evaluate("() => document.activeElement.classList.contains('filter-open-button')"):
            break
    button = bodo.locator(".filter-open-button")
    expect(button).to_be_focused()
    bodo.keyboard.press("Enter")
    filters = bodo.get_by_role("dialog", name="Filter")
    expect(filters).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    bodo.wait_for_function(INSIDE)
    for key in ["Shift+Tab", "Tab", *["Tab"] * 40]:
        bodo.keyboard.press(key)
        assert bodo.evaluate(INSIDE), "the focus stays inside"
    bodo.keyboard.press("Escape")
    expect(filters).to_be_hidden()
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")


def test_search_has_one_frame(enter: Enter, cast: Cast):
    bodo = enter("bodo")
    bodo.goto(LIST)
    bodo.locator("#searchbar").focus()
    inside, around = bodo.locator("#searchbar"), bodo.locator("#changelist-search > div")
    assert inside.evaluate("box => getComputedStyle(box).outlineStyle") == "none"
    assert around.evaluate("box => getComputedStyle(box).outlineStyle") == "solid"


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_of_the_matrix_and_of_why_is_out_of_reach(enter: Enter, cast: Cast, width: int):
    anna = enter("anna", size=(width, 900))
    anna.goto(f"/10400/1/mcp/usergroup/{cast.group('Theke Hamburg und Bremen').pk}/rights/")
    matrix = anna.locator(".mcp-matrix")
    beyond = matrix.evaluate("box => box.scrollWidth - box.clientWidth")
    assert beyond <= (0 if width > 1000 else len(Right) * WIDEST_CELL)
    boxes = matrix.locator("tbody tr").last.locator("input[type=checkbox]:enabled")
    last = boxes.last
    last.focus()
    edge = matrix.evaluate("box => box.getBoundingClientRect().right")
    assert last.evaluate("box => box.getBoundingClientRect().right") <= edge
    first = boxes.first
    first.focus()
    name = matrix.locator("tbody tr").last.locator("th").evaluate("cell => cell.getBoundingClientRect().right")
    assert first.evaluate("box => box.getBoundingClientRect().left") >= name, "not below the name of the location"
    for address in ("/10400/1/mcp/user/why/?person=bodo&place=2", "/10400/1/"):
        anna.goto(address)
        anna.get_by_role("heading", level=1).wait_for()
        assert anna.evaluate(BEYOND) == [0, []], address


LOOK = """() => {
    const dark = [...document.querySelectorAll("main *")].filter(element => element.checkVisibility()
        && element.innerText?.trim() && getComputedStyle(element).color !== "rgb(0, 0, 0)");
    const links = [...document.querySelectorAll("main a")].filter(link => link.checkVisibility()
        && getComputedStyle(link).textDecorationLine !== "none");
    const buttons = [...document.querySelectorAll("button, nav, #nav-sidebar, input[type=submit]")]
        .filter(element => element.checkVisibility());
    return [getComputedStyle(document.body).backgroundColor, dark.length, links.length,
            buttons.map(element => element.outerHTML.slice(0, 80))];
}"""


@pytest.mark.parametrize("look", ["light", "dark"])
def test_pages_are_printed_black_on_white_without_what_one_clicks(enter: Enter, cast: Cast, look: str):
    customer = register(cast, "Ahlers")
    bodo = enter("anna")
    for address in ("/10400/2/", LIST, f"{LIST}{customer.pk}/change/", f"{LIST}{customer.pk}/history/"):
        bodo.emulate_media(media="screen")
        bodo.goto(address)
        bodo.wait_for_load_state("networkidle")
        bodo.evaluate("isDark => document.documentElement.classList.toggle('dark', isDark)", look == "dark")
        bodo.emulate_media(media="print")
        assert bodo.evaluate(LOOK) == ["rgb(255, 255, 255)", 0, 0, []], address
        printed = bodo.locator(".shell-print")
        expect(printed).to_be_visible()
        expect(printed).to_contain_text("gedruckt von Anna Andresen")
    expect_all_tabs(bodo, f"{LIST}{customer.pk}/change/")


def expect_all_tabs(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("[name=street]")).to_be_visible()
    expect(page.locator("[name=iban]")).to_be_visible()
