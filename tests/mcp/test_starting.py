"""Where somebody lands after the login: where he has chosen to, else near where this device was used last."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from locations.models import Location
from locations.permissions import Right
from mcp.central import operations
from mcp.console.start_location import StartsNowhere, start_here
from mcp.demo import PASSWORD
from mcp.isolation.grants import remove_grants
from mcp.isolation.scope import MissingRight
from mcp.login import devices
from mcp.models import User
from tests.conftest import Browser
from tests.customers.people import LIST

HAMBURG, BREMEN = "/10400/2/", "/10400/3/"
ENGLISH = {"Accept-Language": "en"}


def names(response):
    return [location.name for location in response.context["page"]]


def starts(client, place: str, wish: str = "yes", **more: str):
    return client.post(f"{place}start/", {"start": wish, **more}, headers=ENGLISH)


def test_whoever_has_chosen_where_he_starts_lands_there(cast, log_in):
    bodo = log_in("bodo")
    assert starts(bodo, BREMEN)["Location"] == BREMEN
    assert cast.user("bodo").start_location == cast.location("Bremen")
    assert bodo.get("/")["Location"] == BREMEN
    words = {"account_number": "10400", "username": "bodo", "password": PASSWORD}
    assert Browser().post("/login/", words, follow=True).redirect_chain == [("/", 302), (BREMEN, 302)]
    assert log_in("anna").get("/").status_code == 200  # it is bodo's own


def test_chooser_stays_within_reach(log_in):
    bodo = log_in("bodo")
    starts(bodo, BREMEN)
    page = bodo.get("/", {"all": "1"}, headers=ENGLISH)
    assert names(page) == ["Bremen", "Hamburg"] or names(page) == ["Hamburg", "Bremen"]
    assert "You start here" in page.content.decode()
    assert names(bodo.get("/", {"q": "Hamb"})) == ["Hamburg"]
    assert 'href="/?all=1"' in bodo.get(BREMEN).content.decode()


def test_choice_is_taken_back_and_moved(cast, log_in):
    bodo = log_in("bodo")
    starts(bodo, BREMEN)
    starts(bodo, HAMBURG)
    assert cast.user("bodo").start_location == cast.location("Hamburg")
    starts(bodo, BREMEN, "no")  # an old page: he starts elsewhere by now
    assert cast.user("bodo").start_location == cast.location("Hamburg")
    starts(bodo, HAMBURG, "no")
    assert cast.user("bodo").start_location is None
    assert bodo.get("/").status_code == 200


def test_it_leads_back_to_the_page_and_nowhere_else(log_in):
    bodo = log_in("bodo")
    back = starts(bodo, HAMBURG, **{"from": f"{HAMBURG}{LIST[1:]}?q=x"})["Location"]
    assert back == f"{HAMBURG}{LIST[1:]}?q=x"
    for elsewhere in ("https://example.org/", "//example.org/", "/20800/2/", "\\\\example.org"):
        assert starts(bodo, HAMBURG, **{"from": elsewhere})["Location"] == HAMBURG


def test_switch_offers_it_and_says_where_one_starts(log_in):
    bodo = log_in("bodo")
    assert "Start here after the login" in bodo.get(BREMEN, headers=ENGLISH).content.decode()
    starts(bodo, BREMEN)
    assert "You start here after the login." in bodo.get(BREMEN, headers=ENGLISH).content.decode()
    assert "Start here after the login" in bodo.get(HAMBURG, headers=ENGLISH).content.decode()
    assert "/start/" not in log_in("rita").get(HAMBURG, headers=ENGLISH).content.decode()


@pytest.mark.parametrize("lost", ["right", "closed"])
def test_whoever_cannot_work_there_any_more_gets_the_chooser(cast, log_in, lost):
    anna, bremen = log_in("anna"), cast.location("Bremen")
    User.objects.filter(username="bodo").update(start_location=bremen)
    User.objects.filter(username="anna").update(start_location=bremen)
    if lost == "closed":
        Location.objects.filter(pk=bremen.pk).update(closed_at="2026-01-01T00:00Z")
        assert "Bremen" not in names(anna.get("/"))
    else:
        theke = cast.group("Theke Hamburg und Bremen")
        remove_grants(theke, [(right, bremen.pk) for right in Right])
    assert log_in("bodo").get("/")["Location"] == HAMBURG  # the only one that is left


def test_stranger_insider_without_a_right_and_support_start_nowhere(cast, log_in):
    assert starts(log_in("sven"), HAMBURG).status_code == 404
    assert starts(log_in("carla"), HAMBURG).status_code == 403
    assert starts(Browser(), HAMBURG)["Location"].startswith("/login/")
    assert starts(log_in("rita"), HAMBURG).status_code == 302
    assert log_in("bodo").get(f"{HAMBURG}start/").status_code == 405
    assert User.objects.filter(start_location__isnull=False).count() == 0


def test_operation_asks_for_itself(cast):
    with pytest.raises(MissingRight):
        start_here(is_wanted=True, actor=cast.scope("carla", "Hamburg"))
    with pytest.raises(StartsNowhere):
        start_here(is_wanted=True, actor=cast.scope("rita", "Hamburg"))
    with pytest.raises(StartsNowhere):
        start_here(is_wanted=True, actor=cast.system("Hamburg"))


def test_database_keeps_it_within_the_business(cast):
    south, bodo = cast.location("München", 20800), cast.user("bodo")
    User.objects.filter(username="bodo").update(start_location=south)
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.check_constraints()
    User.objects.filter(username="bodo").update(start_location=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(username="rita").update(start_location=south)
    bodo.start_location = south
    with pytest.raises(ValidationError):
        bodo.full_clean()


def test_change_of_the_person_by_others_leaves_the_choice(cast, log_in):
    starts(log_in("bodo"), BREMEN)
    stale = User.objects.get(username="bodo")
    stale.start_location = None
    operations.change_user(user=stale, actor=cast.scope("anna", "Zentrale"))
    assert cast.user("bodo").start_location == cast.location("Bremen")


# --- what was used last on this device ----------------------------------------------------------------------------


def test_location_that_was_used_last_comes_first(log_in):
    anna = log_in("anna")
    assert names(anna.get("/"))[:2] == ["Zentrale", "Hamburg"]
    anna.get("/10400/5/")
    page = anna.get("/", headers=ENGLISH)
    assert names(page) == ["Kiel", "Zentrale", "Hamburg", "Bremen", "Lübeck", "Flensburg"]
    assert page.content.decode().count("last used on this device") == 1


def test_it_is_of_the_device_and_opens_nothing(log_in):
    anna, bodo = log_in("anna"), log_in("bodo")
    anna.get("/10400/5/")
    bodo.cookies[devices.PLACE_COOKIE] = anna.cookies[devices.PLACE_COOKIE].value
    assert names(bodo.get("/")) == ["Hamburg", "Bremen"]
    bodo.cookies[devices.PLACE_COOKIE] = "10400-3"
    assert names(bodo.get("/")) == ["Bremen", "Hamburg"]
    assert anna.cookies[devices.PLACE_COOKIE]["httponly"]


@pytest.mark.parametrize("value", ["", "x", "10400", "10400-0", "0-1", "9" * 30 + "-1", "1-1; DROP", "10400-3\n"])
def test_mark_that_is_none_is_passed_over(log_in, value):
    bodo = log_in("bodo")
    bodo.cookies[devices.PLACE_COOKIE] = value
    assert names(bodo.get("/")) == ["Hamburg", "Bremen"]


def test_refused_page_is_not_where_somebody_has_worked(log_in):
    carla = log_in("carla")
    carla.get(HAMBURG)
    assert devices.PLACE_COOKIE not in carla.cookies


def test_support_has_the_business_that_was_used_last_in_front(log_in):
    rita = log_in("rita")
    rita.get("/20800/3/mcp/user/")
    assert names(rita.get("/"))[:4] == ["Nürnberg", "Zentrale", "München", "Zentrale"]


def test_choosing_costs_two_questions_more_at_most(log_in, django_assert_num_queries):
    bodo = log_in("bodo")
    starts(bodo, BREMEN)
    with django_assert_num_queries(4):  # session, user, what is reachable (2)
        bodo.get("/")
