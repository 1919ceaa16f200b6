"""A request that asks for too much is stopped, and says so; the worker is not."""

import socket
from collections.abc import Callable

import pytest
from django.db import connection

from customers.admin.customers import CustomerAdmin
from mcp.isolation import row_scope
from mcp.project import abandoned_requests

LIST = "/10400/1/customers/customer/"


def limits() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
        return cursor.fetchone()


def test_limits_hold_where_they_are_said_and_nowhere_else(cast):
    before = limits()
    with row_scope.limited(statement=7, lock=3), row_scope.rows_of(cast.scope("anna", "Zentrale")):
        assert limits() == ("7s", "3s")
    with row_scope.rows_of(cast.scope("anna", "Zentrale")):
        assert limits() == before


@pytest.fixture
def slowly(monkeypatch) -> Callable[[float, Callable[[], None]], None]:
    """The list of customers asks the database once for something that takes so many seconds."""

    def slow_down(seconds: float, before: Callable[[], None] = lambda: None) -> None:
        once = iter([seconds])

        def has_archive_permission(self, request):
            for wait in once:
                before()
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(%s)", [wait])
            return True

        monkeypatch.setattr(CustomerAdmin, "has_archive_permission", has_archive_permission)

    return slow_down


@pytest.mark.parametrize("method", ["get", "post"])
def test_page_that_takes_too_long_is_stopped_and_says_so(log_in, settings, slowly, method):
    settings.REQUEST_LIMITS = {"statement": 1, "lock": 1}
    slowly(20)
    response = getattr(log_in("anna"), method)(LIST, headers={"accept-language": "en"})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
    assert "That took too long" in response.content.decode()


@pytest.mark.parametrize(("method", "is_given_up"), [("get", True), ("post", False)])
def test_page_that_nobody_waits_for_is_given_up_and_a_pressed_button_is_not(log_in, slowly, method, is_given_up):
    """The browser leaves after a moment."""
    server, browser = socket.socketpair()
    slowly(4, browser.close)
    try:
        response = getattr(log_in("anna"), method)(LIST, **{"gunicorn.socket": server})
    finally:
        server.close()
    assert (response.status_code == 503) is is_given_up


def test_browser_that_waits_or_has_sent_more_has_not_left():
    server, browser = socket.socketpair()
    assert not abandoned_requests.has_left(server)
    browser.send(b"GET")
    assert not abandoned_requests.has_left(server)
    assert server.recv(3) == b"GET"
    browser.close()
    assert abandoned_requests.has_left(server)
    server.close()


def test_every_request_has_the_limits_of_the_settings(log_in, settings, monkeypatch):
    seen = []
    original = row_scope._values

    def values(rows):
        seen.append(original(rows)[-2:])
        return original(rows)

    monkeypatch.setattr(row_scope, "_values", values)
    log_in("anna").get("/10400/1/")
    wanted = [f"{settings.REQUEST_LIMITS[name]}s" for name in ("statement", "lock")]
    assert wanted in seen[1:]  # the first is that of the test itself
