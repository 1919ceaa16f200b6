"""A location on a base 1.0 is marked as discontinued wherever it is seen, and one on 2.0 nowhere (R9)."""

from __future__ import annotations

import pytest

from mcp.console.marking import marked
from mcp.models import UserGroup

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
MARK = "1.0 discontinued"
LABEL = "Customer base 1.0 (discontinued)"
AT_LUEBECK = (
    "", "customers/customer/", "customers/customer/add/", "customers/customer/import/", "customers/customer/bulk/",
    "customers/customer/export/", "customers/customergroup/", "customers/tag/", "transitions/transition/arrivals/",
    "locations/location/", "mcp/user/", "mcp/user/why/",
)  # fmt: skip


def text(client, address: str) -> str:
    answer = client.get(address, headers=ENGLISH)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def test_header_of_each_page_at_the_location(log_in):
    anna = log_in("anna")
    for page in AT_LUEBECK:
        where = text(anna, f"/10400/4/{page}").partition('class="shell-where-line"')[2].partition("</div>")[0]
        assert MARK in where, page
        where = text(anna, f"/10400/2/{page}").partition('class="shell-where-line"')[2].partition("</div>")[0]
        assert MARK not in where, page


def test_lists_of_locations(cast, log_in):
    """Lübeck and Kiel; the switch and the chooser, the administration, the rights, the provider."""
    anna, rita = log_in("anna"), log_in("rita")
    for client, address in (
        (anna, "/?all=1"),
        (anna, "/locations/switch/?q="),
        (rita, f"/locations/organization/{cast.organization().pk}/change/"),
    ):
        assert text(client, address).count(MARK) == 2, address
    assert text(anna, "/10400/1/locations/location/").count(LABEL) >= 2
    group = UserGroup.objects.get(name="Zentralverwaltung", organization=cast.organization()).pk
    assert text(anna, f"/10400/1/mcp/usergroup/{group}/rights/").count(MARK) == 2


def test_pages_about_one_of_them(cast, log_in):
    anna, luebeck, hamburg = log_in("anna"), cast.location("Lübeck").pk, cast.location("Hamburg").pk
    assert LABEL in text(anna, f"/10400/1/locations/location/{luebeck}/change/")
    assert LABEL not in text(anna, f"/10400/1/locations/location/{hamburg}/change/")
    why = text(anna, "/10400/1/mcp/user/why/?person=dirk&place=4")
    assert MARK in why.partition('class="mcp-heading"')[2].partition("</h2>")[0]
    assert MARK in text(anna, "/10400/1/mcp/user/")
    refused = log_in("dirk").get("/10400/4/customers/customer/import/", headers=ENGLISH)
    assert refused.status_code == 403
    assert MARK in refused.content.decode()


def test_mark_stands_behind_the_name(cast):
    assert marked(cast.location("Hamburg")) == "Hamburg"
    assert marked(cast.location("Lübeck")).startswith("Lübeck <span")
