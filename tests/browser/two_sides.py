"""A central and the branch Lübeck before the browser: two installations as processes of their own, and a line between.

    both.cut()                  the branch reaches the central no more
    both.mend()
    anna = both.enter("central", "anna")

The branch's own web server is a program of its own, the others are copies of one warm process.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page

from clearing.demo.nodes import let_staff_reconcile
from launch import port
from launch.folders import PROJECT
from mcp.demo import PASSWORD
from mcp.isolation import row_scope
from mcp.login.hashers import PasswordHasher
from mcp.project import environment
from tests.browser.watch import Watch
from tests.clearing.installation import building
from tests.clearing.installation.servers import running
from tests.clearing.installation.world import Installations, free_port

PLACE = "/10400/4"
SECONDS = 120
PATIENCE = 30_000  # milliseconds, for three installations on one machine
NOWHERE = 1
"""A port at which nobody listens."""


class TwoSides:
    """Both installations, with the pages that are open at them."""

    def __init__(self, installations: Installations, browser: Browser, ports: dict[str, int]) -> None:
        self.installations, self._browser, self._ports = installations, browser, ports
        self._opened: list[tuple[BrowserContext, Page, Watch]] = []

    def cut(self) -> None:
        """Whatever the branch sends, nobody hears it."""
        self.installations.line.to = NOWHERE

    def mend(self) -> None:
        """The branch reaches the central again."""
        self.installations.line.to = self.installations.port

    def enter(self, side: str, username: str) -> Page:
        """A page of a browser of its own, behind the login of a side."""
        context = self._browser.new_context(
            base_url=f"http://{port.HOST}:{self._ports[side]}", locale="de-DE", timezone_id="Europe/Berlin",
            viewport={"width": 1366, "height": 900}, reduced_motion="reduce",
        )  # fmt: skip
        context.set_default_timeout(PATIENCE)
        watch, page = Watch(context), context.new_page()
        self._opened.append((context, page, watch))
        page.goto("/login/")
        if side == "central":
            page.locator("[name=account_number]").fill("10400")
        page.locator("[name=username]").fill(username)
        page.locator("[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Anmelden", exact=True).click()
        page.wait_for_url(lambda address: "/login/" not in address)
        return page

    def close(self) -> list[str]:
        """Close all pages; returns what the browsers have complained about."""
        for context, page, watch in self._opened:
            watch.settle(page)
            context.close()
        return [complaint for _context, _page, watch in self._opened for complaint in watch.complaints]


def let_dirk_reconcile() -> None:
    """Done at the central by a copy of the warm process."""
    with row_scope.without_scope(reason="test", actor="test"):
        let_staff_reconcile()


@contextmanager
def opened(browser: Browser, folder: Path) -> Iterator[TwoSides]:
    """Both sides as they are after the first run, with people who can log in."""
    template = building.template(_cast_url())
    own = template.with_name(f"browser_{os.getpid()}")
    try:
        with (
            running(template, own) as server,
            building.warm_installation(server, folder) as warm,
            Installations(server, server, warm, folder) as both,
        ):
            both.open()
            # Rights at a database do not come with its copy; a web server refuses to start beside too many.
            both.ask("branch", f"REVOKE CREATE, TEMPORARY ON DATABASE {both.names['branch']} FROM PUBLIC")
            hasher = PasswordHasher()
            password = hasher.encode(PASSWORD, hasher.salt())
            both.ask("central", "UPDATE mcp_user SET password = %s WHERE username IN ('anna', 'dirk')", password)
            both.call("central", "tests.browser.two_sides.let_dirk_reconcile")
            both.serve()
            both.run().demand_done()
            worker = both.begin("work", "branch")
            with _served(both, folder) as number:
                yield TwoSides(both, browser, {"central": both.port, "branch": number})
            os.killpg(worker.process, signal.SIGKILL)
            worker.ended()
    finally:
        shutil.rmtree(own, ignore_errors=True)


@contextmanager
def _served(both: Installations, folder: Path) -> Iterator[int]:
    """The branch's web server, as `make run-branch` starts it but with one process; its port."""
    number = free_port()
    variables = {
        **{name: value for name, value in os.environ.items() if name != "AS_OWNER" and "PYTEST" not in name},
        "SIDE": "branch", "DATABASE_URL": both.branch.url(both.names["branch"]), "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "mcp.project.settings", "PUBLIC_URL": f"http://{port.HOST}:{number}/",
        "SECRET_KEY": "only-for-the-tests", "TOMBSTONE_KEY": "only-for-the-tests-too",
    }  # fmt: skip
    with (folder / "web-of-branch.txt").open("wb") as said:
        web = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "mcp.project.wsgi:application", "--no-control-socket", "--bind",
             f"{port.HOST}:{number}", "--workers", "1", "--threads", "4", "--keep-alive", "0"],
            cwd=PROJECT, env=variables, stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + SECONDS
        while port.status(number, "/health/") != 200:
            if time.monotonic() > deadline or web.poll() is not None:
                raise AssertionError((folder / "web-of-branch.txt").read_text())
            time.sleep(0.05)
        yield number
    finally:
        web.terminate()
        web.wait(SECONDS)


def _cast_url() -> str:
    """The database with the cast, as its owner."""
    server, mark, options = environment.text("DATABASE_OWNER_URL").partition("?")
    name = connection.settings_dict["TEST"]["TEMPLATE"]
    return f"{server.rpartition('/')[0]}/{name}{mark}{options}"
