"""Bulk changes, older states and saved filters: own rows only, and each step asks for its right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pghistory
from django.core.exceptions import PermissionDenied
from django.http import Http404

from customers.bulk import changing, tasks
from customers.bulk.changing import Wish
from customers.choices import BulkKind, BulkState
from customers.filters.saved import delete_filter, save_filter
from customers.history.versions import preview_version, restore_version
from customers.models import BulkChange, Customer, SavedFilter
from customers.selection.selecting import select
from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import Membership
from mcp.worker.somebody import for_somebody
from tests.conftest import forget_author
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, HAMBURG, World

PAGE = "/customers/customer"
SEND = "customer-button-main"


def _counted(scope: Scope, query: str = "") -> BulkChange:
    found, tag = select(scope, query), scope.base.tags.get(name="VIP")
    wish = Wish(kind=BulkKind.REMOVE_TAG, tag=tag)
    change = changing.propose(wish=wish, query=query, chosen=found, shown=None, actor=scope)
    changing.count(change=change, chosen=found, actor=scope)
    return change


def _applied(scope: Scope) -> BulkChange:
    change = _counted(scope)
    changing.confirm(change=change, seen=str(change.figures["change"]), actor=scope)
    with pghistory.context(**scope.history()) as context:
        changing.apply(change=change, context=context.id, actor=scope)
    forget_author()
    return change


def _version(customer: Customer) -> UUID:
    event: Any = Customer._meta.get_field("history").related_model
    newest: UUID = event.objects.filter(pgh_obj=customer.pk).order_by("-changed_at")[0].pgh_id
    return newest


@probe
def bulk_changes_are_of_the_own_base_and_their_previews_of_oneself(world: World) -> None:
    here, offline = world.scope("anna", "Hamburg"), world.scope("anna", "Lübeck")
    own, preview = _applied(here), _counted(here)
    others = [_applied(world.south), _applied(offline), _counted(world.south)]
    assert set(changing.changes_of(here)) == {own, preview}
    assert list(changing.changes_of(world.scope("bodo", "Bremen"))) == [own]
    assert f"{own.pk}" in world.text("anna", f"{HAMBURG}{PAGE}/bulk/")
    for other in others:
        address = f"{HAMBURG}{PAGE}/bulk/{other.pk}/"
        assert world.get("anna", address).status_code == 404
        assert world.post("anna", address, {"step": "undo"}).status_code == 404
        for call in (changing.start_undo, changing.cancel):
            with refused(PermissionDenied):
                call(change=other, actor=here)
        with refused(PermissionDenied):
            changing.confirm(change=other, seen="1", actor=here)


@probe
def bulk_change_offers_and_takes_own_groups_and_tags_only(world: World) -> None:
    for kind in ("group", "add_tag"):
        page = world.text("anna", f"{HAMBURG}{PAGE}/bulk/{kind}/?q=Meier")
        assert CANARY not in page
    here = world.scope("anna", "Hamburg")
    found = select(here, "")
    for wish in (
        Wish(kind=BulkKind.ADD_TAG, tag=world.foreign_tags[0]),
        Wish(kind=BulkKind.GROUP, group=world.foreign_groups[0]),
    ):
        with refused(PermissionDenied):
            changing.propose(wish=wish, query="", chosen=found, shown=None, actor=here)


@probe
def bulk_change_reaches_own_customers_only(world: World) -> None:
    ids = "&".join(f"id={row.pk}" for row in [world.customer, *world.foreign_customers])
    assert _counted(world.scope("anna", "Hamburg"), ids).figures["found"] == 1


@probe
def customers_left_alone_are_named_by_their_base(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    change = _applied(here)
    Customer.objects.filter(pk=world.customer.pk).update(tags=["VIP"])
    changing.start_undo(change=change, actor=here)
    with pghistory.context(**here.history()) as context:
        changing.undo(change=change, context=context.id, actor=here)
    forget_author()
    page = world.text("anna", f"{HAMBURG}{PAGE}/bulk/{change.pk}/")
    assert str(world.customer) in page
    assert CANARY not in page


@probe
def bulk_changes_need_their_rights_at_each_step(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    counted, applied = _counted(here), _applied(here)
    wish, found = Wish(kind=BulkKind.REMOVE_TAG, tag=world.tag), select(here, "")
    calls: list[Callable[[Scope], Any]] = [
        lambda weak: changing.propose(wish=wish, query="", chosen=found, shown=None, actor=weak),
        lambda weak: changing.count(change=counted, chosen=found, actor=weak),
        lambda weak: changing.confirm(change=counted, seen="1", actor=weak),
        lambda weak: changing.apply(change=counted, context=counted.pk, actor=weak),
        lambda weak: changing.start_undo(change=applied, actor=weak),
        lambda weak: changing.undo(change=applied, context=applied.pk, actor=weak),
        lambda weak: changing.cancel(change=counted, actor=weak),
    ]
    for right in (Right.VIEW_CUSTOMERS, Right.CHANGE_CUSTOMERS):
        for call in calls:
            with refused(MissingRight):
                call(bare(world, "Hamburg", right, who="anna"))
    for who, place in (("blind", HAMBURG), ("carla", BREMEN)):
        assert world.get(who, f"{place}{PAGE}/bulk/group/?q=x").status_code == 403
        assert world.post(who, f"{place}{PAGE}/", {"action": "archive", "all_found": "1"}).status_code == 403
    for page in ("", f"{applied.pk}/", "archive/"):
        assert world.get("blind", f"{HAMBURG}{PAGE}/bulk/{page}").status_code == 403
    assert 'value="undo"' in world.text("anna", f"{HAMBURG}{PAGE}/bulk/{applied.pk}/")
    assert 'value="undo"' not in world.text("carla", f"{BREMEN}{PAGE}/bulk/{applied.pk}/")


@probe
def right_that_is_lost_while_many_are_changed_leaves_nothing(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    change, applied = _counted(here), _applied(here)
    changing.start_undo(change=applied, actor=here)
    changing.confirm(change=change, seen=str(change.figures["change"]), actor=here)
    for task, step, row, state in (
        (tasks.undo_bulk, "undo", applied, BulkState.APPLIED),
        (tasks.apply_bulk, "apply", change, BulkState.FAILED),
    ):
        with _losing_rights(here, step) as before:
            task.func(change=str(row.pk), **for_somebody(here))
        row.refresh_from_db()
        assert row.state == state
        assert [*Customer.objects.order_by("pk").values_list("pk", "tags")] == before
        forget_author()


class _losing_rights:  # noqa: N801 - reads as a function
    """Whoever acts loses his groups right after the step, and has them again afterwards."""

    def __init__(self, scope: Scope, step: str) -> None:
        self.scope, self.step, self.real = scope, step, getattr(changing, step)

    def __enter__(self) -> list[Any]:
        self.lost = list(Membership.objects.filter(user=self.scope.user))

        def then_lose(**given: Any) -> None:
            self.real(**given)
            Membership.objects.filter(user=self.scope.user).delete()

        self.patch = patch.object(changing, self.step, then_lose)
        self.patch.start()
        return [*Customer.objects.order_by("pk").values_list("pk", "tags")]

    def __exit__(self, *_details: object) -> None:
        self.patch.stop()
        for one in self.lost:
            Membership.objects.get_or_create(
                user=one.user, group=one.group, defaults={"organization": one.organization}
            )


@probe
def older_state_is_of_the_own_customer_and_needs_its_rights(world: World) -> None:
    here, version = world.scope("anna", "Hamburg"), _version(world.customer)
    theirs = _version(world.foreign_customer)
    assert preview_version(customer=world.customer, version=version, actor=here).changes == []
    for customer, one in ((world.customer, theirs), (world.foreign_customer, theirs)):
        with refused(Http404):
            preview_version(customer=customer, version=one, actor=here)
    seen = world.foreign_customer.changed_at
    with refused(Customer.DoesNotExist):
        restore_version(customer=world.foreign_customer, version=theirs, seen_at=seen, actor=here)
    for right in (Right.CHANGE_CUSTOMERS, Right.SEE_HISTORY, Right.VIEW_CUSTOMERS):
        weak = bare(world, "Hamburg", *(set(Right) - {right}), who="anna")
        with refused(MissingRight):
            restore_version(customer=world.customer, version=version, seen_at=world.customer.changed_at, actor=weak)
        if right != Right.CHANGE_CUSTOMERS:
            with refused(MissingRight):
                preview_version(customer=world.customer, version=version, actor=weak)


@probe
def page_of_an_older_state_asks_before_it_looks_and_offers_what_is_allowed(world: World) -> None:
    version = _version(world.customer)
    Customer.objects.filter(pk=world.customer.pk).update(city="Bonn")
    for one in (version, UUID(int=7)):
        address = f"{PAGE}/version/{one}/"
        assert world.get("carla", f"{BREMEN}{address}").status_code == 403
        assert world.get("blind", f"{HAMBURG}{address}").status_code == 403
    grants.add_grants(world.cast.group("Auskunft Bremen"), [(Right.SEE_HISTORY, world.place("Bremen").pk)])
    address, history = f"{PAGE}/version/{version}/", f"{PAGE}/{world.customer.pk}/history/"
    shown = world.text("carla", f"{BREMEN}{address}")
    assert "seen_at" in shown
    assert SEND not in shown
    assert SEND in world.text("anna", f"{HAMBURG}{address}")
    assert f"{version}" in world.text("anna", f"{HAMBURG}{history}")
    assert f"{version}" not in world.text("carla", f"{BREMEN}{history}")
    for one in (version, UUID(int=7)):
        assert world.post("carla", f"{BREMEN}{PAGE}/version/{one}/", {}).status_code == 403
    assert world.post("anna", f"{HAMBURG}{address}", {}).status_code == 404
    for customer in world.foreign_customers:
        assert world.get("anna", f"{HAMBURG}{PAGE}/version/{_version(customer)}/").status_code == 404


@probe
def saved_filters_are_ones_own_or_shared_and_need_their_rights(world: World) -> None:
    here, carla = world.scope("anna", "Hamburg"), world.scope("carla", "Bremen")
    mine = save_filter(saved=SavedFilter(name="Meine", query="q=x"), actor=here)
    ours = save_filter(saved=SavedFilter(name="Unsere", query="q=x", is_shared=True), actor=here)
    theirs = save_filter(saved=SavedFilter(name=CANARY, query="q=x", is_shared=True), actor=world.south)
    for row in (mine, theirs):
        for call in (save_filter, delete_filter):
            with refused(PermissionDenied):
                call(saved=row, actor=carla)
        for page in ("", "change/"):
            assert world.get("carla", f"{BREMEN}{PAGE}/filters/{row.pk}/{page}").status_code == 404
    for change in (save_filter, delete_filter):
        with refused(MissingRight):
            change(saved=ours, actor=carla)
        with refused(MissingRight):
            change(saved=mine, actor=bare(world, "Hamburg", Right.MANAGE_CUSTOMER_GROUPS, who="anna"))
    ours.is_shared = False
    with refused(MissingRight):
        save_filter(saved=ours, actor=carla)
    with refused(MissingRight):
        save_filter(saved=SavedFilter(name="Neu", query="q=x", is_shared=True), actor=carla)
    with refused(PermissionDenied):
        save_filter(saved=SavedFilter(name="Neu", query="q=x"), actor=world.cast.system("Hamburg"))
    assert world.get("blind", f"{HAMBURG}{PAGE}/filters/").status_code == 403
    listed = world.text("carla", f"{BREMEN}{PAGE}/filters/")
    assert "Unsere" in listed
    assert f"{ours.pk}/change/" not in listed
    assert CANARY not in listed
    assert "is_shared" not in world.text("carla", f"{BREMEN}{PAGE}/filters/new/?q=x")
    assert "is_shared" in world.text("anna", f"{HAMBURG}{PAGE}/filters/new/?q=x")
