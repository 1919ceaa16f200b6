"""Flensburg has left: the central downloads the package, and the new business brings its customers in."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from files.choices import FileState
from mcp.models import User
from tests.browser.conftest import Enter
from tests.customers.people import customer
from tests.transitions.moving import ACCOUNT, PASSWORD, exit_in, say
from transitions.choices import TransitionState
from transitions.models import Package, PackageDownload, Transition
from transitions.package.tasks import make_package

pytestmark = pytest.mark.browser


def test_customers_come_along_with_the_package(enter: Enter, cast, tmp_path):
    flensburg = cast.scope("frida", "Flensburg")
    say(customer(flensburg, first_name="Greta", last_name="Ja"))
    customer(flensburg, first_name="Nils", last_name="Nein")
    transition = exit_in(cast, TransitionState.EXECUTED)
    User.objects.filter(organization__account_number=ACCOUNT).update(username="freda")

    anna = enter("anna")
    file = download_the_package(anna, transition, str(tmp_path / "paket.zip"))
    owner = enter("freda", password=PASSWORD)
    bring_in(owner, file)
    owner.get_by_role("link", name="Zu den Kunden").click()
    expect(owner.locator("#result_list tbody tr")).to_have_count(1)
    expect(owner.locator("#result_list")).to_contain_text("Ja")

    anna.goto(f"/10400/1/transitions/transition/{transition.pk}/protocol/")
    section = anna.locator("section", has=anna.get_by_role("heading", name="Import beim Empfänger"))
    expect(section.locator("tbody tr")).to_have_count(1)
    expect(anna.locator(".transfer")).not_to_contain_text("Nils")
    with anna.expect_download() as handed:
        anna.get_by_role("link", name="Als PDF herunterladen").click()
    assert handed.value.suggested_filename == "protokoll-10400-6.pdf"
    assert Transition.objects.get().state == TransitionState.CARRIED_OVER


def download_the_package(page: Page, transition: Transition, path: str) -> str:
    """The page goes on by itself once the worker has made it."""
    page.goto(f"/10400/1/transitions/transition/{transition.pk}/")
    page.get_by_role("link", name="Das Paket").click()
    expect(page.get_by_role("status")).to_contain_text("Das Paket wartet")
    make_package.func(package=str(Package.objects.get().pk))
    assert Package.objects.get().state == FileState.DONE
    expect(page.get_by_role("status")).to_contain_text("Die Datei ist fertig")
    with page.expect_download() as handed:
        page.get_by_role("button", name="Herunterladen").click()
    handed.value.save_as(path)
    assert PackageDownload.objects.get().user_name == "Anna Andresen"
    return path


def bring_in(page: Page, file: str) -> None:
    page.goto(f"/{ACCOUNT}/2/customers/customer/")
    expect(page.locator("#result_list tbody tr")).to_have_count(0)
    page.get_by_role("navigation", name="Seitenleiste").get_by_role("link", name="Übernahme").click()
    page.locator("[name=file]").set_input_files(file)
    page.get_by_role("button", name="Hochladen", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Paket von Nordlicht Bäckereien (Betrieb 10400)")
    page.get_by_role("button", name=re.compile("Jetzt importieren: 1 neu")).click()
    expect(page.locator(".transfer-figure-new")).to_contain_text("1")
