"""Operations and panels of the customer master, called directly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from unittest.mock import patch

from django.core.exceptions import ObjectDoesNotExist, ValidationError

from customers import dashboard, duplicates
from customers.admin.customers import CustomerAdmin
from customers.duplicates import Sought, candidates
from customers.figures.offline import offline_bases
from customers.history.changes import history_of
from customers.models import Customer, CustomerGroup, Tag
from customers.numbers import FreeNumbers, free_numbers, surely_free_numbers, take_numbers
from customers.operations import (
    archive_customers,
    change_customer,
    register_customer,
    restore_customers,
    save_customer_group,
    save_tag,
)
from customers.removal import delete_customer_group, delete_tag
from locations.choices import LegacyRule
from locations.permissions import Right
from mcp.central import operations
from mcp.console import panels
from mcp.console.site import console
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import User
from tests.customers.people import customer, group, tag
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, FLENSBURG, HAMBURG, HEAD, MISSING, PASSWORD, World
from tests.locations.rules import lift

CALLS: list[Callable[[World, Scope], Any]] = [
    lambda w, a: register_customer(customer=Customer(last_name="Neu"), actor=a),
    lambda w, a: change_customer(customer=w.customer, actor=a),
    lambda w, a: archive_customers(customers=[w.customer.pk], reason="Weg", actor=a),
    lambda w, a: restore_customers(customers=[w.archived.pk], actor=a),
    lambda w, a: save_customer_group(group=CustomerGroup(name="Neu"), actor=a),
    lambda w, a: save_tag(tag=Tag(name="Neu"), actor=a),
    lambda w, a: delete_customer_group(group=w.group, actor=a),
    lambda w, a: delete_tag(tag=w.tag, actor=a),
]


@probe
def writes_ask_for_the_right(world: World) -> None:
    for call in CALLS:
        with refused(MissingRight):
            call(world, bare(world, "Hamburg", Right.VIEW_CUSTOMERS, who="anna"))


@probe
def writes_take_rows_of_the_base_only(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    for foreign in world.foreign_customers:
        with refused(ObjectDoesNotExist):
            change_customer(customer=foreign, actor=here)
        assert archive_customers(customers=[foreign.pk], reason="Weg", actor=here) == 0
    assert restore_customers(customers=[world.foreign_archived.pk], actor=here) == 0
    for row in world.foreign_groups:
        with refused(ObjectDoesNotExist):
            save_customer_group(group=row, actor=here)
        with refused(ObjectDoesNotExist):
            delete_customer_group(group=row, actor=here)
    for word in world.foreign_tags:
        with refused(ObjectDoesNotExist):
            save_tag(tag=word, actor=here)
        with refused(ObjectDoesNotExist):
            delete_tag(tag=word, actor=here)
    assert archive_customers(customers=[world.customer.pk], reason="Weg", actor=here) == 1
    assert restore_customers(customers=[world.archived.pk], actor=here) == 1


@probe
def group_that_does_not_exist_is_not_saved(world: World) -> None:
    with refused(ObjectDoesNotExist):
        save_customer_group(group=CustomerGroup(pk=MISSING, name="Neu"), actor=world.scope("anna", "Hamburg"))


@probe
def tag_is_renamed_in_the_base_only(world: World) -> None:
    world.tag.name = "Stammkunde"
    save_tag(tag=world.tag, actor=world.scope("anna", "Hamburg"))
    assert Customer.objects.get(pk=world.customer.pk).tags == ["Stammkunde"]
    for foreign in world.foreign_customers:
        assert "VIP" in Customer.objects.get(pk=foreign.pk).tags


@probe
def tag_of_another_base_is_unknown(world: World) -> None:
    stray = Customer(last_name="Neu", tags=[f"{CANARY}nwort"])
    with refused(ValidationError):
        register_customer(customer=stray, actor=world.scope("anna", "Hamburg"))


@probe
def use_in_another_base_keeps_nothing(world: World) -> None:
    """What nobody of the own base bears can be deleted, whoever bears the same word elsewhere."""
    here = world.scope("anna", "Hamburg")
    free, word = group(here, f"{CANARY}ngruppe"), tag(here, f"{CANARY}nwort")
    delete_customer_group(group=free, actor=here)
    delete_tag(tag=word, actor=here)
    with refused(ValidationError, code="still_used"):
        delete_customer_group(group=world.group, actor=here)
    with refused(ValidationError, code="still_used"):
        delete_tag(tag=world.tag, actor=here)


@probe
def duplicates_are_sought_in_the_base(world: World) -> None:
    sought = Sought(email="meier@example.com", phones=("+491701234567",), last_name="Meier", birthday=date(1980, 5, 5))
    found = candidates(sought, scope=world.scope("anna", "Hamburg"))
    assert [candidate.customer for candidate in found] == [world.customer]
    only_there = Sought(last_name="Meier", first_name=CANARY, birthday=date(1980, 5, 5))
    assert candidates(only_there, scope=world.scope("anna", "Hamburg")) == []
    page = world.post("anna", f"{HAMBURG}/customers/customer/duplicates/", {"email": "meier@example.com"})
    assert page.content.decode().count("Meier") >= 1
    assert CANARY not in page.content.decode()


@probe
def duplicates_are_narrowed_before_and_after_the_search(world: World) -> None:
    asked: list[Any] = []

    def everybody(sought: Sought, customers: Any) -> list[int]:
        asked.extend(customers.values_list("base", flat=True))
        return [world.customer.pk, *[row.pk for row in world.foreign_customers]]

    with patch.object(duplicates, "_ids", everybody):
        found = duplicates.candidates(Sought(email="meier@example.com"), scope=world.scope("anna", "Hamburg"))
    assert set(asked) == {world.customer.base_id}
    assert [candidate.customer for candidate in found] == [world.customer]


@probe
def duplicates_show_to_viewers_only(world: World) -> None:
    sent = {"last_name": "Neu", "email": "meier@example.com"}
    assert world.post("blind", f"{HAMBURG}/customers/customer/add/", sent).status_code == 302
    asked = world.post("anna", f"{HAMBURG}/customers/customer/add/", sent)
    assert world.customer in [candidate.customer for candidate in asked.context["candidates"]]


@probe
def panels_count_the_own_base(world: World) -> None:
    here, today = world.scope("anna", "Hamburg"), date(2026, 5, 4)
    figures = {figure.name: figure.number for figure in dashboard.figures(here)["figures"]}
    own = Customer.objects.filter(base=world.customer.base)
    numbers = [own.active().count(), own.count(), own.filter(home_location=here.location).count(), 1]
    assert list(figures.values()) == numbers
    bars = {bar.name: bar.number for bar in dashboard.groups(here)["bars"]}
    assert bars["Stammgast"] == 1
    assert f"{CANARY}ngruppe" not in bars
    assert sum(bars.values()) == own.active().count()
    shown = dashboard.birthdays(here, today)
    assert [birthday.customer for birthday in shown["birthdays"]] == [world.customer]
    assert [trend.running.number for trend in dashboard.figures(here)["trends"]][:2] == [own.count(), 1]
    newcomers = dashboard.newcomers(here)["newcomers"]
    assert {one.pk for one in newcomers} == set(own.active().values_list("pk", flat=True))
    left = offline_bases(world.scope("anna", "Zentrale")).left_out
    assert [place.name for place in left] == ["Lübeck", "Kiel"]


@probe
def figures_of_a_base_of_its_own_need_the_right_there(world: World) -> None:
    lift(LegacyRule.CENTRAL_FIGURES, world.cast.organization())
    head = world.scope("anna", "Zentrale")
    group = operations.create_user_group(name="Nur Zentrale", actor=head)
    grants.add_grants(group, [(Right.RUN_REPORTS, head.location.pk)])
    user = operations.create_user(user=User(username="zahl"), password=PASSWORD, actor=head)
    operations.set_memberships(user=user, groups=[group], actor=head)
    counted = {who: offline_bases(world.scope(who, "Zentrale")).counted for who in ("anna", "zahl")}
    assert [len(bases) for bases in counted.values()] == [1, 0]


@probe
def figures_of_a_location_are_its_own(world: World) -> None:
    customer(world.scope("anna", "Bremen"), last_name="Bremer")
    offline, hamburg = world.cast.location("Lübeck"), world.cast.location("Hamburg")
    Customer.objects.create(
        organization=offline.organization,
        base=offline.base,
        home_location=hamburg,
        customer_number=987_654,
        last_name="Alt",
    )
    figures = [figure.number for figure in dashboard.figures(world.scope("anna", "Hamburg"))["figures"]]
    assert (figures[0], figures[2]) == (4, 4)


@probe
def panels_are_shown_with_their_right(world: World) -> None:
    names = {who: {panel.name for panel in panels.shown(world.scope(who, "Hamburg"))} for who in ("schwach", "anna")}
    reports, own = {"figures", "groups"}, {"birthdays", "newcomers"}
    assert names == {"schwach": reports, "anna": {"waiting"} | reports | own}
    assert world.get("schwach", f"{HAMBURG}/overview/birthdays/").status_code == 403
    assert world.get("schwach", f"{HAMBURG}/overview/newcomers/").status_code == 403
    assert world.get("anna", f"{HAMBURG}/overview/nothing/").status_code == 404
    for name in ("figures", "groups", "birthdays", "newcomers", "waiting"):
        assert CANARY not in world.text("anna", f"{HAMBURG}/overview/{name}/")


@probe
def history_is_of_the_base(world: World) -> None:
    page = world.text("anna", f"{HAMBURG}/customers/customer/{world.customer.pk}/history/")
    assert "Meier" in page
    assert CANARY not in page
    entries, _more = history_of(world.customer, page=1, scope=world.scope("anna", "Hamburg"))
    assert [entry.kind for entry in entries] == ["given", "insert"]


@probe
def numbers_of_other_bases_are_not_taken(world: World) -> None:
    """A number that somebody bears elsewhere is free here."""
    south = world.cast.location("Zentrale", 20800)
    central = world.place("Zentrale")
    assert world.foreign_customer.customer_number == south.first_number == central.first_number
    assert take_numbers(central, 1) == [central.first_number]


@probe
def numbers_of_other_bases_do_not_count_as_taken(world: World) -> None:
    central = world.place("Zentrale")
    assert world.foreign_customer.customer_number == central.first_number
    size = central.last_number - central.first_number + 1
    assert free_numbers(central) == size
    own = Customer.objects.filter(base=central.base).count()
    assert surely_free_numbers(central) == FreeNumbers(size - own, is_exact=not own)


@probe
def archive_page_refuses_where_one_of_several_is_foreign(world: World) -> None:
    page = f"{HAMBURG}/customers/customer/archive/?id={world.customer.pk}"
    assert world.get("anna", f"{page}&id={world.foreign_customer.pk}").status_code == 404
    assert world.get("anna", f"{page}&id={MISSING}").status_code == 404
    assert world.get("anna", f"{HAMBURG}/customers/customer/archive/").status_code == 404
    assert world.post("anna", f"{page}&id={world.foreign_customer.pk}", {"reason": "Weg"}).status_code == 404
    assert world.post("anna", page, {"reason": "Weg"}).status_code == 302


@probe
def customers_are_not_deleted(world: World) -> None:
    for row in (world.customer, world.foreign_customer):
        answer = world.post("anna", f"{HAMBURG}/customers/customer/{row.pk}/delete/", {"post": "yes"})
        assert answer.status_code == 404
    page = console.get_model_admin(Customer)
    assert isinstance(page, CustomerAdmin)
    with refused(Exception):
        page.delete_view(world.request(world.scope("anna", "Hamburg")), str(world.customer.pk))


@probe
def vocabulary_is_deleted_by_its_operation(world: World) -> None:
    """What is in use stays, and the page says by whom; what is not goes."""
    page = f"{HAMBURG}/customers/customergroup"
    used = world.post("anna", f"{page}/{world.group.pk}/delete/", {"post": "yes"})
    assert (used.status_code, CustomerGroup.objects.filter(pk=world.group.pk).exists()) == (400, True)
    assert "Meier" in used.content.decode()
    free = group(world.scope("anna", "Hamburg"), "Frei")
    assert world.post("anna", f"{page}/{free.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not CustomerGroup.objects.filter(pk=free.pk).exists()


@probe
def user_groups_and_restrictions_are_deleted_by_their_operations(world: World) -> None:
    page = f"{HEAD}/mcp/usergroup/{world.theke.pk}/delete/"
    assert world.post("anna", page, {"post": "yes"}).status_code == 400
    assert world.get("anna", page).context["question"].hurts
    lift = f"{FLENSBURG}/mcp/restriction/{world.restriction.pk}/delete/"
    assert world.post("frida", lift, {}).status_code == 302
