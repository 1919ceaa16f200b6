"""A tablet at the counter, and 200 % zoom on a screen of 1366 pixels: the page itself is never scrolled sideways."""

import pytest
from playwright.sync_api import Page

from mcp.models import UserGroup
from tests.browser.conftest import Enter

pytestmark = pytest.mark.browser

TABLET, ZOOMED = (820, 1180), (683, 450)


@pytest.mark.parametrize("size", [TABLET, ZOOMED], ids=["tablet", "zoomed"])
def test_page_is_never_scrolled_sideways(enter: Enter, size: tuple[int, int]):
    anna = enter("anna", size=size)
    group = UserGroup.objects.get(name="Theke Hamburg und Bremen")
    addresses = [
        "/",
        "/10400/4/",
        "/10400/1/customers/customer/",
        "/10400/1/customers/customer/add/",
        "/10400/1/mcp/user/",
        f"/10400/1/mcp/usergroup/{group.pk}/rights/",
        "/10400/1/mcp/user/why/?person=bodo&place=2",
    ]
    assert {address: overhang(anna, address) for address in addresses} == dict.fromkeys(addresses, 0)


def overhang(page: Page, address: str) -> int:
    """By how many pixels the page is wider than the window."""
    page.goto(address)
    page.locator("body").get_by_role("heading", level=1).wait_for()
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width
