"""A branch is set up once, at the machine itself; what it asks is what it needs, and nothing else is served before."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client

from clearing.branch import first_start
from clearing.branch.first_start import AlreadySetUp, set_up_branch
from clearing.models import OwnNode
from customers.models import ConsentPurpose
from locations.choices import Side
from locations.models import Organization
from locations.operations import Place
from locations.row_policies import side_sql
from mcp.isolation import access
from mcp.models import User
from tests.conftest import Browser

SETUP = "/setup/"
PASSWORD = "Sauerteig-und-Butter-7"
WHICH = {
    "account_number": "77700", "client_number": "4", "business": "Nordlicht", "name": "Lübeck", "city": "Lübeck",
    "first_number": "40001", "last_number": "50000",
}  # fmt: skip
WHO = {
    "branch_number": "4", "is_confirmed": "on", "username": "karin", "first_name": "Karin", "last_name": "Kasse",
    "password1": PASSWORD, "password2": PASSWORD,
}  # fmt: skip


@pytest.fixture
def browser(db, settings) -> Client:
    settings.SIDE = Side.BRANCH
    return Browser()


def sent(browser: Client, step: str = "administrator", **values: Any) -> Any:
    return browser.post(SETUP, {**WHICH, **WHO, "step": step, **values})


def errors(answer: Any) -> set[str]:
    assert answer.status_code == 200
    assert not OwnNode.objects.exists()
    assert not Organization.objects.filter(account_number=77700).exists()
    return {name for form in answer.context if "form" in form for name in form["form"].errors}


def test_every_address_leads_to_the_one_page_until_the_branch_is_set_up(browser):
    for address in ("/", "/login/?next=/", "/provider/login/", "/10400/4/", "/10400/4/health/", "/nowhere/"):
        assert browser.get(address)["Location"] == SETUP, address
    assert browser.post("/login/", {"username": "anna"})["Location"] == SETUP
    assert browser.get("/health/").content == b"ok"
    page = browser.get(SETUP)
    assert (page.status_code, page["Cache-Control"].count("no-store")) == (200, 1)
    assert sent(browser).status_code == 302
    assert browser.get("/")["Location"] == "/login/?next=/"
    assert browser.get(SETUP).status_code == 404
    assert sent(browser)["Location"] == "/login/"  # as after a double click
    assert browser.post(SETUP, {}, REMOTE_ADDR="192.168.0.7").status_code == 404
    assert OwnNode.objects.count() == 1


def test_page_is_not_there_at_the_central(db):
    assert (Browser().get(SETUP).status_code, sent(Browser()).status_code) == (404, 404)
    assert not OwnNode.objects.exists()


def test_who_is_not_at_the_machine_is_told_where_it_is_set_up(browser):
    ways = [
        {"REMOTE_ADDR": "192.168.0.7"},
        {"REMOTE_ADDR": "10.0.0.1"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
    ]
    for way in ways:
        for answer in (
            browser.get(SETUP, **way),
            browser.post(SETUP, {**WHICH, **WHO, "step": "administrator"}, **way),
        ):
            assert answer.status_code == 403
            assert b"on the machine itself" in answer.content
    assert not OwnNode.objects.exists()
    assert browser.get(SETUP, REMOTE_ADDR="::1").status_code == 200


def test_branch_number_is_proposed_as_the_client_number_and_has_to_be_confirmed(browser):
    page = sent(browser, "place", client_number="12", branch_number="", is_confirmed="")
    assert page.context["form"].initial == {"branch_number": 12}
    assert not page.context["form"].is_bound
    assert errors(sent(browser, is_confirmed="")) == {"is_confirmed"}
    assert errors(sent(browser, branch_number="")) == {"branch_number"}
    assert errors(sent(browser, "back")) == set()


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"client_number": "1"}, {"client_number"}),
        ({"client_number": "100000"}, {"client_number"}),
        ({"account_number": "0"}, {"account_number"}),
        ({"account_number": "Nord"}, {"account_number"}),
        ({"first_number": "0"}, {"first_number"}),
        ({"last_number": "40000"}, {"last_number"}),
        ({"last_number": "10000000"}, {"last_number"}),
        ({"business": " "}, {"business"}),
        ({"name": ""}, {"name"}),
        ({"branch_number": "0"}, {"branch_number"}),
        ({"branch_number": "100000"}, {"branch_number"}),
        ({"username": ""}, {"username"}),
        ({"password1": "kurz", "password2": "kurz"}, {"password1"}),
        ({"password2": "another"}, {"password2"}),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_made(browser, values, fields):
    assert errors(sent(browser, **values)) == fields


def test_branch_is_there_with_its_base_and_somebody_who_may_do_everything(browser):
    assert sent(browser, branch_number="9")["Location"] == "/login/"
    own = OwnNode.objects.select_related("location__base", "organization").get()
    place = own.location
    assert (own.organization.account_number, place.client_number, place.branch_number) == (77700, 4, 9)
    assert (str(place.base), place.base.branch_number, place.base.has_node) == (str(own.base), 9, False)
    assert (place.first_number, place.last_number, own.node, own.number_confirmed_at is None) == (
        40001,
        50000,
        None,
        False,
    )
    assert [one.client_number for one in own.organization.locations.all()] == [4]
    assert ConsentPurpose.objects.of_organization(own.organization).exists()
    karin = User.objects.get(username="karin", organization=own.organization)
    assert access.rights_at(karin, place) == set(first_start.RIGHTS)


def test_login_knows_which_branch_it_is(browser):
    sent(browser)
    page = browser.get("/login/")
    assert (page.context["form"].initial["account_number"], page.context["own"].client_number) == (77700, 4)
    assert b'type="hidden" name="account_number" value="77700"' in page.content
    for closed in (b"/provider/login/", b"/password/forgotten/"):
        assert closed not in page.content
    entered = browser.post("/login/", {"account_number": "77700", "username": "karin", "password": PASSWORD})
    assert entered["Location"] == "/"
    assert browser.get("/")["Location"] == "/77700/4/"


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_makes_the_branch_and_the_other_is_told():
    start, became = threading.Barrier(2), []

    def attempt(name: str) -> None:
        try:
            connection.ensure_connection()
            start.wait(timeout=20)
            set_up_branch(
                account_number=77700, business="Nordlicht", place=Place(name=name, client_number=4, branch_number=4),
                administrator=User(username="karin"), password=PASSWORD, group_name="Verwaltung",
            )  # fmt: skip
            became.append("made")
        except ValidationError as refusal:
            became.append(str(refusal.error_list[0].code))
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(name,)) for name in ("Lübeck", "Kiel")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(became) == ["already_set_up", "made"]
    assert (OwnNode.objects.count(), Organization.objects.filter(account_number=77700).count()) == (1, 1)


def test_numbers_are_fixed_by_the_database(cast, as_owner, settings):
    settings.SIDE = Side.BRANCH
    own = set_up_branch(
        account_number=77700, business="Nordlicht", place=Place(name="Lübeck", client_number=4, branch_number=4),
        administrator=User(username="karin"), password=PASSWORD, group_name="Verwaltung",
    )  # fmt: skip
    shared = own.organization.bases.shared().get()
    with connection.cursor() as cursor:
        cursor.execute(side_sql(Side.BRANCH))
        for statement in (
            "UPDATE locations_location SET branch_number = 5 WHERE id = %(place)s",
            "UPDATE locations_location SET base_id = %(shared)s WHERE id = %(place)s",
            "UPDATE locations_customerbase SET branch_number = 5 WHERE id = %(base)s",
            "UPDATE clearing_ownnode SET number_confirmed_at = now() + interval '1 day'",
            "UPDATE clearing_ownnode SET number_confirmed_at = NULL",
            "UPDATE clearing_ownnode SET base_id = %(shared)s",
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                cursor.execute(statement, {"place": own.location.pk, "base": own.base.pk, "shared": shared.pk})
    with pytest.raises(AlreadySetUp):
        set_up_branch(
            account_number=77701, business="Süd", place=Place(name="Ulm", client_number=4, branch_number=4),
            administrator=User(username="karin"), password=PASSWORD, group_name="Verwaltung",
        )  # fmt: skip
