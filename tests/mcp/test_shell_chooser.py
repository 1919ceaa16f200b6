"""The chooser after the login and the switch in the header."""

import pytest

from locations.models import Location
from locations.operations import Place
from mcp.central import operations
from mcp.models import User
from tests.conftest import Browser


def names(response):
    return [location.name for location in response.context["page"]]


def open_branches(cast, count: int) -> None:
    for number in range(count):
        place = Place(name=f"Filiale {number}", client_number=100 + number, city="Kassel")
        operations.open_branch(place=place, actor=cast.system("Zentrale"))


@pytest.mark.parametrize(
    ("username", "address"), [("carla", "/10400/3/"), ("dirk", "/10400/4/"), ("ines", "/30100/2/")]
)
def test_user_with_one_location_goes_straight_there(log_in, username, address):
    response = log_in(username).get("/")
    assert (response.status_code, response.headers["Location"]) == (302, address)


@pytest.mark.parametrize(
    ("username", "expected"),
    [
        ("anna", ["Zentrale", "Hamburg", "Bremen", "Lübeck", "Kiel", "Flensburg"]),
        ("bodo", ["Hamburg", "Bremen"]),
        ("sven", ["Zentrale", "München", "Nürnberg"]),
        ("dev", []),
    ],
)
def test_chooser_lists_the_locations_with_a_right(log_in, username, expected):
    assert names(log_in(username).get("/")) == expected


def test_support_sees_the_locations_of_all_businesses(log_in):
    assert names(log_in("rita").get("/")) == [
        *["Zentrale", "Hamburg", "Bremen", "Lübeck", "Kiel", "Flensburg"],
        *["Zentrale", "München", "Nürnberg"],
        "Dresden",
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [("kie", ["Kiel"]), ("4", ["Lübeck"]), ("HAMB", ["Zentrale", "Hamburg"]), ("Rom", []), ("%", [])],
)
def test_chooser_searches_name_city_and_number(log_in, words, expected):
    assert names(log_in("anna").get("/", {"q": words})) == expected


def test_chooser_asked_while_typing_answers_with_the_list_alone(log_in):
    response = log_in("anna").get("/", {"q": "kiel"}, headers={"HX-Request": "true"})
    assert names(response) == ["Kiel"]
    assert "<html" not in response.content.decode()
    assert "HX-Request" in response["Vary"]


def test_enter_opens_the_first_location_found(log_in):
    response = log_in("anna").get("/", {"q": "kiel", "open": "1"})
    assert (response.status_code, response.headers["Location"]) == (302, "/10400/5/")


def test_enter_with_nothing_found_says_so(log_in):
    response = log_in("anna").get("/", {"q": "Rom", "open": "1"}, headers={"Accept-Language": "en"})
    assert response.status_code == 200
    assert "No location of yours contains “Rom”" in response.content.decode()


def test_search_with_one_hit_is_not_left_before_enter(log_in):
    assert log_in("bodo").get("/", {"q": "bremen"}).status_code == 200


@pytest.mark.parametrize("words", ["\0", "x" * 5000, "' OR 1=1 --", "9" * 40])
def test_chooser_survives_any_search(log_in, words):
    assert names(log_in("anna").get("/", {"q": words + "x"})) == []


def test_chooser_marks_what_is_discontinued(log_in):
    page = log_in("anna").get("/", {"q": "lübeck"}, headers={"Accept-Language": "en"}).content.decode()
    assert page.count("1.0 discontinued") == 1
    assert "1.0 discontinued" not in log_in("anna").get("/", {"q": "bremen"}).content.decode()


def test_user_without_any_location_is_told_what_to_do(cast, log_in):
    User.objects.create(organization=cast.organization(), username="neu")
    page = log_in("neu").get("/", headers={"Accept-Language": "en"}).content.decode()
    assert "No location is open to you yet" in page
    assert "Ask whoever manages the users of your business" in page


def test_chooser_has_pages_and_a_constant_number_of_queries(cast, log_in, django_assert_num_queries):
    anna = log_in("anna")
    with django_assert_num_queries(5):  # session, user, count and rows
        anna.get("/")
    open_branches(cast, 60)
    with django_assert_num_queries(5):
        response = anna.get("/")
    assert (len(names(response)), response.context["page"].paginator.count) == (50, 66)
    assert len(names(anna.get("/", {"page": 2}))) == 16
    assert len(names(anna.get("/", {"page": "nonsense"}))) == 50


def test_switch_lists_what_is_found_and_marks_where_one_is(log_in):
    response = log_in("bodo").get("/locations/switch/", {"at": "/10400/3/"}, headers={"Accept-Language": "en"})
    assert [location.name for location in response.context["locations"]] == ["Hamburg", "Bremen"]
    assert '<a href="/10400/3/" aria-current="true">' in response.content.decode()


def test_switch_shows_twenty_and_says_that_there_are_more(cast, log_in, django_assert_num_queries):
    open_branches(cast, 30)
    anna = log_in("anna")
    with django_assert_num_queries(4):
        response = anna.get("/locations/switch/")
    assert (len(response.context["locations"]), response.context["has_more"]) == (20, True)


def test_switch_shows_nothing_to_a_stranger(db):
    response = Browser().get("/locations/switch/")
    assert (response.status_code, response.headers["Location"]) == (302, "/login/?next=/")


def test_closed_location_is_in_neither_list(cast, log_in):
    Location.objects.filter(pk=cast.location("Kiel").pk).update(closed_at="2026-01-01T00:00Z")
    anna = log_in("anna")
    assert "Kiel" not in names(anna.get("/"))
    assert anna.get("/locations/switch/", {"q": "Kiel"}).context["locations"] == []
