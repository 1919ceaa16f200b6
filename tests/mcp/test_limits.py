"""A request that asks for too much is stopped, and says so; the worker is not."""

import socket
import time

import pytest
from django.db import connection
from django.http import HttpResponse

from mcp import row_security, watching


def limits() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
        return cursor.fetchone()


def test_limits_hold_where_they_are_said_and_nowhere_else(cast):
    before = limits()
    with row_security.limited(statement=7, lock=3), row_security.rows_of(cast.scope("anna", "Zentrale")):
        assert limits() == ("7s", "3s")
    with row_security.rows_of(cast.scope("anna", "Zentrale")):
        assert limits() == before


@pytest.mark.parametrize("method", ["get", "post"])
def test_page_that_takes_too_long_is_stopped_and_says_so(log_in, settings, monkeypatch, method):
    settings.REQUEST_LIMITS = {"statement": 1, "lock": 1}

    def slow(*args, **more):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(20)")

    monkeypatch.setattr("mcp.console.ConsoleModelAdmin.changelist_view", slow)
    monkeypatch.setattr("customers.admin.customers.CustomerAdmin.changelist_view", slow)
    anna = log_in("anna")
    response = getattr(anna, method)("/10400/1/customers/customer/", headers={"accept-language": "en"})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
    assert "That took too long" in response.content.decode()


@pytest.mark.parametrize(("method", "is_given_up"), [("get", True), ("post", False)])
def test_page_that_nobody_waits_for_is_given_up_and_a_pressed_button_is_not(log_in, monkeypatch, method, is_given_up):
    """The browser leaves after a moment."""
    server, browser = socket.socketpair()

    def slow(*args, **more):
        browser.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(4)")
        return HttpResponse("done")

    monkeypatch.setattr("customers.admin.customers.CustomerAdmin.changelist_view", slow)
    anna = log_in("anna")
    started = time.monotonic()
    response = getattr(anna, method)("/10400/1/customers/customer/", **{"gunicorn.socket": server})
    server.close()
    assert (response.status_code == 503, time.monotonic() - started < 4) == (is_given_up, is_given_up)


def test_browser_that_waits_or_has_sent_more_has_not_left():
    server, browser = socket.socketpair()
    assert not watching.has_left(server)
    browser.send(b"GET")
    assert not watching.has_left(server)
    assert server.recv(3) == b"GET"
    browser.close()
    assert watching.has_left(server)
    server.close()


def test_every_request_has_the_limits_of_the_settings(log_in, settings, monkeypatch):
    seen = []
    original = row_security._values

    def values(rows):
        seen.append(original(rows)[-2:])
        return original(rows)

    monkeypatch.setattr(row_security, "_values", values)
    log_in("anna").get("/10400/1/")
    wanted = [f"{settings.REQUEST_LIMITS[name]}s" for name in ("statement", "lock")]
    assert wanted in seen[1:]  # the first is that of the test itself
