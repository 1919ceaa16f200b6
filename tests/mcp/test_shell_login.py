"""The login, the language, the password and the way out."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import authenticate

from mcp.demo import PASSWORD
from tests.conftest import Browser

ENGLISH = {"Accept-Language": "en"}


ACCOUNTS = {"sven": "20800", "ines": "30100"}
PROVIDER = {"rita", "dev"}


def login(username: str, password: str = PASSWORD, **more: str) -> tuple[Browser, Any]:
    client, words = Browser(), {"username": username, "password": password, **more}
    if username in PROVIDER:
        return client, client.post("/provider/login/", words, headers=ENGLISH)
    account = {"account_number": ACCOUNTS.get(username, "10400")}
    return client, client.post("/login/", account | words, headers=ENGLISH)


@pytest.mark.parametrize("username", ["anna", "bodo", "carla", "dirk", "frida", "sven", "ines", "rita", "dev"])
def test_login_leads_to_the_chooser(cast, username):
    _client, response = login(username)
    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_login_leads_to_the_page_that_was_asked_for(cast):
    _client, response = login("anna", next="/10400/2/")
    assert response.headers["Location"] == "/10400/2/"


def test_login_leads_nowhere_else(cast):
    _client, response = login("anna", next="https://elsewhere.example/")
    assert response.headers["Location"] == "/"


@pytest.mark.parametrize(("username", "password"), [("anna", "wrong"), ("nobody", PASSWORD)])
def test_login_refuses_with_one_sentence_whatever_is_wrong(cast, username, password):
    _client, response = login(username, password)
    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()
    assert response.context["form"].non_field_errors() == [
        "The account number, the user name and the password do not fit together. Mind capital letters in the password."
    ]


@pytest.mark.parametrize("username", ["anna", "rita", "nobody"])
@pytest.mark.parametrize("account_number", [None, 10400, 20800, 99999])
def test_login_asks_the_database_the_same_whoever_exists(cast, django_assert_num_queries, username, account_number):
    with django_assert_num_queries(5):  # who it is, a lock, the tries so far, that it was tried, how it went
        assert authenticate(None, username=username, password="wrong", account_number=account_number) is None


def focused(page: str) -> str:
    """The name of the field that has the focus when the page is there."""
    [field] = re.findall(r"<input[^>]*autofocus[^>]*>", page)
    [name] = re.findall(r'name="([^"]*)"', field)
    return str(name)


def test_account_number_comes_from_the_address_or_was_used_on_this_device(cast):
    assert focused(Browser().get("/login/").content.decode()) == "account_number"
    page = Browser().get("/login/?next=/10400/2/").content.decode()
    assert 'value="10400"' in page
    assert focused(page) == "username"
    sven, _response = login("sven")
    sven.post("/logout/")
    assert 'value="20800"' in sven.get("/login/").content.decode()


def test_provider_logs_in_at_an_address_of_its_own(cast):
    assert 'name="account_number"' not in Browser().get("/provider/login/").content.decode()
    refused = Browser().post("/login/", {"account_number": "10400", "username": "rita", "password": PASSWORD})
    assert refused.status_code == 200
    refused = Browser().post("/provider/login/", {"username": "anna", "password": PASSWORD})
    assert refused.status_code == 200


def test_login_page_speaks_the_chosen_language_and_tells_the_browser(db):
    assert '<html lang="de"' in Browser().get("/login/", headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="en"' in Browser().get("/login/", headers=ENGLISH).content.decode()


def test_language_of_the_user_is_taken_unless_one_was_chosen_before(cast):
    client, _response = login("anna")
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "de"
    client = Browser()
    client.post("/i18n/setlang/", {"language": "en", "next": "/login/"})
    client.post("/login/", {"account_number": "10400", "username": "anna", "password": PASSWORD})
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "en"


def test_language_switch_stays_on_the_page_and_at_the_location(log_in):
    anna = log_in("anna")
    page = anna.get("/10400/2/password_change/?from=menu")
    assert 'action="/10400/2/i18n/setlang/"' in page.content.decode()
    assert 'name="next" type="hidden" value="/10400/2/password_change/?from=menu"' in page.content.decode()
    response = anna.post("/10400/2/i18n/setlang/", {"language": "en", "next": "/10400/2/password_change/?from=menu"})
    assert (response.status_code, response.headers["Location"]) == (302, "/10400/2/password_change/?from=menu")
    assert '<html lang="en"' in anna.get(response.headers["Location"]).content.decode()


def test_password_change_stays_at_the_location(log_in):
    anna = log_in("anna")
    assert anna.get("/10400/2/password_change/").status_code == 200
    new = {"old_password": PASSWORD, "new_password1": "Roggenmehl-1150-Korn", "new_password2": "Roggenmehl-1150-Korn"}
    anna.cookies.clear()
    client, _response = login("anna")
    response = client.post("/10400/2/password_change/", new)
    assert (response.status_code, response.headers["Location"]) == (302, "/10400/2/password_change/done/")
    assert client.get(response.headers["Location"]).status_code == 200


@pytest.mark.parametrize("address", ["/logout/", "/10400/2/logout/"])
def test_logout_goes_to_the_login_and_forgets_the_language(cast, address):
    client, _response = login("anna")
    assert client.get(address).status_code == 405
    response = client.post(address)
    assert (response.status_code, response.headers["Location"]) == (302, "/login/")
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == ""
    assert client.get("/").headers["Location"] == "/login/?next=/"
