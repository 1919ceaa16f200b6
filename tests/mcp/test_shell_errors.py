"""What was refused, what is not there, and what broke (R26: a stranger gets 404, an insider 403 with the reason)."""

import pytest
from django.core.exceptions import PermissionDenied
from django.template.loader import render_to_string

from locations.models import Location
from locations.permissions import Right
from mcp.console import errors, panels
from mcp.models import User
from tests.conftest import Browser

NORDLICHT_PAGES = ["/", "/password_change/", "/overview/figures/", "/customers/customer/", "/no/such/page/"]


@pytest.mark.parametrize("client_number", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("page", NORDLICHT_PAGES)
def test_address_of_another_business_is_not_found(log_in, client_number, page):
    assert log_in("sven").get(f"/10400/{client_number}{page}").status_code == 404


def test_not_found_page_is_the_same_for_missing_and_foreign(log_in):
    sven = log_in("sven")
    foreign, missing = sven.get("/10400/2/"), sven.get("/99999/2/")
    assert foreign.content == missing.content
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert sven.get("/20800/2/no/such/page/").content == missing.content
    assert sven.get("/10400/2/customers/customer/1/change/").content == missing.content
    assert sven.get("/no-such-page/").content == missing.content


def test_not_found_page_is_the_same_for_a_closed_location(cast, log_in):
    Location.objects.filter(pk=cast.location("Bremen").pk).update(closed_at="2026-01-01T00:00Z")
    bodo = log_in("bodo")
    assert bodo.get("/10400/3/").content == bodo.get("/10400/77/").content


@pytest.mark.parametrize("address", ["/10400/2/", "/99999/2/", "/10400/2/customers/customer/7/change/?q=1"])
def test_anonymous_is_sent_to_the_login_whether_or_not_the_address_exists(db, address):
    response = Browser().get(address)
    assert response.status_code == 302
    assert response.headers["Location"] == "/login/?next=" + address.replace("?", "%3F").replace("=", "%3D")


def test_insider_without_any_right_is_told_which_is_missing_and_who_grants_it(log_in):
    response = log_in("carla").get("/10400/2/", headers={"Accept-Language": "en"})
    assert response.status_code == 403
    assert response.context["right"] == "View customers"
    assert str(response.context["location"]) == "Hamburg"
    assert [person.username for person in response.context["granters"]] == ["anna"]
    page = response.content.decode()
    assert "You lack the right “View customers”" in page
    assert "Hamburg (client number 2) of Nordlicht Bäckereien" in page
    assert "Anna Andresen" in page


def test_refusal_offers_the_way_back_only_where_the_person_may_go(log_in):
    carla = log_in("carla")
    assert carla.get("/10400/2/").context["way_back"] == ""
    assert carla.get("/10400/3/overview/figures/").context["way_back"] == "/10400/3/"


def test_refusal_at_a_discontinued_base_is_marked(log_in):
    response = log_in("carla").get("/10400/4/", headers={"Accept-Language": "en"})
    assert response.status_code == 403
    assert "1.0 discontinued" in response.content.decode()


def test_refusal_names_five_granters_and_says_that_there_are_more(cast, log_in):
    organization, groups = cast.organization(), list(cast.user("anna").groups.all())
    for number in range(6):
        user = User.objects.create(organization=organization, username=f"manager{number}")
        for group in groups:
            user.memberships.create(organization=organization, group=group)
    response = log_in("carla").get("/10400/2/")
    assert (len(response.context["granters"]), response.context["more_granters"]) == (5, True)


def test_refusal_without_a_missing_right_still_says_what_to_do(rf, cast):
    request = rf.get("/10400/2/", headers={"Accept-Language": "en"})
    request.user = cast.user("carla")
    response = errors.forbidden(request, PermissionDenied())
    assert response.status_code == 403
    assert b'<a class="shell-button" href="/?all=1">' in response.content


def test_broken_page_is_shown_when_a_view_fails(log_in, monkeypatch):
    def fail(scope):
        raise RuntimeError("the disk is full")

    broken = panels.Panel(name="broken", title="", right=Right.VIEW_CUSTOMERS, template="", facts=fail)
    monkeypatch.setitem(panels._panels, "broken", broken)
    client = log_in("anna")
    client.raise_request_exception = False
    response = client.get("/10400/1/")
    assert response.status_code == 500
    assert "the disk is full" not in response.content.decode()
    assert 'href="/static/console.css"' in response.content.decode()


def test_broken_page_needs_no_context():
    assert "<h1>" in render_to_string("errors/500.html")


def test_forged_form_is_refused_with_a_page_of_ours(cast):
    client = Browser(enforce_csrf_checks=True)
    response = client.post("/login/", {"username": "anna"}, headers={"Accept-Language": "en"})
    assert response.status_code == 403
    assert "This form is no longer valid" in response.content.decode()


def test_what_a_list_does_not_know_leads_to_the_list_without_it(log_in, caplog):
    anna = log_in("anna")
    for query in ("utm=1", "customer_group__name=3"):
        response = anna.get(f"/10400/1/customers/customer/?{query}", headers={"Accept-Language": "de"})
        assert response.status_code == 400
        assert response.context["way_back"] == "/10400/1/customers/customer/"
        assert "nicht verstanden" in response.content.decode()
    assert "Traceback" not in caplog.text


def test_host_that_is_none_of_ours_gets_no_page_of_ours(client):
    response = client.get("/login/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "evil.example" not in response.content.decode()
