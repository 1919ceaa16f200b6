"""Restrictions by a franchisee: made by his own people, seen by the central, lifted by nobody else."""

from __future__ import annotations

import pytest

from locations.permissions import Right
from mcp.central import operations
from mcp.isolation import access
from mcp.models import Restriction, UserGroup

LIST = "/10400/6/mcp/restriction/"
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def central(cast):
    return UserGroup.objects.get(organization=cast.organization(), name="Zentralverwaltung")


@pytest.fixture
def restriction(cast, central):
    return operations.restrict(group=central, right=Right.EXPORT_CUSTOMERS, actor=cast.scope("frida", "Flensburg"))


def test_franchisee_restricts_and_lifts(cast, log_in, central):
    frida, anna, flensburg = log_in("frida"), cast.user("anna"), cast.location("Flensburg")
    assert access.rights_at(anna, flensburg) == frozenset(Right)
    assert frida.post(f"{LIST}add/", {"group": central.pk, "right": "view_customers"}).status_code == 302
    assert access.rights_at(anna, flensburg) == frozenset(Right) - {Right.VIEW_CUSTOMERS}
    assert access.rights_at(anna, cast.location("Hamburg")) == frozenset(Right)
    made = Restriction.objects.get()
    assert frida.post(f"{LIST}{made.pk}/delete/").status_code == 302
    assert access.rights_at(anna, flensburg) == frozenset(Right)


def test_restriction_counts_on_the_next_request(cast, log_in, central):
    anna, frida = log_in("anna"), log_in("frida")
    assert anna.get("/10400/6/locations/location/").status_code == 200
    assert frida.post(f"{LIST}add/", {"group": central.pk, "right": "manage_location"}).status_code == 302
    assert anna.get("/10400/6/locations/location/").status_code == 403
    assert anna.get("/10400/1/locations/location/").status_code == 200


@pytest.mark.parametrize("who", ["anna", "rita"])
def test_central_and_support_see_but_cannot_change_it(log_in, central, restriction, who):
    client = log_in(who)
    page = client.get(LIST, headers=ENGLISH)
    assert "only the franchisee&#x27;s own people can add or lift" in page.content.decode() or (
        "only the franchisee's own people can add or lift" in page.content.decode()
    )
    assert [row.pk for row in page.context["cl"].result_list] == [restriction.pk]
    assert client.post(f"{LIST}{restriction.pk}/delete/").status_code == 403
    assert client.post(f"{LIST}add/", {"group": central.pk, "right": "view_customers"}).status_code == 403
    assert Restriction.objects.count() == 1


def test_central_cannot_lift_it_at_another_address(cast, log_in, restriction):
    for number in (1, 2):
        assert log_in("anna").post(f"/10400/{number}/mcp/restriction/{restriction.pk}/delete/").status_code == 404
    assert Restriction.objects.count() == 1


def test_central_cannot_lift_it_by_ending_the_franchise(cast, log_in, restriction):
    flensburg = cast.location("Flensburg")
    data = {"name": "Flensburg", "client_number": 6, "branch_number": 6}
    data |= {"first_number": flensburg.first_number, "last_number": flensburg.last_number}
    answer = log_in("anna").post(f"/10400/1/locations/location/{flensburg.pk}/change/", data, headers=ENGLISH)
    assert answer.context["adminform"].form.errors == {
        "is_franchise": [
            "Flensburg restricts user groups of the central. Let the franchisee lift the restrictions first."
        ]
    }


def test_restriction_offers_groups_of_the_central_only(cast, log_in):
    page = log_in("frida").get(f"{LIST}add/")
    offered = page.context["adminform"].form.fields["group"].queryset
    assert [group.name for group in offered] == [
        "Auskunft Bremen",
        "Lübeck",
        "Theke Hamburg und Bremen",
        "Zentralverwaltung",
    ]


def test_restriction_of_the_own_or_a_foreign_group_is_refused(cast, log_in):
    foreign = UserGroup.objects.get(organization=cast.organization(20800))
    for group in (cast.group("Team Flensburg"), foreign):
        answer = log_in("frida").post(f"{LIST}add/", {"group": group.pk, "right": "view_customers"})
        assert answer.status_code == 200
        assert list(answer.context["adminform"].form.errors) == ["group"]
    assert Restriction.objects.count() == 0


def test_restriction_made_twice_is_refused_at_the_right(log_in, central, restriction):
    data = {"group": central.pk, "right": restriction.right}
    answer = log_in("frida").post(f"{LIST}add/", data, headers=ENGLISH)
    assert answer.context["adminform"].form.errors == {
        "right": ["This right is already restricted for this user group."]
    }


def test_menu_shows_restrictions_at_a_franchise_only(log_in):
    anna = log_in("anna")
    assert "/mcp/restriction/" in anna.get("/10400/6/mcp/user/").content.decode()
    assert "/mcp/restriction/" not in anna.get("/10400/2/mcp/user/").content.decode()
