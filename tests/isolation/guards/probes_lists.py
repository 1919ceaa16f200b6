"""What the address of a list can ask: filters, lookups, search, sorting, counts."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest

from customers.models import Customer
from customers.table.resources import CustomerResource
from mcp.central.admin.users import GroupFilter
from mcp.central.forms.choosing import find_places
from mcp.console.site import console
from mcp.models import User
from tests.isolation.guards.probes_operations import refused
from tests.isolation.guards.probes_pages import LISTS
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, FLENSBURG, HAMBURG, HEAD, MISSING, World

CUSTOMERS, USERS = f"{HAMBURG}/customers/customer/", f"{HEAD}/mcp/user/"
EVERY = [*LISTS, ("rita", "/locations/organization/", "Nordlicht")]


def rows(answer: Any) -> list[Any]:
    assert answer.status_code == 200, answer.status_code
    return list(answer.context["cl"].result_list)


@probe
def lists_refuse_every_other_lookup(world: World) -> None:
    lookups = (
        "id__in=1", "name__startswith=K", "organization__name__startswith=S", "base__id=1", "iban__startswith=DE",
        "password__startswith=md5", "memo__contains=x", "_to_field=name", "_to_field=iban",
    )  # fmt: skip
    for who, address, _own in EVERY:
        for lookup in lookups:
            assert world.get(who, f"{address}?{lookup}").status_code == 400, f"{address}?{lookup}"
        assert world.get(who, f"{address}?_to_field=id").status_code == 200, address


@probe
def lists_take_their_own_filters(world: World) -> None:
    asked = [
        f"{CUSTOMERS}?favourite=no&archived=all&size=25", f"{USERS}?is_active__exact=1&place=Bremen",
        f"{HEAD}/locations/location/?base_kind=shared&closed=no&is_franchise__exact=0",
    ]  # fmt: skip
    for address in asked:
        assert rows(world.get("anna", address)), address
    assert rows(world.get("rita", "/locations/organization/?kind__exact=central_group"))


@probe
def filters_offer_own_rows(world: World) -> None:
    specs = {spec.parameter_name: spec for spec in world.get("anna", CUSTOMERS).context["cl"].filter_specs}
    offered = {name: [label for _key, label in spec.lookup_choices] for name, spec in specs.items()}
    assert offered["group"] == ["Stammgast"]
    assert offered["tag"] == ["VIP"]
    assert offered["home"] == ["Hamburg", "Zentrale", "Bremen", "Flensburg"]
    groups = [label for _key, label in world.get("anna", USERS).context["cl"].filter_specs[-1].lookup_choices]
    assert "Theke Hamburg und Bremen" in groups
    assert f"{CANARY}nvolk" not in groups


@probe
def filters_refuse_what_they_do_not_offer(world: World) -> None:
    foreign, south = world.foreign_groups[0], world.foreign_place
    refused: list[tuple[str, list[Any]]] = [
        (f"{CUSTOMERS}?group=", [foreign.pk, MISSING]),
        (f"{CUSTOMERS}?home=", [south.pk, MISSING]),
        (f"{CUSTOMERS}?tag=", [f"{CANARY}nwort", "Nichts"]),
        (f"{USERS}?group=", [world.foreign_group.pk, MISSING]),
        (f"{FLENSBURG}/mcp/user/?group=", [world.theke.pk, world.foreign_group.pk, MISSING]),
        (f"{CUSTOMERS}?blocked=", ["vielleicht"]),
        (f"{CUSTOMERS}?changed_since=", ["gestern"]),
    ]
    for address, values in refused:
        answers = [world.get("anna", f"{address}{value}") for value in values]
        assert {(a.status_code, a["Location"].endswith("?e=1")) for a in answers if a.status_code != 200} == {
            (302, True)
        }, address
        assert all(answer.status_code == 302 for answer in answers), address
    assert rows(world.get("anna", f"{CUSTOMERS}?group={world.group.pk}")) == [world.customer]
    assert rows(world.get("anna", f"{USERS}?group={world.theke.pk}")) == [world.cast.user("bodo")]


@probe
def what_is_chosen_by_an_address_is_what_the_list_offers(world: World) -> None:
    """An export or a bulk change of a list asks the same criteria."""
    for asked in (f"group={world.foreign_groups[0].pk}", f"home={world.foreign_place.pk}", f"tag={CANARY}nwort"):
        assert world.get("anna", f"{CUSTOMERS}export/?{asked}").status_code == 404, asked
        assert world.get("anna", f"{CUSTOMERS}bulk/archive/?{asked}").status_code == 404, asked


@probe
def filter_without_choices_refuses_as_well(world: World) -> None:
    """Where there is no group, too, a group in the address is refused and not simply left aside."""

    class OfNothing(GroupFilter):
        def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
            return []

    page, asked = console.get_model_admin(User), world.request(world.scope("anna", "Zentrale"))
    spec = OfNothing(asked, {"group": [f"{world.foreign_group.pk}"]}, User, page)
    assert spec.has_output()
    with refused(IncorrectLookupParameters):
        spec.queryset(asked, User.objects.all())


@probe
def filter_by_place_knows_own_places(world: World) -> None:
    assert rows(world.get("anna", f"{USERS}?place={CANARY}ort")) == []
    assert rows(world.get("anna", f"{USERS}?place=Bremen")) == [world.cast.user("carla")]
    page = console.get_model_admin(User)
    asked = world.request(world.scope("anna", "Zentrale"))
    spec = page.list_filter[1](asked, {"place": [f"{CANARY}ort"]}, User, page)
    assert not spec.queryset(asked, User.objects.all()).exists()
    assert find_places(type(world.foreign_place).objects.all(), f"{CANARY}ort").exists()


@probe
def search_finds_own_rows(world: World) -> None:
    for who, address, own in LISTS:
        assert rows(world.get(who, f"{address}?q={CANARY}")) == [], address
        assert rows(world.get(who, f"{address}?q={own}")), address
    assert rows(world.get("anna", f"{CUSTOMERS}?q=meier@example.com")) == [world.customer]


@probe
def search_reads_searched_fields_only(world: World) -> None:
    """Not the business behind a location, nor what a page does not show."""
    Customer.objects.filter(pk=world.customer.pk).update(iban="DE89370400440532013000", memo="geheim")
    for words in ("DE8937", "geheim"):
        assert rows(world.get("anna", f"{CUSTOMERS}?q={words}")) == []
    for page in console._registry.values():
        asked = world.request(world.scope("anna", "Flensburg"))
        found, _twice = page.get_search_results(asked, page.model._default_manager.all(), CANARY)
        assert "password" not in str(found.query.where), page
    assert rows(world.get("anna", f"{HEAD}/locations/location/?q=Hamburg"))
    assert rows(world.get("rita", "/locations/organization/?q=20800"))
    assert rows(world.get("anna", f"{HEAD}/locations/location/?q=20095"))[0:0] == []


@probe
def search_by_number_finds_own_location(world: World) -> None:
    assert [row.name for row in rows(world.get("anna", f"{HEAD}/locations/location/?q=3"))] == ["Bremen"]


@probe
def lists_are_sorted_by_shown_columns_only(world: World) -> None:
    for who, address, _own in EVERY:
        for order in ("99", "password", "iban", "-99"):
            assert rows(world.get(who, f"{address}?o={order}")), address
    orders = {world.get("anna", f"{CUSTOMERS}?o={number}").context["cl"].order for number in range(12)}
    assert orders <= {"customer_number", "sort_name", "city", "created_at", "changed_at"}


@probe
def counts_are_of_own_rows(world: World) -> None:
    own = Customer.objects.filter(base=world.customer.base)
    for query, number in (("", own.active().count()), ("archived=all", own.count()), ("q=Meier", 1)):
        assert world.get("anna", f"{CUSTOMERS}?{query}").context["cl"].result_count == number, query
    for who, address, _own in LISTS[1:]:
        changelist = world.get(who, address).context["cl"]
        assert changelist.result_count == len(changelist.result_list), address
        assert changelist.full_result_count is None, address


@probe
def facets_and_show_all_are_off(world: World) -> None:
    for who, address, _own in EVERY:
        assert not world.get(who, f"{address}?_facets=True").context["cl"].add_facets, address
        assert not world.get(who, f"{address}?all=").context["cl"].can_show_all, address


@probe
def page_of_the_list_reads_rows_of_the_base_only(world: World) -> None:
    changelist = world.get("anna", CUSTOMERS).context["cl"]
    assert changelist._rows([world.customer.pk, *[row.pk for row in world.foreign_customers]]) == [world.customer]


@probe
def popups_are_refused(world: World) -> None:
    for who, address, _own in EVERY:
        assert world.get(who, f"{address}?_popup=1").status_code == 400, address
    for address in (f"{HAMBURG}/customers/customergroup/add/", f"{HEAD}/mcp/usergroup/add/"):
        sent = {"name": "Neu", "discount": "0", "_popup": "1", "_to_field": "id"}
        assert world.post("anna", address, sent).status_code == 400, address


@probe
def stock_pages_of_all_models_are_gone(world: World) -> None:
    for place in (HAMBURG, HEAD, ""):
        for address in ("/r/1/1/", "/autocomplete/?term=K", "/search/?s=K", "/customers/", "/mcp/", "/locations/"):
            assert world.get("anna", f"{place}{address}").status_code == 404, f"{place}{address}"


@probe
def select_all_takes_the_ticked_only(world: World) -> None:
    for action, address in (
        ("archive", "customers/customer/archive"),
        ("record_consent", "customers/customer/consent"),
        ("export", "customers/customer/export"),
    ):
        sent = {"action": action, "index": "0", "select_across": "1", "_selected_action": [world.customer.pk]}
        assert world.post("anna", CUSTOMERS, sent)["Location"] == f"{HAMBURG}/{address}/?id={world.customer.pk}"


@probe
def actions_need_their_rights(world: World) -> None:
    page, changing = console.get_model_admin(Customer), {"record_consent", "set_group", "add_tag", "remove_tag"}
    for who, place, expected in (
        ("anna", "Hamburg", {"archive", "restore", "export", *changing}),
        ("bodo", "Bremen", changing),
        ("carla", "Bremen", set()),
    ):
        assert set(page.get_actions(world.request(world.scope(who, place)))) == expected, who
    assert "action-select" not in world.text("carla", f"{BREMEN}/customers/customer/")


@probe
def resource_knows_rows_of_the_base_only(world: World) -> None:
    assert not CustomerResource().get_queryset().exists()
    bases = CustomerResource(scope=world.scope("anna", "Hamburg")).get_queryset().values_list("base", flat=True)
    assert set(bases) == {world.customer.base_id}
