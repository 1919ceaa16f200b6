"""axe finds nothing serious on any page, at three widths, light and dark; the keyboard begins where one types."""

from __future__ import annotations

from itertools import product

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from locations.choices import LegacyRule
from tests.browser.conftest import Enter, Visit
from tests.browser.crawl import reachable
from tests.browser.test_sizes import register_somebody_with_much_to_show
from tests.conftest import Cast
from tests.locations.rules import lift
from tests.proofs.sampling import Sample

pytestmark = pytest.mark.browser

WIDTHS = (1366, 820, 390)
LOOKS = ("light", "dark")
HEAVY = frozenset({"serious", "critical"})
EACH = 8
"""A run that leaves something out looks at one of so many."""
DARK = """async isDark => {
    document.documentElement.classList.toggle('dark', isDark)
    const changing = document.getAnimations().filter(one => one instanceof CSSTransition)
    const late = new Promise(done => setTimeout(done, 2000))
    await Promise.race([late, Promise.all(changing.map(one => one.finished.catch(() => null)))])
}"""
"""Until no colour is on its way from the one look to the other; what the width has hidden may never arrive."""
OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
MAIN = "() => document.querySelectorAll('main').length"


@pytest.mark.proof
@pytest.mark.sample("long proofs in turns", most=3)
def test_axe_finds_nothing_serious_on_any_page(enter: Enter, cast: Cast, sample: Sample):
    page = enter("anna")
    paths = reachable(page, "/10400/1/", below="/10400/1/")
    register_somebody_with_much_to_show(cast)
    assert len(paths) >= 30
    cases = sample.part([*product(paths, WIDTHS, LOOKS)], of=EACH)
    found = [fault for path, width, look in cases for fault in faults(page, path, width, look)]
    assert not found, "\n".join(found)


def test_axe_finds_nothing_serious_at_the_login(visit: Visit):
    page = visit(language="de")
    for path, look in product(("/login/", "/password/forgotten/"), LOOKS):
        assert faults(page, path, 390, look) == []


def test_axe_finds_nothing_serious_where_rules_of_1_0_are_switched(enter: Enter, cast: Cast):
    """And on the front page of the central, where it counts what it would leave out."""
    lift(LegacyRule.CENTRAL_FIGURES, cast.organization())
    rita, anna = enter("rita"), enter("anna")
    rules = f"/locations/organization/{cast.organization().pk}/legacy/"
    for page, path in ((rita, "/locations/organization/legacy/"), (rita, rules), (anna, "/10400/1/")):
        for width, look in product((1366, 390), LOOKS):
            assert faults(page, path, width, look) == []


def test_axe_finds_nothing_serious_in_the_bar_of_actions(enter: Enter, cast: Cast):
    anna = enter("anna")
    register_somebody_with_much_to_show(cast)
    for look in LOOKS:
        anna.goto("/10400/1/customers/customer/")
        anna.locator("tr input.action-select").first.check()
        expect(anna.locator("#changelist-actions")).to_be_visible()
        assert faults(anna, "/10400/1/customers/customer/", 1366, look) == []


def faults(page: Page, path: str, width: int, look: str) -> list[str]:
    page.set_viewport_size({"width": width, "height": 900})
    if page.url.partition("//")[2].partition("/")[2] != path.lstrip("/"):
        page.goto(path)
    page.evaluate(DARK, look == "dark")
    where = f"{path} at {width}, {look}"
    found = [] if page.evaluate(MAIN) == 1 else [f"{where}: not one main part"]
    violations = Axe().run(page, options=OPTIONS).response["violations"]
    return found + [
        f"{where}: {violation['id']}: {node['target']} {node['failureSummary'].splitlines()[1:2]}"
        for violation in violations
        if violation["impact"] in HEAVY
        for node in violation["nodes"][:3]
    ]


def test_first_field_has_the_focus_and_after_a_mistake_the_first_wrong_one(enter: Enter):
    bodo = enter("bodo")
    bodo.goto("/10400/2/customers/customer/add/")
    focused = bodo.locator(":focus")
    expect(focused).to_be_visible()
    assert focused.evaluate(
        "element => element === document.querySelector('main form[id$=_form] input:not([type=hidden])')"
    )
    bodo.locator("[name=last_name]").fill("Test")
    bodo.get_by_text("Weitere Angaben", exact=True).click()
    bodo.locator("[name=birthday]").fill("31.02.1980")
    bodo.locator("[name=_save]").first.click()
    expect(bodo.locator("[name=birthday]")).to_be_focused()


def test_search_of_a_list_has_the_focus(enter: Enter):
    anna = enter("anna")
    for page in ("customers/customer/", "mcp/user/"):
        anna.goto(f"/10400/1/{page}")
        expect(anna.locator("#searchbar")).to_be_focused()


def test_side_bar_over_a_narrow_page_takes_the_focus_and_gives_it_back(enter: Enter):
    anna = enter("anna", size=(820, 900))
    anna.goto("/10400/1/")
    anna.wait_for_timeout(500)  # the look closes the side bar when the size of the page changes, as at first
    toggle = anna.locator("[aria-controls=nav-sidebar]")
    toggle.press("Enter")
    expect(anna.locator(".shell-side-close")).to_be_focused()
    anna.keyboard.press("Tab")
    anna.keyboard.press("Escape")
    expect(anna.locator("#nav-sidebar")).to_be_hidden()
    expect(toggle).to_be_focused()
