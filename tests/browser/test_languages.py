"""German first, English complete, and the address stays."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter

pytestmark = pytest.mark.browser

PAGES = (
    "/10400/6/",
    "/10400/6/customers/customer/",
    "/10400/6/customers/customer/add/",
    "/10400/6/customers/customergroup/",
    "/10400/6/customers/tag/add/",
    "/10400/6/locations/location/",
    "/10400/1/locations/location/add/",
    "/10400/6/mcp/usergroup/",
    "/10400/6/mcp/usergroup/add/",
    "/10400/6/mcp/user/",
    "/10400/6/mcp/user/add/",
    "/10400/6/mcp/user/why/",
    "/10400/6/mcp/restriction/",
    "/10400/6/password_change/",
)
GERMAN = re.compile(
    r"\b(und|oder|der|die|das|ein|eine|einen|nicht|mit|von|für|zum|zur|Sie|ist|sind|wird|Kunden?|Kundenstamm|Standorte?"
    r"|Benutzer|Benutzergruppen?|Berechtigung(en)?|Suche|Hinzufügen|Speichern|Löschen|Zurück|Straße|Anrede|Nachname)\b"
    r"|[äöüßÄÖÜ]"
)
ENGLISH = re.compile(
    r"\b(and|or|the|not|with|of|for|you|your|are|this|that|customers?|locations?|users?|rights?|select|search"
    r"|add|save|delete|back|street|last name|change|view|choose|yes|no|none|today|found|page|show|type)\b",
    re.IGNORECASE,
)
NAMES = (
    "Theke Hamburg und Bremen",
    "Auskunft Bremen",
    "Zentralverwaltung",
    "Nordlicht Bäckereien",
    "Lübeck",
    "Türkiye",
)
"""What people (and a state) have called themselves and their things stays as it is in either language."""


def test_language_is_switched_and_the_address_stays(enter: Enter):
    anna = enter("anna")
    anna.goto("/10400/2/customers/customer/?archived=all")
    choose_language(anna, "English · 28 Nov 2026")
    expect(
        anna.get_by_role("navigation", name="Side bar").get_by_role("link", name="Customers", exact=True)
    ).to_be_visible()
    assert anna.url.endswith("/10400/2/customers/customer/?archived=all")
    choose_language(anna, "Deutsch")
    expect(
        anna.get_by_role("navigation", name="Seitenleiste").get_by_role("link", name="Kunden", exact=True)
    ).to_be_visible()
    assert anna.url.endswith("/10400/2/customers/customer/?archived=all")


@pytest.mark.proof
@pytest.mark.sample("long proofs in turns", most=3)
def test_english_pages_hold_no_german_word(enter: Enter):
    anna = enter("anna")
    anna.goto("/10400/6/")
    choose_language(anna, "English · 28 Nov 2026")
    assert words_on_pages(anna, GERMAN) == []


@pytest.mark.proof
@pytest.mark.sample("long proofs in turns", most=3)
def test_german_pages_hold_no_english_word(enter: Enter):
    assert words_on_pages(enter("anna"), ENGLISH) == []


def test_login_speaks_the_language_of_the_browser(visit):
    page = visit(language="en")
    page.goto("/login/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Anmelden")


def choose_language(page: Page, name: str) -> None:
    page.locator("button.shell-user").click()
    page.get_by_role("button", name=name).click()
    page.wait_for_load_state()


def words_on_pages(page: Page, foreign: re.Pattern[str]) -> list[tuple[str, str]]:
    """(page, line) for each line on screen, label or hint in which a word of the other language stands."""
    found = []
    for address in PAGES:
        response = page.goto(address)
        assert response is not None
        assert (address, response.status) == (address, 200)
        found += [(address, line) for line in texts(page) if foreign.search(line)]
    return found


def texts(page: Page) -> list[str]:
    """What is read on the page: the title, the visible text without icons, and what a screen reader adds."""
    lines: list[str] = page.evaluate(
        """() => {
            document.querySelectorAll(".material-symbols-outlined, [lang]:not(html), option[lang], script, style")
                .forEach(element => element.remove());
            const said = [...document.querySelectorAll("body *")].filter(element => element.checkVisibility())
                .flatMap(element => ["aria-label", "title", "placeholder"].map(name => element.getAttribute(name)));
            return [document.title, ...document.body.innerText.split("\\n"), ...said].filter(Boolean);
        }"""
    )
    for name in NAMES:
        lines = [line.replace(name, "") for line in lines]
    return lines
