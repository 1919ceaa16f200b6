"""A request that asks for too much is stopped, and says so; the worker is not."""

import pytest
from django.db import connection

from mcp import row_security


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


def test_every_request_has_the_limits_of_the_settings(log_in, settings, monkeypatch):
    seen = []
    original = row_security._values
    monkeypatch.setattr(row_security, "_values", lambda rows: seen.append(original(rows)[-2:]) or original(rows))
    log_in("anna").get("/10400/1/")
    wanted = [f"{settings.REQUEST_LIMITS[name]}s" for name in ("statement", "lock")]
    assert wanted in seen[1:]  # the first is that of the test itself
