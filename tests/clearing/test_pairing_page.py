"""At a branch that is set up somebody types the address of the central and a code, and the branch is paired.

What the central says to it is asked elsewhere (test_pairing.py): here it is the page.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from clearing.branch import starting
from clearing.branch.talking import CentralRefused
from clearing.branch.transport import UnusableUrl
from clearing.models import OwnNode
from clearing.pages import pairing
from locations.choices import Side
from mcp.models import User
from mcp.stored_sentences import sentences_of
from tests.clearing import branches
from tests.conftest import logged_in
from tests.worker import jobs

PAGE = f"{branches.PLACE}/clearing/node/own/pair/"
SAID = {"central": "https://zentrale.example.com", "code": "7KM4-XW2P"}


@pytest.fixture
def asked(cast, settings, monkeypatch):
    """What was asked of the central. Lübeck is a branch with its local administrator, and this code is good."""
    luebeck, found = cast.location("Lübeck"), []
    branches.own_node(luebeck)
    branches.administrator(luebeck)

    def pair(own: OwnNode, **said: Any) -> None:
        found.append(said)
        if said["central_url"].startswith("http:"):
            raise UnusableUrl
        if said["code"] != SAID["code"]:
            wrong = ValidationError("The code is wrong.", code="code_refused")
            raise CentralRefused("code_refused", sentences_of(wrong), {}, 403)
        branches.pair(own)

    monkeypatch.setattr(pairing, "pair", pair)
    settings.SIDE = Side.BRANCH
    return found


def is_paired():
    return OwnNode.objects.get().node_id is not None


@pytest.mark.django_db
def test_a_branch_is_paired_by_the_address_and_the_code(asked):
    karin = logged_in("karin")
    assert karin.get(PAGE).status_code == 200
    assert karin.post(PAGE, SAID)["Location"] == f"{branches.PLACE}/clearing/node/own/"
    assert is_paired()
    assert (asked[0]["central_url"], asked[0]["code"], bool(asked[0]["machine"])) == (*SAID.values(), True)
    assert jobs(starting.RUN_TASK) == [("todo", 0)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"code": "AAAA-AAAA"}, "code"),
        ({"code": ""}, "code"),
        ({"central": "http://zentrale.example.com"}, "central"),
        ({"central": "?"}, "central"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(asked, said, field):
    page = logged_in("karin").post(PAGE, SAID | said)
    assert page.status_code == 400
    assert page.context["form"].errors.keys() == {field}
    assert page.context["form"]["central"].value() == (SAID | said)["central"]
    assert not is_paired()


@pytest.mark.django_db
def test_who_does_not_manage_the_location_pairs_nothing(asked):
    luebeck = OwnNode.objects.get().location
    User.objects.create(organization=luebeck.organization, location=luebeck, username="aushilfe")
    assert logged_in("aushilfe").post(PAGE, SAID).status_code in {403, 404}
    assert not asked
