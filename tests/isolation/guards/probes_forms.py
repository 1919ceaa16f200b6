"""What forms offer, take from the address, and accept when it is posted."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from customers.models import Customer, CustomerGroup
from customers.operations import CustomerChangedMeanwhile
from locations.models import Location
from locations.operations import Place
from mcp.central import operations
from mcp.console.site import console
from mcp.models import Restriction, User, UserGroup
from tests.isolation.guards.probes_operations import refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import (
    BREMEN,
    CANARY,
    FLENSBURG,
    HAMBURG,
    HEAD,
    MISSING,
    SOUTHERN,
    World,
    counted,
)

ADD_CUSTOMER, ADD_USER = f"{HAMBURG}/customers/customer/add/", f"{HEAD}/mcp/user/add/"
ADD_RESTRICTION = f"{FLENSBURG}/mcp/restriction/add/"
NEW_USER = {"username": "neu", "language": "de"}


def fields(answer: Any) -> Any:
    return answer.context["adminform"].form.fields


def labels(answer: Any, field: str) -> set[str]:
    return {str(label) for _value, label in fields(answer)[field].choices}


def errors(answer: Any) -> Any:
    assert answer.context is not None, f"it was accepted: {answer.status_code}"
    return answer.context["adminform"].form.errors.as_data()


@probe
def customer_form_offers_own_groups_and_tags(world: World) -> None:
    page = world.get("anna", ADD_CUSTOMER)
    assert "Stammgast" in labels(page, "customer_group")
    assert labels(page, "tags") == {"VIP"}
    assert CANARY not in page.content.decode()
    assert len(fields(page)["customer_group"].queryset) == 1
    assert CANARY not in world.text("anna", f"{HAMBURG}/customers/customer/{world.customer.pk}/change/")


@probe
def posted_foreign_group_is_refused_like_a_missing_one(world: World) -> None:
    def codes(pk: int) -> list[Any]:
        refused = errors(world.post("anna", ADD_CUSTOMER, {"last_name": "Neu", "customer_group": pk}))
        return [(error.code, str(error.message)) for error in refused["customer_group"]]

    missing = codes(MISSING)
    assert [codes(row.pk) for row in world.foreign_groups] == [missing] * len(world.foreign_groups)
    taken = world.post("anna", ADD_CUSTOMER, {"last_name": "Neu", "customer_group": world.group.pk})
    assert taken.status_code == 302
    assert Customer.objects.get(last_name="Neu").customer_group == world.group


@probe
def posted_foreign_tag_is_refused(world: World) -> None:
    refused = errors(world.post("anna", ADD_CUSTOMER, {"last_name": "Neu", "tags": [f"{CANARY}nwort"]}))
    assert [error.code for error in refused["tags"]] == ["invalid_choice"]
    assert world.post("anna", ADD_CUSTOMER, {"last_name": "Neu", "tags": ["VIP"]}).status_code == 302


@probe
def restriction_offers_groups_of_the_own_central_only(world: World) -> None:
    page = world.get("frida", ADD_RESTRICTION)
    offered = set(fields(page)["group"].queryset)
    assert offered == set(UserGroup.objects.filter(organization=world.cast.organization(), owner=None))
    for pk in (world.foreign_group.pk, MISSING):
        refused = errors(world.post("frida", ADD_RESTRICTION, {"group": pk, "right": "view_customers"}))
        assert [error.code for error in refused["group"]] == ["invalid_choice"]
    taken = {"group": world.theke.pk, "right": "view_customers"}
    assert world.post("frida", ADD_RESTRICTION, taken).status_code == 302


@probe
def user_form_offers_own_groups_and_places(world: World) -> None:
    page = world.get("anna", ADD_USER)
    assert CANARY not in page.content.decode()
    assert world.theke in fields(page)["user_groups"].queryset
    refused = errors(world.post("anna", ADD_USER, {**NEW_USER, "user_groups": [world.foreign_group.pk]}))
    assert [error.code for error in refused["user_groups"]] == ["invalid_choice"]
    for place in (f"{CANARY}ort", "Nirgendwo"):
        refused = errors(world.post("anna", ADD_USER, {**NEW_USER, "place": place}))
        assert [error.code for error in refused["place"]] == ["not_found"]
    taken = {**NEW_USER, "place": "Bremen", "user_groups": [world.theke.pk]}
    assert "mcp-link" in world.post("anna", ADD_USER, taken).content.decode()
    assert User.objects.get(username="neu").location == world.place("Bremen")


@probe
def branch_names_no_place_and_takes_its_own_groups_only(world: World) -> None:
    page = world.get("frida", f"{FLENSBURG}/mcp/user/add/")
    assert "place" not in fields(page)
    assert set(fields(page)["user_groups"].queryset) == {world.team}
    sent = {**NEW_USER, "place": "Hamburg", "user_groups": [world.theke.pk]}
    refused = errors(world.post("frida", f"{FLENSBURG}/mcp/user/add/", sent))
    assert [error.code for error in refused["user_groups"]] == ["invalid_choice"]
    entered = world.post("frida", f"{FLENSBURG}/mcp/user/add/", {**NEW_USER, "place": "Hamburg"})
    assert "mcp-link" in entered.content.decode()
    assert User.objects.get(username="neu").location == world.place("Flensburg")


@probe
def user_group_of_a_restricting_franchise_is_not_offered(world: World) -> None:
    assert world.team not in fields(world.get("anna", ADD_USER))["user_groups"].queryset
    assert world.team in fields(world.get("frida", f"{FLENSBURG}/mcp/user/add/"))["user_groups"].queryset


@probe
def add_form_takes_nothing_from_the_address(world: World) -> None:
    foreign = world.foreign_groups[0]
    for pk in (foreign.pk, MISSING, world.group.pk):
        page = world.get("anna", f"{ADD_CUSTOMER}?customer_group={pk}&last_name=Vorgabe&base={foreign.base_id}")
        assert page.context["adminform"].form.initial == {}
    for who, address in (("frida", ADD_RESTRICTION), ("anna", f"{HEAD}/mcp/usergroup/add/")):
        page = world.get(who, f"{address}?group={world.foreign_group.pk}&name=Vorgabe&organization=2")
        assert {"group", "name", "organization"}.isdisjoint(page.context["adminform"].form.initial), address


@probe
def given_fields_cannot_be_posted(world: World) -> None:
    page = world.get("anna", f"{HAMBURG}/customers/customer/{world.customer.pk}/change/")
    assert {"customer_number", "home_location", "base", "organization"}.isdisjoint(fields(page))
    assert {"home_location", "base", "organization", "archived_at"}.isdisjoint(fields(world.get("anna", ADD_CUSTOMER)))


@probe
def numbers_of_a_location_are_for_the_central(world: World) -> None:
    address = f"locations/location/{world.place('Flensburg').pk}/change/"
    numbers = {"client_number", "branch_number", "first_number", "last_number", "is_franchise"}
    assert numbers.isdisjoint(fields(world.get("frida", f"{FLENSBURG}/{address}")))
    assert numbers <= set(fields(world.get("anna", f"{HEAD}/{address}")))


@probe
def offline_base_is_for_support(world: World) -> None:
    address = f"{HEAD}/locations/location/add/"
    assert "offline" not in fields(world.get("anna", address))
    assert "offline" in fields(world.get("rita", address))


@probe
def links_beside_a_field_lead_nowhere(world: World) -> None:
    widget = fields(world.get("anna", ADD_CUSTOMER))["customer_group"].widget
    links = ("can_add_related", "can_change_related", "can_delete_related", "can_view_related")
    assert not any(getattr(widget, link, False) for link in links)
    assert "_popup" not in world.text("anna", ADD_CUSTOMER)


@probe
def row_saved_out_of_reach_is_undone(world: World) -> None:
    before, page = counted(), console.get_model_admin(CustomerGroup)
    sent, address = {"name": "Verirrt", "discount": "0"}, f"{HAMBURG}/customers/customergroup/add/"
    with patch.object(type(page), "saved_rows", lambda self, request: CustomerGroup.objects.none()):
        assert world.post("anna", address, sent).status_code == 403
    assert counted() == before
    assert world.post("anna", address, sent).status_code == 302


@probe
def guest_may_be_taken_out_of_the_group_of_a_location(world: World) -> None:
    bodo = world.cast.user("bodo")
    bodo.memberships.create(organization=world.cast.organization(), group=world.team)
    address = f"{FLENSBURG}/mcp/user/{bodo.pk}/change/"
    sent = {"username": "bodo", "email": bodo.email, "language": "de", "is_active": "on", "user_groups": []}
    assert world.post("frida", address, sent).status_code == 302
    assert not bodo.memberships.filter(group=world.team).exists()
    found = console.get_model_admin(User).saved_rows(world.request(world.scope("frida", "Flensburg")))
    assert (bodo in found, world.foreign_user in found) == (True, False)


@probe
def django_keeps_no_log_of_names(world: World) -> None:
    """The database closes the table of Django's log: a page that wrote one would break."""
    group, place = f"{HAMBURG}/customers/customergroup/", f"{HEAD}/locations/location/{world.place('Bremen').pk}/"
    changes: list[tuple[str, dict[str, Any]]] = [
        (f"{group}add/", {"name": "Neu", "discount": "0"}),
        (f"{group}{world.group.pk}/change/", {"name": "Anders", "discount": "0"}),
        (f"{HEAD}/mcp/usergroup/add/", {"name": "Neu"}),
        (f"{place}change/", {"name": "Bremen Mitte", "client_number": 3, "branch_number": 3}),
    ]
    for address, sent in changes:
        assert world.post("anna", address, sent).status_code < 500, address
    assert UserGroup.objects.filter(name="Neu").exists()
    assert CustomerGroup.objects.filter(name__in=["Neu", "Anders"]).count() == 2


@probe
def names_taken_by_others_are_free_here(world: World) -> None:
    for address, sent in [
        (f"{HAMBURG}/customers/customergroup/add/", {"name": f"{CANARY}ngruppe", "discount": "0"}),
        (f"{HAMBURG}/customers/tag/add/", {"name": f"{CANARY}nwort"}),
        (f"{HEAD}/mcp/usergroup/add/", {"name": f"{CANARY}nvolk"}),
    ]:
        assert world.post("anna", address, sent).status_code == 302, address
    assert "mcp-link" in world.post("anna", ADD_USER, {**NEW_USER, "username": "kanarie"}).content.decode()
    twice = world.post("anna", f"{HAMBURG}/customers/customergroup/add/", {"name": "Stammgast", "discount": "0"})
    assert [error.code for error in errors(twice)["name"]] == ["customergroup_name_unique"]


@probe
def customer_number_of_another_base_is_free_here(world: World) -> None:
    """The other business uses the very first number of its central; here it belongs to the own central."""
    number = world.place("Zentrale").first_number
    assert world.foreign_customer.customer_number == number
    sent = {"last_name": "Erster", "customer_number": number}
    assert world.post("anna", f"{HEAD}/customers/customer/add/", sent).status_code == 302


@probe
def change_form_says_how_others_changed_it_within_the_base(world: World) -> None:
    """Also the sentence about a change meanwhile reads the row of the own base only."""
    address = f"{HAMBURG}/customers/customer/{world.customer.pk}/change/"
    seen = world.customer.changed_at.isoformat()
    Customer.objects.filter(pk=world.customer.pk).update(city="Husum")
    answer = world.post("anna", address, {"seen_at": seen, "last_name": "Meier", "city": "Kiel"})
    assert "Husum" in answer.content.decode()
    page, asked = console.get_model_admin(Customer), world.request(world.south)
    asked.refusal = CustomerChangedMeanwhile(world.customer)  # type: ignore[attr-defined]
    with refused(Customer.DoesNotExist):
        page._differences(asked, answer.context["adminform"].form, world.customer)


@probe
def new_location_proposes_from_the_own_base(world: World) -> None:
    operations.open_branch(place=Place(name="Noch einer"), actor=world.cast.system("Zentrale", SOUTHERN))
    for who, place in (("anna", world.place("Zentrale")), ("sven", world.foreign_place)):
        address = f"/{place.organization.account_number}/1/locations/location/add/"
        help_text = str(fields(world.get(who, address))["first_number"].help_text)
        last = max(row.last_number for row in Location.objects.filter(base=place.base))
        assert str(last + 1) in help_text.replace(".", ""), who


@probe
def closing_counts_people_of_the_location_only(world: World) -> None:
    page = world.text("anna", f"{HEAD}/locations/location/{world.place('Bremen').pk}/close/")
    assert page.count("1 Person ") == 1


@probe
def buttons_of_a_customer_follow_the_rights(world: World) -> None:
    address = f"customers/customer/{world.customer.pk}/change/"
    for who, place, history, archive in (("carla", BREMEN, False, False), ("anna", HAMBURG, True, True)):
        context = world.get(who, f"{place}/{address}").context
        assert (context["may_see_history"], context["may_archive"]) == (history, archive), who
    blind = world.get("blind", ADD_CUSTOMER).context
    assert (blind["may_see_candidates"], blind["may_see_history"]) == (False, False)


@probe
def links_of_a_user_group_follow_the_rights(world: World) -> None:
    address = f"{HEAD}/mcp/usergroup/{world.theke.pk}/change/"
    log = f"{world.theke.pk}/rights/log/"
    assert log in world.text("anna", address)
    assert log not in world.text("hueter", address)


@probe
def group_of_a_restricting_franchise_opens_read_only(world: World) -> None:
    page = f"/mcp/usergroup/{world.team.pk}"
    assert "name" not in fields(world.get("anna", f"{HEAD}{page}/change/"))
    assert "name" in fields(world.get("frida", f"{FLENSBURG}{page}/change/"))
    admin, asked = console.get_model_admin(UserGroup), world.request(world.scope("anna", "Zentrale"))
    assert [admin.has_change_permission(asked, row) for row in (world.team, world.theke)] == [False, True]
    assert [admin.has_delete_permission(asked, row) for row in (world.team, world.theke)] == [False, True]


@probe
def restriction_exists_at_a_franchise_only(world: World) -> None:
    assert world.get("anna", f"{HAMBURG}/mcp/restriction/").status_code == 404
    page = console.get_model_admin(Restriction)
    assert not page.has_view_permission(world.request(world.scope("anna", "Hamburg")))
    assert page.has_view_permission(world.request(world.scope("anna", "Flensburg")))
    assert not page.has_view_permission(world.request(world.scope("schwach", "Flensburg")))
    assert not world.get("anna", f"{FLENSBURG}/mcp/restriction/").context["may_restrict"]
    assert world.get("anna", f"{HAMBURG}/mcp/restriction/matrix/").status_code == 404
    assert world.get("anna", f"{FLENSBURG}/mcp/restriction/matrix/").status_code == 403
