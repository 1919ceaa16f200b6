"""Businesses, outside any location: for the provider's support alone."""

from __future__ import annotations

import pytest

from locations.models import Organization
from locations.permissions import Right
from mcp.isolation import access

LIST = "/locations/organization/"
ENGLISH = {"accept-language": "en"}
PASSWORD = "Sauerteig-und-Butter-7"


def form(**data):
    values = {
        "account_number": 40200,
        "name": "Westwind Mensen",
        "kind": "central_group",
        "place_name": "Zentrale",
        "street": "",
        "postal_code": "",
        "city": "Köln",
        "username": "willi",
        "first_name": "Willi",
        "last_name": "Wind",
        "email": "",
    }
    return {**values, **data}


def opened(answer) -> bool:
    """The answer shows the link by which the first administrator chooses a password."""
    return answer.status_code == 200 and answer.templates[0].name == "mcp/password_link.html"


def test_support_opens_a_business_that_works_at_once(cast, log_in):
    assert opened(log_in("rita").post(f"{LIST}add/", form()))
    willi = cast.user("willi")
    assert access.rights_at(willi, cast.location("Zentrale", 40200)) == frozenset(Right)
    assert log_in("willi").get("/40200/1/mcp/user/").status_code == 200
    assert log_in("willi").get("/10400/1/mcp/user/").status_code == 404


def test_support_opens_an_independent_business(cast, log_in):
    data = form(kind="independent", place_name="Köln")
    assert opened(log_in("rita").post(f"{LIST}add/", data))
    assert cast.location("Köln", 40200).client_number == 2


@pytest.mark.parametrize(
    ("data", "field", "sentence"),
    [
        ({"account_number": 10400}, "account_number", "This account number is already in use. Choose another one."),
        ({"account_number": 0}, "account_number", None),
        ({"name": ""}, "name", None),
        ({"username": "a b"}, "username", None),
    ],
)
def test_new_business_refused_at_the_field(log_in, data, field, sentence):
    answer = log_in("rita").post(f"{LIST}add/", form(**data), headers=ENGLISH)
    assert answer.status_code == 200
    found = answer.context["adminform"].form.errors
    assert list(found) == [field]
    assert sentence is None or found[field] == [sentence]
    assert not Organization.objects.filter(account_number=40200).exists()


@pytest.mark.parametrize("who", ["anna", "bodo", "carla", "dirk", "frida", "sven", "ines", "dev"])
def test_nobody_else_opens_a_business(log_in, who):
    assert log_in(who).post(f"{LIST}add/", form()).status_code == 404
    assert not Organization.objects.filter(account_number=40200).exists()


def test_business_page_links_to_its_locations_and_says_who_opened_it(cast, log_in):
    rita = log_in("rita")
    rita.post(f"{LIST}add/", form())
    page = rita.get(f"{LIST}{cast.organization(40200).pk}/change/", headers=ENGLISH).content.decode()
    assert 'href="/40200/1/"' in page
    assert "Rita Richter" in page


def test_business_is_not_changed_or_deleted_here(cast, log_in):
    rita, pk = log_in("rita"), cast.organization().pk
    assert rita.post(f"{LIST}{pk}/change/", {"name": "x", "account_number": 1}).status_code == 405
    assert rita.post(f"{LIST}{pk}/delete/").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"), [("q=nord", [10400]), ("q=208", [20800]), ("kind__exact=independent", [30100])]
)
def test_list_is_searched_and_filtered(log_in, query, found):
    page = log_in("rita").get(f"{LIST}?{query}")
    assert [business.account_number for business in page.context["cl"].result_list] == found
