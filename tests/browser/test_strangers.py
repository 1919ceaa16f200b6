"""Whoever belongs to another business finds nothing at the addresses of this one, and learns nothing."""

import pytest
from playwright.sync_api import Page

from locations.models import Location
from tests.browser.conftest import Enter
from tests.browser.crawl import reachable

pytestmark = [pytest.mark.browser, pytest.mark.proof]


@pytest.mark.sample("long proofs in turns", most=3)
def test_stranger_gets_the_same_404_everywhere(enter: Enter):
    addresses = nordlicht_as_anna_sees_it(enter("anna"))
    assert len(addresses) >= 25

    sven = enter("sven")
    missing = answers(sven, ["/10400/777/customers/customer/"])[0]
    assert missing[1] == 404
    assert answers(sven, addresses) == [(address, *missing[1:]) for address in addresses]


def nordlicht_as_anna_sees_it(anna: Page) -> list[str]:
    """The front page of each location, and all that links lead to at Flensburg, which has every kind of page."""
    fronts = [place.address for place in Location.objects.filter(organization__account_number=10400)]
    return [*fronts, *reachable(anna, "/10400/6/", below="/10400/6/")[1:]]


def answers(page: Page, addresses: list[str]) -> list[tuple[str, int, str]]:
    """(address, status, body) of each, asked with the cookies of the page."""
    responses = [page.request.get(address) for address in addresses]
    return [(address, got.status, got.text()) for address, got in zip(addresses, responses, strict=True)]
