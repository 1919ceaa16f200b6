"""A tablet at the counter, and 200 % zoom on a screen of 1366 pixels: nothing lies beyond the edge of the page."""

import pytest
from playwright.sync_api import Page

from customers.models import Customer
from customers.operations import register_customer
from mcp.central.operations import change_user
from tests.browser.conftest import Enter
from tests.conftest import Cast

pytestmark = [pytest.mark.browser, pytest.mark.proof]

TABLET, ZOOMED = (820, 1180), (683, 450)
BEYOND = """() => {
    const width = document.documentElement.clientWidth;
    const scrolls = (element) => element && (
        ["auto", "scroll"].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    const kinds = ":is(input, select, textarea, button, a, p, h2, label, td, th)";
    const shown = [...document.querySelectorAll(`#content ${kinds}`)]
        .filter(element => element.checkVisibility() && !element.classList.contains("sr-only"));
    const beyond = shown.filter(element => element.getBoundingClientRect().right > width + 1 && !scrolls(element));
    return [document.documentElement.scrollWidth - width, beyond.map(element => element.outerHTML.slice(0, 100))];
}"""
"""By how many pixels the page is wider than the window, and what is cut off outside a box that can be scrolled."""


@pytest.mark.parametrize("size", [TABLET, ZOOMED], ids=["tablet", "zoomed"])
def test_nothing_lies_beyond_the_edge(enter: Enter, cast: Cast, size: tuple[int, int]):
    register_somebody_with_much_to_show(cast)
    anna = enter("anna", size=size)
    addresses = [
        "/",
        "/10400/4/",
        "/10400/1/customers/customer/",
        "/10400/1/customers/customer/add/",
        "/10400/1/mcp/user/",
        f"/10400/1/mcp/usergroup/{cast.group('Theke Hamburg und Bremen').pk}/rights/",
        "/10400/1/mcp/user/why/?person=bodo&place=2",
    ]
    assert [(address, *beyond_the_edge(anna, address)) for address in addresses] == [(one, 0, []) for one in addresses]


def test_long_address_in_the_log_of_a_login_stays_inside_on_a_phone(enter: Enter, cast: Cast):
    bodo = cast.user("bodo")
    bodo.email = f"neu.{'x' * 60}@example.com"
    change_user(user=bodo, actor=cast.scope("anna", "Zentrale"))
    anna = enter("anna", size=(390, 844))
    assert beyond_the_edge(anna, f"/10400/1/mcp/user/{bodo.pk}/logins/") == [0, []]
    assert bodo.email in anna.locator(".mcp-table").inner_text()


def register_somebody_with_much_to_show(cast: Cast) -> None:
    customer = Customer(
        first_name="Maximiliane-Friederike",
        last_name="von Hohenstein-Schwarzenberg",
        company="Schwarzenberg & Söhne Vermögensverwaltungsgesellschaft mbH",
        email="maximiliane-friederike.von.hohenstein@vermoegensverwaltung.example.com",
        city="Hellschen-Heringsand-Unterschaar",
    )
    register_customer(customer=customer, actor=cast.scope("anna", "Zentrale"))


def beyond_the_edge(page: Page, address: str) -> list[object]:
    page.goto(address)
    page.get_by_role("heading", level=1).wait_for()
    found: list[object] = page.evaluate(BEYOND)
    return found
