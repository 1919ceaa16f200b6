"""Several installations on one machine are used in one browser, which tells no ports apart: their cookies are apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from mcp.console.message_cookies import OwnCookieStorage
from mcp.demo import PASSWORD
from mcp.login import devices
from mcp.project.environment import cookies_begin_with
from tests.conftest import Browser

INSTALLATIONS = [
    ("central", "http://127.0.0.1:8000/"), ("central", "http://127.0.0.1:8001/"), ("branch", "http://127.0.0.1:8100/"),
    ("branch", "http://127.0.0.1:8200/"), ("branch", "http://localhost:8000/"), ("central", "http://[::1]:8100/"),
]  # fmt: skip
NAMES = """
import json, django
django.setup()
from django.conf import settings
from mcp.console.message_cookies import OwnCookieStorage
from mcp.login import devices
print(json.dumps([
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME, devices.COOKIE,
    devices.ACCOUNT_COOKIE, devices.PLACE_COOKIE, OwnCookieStorage.cookie_name,
]))
"""


def test_no_two_installations_begin_their_cookies_in_the_same_way():
    assert len({cookies_begin_with(*one) for one in INSTALLATIONS}) == len(INSTALLATIONS)
    assert cookies_begin_with("central", "https://stammhaus.example/") == ""
    assert cookies_begin_with("branch", "https://filiale.example/") == "branch_"


@pytest.mark.parametrize("url", ["http://127.0.0.1:port/", "http://127.0.0.1:99999/", "http://[::1/"])
def test_an_address_that_is_none_stops_the_start(url):
    with pytest.raises(ImproperlyConfigured, match="PUBLIC_URL"):
        cookies_begin_with("central", url)


def test_each_cookie_has_a_name_of_the_installation_and_its_flags(cast):
    browser = Browser()
    browser.get("/login/")
    browser.post("/login/", {"account_number": "10400", "username": "bodo", "password": PASSWORD})
    browser.get("/10400/2/")
    browser.post("/i18n/setlang/", {"language": "en"})
    known = {settings.SESSION_COOKIE_NAME, devices.COOKIE, devices.ACCOUNT_COOKIE, devices.PLACE_COOKIE}
    assert known <= set(browser.cookies)
    assert set(browser.cookies) <= known | {
        settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME, OwnCookieStorage.cookie_name
    }  # fmt: skip
    for name in known:
        assert (bool(browser.cookies[name]["httponly"]), browser.cookies[name]["samesite"]) == (True, "Lax"), name


def test_the_names_are_those_of_the_port_everywhere():
    environment = {**os.environ, "SIDE": "branch", "PUBLIC_URL": "https://127.0.0.1:8200/", "SECURE": "1"}
    environment["DJANGO_SETTINGS_MODULE"] = "mcp.project.settings"
    told = subprocess.run([sys.executable, "-c", NAMES], env=environment, capture_output=True, text=True, check=True)
    names = json.loads(told.stdout)
    assert len(set(names)) == 7
    assert all(name.startswith("branch_8200_") for name in names)
