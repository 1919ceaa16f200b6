"""The story of a branch on 1.0: the line is cut, both sides edit one customer, and it comes back.

A central and a branch as processes of their own, each with a database of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.two_sides import PLACE, TwoSides, opened

pytestmark = pytest.mark.browser

GUEST = "Gast 1001"
OWN = f"{PLACE}/clearing/node/own/"
CONFLICTS = f"{PLACE}/clearing/conflict/"
OF_A_RUN = 60_000  # milliseconds: a worker and two web servers have their part in it


@pytest.fixture
def both(django_db_setup, browser: Browser, tmp_path: Path) -> Iterator[TwoSides]:
    with opened(browser, tmp_path) as sides:
        yield sides
        assert sides.close() == []


def test_branch_stands_the_loser_is_taken_over_and_a_right_ends_with_the_next_contact(both: TwoSides):
    anna, dirk = both.enter("central", "anna"), both.enter("branch", "dirk")
    expect(dirk.get_by_role("group", name="Wo Sie sind")).to_contain_text("Kundenstamm 1.0 (abgekündigt)")

    both.cut()
    change(anna, email="husum@example.com")
    change(dirk, mobile="0151 23456789")
    reconcile(dirk)
    expect(dirk.get_by_role("alert")).to_contain_text("Die Zentrale ist nicht erreichbar")
    expect(dirk.locator(".mcp-lines")).to_contain_text("Nicht gesendete Änderungen1")

    both.mend()
    reconcile(dirk)
    expect(runs(dirk)).to_contain_text("Fertig")
    expect(dirk.get_by_role("alert")).to_have_count(0)
    for page in (anna, dirk):
        expect_of_guest(page, mobile="+49 1512 3456789", email="")

    take_over_the_loser(anna)
    reconcile(dirk)
    expect(runs(dirk)).to_contain_text("Fertig")
    for page in (anna, dirk):
        expect_of_guest(page, mobile="+49 1512 3456789", email="husum@example.com")

    take_away_changing(anna)
    change(dirk, mobile="0151 5550123")
    reconcile(dirk)
    expect(runs(dirk)).to_contain_text("Fertig")
    assert dirk.goto(f"{PLACE}/customers/customer/?q={GUEST}") is not None
    dirk.get_by_role("link", name=GUEST).first.click()
    expect(dirk.locator("[name=_save]")).to_have_count(0)


def change(page: Page, **values: str) -> None:
    """Save these values of the guest."""
    open_guest(page)
    for name, value in values.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=_save]").click()
    expect(page.get_by_text("ist geändert")).to_be_visible()


def open_guest(page: Page) -> None:
    page.goto(f"{PLACE}/customers/customer/?q={GUEST}")
    page.get_by_role("link", name=GUEST).first.click()


def expect_of_guest(page: Page, **values: str) -> None:
    open_guest(page)
    for name, value in values.items():
        expect(page.locator(f"[name={name}]")).to_have_value(value)


def reconcile(page: Page) -> None:
    """Press the button, and wait until the page says what became of it."""
    page.goto(OWN)
    page.get_by_role("button", name="Jetzt abgleichen").click()
    expect(page.locator("progress")).to_have_count(0, timeout=OF_A_RUN)


def runs(page: Page) -> Locator:
    """The newest run."""
    return page.locator("main tbody tr").first


def take_over_the_loser(page: Page) -> None:
    """One click: the field that the central alone has changed is ticked beforehand."""
    page.goto(CONFLICTS)
    page.get_by_role("link", name=GUEST).click()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(1)
    page.get_by_role("button", name="Angehaktes übernehmen").click()
    expect(page.locator("main")).to_contain_text("Übernommen von Anna Andresen")


def take_away_changing(page: Page) -> None:
    page.goto("/10400/1/")
    page.get_by_role("navigation", name="Seitenleiste").get_by_role("link", name="Benutzergruppen").click()
    page.get_by_role("link", name="Lübeck", exact=True).click()
    page.get_by_role("link", name="Berechtigungen", exact=True).click()
    page.locator("tr[data-row^='4 lübeck'] [name=cell][value^='change_customers@']").uncheck()
    page.get_by_role("button", name="Änderungen ansehen").click()
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("Gespeichert für Lübeck")).to_be_visible()
