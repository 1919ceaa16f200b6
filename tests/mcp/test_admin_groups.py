"""User groups: the pages around the matrix."""

from __future__ import annotations

import re

import pytest

from locations.permissions import Right
from mcp.central import operations
from mcp.isolation import access, grants
from mcp.models import Membership, Restriction, UserGroup

LIST = "/10400/1/mcp/usergroup/"
ENGLISH = {"accept-language": "en"}


def text(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def test_list_shows_members_and_rights(log_in):
    page = log_in("anna").get(LIST, headers=ENGLISH)
    shown = {group.name: group for group in page.context["cl"].result_list}
    assert list(shown) == [
        "Auskunft Bremen",
        "Lübeck",
        "Team Flensburg",
        "Theke Hamburg und Bremen",
        "Zentralverwaltung",
    ]
    theke = shown["Theke Hamburg und Bremen"]
    assert (theke.member_count, theke.general_count, theke.single_count, theke.place_count) == (1, 0, 10, 2)
    assert "10 at 2 locations" in text(page)
    assert "1 at 1 location" in text(page)
    assert f"{len(Right)} at all locations" in text(page)


def test_list_at_a_branch_shows_its_own_groups(log_in):
    assert [g.name for g in log_in("frida").get("/10400/6/mcp/usergroup/").context["cl"].result_list] == [
        "Team Flensburg"
    ]
    assert list(log_in("anna").get("/10400/2/mcp/usergroup/").context["cl"].result_list) == []


def test_new_group_belongs_to_whoever_opens_it(cast, log_in):
    assert log_in("anna").post(f"{LIST}add/", {"name": "Aushilfe"}).status_code == 302
    assert log_in("frida").post("/10400/6/mcp/usergroup/add/", {"name": "Aushilfe Nord"}).status_code == 302
    assert cast.group("Aushilfe").owner is None
    assert cast.group("Aushilfe Nord").owner == cast.location("Flensburg")


def test_name_taken_is_refused_at_the_name(cast, log_in):
    answer = log_in("anna").post(f"{LIST}add/", {"name": "Lübeck"}, headers=ENGLISH)
    assert answer.context["adminform"].form.errors == {"name": ["There is already a user group of this name."]}


def test_group_is_renamed(cast, log_in):
    group = cast.group("Lübeck")
    answer = log_in("anna").post(f"{LIST}{group.pk}/change/", {"name": "Theke Lübeck", "description": "Tresen"})
    assert answer.status_code == 302
    group.refresh_from_db()
    assert (group.name, group.description) == ("Theke Lübeck", "Tresen")


def test_group_with_members_stays_and_says_so(cast, log_in):
    group, anna = cast.group("Lübeck"), log_in("anna")
    for answer in (
        anna.get(f"{LIST}{group.pk}/delete/", headers=ENGLISH),
        anna.post(f"{LIST}{group.pk}/delete/", headers=ENGLISH),
    ):
        assert "Lübeck still has 1 member. Take this person out of the group first." in text(answer)
        assert "Delete the user group</button>" not in text(answer)
    assert UserGroup.objects.filter(pk=group.pk).exists()


def test_group_without_members_goes_with_its_rights(cast, log_in):
    group, anna = cast.group("Lübeck"), log_in("anna")
    group.memberships.all().delete()
    assert "10 rights go with it." in text(anna.get(f"{LIST}{group.pk}/delete/", headers=ENGLISH))
    assert anna.post(f"{LIST}{group.pk}/delete/").status_code == 302
    assert not UserGroup.objects.filter(pk=group.pk).exists()


def test_group_of_another_business_does_not_exist(cast, log_in):
    foreign, anna = UserGroup.objects.get(organization=cast.organization(20800)), log_in("anna")
    assert anna.post(f"{LIST}{foreign.pk}/delete/").status_code == 404
    assert anna.get(f"{LIST}{foreign.pk}/rights/log/").status_code == 404
    assert anna.post(f"{LIST}{foreign.pk}/change/", {"name": "x"}).status_code == 404
    foreign.refresh_from_db()
    assert foreign.name == "Zentralverwaltung"


def _administration(cast) -> UserGroup:
    return UserGroup.objects.get(organization=cast.organization(), name="Zentralverwaltung")


def test_franchisee_keeps_the_own_group_by_restricting_the_central(cast, log_in):
    """The central sees the group of a franchisee, and can change it until the franchisee takes that right away."""
    team, central = cast.group("Team Flensburg"), log_in("anna")
    assert central.get(f"{LIST}{team.pk}/rights/").status_code == 200
    operations.restrict(group=_administration(cast), right=Right.MANAGE_USERS, actor=cast.scope("frida", "Flensburg"))
    assert central.get(f"{LIST}{team.pk}/change/").status_code == 200
    assert central.get(f"{LIST}{team.pk}/rights/").status_code == 403
    assert central.post(f"{LIST}{team.pk}/change/", {"name": "x"}).status_code == 403
    assert central.post(f"{LIST}{team.pk}/delete/").status_code == 403
    page = central.get(f"/10400/1/mcp/user/{cast.user('frida').pk}/change/")
    offered = page.context["adminform"].form.fields["user_groups"].queryset
    assert "Team Flensburg" not in [group.name for group in offered]


def test_refusal_of_a_kept_group_says_how_the_right_has_to_be_held(cast, log_in):
    team, administration = cast.group("Team Flensburg"), _administration(cast)
    operations.restrict(group=administration, right=Right.EXPORT_CUSTOMERS, actor=cast.scope("frida", "Flensburg"))
    central, page = log_in("anna"), f"{LIST}{team.pk}/"
    refusals = [
        central.get(f"{page}rights/", headers=ENGLISH),
        central.get(f"{page}delete/", headers=ENGLISH),
        central.post(f"{page}delete/", headers=ENGLISH),
        central.post(f"{page}change/", {"name": "x"}, headers=ENGLISH),
    ]
    assert [answer.status_code for answer in refusals] == [403] * 4
    need = "It counts only if it comes from a user group that Flensburg manages itself."
    assert [need in text(answer) and "Manage users and rights" in text(answer) for answer in refusals] == [True] * 4


# --- changes of rights ----------------------------------------------------------------------------------------


def log_of(client, group: UserGroup) -> list[tuple[str, str, bool, str]]:
    page = client.get(f"{LIST}{group.pk}/rights/log/", headers=ENGLISH)
    return [(entry.who, entry.where, entry.is_gain, entry.sentence) for entry in page.context["entries"]]


@pytest.fixture
def fresh(cast):
    """A group whose story begins in the test."""
    return operations.create_user_group(name="Aushilfe", actor=cast.system("Zentrale"))


def test_changes_of_rights_name_who_where_and_what(cast, log_in, fresh):
    anna, hamburg, bremen = log_in("anna"), cast.location("Hamburg"), cast.location("Bremen")
    rows = [f"{hamburg.pk}:0", f"{bremen.pk}:0", "all:0"]
    cells = [f"see_history@{hamburg.pk}", f"see_history@{bremen.pk}", "run_reports@all"]
    preview = anna.post(f"{LIST}{fresh.pk}/rights/", {"row": rows, "cell": cells}).content.decode()
    seen = re.search(r'name="seen" value="(\w+)"', preview)
    assert seen is not None
    answer = anna.post(f"{LIST}{fresh.pk}/rights/confirm/", {"seen": seen.group(1), "give": cells})
    assert answer.status_code == 302
    assert log_of(anna, fresh) == [
        ("Anna Andresen", "Zentrale", True, "gave “See the history” for Bremen, Hamburg"),
        ("Anna Andresen", "Zentrale", True, "gave “See figures and reports” for all locations"),
    ]


def test_changes_of_rights_know_members_and_restrictions(cast, log_in, fresh):
    bodo, flensburg = cast.user("bodo"), cast.location("Flensburg")
    member = Membership.objects.create(organization=cast.organization(), user=bodo, group=fresh)
    member.delete()
    held = Restriction.objects.create(
        organization=cast.organization(), location=flensburg, group=fresh, right=Right.EXPORT_CUSTOMERS
    )
    held.delete()
    grants.add_grants(fresh, [(Right.SEE_HISTORY, None)])
    grants.remove_grants(fresh, access.grants_of(fresh))
    assert {(gain, sentence) for _who, _where, gain, sentence in log_of(log_in("anna"), fresh)} == {
        (True, "took Bodo Brandt into the group"),
        (False, "took Bodo Brandt out of the group"),
        (False, "restricted “Export customers” at Flensburg"),
        (True, "lifted the restriction of “Export customers” at Flensburg"),
        (True, "gave “See the history” for all locations"),
        (False, "took away “See the history” for all locations"),
    }
