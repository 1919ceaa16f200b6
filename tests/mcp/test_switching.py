"""Whoever switches the location stays on the page, as far as it is there and open to him."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest

from mcp.console import switching
from tests.conftest import Browser
from tests.customers.people import customer

HAMBURG, BREMEN, LUEBECK, FLENSBURG, SOUTH = "/10400/2/", "/10400/3/", "/10400/4/", "/10400/6/", "/20800/2/"
LIST = "customers/customer/"


def arrive(client, place: str, page: str, *, at: str = HAMBURG) -> str:
    """Where somebody lands who had this page of `at` open and chose `place`."""
    response = client.get(f"{place}switched/", {"at": at, "page": page})
    assert response.status_code == 302, response
    return response["Location"]


@pytest.mark.parametrize(
    ("page", "landed"),
    [
        ("/customers/customer/?q=x", f"{BREMEN}{LIST}?q=x"),
        ("/customers/customer/?q=m%C3%BCller&archived=all&p=2", f"{BREMEN}{LIST}?q=m%C3%BCller&archived=all&p=2"),
        ("/customers/customer/add/", f"{BREMEN}{LIST}add/"),
        ("/customers/customergroup/", f"{BREMEN}customers/customergroup/"),
        ("/logins/", BREMEN),  # there is no such page
        ("/mcp/user/logins/", f"{BREMEN}mcp/user/logins/"),
        ("/password_change/", f"{BREMEN}password_change/"),
        ("/", BREMEN),
        ("", BREMEN),
        # Bodo may not do this; the nearest page above it, or the front page.
        ("/customers/customer/export/?q=x", f"{BREMEN}{LIST}"),
        ("/customers/tag/add/", f"{BREMEN}customers/tag/"),
        ("/locations/location/add/", BREMEN),
        ("/mcp/user/", BREMEN),
        # What is no page, or no row that is here.
        ("/customers/customer/999999/change/", f"{BREMEN}{LIST}"),
        ("/customers/customer/999999/change/?_changelist_filters=q%3Dx", f"{BREMEN}{LIST}?q=x"),
        ("/customers/customer/import/3f1c1d5a-0000-4000-8000-000000000000/", f"{BREMEN}{LIST}"),
        ("/overview/figures/", BREMEN),
        ("/i18n/setlang/?next=/", BREMEN),
        ("/switched/?page=/", BREMEN),
        ("/logout/", BREMEN),
    ],
)
def test_bodo_stays_on_the_page_as_far_as_it_is_there(log_in, page, landed):
    assert arrive(log_in("bodo"), BREMEN, page) == landed


@pytest.mark.parametrize(
    "page",
    [
        "//example.org/", "https://example.org/", "\\\\example.org", "/\\example.org", "javascript:alert(1)",
        "example.org", "/../../20800/2/customers/customer/", "/%2F/example.org", "/customers/customer/../../../login/",
        "\0", "/ü/?q=\0", "@example.org/", "/" * 50, "?q=x", "/customers/customer\n/", "x" * 5000,
    ],
)  # fmt: skip
def test_nobody_is_led_out_of_the_location(log_in, page):
    landed = arrive(log_in("bodo"), BREMEN, page)
    assert urlsplit(landed).netloc == ""
    assert urlsplit(landed).path in {BREMEN, f"{BREMEN}{LIST}"}
    assert log_in("bodo").get(landed).status_code == 200


def test_customer_stays_open_where_the_base_is_the_same(cast, log_in):
    meier = customer(cast.scope("anna", "Hamburg"), last_name="Meier")
    page = f"/customers/customer/{meier.pk}/change/?_changelist_filters=q%3Dmei"
    assert arrive(log_in("bodo"), BREMEN, page) == f"{BREMEN}{LIST}{meier.pk}/change/?_changelist_filters=q%3Dmei"
    history = f"/customers/customer/{meier.pk}/history/"
    assert arrive(log_in("anna"), BREMEN, history) == f"/10400/3{history}"
    assert arrive(log_in("bodo"), BREMEN, history) == f"{BREMEN}{LIST}"  # without the right to see it


def test_customer_of_another_base_leads_to_the_list_with_the_search(cast, log_in):
    meier = customer(cast.scope("anna", "Hamburg"), last_name="Meier")
    page = f"/customers/customer/{meier.pk}/change/?_changelist_filters={quote('q=mei&group=7&o=1')}"
    assert arrive(log_in("anna"), LUEBECK, page) == f"{LUEBECK}{LIST}?q=mei&o=1"


def test_what_names_rows_in_the_address_goes_along_within_the_base_only(cast, log_in):
    anna = log_in("anna")
    meier = customer(cast.scope("anna", "Hamburg"), last_name="Meier")
    archive = f"/customers/customer/archive/?id={meier.pk}"
    assert arrive(anna, BREMEN, archive) == f"/10400/3{archive}"
    assert arrive(anna, LUEBECK, archive) == f"{LUEBECK}{LIST}"
    of_list = "/customers/customer/?q=x&group=7&home=3&o=2&size=25"
    assert arrive(anna, LUEBECK, of_list) == f"{LUEBECK}{LIST}?q=x&o=2&size=25"
    assert arrive(anna, BREMEN, of_list, at="/20800/2/") == f"{BREMEN}{LIST}?q=x&o=2&size=25"
    assert arrive(anna, BREMEN, of_list, at="nonsense") == f"{BREMEN}{LIST}?q=x&o=2&size=25"


def test_pages_of_the_central_are_left_behind_at_it(log_in):
    anna = log_in("anna")
    assert arrive(anna, "/10400/1/", "/transitions/transition/joinings/").startswith("/10400/1/")
    assert arrive(anna, HAMBURG, "/locations/location/add/", at="/10400/1/") == f"{HAMBURG}locations/location/"
    assert arrive(anna, "/10400/1/", "/locations/location/add/") == "/10400/1/locations/location/add/"
    assert arrive(log_in("frida"), FLENSBURG, "/mcp/restriction/add/") == f"{FLENSBURG}mcp/restriction/add/"
    assert arrive(anna, HAMBURG, "/mcp/restriction/", at=FLENSBURG) == HAMBURG


def test_support_goes_from_one_business_to_another(log_in, cast):
    rita = log_in("rita")
    somebody = cast.user("anna").pk
    assert arrive(rita, SOUTH, "/mcp/user/") == f"{SOUTH}mcp/user/"
    assert arrive(rita, "/20800/1/", f"/mcp/user/{somebody}/change/", at="/10400/1/") == "/20800/1/mcp/user/"
    assert arrive(rita, SOUTH, "/customers/customer/?q=x") == SOUTH


def test_stranger_and_insider_without_a_right_are_refused_as_at_the_front_page(log_in):
    assert log_in("sven").get(f"{HAMBURG}switched/").status_code == 404
    assert log_in("sven").get("/99999/2/switched/").content == log_in("sven").get(f"{HAMBURG}switched/").content
    assert log_in("carla").get(f"{HAMBURG}switched/").status_code == 403
    assert Browser().get(f"{HAMBURG}switched/")["Location"].startswith("/login/")


@pytest.mark.parametrize(("page", "queries"), [("/customers/customer/?q=x", 5), ("/customers/customer/1/change/", 6)])
def test_switching_asks_few_questions(log_in, page, queries, django_assert_num_queries):
    bodo = log_in("bodo")
    with django_assert_num_queries(queries):
        arrive(bodo, BREMEN, page)


# --- the links that lead there ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "page", "expected"),
    [
        (HAMBURG, "/10400/2/customers/customer/?q=x&p=2", {"at": [HAMBURG], "page": ["/customers/customer/?q=x&p=2"]}),
        (HAMBURG, "/10400/2/", {}),
        (HAMBURG, "/10400/3/customers/customer/", {}),  # not a page of that location
        ("/10400/", "/10400/2/customers/customer/", {}),
        ("//example.org/", "//example.org/x", {}),
        ("", "", {}),
        (HAMBURG, HAMBURG + "x" * 3000, {}),
    ],
)
def test_links_carry_the_page_of_the_location_alone(at, page, expected):
    found = switching.onward(at, page)
    assert parse_qs(urlsplit(found).query) == expected
    assert urlsplit(found).path == ("switched/" if expected else "")


def test_switch_and_chooser_lead_to_the_page(log_in):
    bodo = log_in("bodo")
    asked = {"at": HAMBURG, "from": f"{HAMBURG}{LIST}?q=a&p=1"}
    behind = f"{BREMEN}switched/?at=%2F10400%2F2%2F&amp;page=%2Fcustomers%2Fcustomer%2F%3Fq%3Da%26p%3D1"
    assert f'href="{behind}"' in bodo.get("/locations/switch/", asked).content.decode()
    assert f'href="{behind}"' in bodo.get("/", {**asked, "all": "1"}).content.decode()
    landed = bodo.get("/", {**asked, "q": "Bremen", "open": "1"})["Location"]
    assert landed == behind.replace("&amp;", "&")
    assert bodo.get(landed)["Location"] == f"{BREMEN}{LIST}?q=a&p=1"
    page = bodo.get("/", {**asked, "all": "1"}, headers={"Accept-Language": "en"}).content.decode()
    assert f'name="from" value="{HAMBURG}{LIST}?q=a&amp;p=1"' in page


def test_page_in_the_links_is_escaped(log_in):
    asked = {"at": HAMBURG, "from": f'{HAMBURG}"><script>alert(1)</script>'}
    page = log_in("bodo").get("/", {**asked, "all": "1"}).content.decode()
    assert "<script>alert" not in page
