"""From anywhere to a customer, and nothing that was typed is lost: by the keyboard, on a wide and a narrow screen."""

import pytest
from playwright.sync_api import Page, expect

from customers.models import Customer
from locations.permissions import Right
from mcp.demo import PASSWORD
from mcp.isolation.grants import add_grants, remove_grants
from tests.browser.conftest import Enter
from tests.conftest import Cast
from tests.customers.people import customer

pytestmark = pytest.mark.browser

PHONE = (390, 800)


@pytest.fixture
def meier(cast: Cast) -> Customer:
    return customer(cast.scope("anna", "Hamburg"), last_name="Meier", first_name="Anna", city="Kiel")


def find(page: Page, words: str, *, key: str = "k") -> None:
    """By the key, as a hurried person would."""
    page.keyboard.press(key)
    expect(page.get_by_role("searchbox", name="Kunden finden")).to_be_focused()
    page.keyboard.type(words, delay=20)


def test_customer_is_found_from_anywhere_by_the_keyboard_alone(enter: Enter, meier: Customer):
    bodo = enter("bodo")
    bodo.goto("/10400/2/mcp/user/logins/")
    find(bodo, "mei")
    hit = bodo.get_by_role("search", name="Kunden finden").get_by_role("link", name="Anna Meier")
    expect(hit).to_be_visible()
    bodo.keyboard.press("ArrowDown")
    expect(hit).to_be_focused()
    bodo.keyboard.press("Enter")
    bodo.wait_for_url(f"**/10400/2/customers/customer/{meier.pk}/change/")
    expect(bodo.locator("[name=first_name], [name=salutation]").first).to_be_visible()
    find(bodo, "meier", key="Control+k")  # a field of the form has the focus
    bodo.keyboard.press("Enter")
    bodo.wait_for_url(f"**/customer/{meier.pk}/change/")


def test_search_on_a_phone_opens_by_its_button(enter: Enter, meier: Customer):
    bodo = enter("bodo", size=PHONE)
    bodo.goto("/10400/3/")
    box = bodo.get_by_role("searchbox", name="Kunden finden")
    expect(box).to_be_hidden()
    bodo.get_by_role("button", name="Kunden finden").click()
    expect(box).to_be_focused()
    box.press_sequentially("mei", delay=20)
    expect(bodo.get_by_role("link", name="Anna Meier")).to_be_visible()
    bodo.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(bodo.get_by_role("button", name="Kunden finden")).to_be_focused()


def test_who_is_not_found_is_registered_with_what_was_typed(enter: Enter, meier: Customer):
    bodo = enter("bodo")
    bodo.goto("/10400/2/")
    find(bodo, "Otto Neu")
    bodo.get_by_role("link", name="„Otto Neu“ anlegen").click()
    expect(bodo.locator("[name=first_name]")).to_have_value("Otto")
    expect(bodo.locator("[name=last_name]")).to_have_value("Neu")
    bodo.locator("[name=_save]").first.click()
    bodo.wait_for_url("**/customers/customer/")
    bodo.get_by_role("link", name="Otto Neu (").first.click()
    bodo.wait_for_url("**/change/")
    carla = enter("carla")
    find(carla, "Nirgendwer")
    expect(carla.get_by_text("Kein Kunde enthält „Nirgendwer“.")).to_be_visible()
    expect(carla.get_by_role("link", name="anlegen")).to_have_count(0)


def test_other_business_finds_its_own(enter: Enter, meier: Customer):
    sven = enter("sven")
    sven.goto("/20800/2/")
    find(sven, "Meier")
    expect(sven.get_by_text("Kein Kunde enthält „Meier“.")).to_be_visible()


def test_what_was_typed_goes_through_a_new_login(enter: Enter, cast: Cast):
    bodo = enter("bodo", password=PASSWORD)
    bodo.goto("/10400/2/customers/customer/add/")
    bodo.locator("[name=last_name]").fill("Lange-Getippt")
    bodo.context.clear_cookies(name="sessionid")
    bodo.locator("[name=_save]").first.click()
    expect(bodo.get_by_role("heading", level=1)).to_have_text("Ihre Sitzung ist zu Ende")
    expect(bodo.get_by_text("Lange-Getippt")).to_be_visible()
    bodo.locator("[name=username]").fill("bodo")
    bodo.locator("[name=password]").fill("Stammhaus-Demo-2026")
    bodo.get_by_role("button", name="Anmelden", exact=True).click()
    bodo.get_by_role("button", name="Noch einmal versuchen").click()
    bodo.wait_for_url("**/10400/2/customers/customer/")
    expect(bodo.get_by_role("link", name="Lange-Getippt (").first).to_be_visible()


def test_what_was_typed_outlives_a_right_that_was_taken(enter: Enter, cast: Cast):
    bodo = enter("bodo")
    theke, add = cast.group("Theke Hamburg und Bremen"), [(Right.ADD_CUSTOMERS, cast.location("Hamburg").pk)]
    bodo.goto("/10400/2/customers/customer/add/")
    bodo.locator("[name=last_name]").fill("Lange-Getippt")
    remove_grants(theke, add)
    bodo.locator("[name=_save]").first.click()
    expect(bodo.get_by_text("Lange-Getippt")).to_be_visible()
    add_grants(theke, add)
    bodo.get_by_role("button", name="Noch einmal versuchen").click()
    bodo.wait_for_url("**/10400/2/customers/customer/")
    assert Customer.objects.get().last_name == "Lange-Getippt"


def test_one_starts_where_one_has_chosen_to(enter: Enter):
    bodo = enter("bodo")
    bodo.goto("/10400/3/customers/customer/")
    bodo.get_by_role("button", name="Standort wechseln").click()
    bodo.get_by_role("button", name="Nach der Anmeldung hier starten").click()
    expect(bodo.get_by_text("Sie starten ab jetzt am Standort Bremen.")).to_be_visible()
    assert bodo.url.endswith("/10400/3/customers/customer/")
    again = enter("bodo")
    assert again.url.endswith("/10400/3/")
