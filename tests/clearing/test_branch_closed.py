"""What exists at a branch: the table of addresses says it, and no page or menu there leads to anything else."""

from __future__ import annotations

import re
from itertools import cycle

import pytest
from django.core.management import CommandError, call_command
from django.urls import NoReverseMatch, reverse

from locations.choices import Side
from mcp.console import menu
from mcp.isolation.addresses import AtBranch, Rule, Zone, registered
from mcp.isolation.http import CONSOLE_URLCONF
from tests.clearing.branches import PLACE, administrator, own_node

SERVED = {
    Zone.OUTSIDE: """
        health branch_setup set_language password_link admin:login admin:logout admin:index admin:jsi18n
        admin:password_change admin:password_change_done
    """,
    Zone.LOCATION: """
        set_language admin:index admin:panel admin:logout admin:jsi18n admin:password_change admin:password_change_done
        admin:mcp_why admin:mcp_user_password admin:mcp_user_logins admin:mcp_own_logins admin:mcp_places
        admin:mcp_people admin:mcp_usergroup_rights admin:mcp_usergroup_rights_confirm admin:mcp_usergroup_like
        admin:mcp_usergroup_rights_log admin:clearing_run admin:clearing_own admin:clearing_stick
        admin:clearing_stick_file admin:clearing_pair_branch
        admin:clearing_conflicts admin:clearing_conflict admin:clearing_conflicts_of_run admin:clearing_held_back
        admin:clearing_held_back_one admin:accounting_account admin:accounting_branch_orders
    """,
}
"""What is served at a branch, by name; a page of the customers is, and the five addresses of three models beside it."""
MODELS = re.compile(
    r"admin:((locations_location|mcp_user|mcp_usergroup)_(changelist|add|change|delete|history)|mcp_device_\w+)"
)
OPENS_LOCATIONS = "admin:locations_location_add"
OF_THE_CENTRAL = ({"name": "branches"}, {"name": "ledger_exceptions"}, {"name": "overdue_invoices"})
"""Panels of the front page."""


@pytest.fixture
def luebeck(cast, settings):
    location = cast.location("Lübeck")
    own_node(location)
    administrator(location)
    settings.SIDE = Side.BRANCH
    return location


def _expected(zone: Zone, rule: Rule) -> bool:
    name = rule.name
    if name == OPENS_LOCATIONS or rule.arguments in OF_THE_CENTRAL:
        return False
    if zone is Zone.LOCATION and (name.startswith("admin:customers_") or MODELS.fullmatch(name)):
        return True
    return name in SERVED[zone].split()


def test_table_serves_at_a_branch_what_a_base_1_0_can_do_and_nothing_else():
    wrong = [
        str(rule.name)
        for zone in Zone
        for rule in registered(zone)
        if _expected(zone, rule) != (rule.at_branch is not AtBranch.CLOSED)
    ]
    assert wrong == []


def test_what_is_closed_is_not_there_for_anybody(luebeck, log_in):
    people = cycle([log_in("karin"), log_in("anna"), log_in("rita")])
    asked = 0
    for zone, urlconf, place in ((Zone.OUTSIDE, None, ""), (Zone.LOCATION, CONSOLE_URLCONF, PLACE)):
        for rule in registered(zone):
            if rule.at_branch is not AtBranch.CLOSED:
                continue
            address = place + _address(rule.name, urlconf)
            assert next(people).get(address).status_code == 404, address
            assert next(people).post(address).status_code == 404, address
            asked += 1
    assert asked > 30


ANY_UUID = "0190a000-0000-7000-8000-000000000000"


def _address(name: str, urlconf: str | None) -> str:
    """The address with any key; the page is not asked, so that it need not be one that exists."""
    for keys in ([], [1], [1, 1], [ANY_UUID], [1, "accept"], ["x"], [ANY_UUID, "pdf"]):
        try:
            return reverse(name, urlconf=urlconf, args=keys)
        except NoReverseMatch:
            continue
    raise AssertionError(name)


def test_no_link_of_a_page_leads_to_what_is_closed(luebeck, log_in):
    karin = log_in("karin")
    seen, waiting = {f"{PLACE}/": ""}, [f"{PLACE}/"]
    while waiting:
        address = waiting.pop()
        page = karin.get(address)
        assert page.status_code == 200, f"{address} of {seen[address]}"
        found = re.findall(rb'href="(/10400/4/[^"?#]*)"', page.content)
        fresh = {link.decode() for link in found} - seen.keys()
        seen |= dict.fromkeys(fresh, address)
        waiting += sorted(fresh)
    assert len(seen) > 25
    text = karin.get(f"{PLACE}/").content.decode()
    assert "shell-switch" not in text
    assert "Branch" in text
    assert str(menu.Section.ADMINISTRATION.label) == "Administration of the branch"


def test_somebody_of_the_branch_alone_may_change_what_is_everywhere(luebeck, log_in):
    karin = log_in("karin")
    page = f"{PLACE}/customers/consentpurpose/add/"
    assert karin.get(page).status_code == 200
    place = f"{PLACE}/locations/location/{luebeck.pk}/change/"
    fields = karin.get(place).context["adminform"].form.fields
    assert {"first_number", "client_number"} <= set(fields)
    assert not {"branch_number", "is_franchise"} & set(fields)


@pytest.mark.parametrize(
    ("command", "said"),
    [(["create_support", "rita2"], "no people of the provider"), (["demo"], "no demo of several businesses")],
)
def test_commands_that_make_no_sense_at_a_branch_say_so(db, settings, command, said):
    settings.SIDE = Side.BRANCH
    with pytest.raises(CommandError, match=said):
        call_command(*command)
