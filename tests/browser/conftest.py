"""A real Chromium before the running product: `enter("anna")` gives a page on which she is logged in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from launch import chromium
from mcp.models import User
from tests.browser.watch import Watch
from tests.conftest import Cast, logged_in

type Visit = Callable[..., Page]
type Enter = Callable[..., Page]

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DESKTOP = (1366, 900)
LOCALES = {"de": "de-DE", "en": "en-GB"}
PATIENCE = 10_000  # milliseconds, on a machine that does other things as well
LOG_IN = {"de": "Anmelden", "en": "Log in"}


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this folder.

    Playwright keeps an event loop in this thread, beside which Django refuses to touch a database; the loop runs
    nothing while a test asks the database, so the refusal is lifted for as long as the browser is open. Beside a loop
    Django has a connection of its own: the other one is closed, or nobody could replace the database under it.
    """
    connection.close()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE)
        opened = playwright.chromium.launch(executable_path=chromium.ensure(), args=ARGUMENTS)
        yield opened
        connection.close()
        opened.close()


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer, cast: Cast) -> Iterator[Visit]:
    """`visit()` gives an empty page of a browser of its own, in a language and a size; at the end none of them may
    have complained about anything.
    """
    opened: list[tuple[BrowserContext, Page, Watch]] = []

    def begin(*, language: str = "de", size: tuple[int, int] = DESKTOP) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            locale=LOCALES[language],
            viewport={"width": size[0], "height": size[1]},
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        watch, page = Watch(context), context.new_page()
        opened.append((context, page, watch))
        return page

    yield begin
    for context, page, watch in opened:
        watch.settle(page)
        context.close()
    assert [complaint for _context, _page, watch in opened for complaint in watch.complaints] == []


@pytest.fixture
def enter(visit: Visit, live_server: LiveServer) -> Enter:
    """`enter("bodo", language="en")` gives the page behind the login; with a password it goes through it."""

    def begin(username: str, *, password: str = "", language: str = "de", **look: tuple[int, int]) -> Page:
        page = visit(language=language, **look)
        user = User.objects.select_related("organization").get(username=username)
        if password:
            _log_in(page, user, password, language)
        else:
            session = logged_in(username).cookies[settings.SESSION_COOKIE_NAME].value
            told = {settings.SESSION_COOKIE_NAME: session, settings.LANGUAGE_COOKIE_NAME: user.language}
            page.context.add_cookies([{"name": name, "value": told[name], "url": live_server.url} for name in told])
            page.goto("/")
        return page

    return begin


def _log_in(page: Page, user: User, password: str, language: str) -> None:
    page.goto("/login/" if user.organization else "/provider/login/")
    if user.organization:
        page.locator("[name=account_number]").fill(str(user.organization.account_number))
    page.locator("[name=username]").fill(user.username)
    page.locator("[name=password]").fill(password)
    page.get_by_role("button", name=LOG_IN[language], exact=True).click()
    page.wait_for_url(lambda address: "/login/" not in address)


@pytest.fixture
def choose_password(visit: Visit) -> Callable[[str, str], None]:
    """`choose_password(link, password)` opens the link that a new person was given, in a browser of his own."""

    def choose(link: str, password: str) -> None:
        page = visit(language="de")
        page.goto(urlsplit(link).path)
        for name in ("password1", "password2"):
            page.locator(f"[name={name}]").fill(password)
        page.get_by_role("button", name="Passwort setzen").click()
        page.wait_for_url("**/login/**")
        expect(page.get_by_role("status")).to_contain_text("Melden Sie sich damit an")

    return choose
