"""The frame around each page of a location: header, side bar, front page."""

import re

import pytest

from locations.permissions import Right
from mcp.console import menu
from mcp.console.site import console
from mcp.demo import COUNTER
from tests.conftest import Browser

ENGLISH = {"Accept-Language": "en"}
LINK = re.compile(r'<a[^>]*\shref="(/[^"#]*)"')
FORM = re.compile(r'<form[^>]*\saction="(/[^"]*)"')


def page(client: Browser, address: str) -> str:
    response = client.get(address, headers=ENGLISH)
    assert response.status_code == 200
    return response.content.decode()


def menu_of(client: Browser, address: str) -> list[tuple[str, list[str]]]:
    groups = client.get(address, headers=ENGLISH).context["sidebar_navigation"]
    return [(str(group["title"]), [item["link"] for item in group["items"]]) for group in groups]


def test_header_says_business_location_and_base(log_in):
    text = page(log_in("anna"), "/10400/2/")
    where = text[text.index("shell-where-line") : text.index("shell-switch")]
    assert "<span>Nordlicht Bäckereien</span>" in where
    assert "<strong>Hamburg</strong>" in where
    assert "<span>Customer base 2.0</span>" in where
    assert "discontinued" not in where


@pytest.mark.parametrize("address", ["/10400/4/", "/10400/5/", "/10400/4/password_change/"])
def test_header_marks_a_discontinued_base_on_every_page(log_in, address):
    text = page(log_in("anna"), address)
    assert "1.0 discontinued" in text[text.index("shell-where-line") : text.index("shell-switch")]


@pytest.mark.parametrize(
    ("username", "address", "expected"), [("bodo", "/10400/2/", True), ("carla", "/10400/3/", False)]
)
def test_switch_is_shown_to_whoever_has_another_location(log_in, username, address, expected):
    assert ('class="shell-switch"' in page(log_in(username), address)) is expected


def test_title_of_a_page_names_the_location(log_in):
    assert re.search(r"<title>\s*Overview \| Hamburg · Stammhaus</title>", page(log_in("anna"), "/10400/2/"))


def test_pages_have_icon_language_and_a_way_past_the_side_bar(log_in):
    text = page(log_in("anna"), "/10400/2/")
    assert 'rel="icon" href="/static/logo.svg"' in text
    assert '<html lang="en"' in text
    assert '<a class="shell-skip" href="#content">' in text
    assert 'id="content"' in text


def test_pages_have_no_script_and_no_handler_that_the_policy_forbids(log_in):
    for text in (page(log_in("anna"), "/10400/2/"), page(log_in("anna"), "/"), page(Browser(), "/login/")):
        assert not re.search(r"<script(?![^>]*\ssrc=)", text)
        assert not re.search(r"\son(click|load|submit|change|input)=", text)


@pytest.mark.parametrize("right", list(Right))
def test_registered_link_is_shown_where_its_right_is_held(cast, log_in, monkeypatch, right):
    entry = menu.Entry(
        section=menu.Section.CUSTOMERS, title="X", url_name="admin:password_change", icon="x", right=right
    )
    monkeypatch.setattr(menu, "_entries", {"x": entry})
    shown = {
        who: any(f"{at}password_change/" in links for _title, links in menu_of(log_in(who), at))
        for who, at in [("anna", "/10400/1/"), ("bodo", "/10400/2/"), ("carla", "/10400/3/"), ("rita", "/10400/2/")]
    }
    assert shown == {
        "anna": True,
        "bodo": right in COUNTER,
        "carla": right is Right.VIEW_CUSTOMERS,
        "rita": right in {Right.MANAGE_LOCATION, Right.MANAGE_USERS},
    }


@pytest.mark.parametrize(
    ("username", "address"),
    [
        ("anna", "/10400/1/"),
        ("anna", "/10400/2/"),
        ("bodo", "/10400/2/"),
        ("carla", "/10400/3/"),
        ("dirk", "/10400/4/"),
        ("frida", "/10400/6/"),
        ("ines", "/30100/2/"),
        ("rita", "/10400/1/"),
        ("rita", "/10400/2/"),
        ("rita", "/"),
        ("anna", "/"),
    ],
)
def test_every_link_of_a_page_works(log_in, username, address):
    client = log_in(username)
    text = page(client, address)
    links = {link.replace("&amp;", "&") for link in LINK.findall(text)} - {"/"}
    answers = {link: client.get(link).status_code for link in links}
    assert {link: answer for link, answer in answers.items() if answer != 200} == {}
    known = ("/i18n/setlang/", "/logout/", "/start/", "/customers/customer/find/")
    assert all(action.endswith(known) or action == "/" for action in FORM.findall(text))


PLACES = ["locations/location/", "transitions/transition/"]
SWITCHES = "switches/"
MACHINES = ["mcp/device/", "tills/"]
PEOPLE = ["mcp/usergroup/", "mcp/user/", "mcp/user/why/"]


@pytest.mark.parametrize(
    ("username", "address", "expected"),
    [
        ("anna", "/10400/1/", [*PLACES, "mcp/device/", "clearing/node/", "tills/", *PEOPLE]),
        ("anna", "/10400/2/", [*PLACES, *MACHINES, *PEOPLE]),
        ("bodo", "/10400/2/", None),
        ("carla", "/10400/3/", None),
        ("dirk", "/10400/4/", None),
        ("frida", "/10400/6/", [*PLACES, *MACHINES, *PEOPLE[:2], "mcp/restriction/", PEOPLE[2]]),
        ("rita", "/10400/2/", [*PLACES, "transitions/transition/switches/", *MACHINES, *PEOPLE]),
    ],
)
def test_central_administration_is_in_the_side_bar_of_whoever_may_use_it(log_in, username, address, expected):
    shown = dict(menu_of(log_in(username), address)).get("Central administration")
    assert shown == (expected and [address + page for page in expected])


def test_accounting_is_in_the_side_bar_of_whoever_may_use_it(log_in):
    def accounting(username: str, address: str) -> list[str] | None:
        shown = dict(menu_of(log_in(username), address)).get("Accounting")
        return shown and [page.removeprefix(f"{address}accounting/accountterms/") for page in shown]

    seen = ["overview/", "invoices/", "exceptions/", "received/"]
    last = ["exceptions/", "downloads/", "received/"]
    collects = ["overview/", "invoices/", "bank/", "debits/", "reminders/", *last]
    assert accounting("anna", "/10400/1/") == [*collects, SWITCHES, "balances/"]
    assert accounting("anna", "/10400/2/") == ["overview/", "invoices/", "bank/", *last, "balances/"]
    assert accounting("bodo", "/10400/2/") == seen
    assert accounting("frida", "/10400/6/") == [*seen[:2], *last, SWITCHES, "balances/"]
    assert accounting("carla", "/10400/3/") is None


def test_businesses_are_in_the_side_bar_of_the_support_only(log_in):
    pages = ["/", "/locations/organization/", "/locations/organization/legacy/"]
    assert pages in [links for _title, links in menu_of(log_in("rita"), "/")]
    assert menu_of(log_in("anna"), "/") == [("", ["/"])]


def test_side_bar_marks_the_page_that_is_open(log_in):
    groups = log_in("anna").get("/10400/1/").context["sidebar_navigation"]
    assert [item["link"] for group in groups for item in group["items"] if item["active"]] == ["/10400/1/"]


def test_front_page_has_the_panels_that_the_rights_open(log_in):
    def panels(username, address):
        return [panel.name for panel, _content in log_in(username).get(address).context["panels"]]

    assert panels("bodo", "/10400/2/") == ["start", "figures", "birthdays", "newcomers", "groups"]
    assert panels("carla", "/10400/3/") == ["start", "birthdays", "newcomers"]
    assert panels("rita", "/10400/2/") == ["waiting"]


@pytest.mark.parametrize(
    ("username", "name", "status"),
    [("bodo", "groups", 200), ("carla", "birthdays", 200), ("carla", "groups", 403), ("rita", "birthdays", 403)],
)
def test_panel_alone_asks_for_its_right(log_in, username, name, status):
    assert log_in(username).get(f"/10400/3/overview/{name}/").status_code == status


def test_panel_that_does_not_exist_is_not_found(log_in):
    assert log_in("anna").get("/10400/1/overview/nothing/").status_code == 404


def test_console_has_no_page_that_serves_all_models_at_once(log_in):
    names = {getattr(url, "name", None) for url in console.get_urls()}
    assert names & {"search", "autocomplete", "view_on_site", "login", "app_list"} == set()
    assert "opencommand" not in page(log_in("anna"), "/10400/1/")


def test_list_says_how_many_were_found_only_after_a_search(log_in):
    anna = log_in("anna")
    assert "Show all" not in page(anna, "/10400/1/locations/location/")
    found = page(anna, "/10400/1/locations/location/?q=Hamburg")
    assert re.search(r"2 found\s*\(<a", found)


def test_page_of_a_list_has_no_name_of_an_app_in_front(log_in):
    text = page(log_in("anna"), "/10400/1/mcp/user/")
    assert re.findall(r'class="shell-crumb">([^<]*)<', text) == ["Users"]


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("add/", "Register a customer"),
        ("import/", "Import customers"),
        ("export/", "Export customers"),
    ],
)
def test_page_beside_a_list_has_its_own_title_above(log_in, address, title):
    text = page(log_in("anna"), f"/10400/1/customers/customer/{address}")
    assert re.findall(r'class="shell-crumb">([^<]*)<', text)[-1] == title


def test_calendar_speaks_german(log_in):
    catalogue = log_in("anna").get("/10400/1/jsi18n/", headers={"accept-language": "de"}).content.decode()
    assert '"%s (today)": "%s (heute)"' in catalogue
