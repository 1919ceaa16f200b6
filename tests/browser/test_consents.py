"""At the counter a customer agrees and changes his mind: two clicks each, on the same page, and the list finds him."""

import pytest
from playwright.sync_api import Page, expect

from customers.choices import TRANSFER
from customers.models import Consent
from tests.browser.conftest import Enter
from tests.customers.people import customer
from tests.transitions.moving import say

pytestmark = pytest.mark.browser

LIST = "/10400/2/customers/customer/"


def test_one_click_asks_how_and_the_next_records_it(enter: Enter, cast):
    greta = customer(cast.scope("bodo", "Hamburg"), first_name="Greta", last_name="Groth")
    bodo = enter("bodo")
    bodo.goto(f"{LIST}{greta.pk}/change/")
    for button, how, source, badge, clicked in (
        ("Newsletter: Erteilen", "An der Theke", "counter", "erteilt", True),
        ("Newsletter: Widerrufen", "Am Telefon", "phone", "widerrufen", False),
    ):
        bodo.locator(f'summary[aria-label="{button}"]').click()
        assert Consent.objects.filter(customer=greta, is_given=clicked).count() == 0
        bodo.get_by_role("button", name=how, exact=True).click()
        expect(bodo.get_by_text("1 Angabe ist festgehalten.")).to_be_visible()
        expect(state_of(bodo, "Newsletter")).to_contain_text(badge)
        newest = Consent.objects.filter(customer=greta).latest("at")
        assert (newest.purpose, newest.is_given, newest.recorded_by) == ("newsletter", clicked, "Bodo Brandt")
        assert newest.source == source


def test_slip_is_struck_out_where_it_was_made(enter: Enter, cast):
    greta = customer(cast.scope("bodo", "Hamburg"), first_name="Greta", last_name="Groth")
    bodo = enter("bodo", size=(390, 844))
    bodo.goto(f"{LIST}{greta.pk}/change/")
    bodo.locator('summary[aria-label="Weitergabe an einen anderen Betrieb: Erteilen"]').press("Enter")
    bodo.keyboard.press("Tab")
    bodo.keyboard.press("Enter")
    expect(state_of(bodo, "Weitergabe an")).to_contain_text("erteilt")
    bodo.get_by_role("button", name="Weitergabe an einen anderen Betrieb: Streichen").click()
    expect(bodo.get_by_text("Die Angabe ist gestrichen.")).to_be_visible()
    expect(state_of(bodo, "Weitergabe an")).to_contain_text("keine Angabe")
    bodo.get_by_role("link", name="Alle Angaben").click()
    expect(bodo.locator(".customer-struck")).to_contain_text("gestrichen von Bodo Brandt")


def test_statement_on_paper_is_recorded_and_an_earlier_day_can_be_asked(enter: Enter, cast):
    greta = customer(cast.scope("bodo", "Hamburg"), first_name="Greta", last_name="Groth")
    say(greta, days_ago=30)
    bodo = enter("bodo")
    bodo.goto(f"{LIST}{greta.pk}/consents/")
    receiver = bodo.locator("[name=receiver]")
    bodo.locator("[name=purpose]").select_option("newsletter")
    expect(receiver).to_be_hidden()
    bodo.locator("[name=purpose]").select_option(TRANSFER)
    expect(receiver).to_be_visible()
    bodo.locator("[name=is_given]").select_option(label="widerrufen")
    bodo.locator("[name=source]").select_option(label="Auf Papier")
    bodo.locator("[name=evidence]").fill("Ordner 12, Blatt 7")
    bodo.get_by_role("button", name="Festhalten", exact=True).click()
    expect(state_of(bodo, "Weitergabe")).to_contain_text("widerrufen")
    expect(bodo.locator(".customer-consent-table")).to_contain_text("Ordner 12, Blatt 7")

    yesterday = bodo.evaluate("new Date(Date.now() - 86400000).toISOString().slice(0, 10)")
    bodo.locator("[name=on]").fill(yesterday)
    bodo.get_by_role("button", name="Anzeigen").click()
    expect(state_of(bodo, "Weitergabe")).to_contain_text("erteilt")
    expect(bodo.get_by_role("button", name="Weitergabe")).to_have_count(0)


def test_several_say_the_same_and_the_list_is_filtered_by_it(enter: Enter, cast):
    scope = cast.scope("bodo", "Hamburg")
    for name in ("Groth", "Gross", "Stumm"):
        customer(scope, last_name=name)
    bodo = enter("bodo")
    bodo.goto(LIST)
    for name in ("Groth", "Gross"):
        bodo.get_by_role("row", name=name).locator("[name=_selected_action]").check()
    bodo.locator("[name=action]").select_option("record_consent")
    bodo.get_by_role("button", name="Ausführen").first.click()
    expect(bodo.locator(".customer-names li")).to_have_count(2)
    bodo.locator("[name=purpose]").select_option("newsletter")
    bodo.locator("[name=source]").select_option("form")
    bodo.get_by_role("button", name="Festhalten", exact=True).click()
    expect(bodo.get_by_text("2 Angaben sind festgehalten.")).to_be_visible()
    bodo.goto(f"{LIST}?consent=newsletter.given")
    expect(bodo.locator("#result_list tbody tr")).to_have_count(2)


def state_of(page: Page, purpose: str):
    return page.locator(".customer-consent-states li").filter(has_text=purpose)


OVERLAPS = """() => [...document.querySelectorAll(".customer-consent-states li")].flatMap((line) => {
    const every = [...line.children].map((part) => part.getBoundingClientRect());
    const boxes = every.filter((box) => box.width && box.height);
    const meets = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    return boxes.some((a, i) => boxes.slice(i + 1).some((b) => meets(a, b))) ? [line.innerText] : [];
})"""
LOOKS = """() => [...document.querySelectorAll(".customer-consent-table .customer-badge")].map((badge) => {
    const look = getComputedStyle(badge);
    return [look.backgroundColor, look.color, getComputedStyle(badge, "::before").content];
})"""


@pytest.mark.parametrize("width", [1366, 820, 390])
def test_badge_lies_over_nothing_and_given_and_withdrawn_differ_by_more_than_colour(enter: Enter, cast, width: int):
    greta = customer(cast.scope("bodo", "Hamburg"), first_name="Greta", last_name="Groth")
    say(greta, days_ago=30, receiver=50300)
    say(greta, days_ago=20)
    say(greta, days_ago=10, is_given=False)
    say(greta, days_ago=5, receiver=50300)
    bodo = enter("bodo", size=(width, 900))
    for page in ("change", "consents"):
        bodo.goto(f"{LIST}{greta.pk}/{page}/")
        assert bodo.evaluate(OVERLAPS) == []
    for is_dark in (False, True):
        bodo.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", is_dark)
        given, withdrawn, *_earlier = bodo.evaluate(LOOKS)
        assert all(one != other for one, other in zip(given, withdrawn, strict=True)), (given, withdrawn)
