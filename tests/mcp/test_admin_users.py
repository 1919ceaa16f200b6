"""People: the pages, and that every refusal stands at the form."""

from __future__ import annotations

import re
from typing import Any

import pytest

from locations.permissions import Right
from mcp.central import operations
from mcp.isolation import access, grants
from mcp.models import Membership, User, UserGroup

LIST = "/10400/1/mcp/user/"
PASSWORD = "Sauerteig-und-Butter-7"
ENGLISH = {"accept-language": "en"}


def change(user: User, client_number: int = 1) -> str:
    return f"/10400/{client_number}/mcp/user/{user.pk}/change/"


def form(user: User | None = None, **data):
    values: dict[str, Any] = {
        "username": "",
        "first_name": "",
        "last_name": "",
        "email": "",
        "language": "de",
        "is_active": "on",
    }
    if user is not None:
        values |= {name: getattr(user, name) for name in ("username", "first_name", "last_name", "email")}
        values["place"] = user.location.client_number if user.location else ""
        values["user_groups"] = list(user.memberships.values_list("group_id", flat=True))
    return {**values, **data}


def errors(response) -> list[str]:
    """The sentences at the form."""
    return [str(error) for found in response.context["adminform"].form.errors.values() for error in found]


def add(client, *, at: int = 1, **data):
    return client.post(f"/10400/{at}/mcp/user/add/", form(**data), headers=ENGLISH)


def is_added(answer) -> bool:
    """Whether somebody was entered: the answer shows the link by which he chooses a password."""
    return answer.status_code == 200 and answer.templates[0].name == "mcp/password_link.html"


# --- new people -----------------------------------------------------------------------------------------------


def test_new_person_has_place_groups_and_a_link(cast, log_in):
    theke = cast.group("Theke Hamburg und Bremen")
    answer = add(log_in("anna"), username="emil", last_name="Ernst", place="2 · Hamburg", user_groups=[theke.pk])
    assert is_added(answer)
    emil = cast.user("emil")
    assert (emil.location, emil.organization, list(emil.groups.all())) == (
        cast.location("Hamburg"),
        cast.organization(),
        [theke],
    )
    assert not emil.has_usable_password()
    assert answer.context["address"].startswith("http://127.0.0.1:8000/password/")


@pytest.mark.parametrize(
    ("data", "field", "sentence"),
    [
        ({"username": "bodo"}, "username", "Somebody of this business already has this user name."),
        ({"place": "Nürnberg"}, "place", "Nothing here is called “Nürnberg”."),
        ({"username": "a b"}, "username", None),
    ],
)
def test_new_person_refused_at_the_field(cast, log_in, data, field, sentence):
    answer = add(log_in("anna"), **{"username": "emil", **data})
    assert answer.status_code == 200
    found = answer.context["adminform"].form.errors[field]
    assert len(found) == 1
    assert sentence is None or found == [sentence]
    assert not User.objects.filter(username="emil").exists()


def test_new_person_is_not_made_when_the_group_is_refused(cast, log_in):
    """Rita may manage users, but is not of this business."""
    theke = cast.group("Theke Hamburg und Bremen")
    answer = add(log_in("rita"), username="emil", user_groups=[theke.pk])
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors.keys() == {"user_groups"}
    assert not User.objects.filter(username="emil").exists()


def test_new_person_at_a_branch_belongs_to_it(cast, log_in):
    team = cast.group("Team Flensburg")
    assert is_added(add(log_in("frida"), at=6, username="emil", place="2", user_groups=[team.pk]))
    assert cast.user("emil").location == cast.location("Flensburg")


def test_new_person_cannot_get_powers_by_extra_fields(cast, log_in):
    extra = {"is_superuser": "on", "provider_role": "support", "organization": cast.organization(20800).pk}
    assert is_added(add(log_in("anna"), username="emil", **extra))
    emil = cast.user("emil")
    assert (emil.is_superuser, emil.provider_role, emil.organization) == (False, "", cast.organization())


# --- groups ---------------------------------------------------------------------------------------------------


def test_person_offered_only_groups_that_may_be_managed(cast, log_in):
    page = log_in("frida").get(change(cast.user("frida"), 6))
    offered = page.context["adminform"].form.fields["user_groups"].queryset
    assert [group.name for group in offered] == ["Team Flensburg"]


def test_person_keeps_groups_that_the_actor_may_not_manage(cast, log_in):
    frida, auskunft = cast.user("frida"), cast.group("Auskunft Bremen")
    team = cast.group("Team Flensburg")
    emil = User(username="emil", last_name="Ernst", location=cast.location("Flensburg"))
    operations.create_user(user=emil, password=PASSWORD, actor=cast.scope("frida", "Flensburg"))
    Membership.objects.create(organization=cast.organization(), user=emil, group=auskunft)
    client = log_in(frida.username)
    assert "Auskunft Bremen" in client.get(change(emil, 6)).content.decode()
    assert client.post(change(emil, 6), form(emil, user_groups=[team.pk])).status_code == 302
    assert [group.name for group in emil.groups.order_by("name")] == ["Auskunft Bremen", "Team Flensburg"]
    assert client.post(change(emil, 6), form(emil, user_groups=[])).status_code == 302
    assert [group.name for group in emil.groups.all()] == ["Auskunft Bremen"]


def test_person_cannot_be_put_into_a_foreign_group(cast, log_in):
    bodo, foreign = cast.user("bodo"), UserGroup.objects.get(organization=cast.organization(20800))
    answer = log_in("anna").post(change(bodo), form(bodo, user_groups=[foreign.pk]))
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == ["user_groups"]


def test_own_promotion_is_refused_at_the_groups(cast, log_in):
    anna, theke = cast.user("anna"), cast.group("Theke Hamburg und Bremen")
    own = list(anna.memberships.values_list("group_id", flat=True))
    answer = log_in("anna").post(change(anna), form(anna, user_groups=[*own, theke.pk]), headers=ENGLISH)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["user_groups"] == [
        "You would give yourself more rights. Let another person who manages users do this."
    ]


def test_last_user_manager_stays(cast, log_in):
    anna, client = cast.user("anna"), log_in("anna")
    refused: list[dict[str, Any]] = [{"user_groups": []}, {"is_active": ""}]
    for data in refused:
        answer = client.post(change(anna), form(anna, **data), headers=ENGLISH)
        assert answer.status_code == 200
        assert "nobody active would hold the right" in errors(answer)[0]
    assert access.has_user_manager(cast.organization())
    assert cast.user("anna").is_active


# --- power over others ----------------------------------------------------------------------------------------


@pytest.fixture
def stronger(cast):
    """Somebody at home in Flensburg who holds more than Frida does."""
    boss = User(username="gerd", last_name="Gross", location=cast.location("Flensburg"))
    operations.create_user(user=boss, password=PASSWORD, actor=cast.system("Zentrale"))
    central = UserGroup.objects.get(organization=cast.organization(), name="Zentralverwaltung")
    Membership.objects.create(organization=cast.organization(), user=boss, group=central)
    return boss


def test_stronger_person_cannot_be_locked_out(cast, log_in, stronger):
    answer = log_in("frida").post(change(stronger, 6), form(stronger, is_active="", user_groups=[]), headers=ENGLISH)
    assert errors(answer) == [
        "Gross holds rights that you do not hold, so you cannot change the password, the user name, the e-mail address "
        "or the access. Ask the central."
    ]
    assert cast.user("gerd").is_active


def test_stronger_person_keeps_the_password(cast, log_in, stronger):
    address = f"/10400/6/mcp/user/{stronger.pk}/password/"
    answer = log_in("frida").post(address, {"how": "show"}, headers=ENGLISH)
    assert answer.status_code == 400
    assert "Ask the central." in answer.content.decode()
    assert cast.user("gerd").check_password(PASSWORD)


def test_deactivated_person_is_out_on_the_next_request(cast, log_in):
    user, bodo = cast.user("bodo"), log_in("bodo")
    assert bodo.get("/10400/2/").status_code == 200
    assert log_in("anna").post(change(user), form(user, is_active="")).status_code == 302
    answer = bodo.get("/10400/2/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/10400/2/")


# --- who is seen ----------------------------------------------------------------------------------------------


def names(page) -> list[str]:
    return [user.username for user in page.context["cl"].result_list]


def test_list_at_the_central_shows_the_whole_business_only(log_in):
    assert names(log_in("anna").get(LIST)) == ["anna", "bodo", "carla", "dirk", "frida"]


def test_list_at_a_branch_shows_its_people_only(log_in):
    assert names(log_in("anna").get("/10400/3/mcp/user/")) == ["carla"]
    assert names(log_in("frida").get("/10400/6/mcp/user/")) == ["frida"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=bod", ["bodo"]),
        ("place=Bremen", ["carla"]),
        ("place=3", ["carla"]),
        ("is_active__exact=0", []),
        ("group={theke}", ["bodo"]),
    ],
)
def test_list_is_searched_and_filtered(cast, log_in, query, found):
    query = query.format(theke=cast.group("Theke Hamburg und Bremen").pk)
    assert names(log_in("anna").get(f"{LIST}?{query}")) == found


def test_filter_refuses_a_foreign_group_like_a_missing_one(cast, log_in):
    foreign = UserGroup.objects.get(organization=cast.organization(20800))
    answers = [log_in("anna").get(f"{LIST}?group={pk}") for pk in (foreign.pk, 999_999, "x")]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, f"{LIST}?e=1")}


@pytest.mark.parametrize(
    "lookup", ["password__startswith=md5", "organization__name__startswith=S", "groups__name__startswith=T"]
)
def test_list_answers_no_lookup_of_its_own(log_in, lookup):
    assert log_in("anna").get(f"{LIST}?{lookup}").status_code in {302, 400}


def test_filter_offers_no_foreign_group(cast, log_in):
    page = log_in("anna").get(LIST).content.decode()
    options = re.findall(r'<option value="(\d+)"', page)
    own = set(UserGroup.objects.filter(organization=cast.organization()).values_list("pk", flat=True))
    assert {int(pk) for pk in options} <= own


def test_person_of_another_business_does_not_exist(cast, log_in):
    sven = cast.user("sven")
    assert log_in("anna").post(change(sven), form(sven)).status_code in {302, 404}
    assert cast.user("sven").organization == cast.organization(20800)
    assert access.rights_at(sven, cast.location("Zentrale", 20800)) == frozenset(Right)


def test_suggestions_stay_in_the_business(log_in):
    anna = log_in("anna")
    assert anna.get(f"{LIST}suggest/people/?q=s").json()["options"] == [
        "anna · Anna Andresen",
        "carla · Carla Clasen",
        "frida · Frida Friis",
    ]
    assert anna.get(f"{LIST}suggest/places/?q=n").json() == anna.get(f"{LIST}suggest/places/?q=N").json()
    assert anna.get(f"{LIST}suggest/places/?q=München").json() == {"options": []}
    assert anna.get("/10400/3/mcp/user/suggest/places/?q=").json() == {"options": ["3 · Bremen"]}


def test_right_held_through_two_groups_goes_with_the_last_of_them(cast):
    bodo, carlas = cast.user("bodo"), cast.group("Auskunft Bremen")
    Membership.objects.create(organization=cast.organization(), user=bodo, group=carlas)
    theke = cast.group("Theke Hamburg und Bremen")
    grants.remove_grants(theke, access.grants_of(theke))
    assert access.rights_at(bodo, cast.location("Bremen")) == {Right.VIEW_CUSTOMERS}
    assert access.rights_at(bodo, cast.location("Hamburg")) == frozenset()
