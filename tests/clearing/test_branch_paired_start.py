"""A branch is set up by a code of its central: once, whole or not at all, whatever is sent twice or breaks off."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client

from clearing.branch import first_start, pairing, running, starting
from clearing.branch.first_start import BranchNumberWanted, OtherBranchNumber, Stage, set_up_paired, stage
from clearing.branch.site import apply_site
from clearing.branch.talking import CentralRefused
from clearing.branch.transport import Unreachable
from clearing.central import pairing as at_central
from clearing.central.site import site_of
from clearing.choices import NodeState
from clearing.models import Node, OwnNode
from locations.choices import Side
from locations.models import Organization
from mcp.models import User
from tests.clearing import pairs
from tests.conftest import Browser
from tests.worker import jobs

SETUP = "/setup/"


@pytest.fixture
def code(cast) -> str:
    there = cast.system("Lübeck")
    return at_central.make_pairing_code(location=there.location, actor=there)


@pytest.fixture
def line(monkeypatch) -> pairs.Line:
    """What the page speaks over."""
    made = pairs.Line()
    monkeypatch.setattr(pairing, "Https", lambda url: made)
    return made


@pytest.fixture
def browser(line, settings) -> Client:
    settings.SIDE = Side.BRANCH
    return Browser()


def sent(browser: Client, code: str, **more: str) -> Any:
    return browser.post(SETUP, {"step": "pair", "central": f"{pairs.URL}/", "code": code, **more})


def confirmed(browser: Client, code: str, number: str = "4") -> Any:
    return sent(browser, code, branch_number=number, is_confirmed="on")


def make(code: str, line: pairs.Line, number: int | None = 4) -> OwnNode:
    return set_up_paired(central=pairs.URL, code=code, branch_number=number, transport=line)


def theirs(own: OwnNode) -> Node:
    """The node as the central knows it."""
    assert own.identity is not None
    return Node.objects.get(pk=own.identity)


def is_nothing_there() -> bool:
    return not OwnNode.objects.exists() and not Organization.objects.filter(account_number=pairs.BRANCH).exists()


def test_central_says_which_branch_it_is_and_its_number_is_confirmed_once(browser, code):
    page = browser.get(SETUP)
    assert "branch_number" not in page.context["pairing"].fields
    wanted = sent(browser, code)
    assert (wanted.context["pairing"]["branch_number"].value(), "Lübeck" in wanted.context["paired_place"]) == (4, True)
    assert is_nothing_there()
    for unsure in (sent(browser, code, branch_number="4"), confirmed(browser, code, ""), confirmed(browser, code, "5")):
        assert unsure.context["pairing"].errors
        assert is_nothing_there()
    unsure = sent(browser, code, branch_number="4", place=wanted.context["paired_place"])
    assert "Lübeck" in unsure.context["paired_place"]
    assert "Confirm that the branch number is right." in unsure.content.decode()
    assert "Begin without the central" not in unsure.content.decode()
    assert "branch number 4" in str(confirmed(browser, code, "5").context["pairing"].errors["branch_number"])
    assert confirmed(browser, code)["Location"] == SETUP
    own = OwnNode.objects.select_related("organization", "location__base").get()
    place = own.location
    assert (own.organization.account_number, place.client_number, place.branch_number) == (pairs.BRANCH, 4, 4)
    assert (place.first_number, place.last_number, own.organization.name) == (1, 4_999_999, "Nordlicht Bäckereien")
    assert (own.number_confirmed_at is not None, own.central_url, place.base.has_node) == (True, pairs.URL, True)
    assert theirs(own).location.name == "Lübeck"
    assert not User.objects.filter(organization=own.organization).exists()
    assert jobs(starting.RUN_TASK) == [("todo", 0)]


def test_until_its_people_come_the_page_says_how_it_goes(browser, code):
    confirmed(browser, code)
    assert browser.get("/")["Location"] == SETUP
    page = browser.get(SETUP)
    assert (page.status_code, page["Refresh"]) == (200, "3; url=/")
    assert "Nordlicht Bäckereien (77700) · Lübeck (4)" in page.content.decode()
    own = starting.this_branch(actor="a test")
    assert own is not None
    running.note(own.pk, starting.scope_here(own, name="a test"), failure=running.BROKEN())
    assert b"Try again now" in browser.get(SETUP).content
    for _time in range(2):
        assert browser.post(SETUP, {})["Location"] == SETUP
    assert jobs(starting.RUN_TASK) == [("todo", 0)]
    assert browser.get(SETUP, REMOTE_ADDR="192.168.0.7").status_code == 403
    apply_site(site_of(theirs(own).location), actor=starting.scope_here(own, name="a test"))
    assert stage() is Stage.SET_UP
    assert browser.get("/")["Location"] == "/login/?next=/"
    assert browser.get(SETUP).status_code == 404


@pytest.mark.parametrize("is_first_lost", [False, True])
def test_what_is_sent_twice_is_done_once_and_refused_to_nobody(browser, line, code, is_first_lost):
    """A double click, a reload, or the answer of the central was lost."""
    if is_first_lost:
        line.lost.append("pair")
        assert "cut" in str(confirmed(browser, code).context["pairing"].errors)
        assert is_nothing_there()
    assert [confirmed(browser, code)["Location"] for _time in range(3)] == [SETUP] * 3
    own = OwnNode.objects.get()
    assert make(code, line).pk == own.pk
    assert Node.objects.filter(location__organization__account_number=pairs.CENTRAL).count() == 1
    assert Node.objects.in_base(own.base).count() == 1


@pytest.mark.parametrize("step", ["_make", "keep_pairing", "clear_now"])
def test_killed_between_two_steps_it_is_not_set_up_and_the_code_still_holds(line, code, monkeypatch, step):
    class Killed(BaseException):
        pass

    def killed(*args: Any, **more: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(first_start, step, killed)
        with pytest.raises(Killed):
            make(code, line)
    assert is_nothing_there()
    assert stage() is Stage.NEW
    assert make(code, line).identity == Node.objects.get(location__organization__account_number=pairs.CENTRAL).pk


def test_another_installation_with_the_same_code_is_refused(line, code, settings):
    with pytest.raises(BranchNumberWanted):
        make(code, line, None)
    settings.SECRET_KEY = "of another installation"
    with pytest.raises(CentralRefused, match="new one"):
        make(code, line)
    assert is_nothing_there()


def test_a_code_that_leads_nowhere_is_told_at_its_field(browser, line, code):
    wrong = sent(browser, "AAAA-AAAA")
    assert "does not take this code" in str(wrong.context["pairing"].errors["code"])
    assert set(sent(browser, code, central="http://zentrale.example/").context["pairing"].errors) == {"central"}
    line.cut.append("pair")
    assert sent(browser, code).status_code == 200
    assert is_nothing_there()


def test_once_it_is_set_up_no_other_code_changes_which_branch_it_is(line, code, cast):
    make(code, line)
    kiel = cast.system("Kiel")
    other = at_central.make_pairing_code(location=kiel.location, actor=kiel)
    with pytest.raises(ValidationError, match="set up already"):
        make(other, line)
    with pytest.raises(OtherBranchNumber):
        make(code, line, 9)
    assert OwnNode.objects.get().location.client_number == 4


def test_pairing_a_branch_that_is_set_up_can_be_sent_twice_as_well(unpaired):
    code = unpaired.code()
    unpaired.line.lost.append("pair")
    with pytest.raises(Unreachable):
        unpaired.pair(code)
    own = unpaired.pair(code)
    assert unpaired.pair(code).node_id == own.node_id
    unpaired.run()
    assert unpaired.pair(code).applied == 1
    assert Node.objects.filter(base=own.base).count() == 1
    assert Node.objects.filter(pk=own.identity, state=NodeState.PAIRED).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_the_same_moment_both_lead_to_the_same_branch(code):
    start, became = threading.Barrier(2), []

    def attempt() -> None:
        try:
            connection.ensure_connection()
            start.wait(timeout=20)
            became.append(make(code, pairs.Line()).pk)
        except ValidationError as refusal:
            became.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt) for _click in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert became == [OwnNode.objects.get().pk] * 2
    assert stage() is Stage.AWAITS_PEOPLE
