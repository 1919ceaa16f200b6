"""The page "Why?" tells what is enforced, with the reason."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.utils import translation

from locations.permissions import Right
from mcp.central import operations
from mcp.central.admin.reasons import explained
from mcp.isolation import access, grants
from mcp.models import Restriction, UserGroup

ENGLISH = {"accept-language": "en"}


def why(client, person: str, place: str, at: int = 1):
    return client.get(f"/10400/{at}/mcp/user/why/", {"person": person, "place": place}, headers=ENGLISH)


def answers(page) -> dict[str, tuple[bool, list[str]]]:
    return {str(answer.label): (answer.is_held, answer.reasons) for answer in page.context["answers"]}


def reasons(cast, user, place: str) -> dict[Right, tuple[bool, list[str]]]:
    location = cast.location(place)
    with translation.override("en"):
        told = {a.right: explained(a, user=user, location=location) for a in access.explain(user, location)}
    return {right: (one.is_held, one.reasons) for right, one in told.items()}


def test_why_names_the_group_at_the_location(cast):
    told = reasons(cast, cast.user("bodo"), "Hamburg")
    assert told[Right.VIEW_CUSTOMERS] == (
        True,
        ["Through the user group “Theke Hamburg und Bremen”, which has it at Hamburg."],
    )
    assert told[Right.MANAGE_USERS] == (False, ["No user group of Bodo Brandt has it at Hamburg."])


def test_why_names_the_group_at_all_locations(cast):
    assert reasons(cast, cast.user("anna"), "Kiel")[Right.SEE_HISTORY] == (
        True,
        ["Through the user group “Zentralverwaltung”, which has it at all locations."],
    )


@pytest.mark.parametrize(
    ("everywhere", "sentence"),
    [
        (True, "The user group “Auskunft Bremen” has it at all locations, but Flensburg restricts this group."),
        (False, "The user group “Auskunft Bremen” has it here, but Flensburg restricts this group."),
    ],
)
def test_why_names_the_restriction(cast, everywhere, sentence):
    group, flensburg = cast.group("Auskunft Bremen"), cast.location("Flensburg")
    grants.add_grants(group, [(Right.RUN_REPORTS, None if everywhere else flensburg.pk)])
    Restriction.objects.create(
        organization=cast.organization(), location=flensburg, group=group, right=Right.RUN_REPORTS
    )
    assert reasons(cast, cast.user("carla"), "Flensburg")[Right.RUN_REPORTS] == (False, [sentence])


def test_why_knows_deactivated_closed_strangers_and_the_provider(cast):
    carla = cast.user("carla")
    carla.is_active = False
    assert reasons(cast, carla, "Bremen")[Right.VIEW_CUSTOMERS] == (
        False,
        ["Carla Clasen is deactivated and cannot log in."],
    )
    assert reasons(cast, cast.user("sven"), "Bremen")[Right.VIEW_CUSTOMERS] == (
        False,
        ["Sven Sommer does not belong to Nordlicht Bäckereien."],
    )
    rita = reasons(cast, cast.user("rita"), "Bremen")
    assert rita[Right.MANAGE_USERS] == (
        True,
        ["Everybody with the role “Support of the provider” may do this at all businesses."],
    )
    assert rita[Right.VIEW_CUSTOMERS] == (False, ["People of the provider do not have this right anywhere."])
    operations.close_location(
        location=cast.location("Bremen"), at=datetime(2026, 1, 1, tzinfo=UTC), actor=cast.system("Zentrale")
    )
    assert reasons(cast, cast.user("bodo"), "Bremen")[Right.VIEW_CUSTOMERS] == (
        False,
        ["Bremen is closed; nobody works there."],
    )


@pytest.mark.parametrize("name", ["anna", "bodo", "carla", "dirk", "frida", "sven", "rita", "dev"])
@pytest.mark.parametrize("place", ["Zentrale", "Bremen", "Flensburg"])
def test_why_says_what_is_enforced(cast, name, place):
    user, location = cast.user(name), cast.location(place)
    held = {right for right, (is_held, _reasons) in reasons(cast, user, place).items() if is_held}
    assert held == access.rights_at(user, location)


def test_page_asks_about_anybody_of_the_business(log_in):
    page = why(log_in("anna"), "bodo", "2")
    assert "Bodo Brandt at Hamburg: 10 rights" in re.sub(r"\s+", " ", page.content.decode())
    assert [label for label, (is_held, _) in answers(page).items() if is_held] == [
        "View customers",
        "See contact data",
        "See memos",
        "Register customers",
        "Change customers",
        "See accounts of customers",
        "Book sales on accounts of customers, and the use of their credit",
        "Top up credit of customers",
        "Book payments of customers",
        "See figures and reports",
    ]
    assert 'value="bodo · Bodo Brandt"' in page.content.decode()
    assert 'value="2 · Hamburg"' in page.content.decode()


@pytest.mark.parametrize(
    ("person", "place", "field"), [("sven", "2", "person"), ("bodo", "München", "place"), ("a", "2", "person")]
)
def test_page_knows_nobody_of_another_business(log_in, person, place, field):
    page = why(log_in("anna"), person, place)
    assert page.context["answers"] == []
    assert list(page.context["form"].errors) == [field]


def test_page_at_a_branch_asks_about_its_people_there(log_in):
    frida = log_in("frida")
    assert why(frida, "frida", "6", at=6).context["held"] == 20
    assert list(why(frida, "bodo", "6", at=6).context["form"].errors) == ["person"]
    assert list(why(frida, "frida", "2", at=6).context["form"].errors) == ["place"]


def test_page_without_the_right_tells_about_oneself_only(cast, log_in):
    page = log_in("carla").get(f"/10400/3/mcp/user/why/?person_id={cast.user('anna').pk}", headers=ENGLISH)
    assert (page.context["person"].username, page.context["form"], page.context["held"]) == ("carla", None, 1)


def test_page_opens_with_the_person_of_the_link(cast, log_in):
    page = log_in("anna").get(f"/10400/3/mcp/user/why/?person_id={cast.user('carla').pk}", headers=ENGLISH)
    assert (str(page.context["person"]), str(page.context["place"])) == ("Carla Clasen", "Bremen")
    sven = log_in("anna").get(f"/10400/1/mcp/user/why/?person_id={cast.user('sven').pk}", headers=ENGLISH)
    assert sven.context["person"] is None


def test_user_group_of_the_same_name_elsewhere_is_not_meant(cast):
    """Both groups have a “Zentralverwaltung”; only the own one counts."""
    assert UserGroup.objects.filter(name="Zentralverwaltung").count() == 2
    assert access.rights_at(cast.user("sven"), cast.location("Zentrale")) == frozenset()
