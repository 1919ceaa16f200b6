"""Whoever belongs to another business finds nothing at the addresses of this one, and learns nothing."""

import pytest
from playwright.sync_api import Page

from locations.models import Location
from tests.browser.conftest import Enter
from tests.browser.crawl import reachable

pytestmark = pytest.mark.browser

READ = """async (paths) => {
    const read = async (path) => { const answer = await fetch(path); return [path, answer.status, await answer.text()] };
    return await Promise.all(paths.map(read));
}"""


def test_stranger_gets_the_same_404_everywhere(enter: Enter):
    addresses = nordlicht_as_anna_sees_it(enter("anna"))
    assert len(addresses) >= 25

    sven = enter("sven")
    missing = sven.goto("/10400/777/customers/customer/")
    assert missing is not None
    assert missing.status == 404
    sven.goto("/20800/1/")  # from where the addresses of others are asked for
    assert answers(sven, addresses) == [(address, 404, missing.text()) for address in addresses]


def nordlicht_as_anna_sees_it(anna: Page) -> list[str]:
    """The front page of each location, and every page that can be reached by links at Flensburg, which has all kinds."""
    fronts = [place.address for place in Location.objects.filter(organization__account_number=10400)]
    return [*fronts, *reachable(anna, "/10400/6/", below="/10400/6/")[1:]]


def answers(page: Page, paths: list[str]) -> list[tuple[str, int, str]]:
    return [(path, status, body) for path, status, body in page.evaluate(READ, paths)]
