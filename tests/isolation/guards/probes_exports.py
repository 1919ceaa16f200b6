"""Exports: rows of the own base, files of the own user, with the rights of whoever acts."""

from __future__ import annotations

from typing import Any

from customers.exports import files
from customers.exports.writer import Making, Order
from customers.models import (
    Customer,
    ExportChunk,
)
from customers.table.resources import CustomerResource, NoScope
from files.choices import FileState
from files.lifecycle import fetch, make
from locations.permissions import Right
from mcp.isolation.scope import MissingRight
from mcp.models import Membership
from tests.customers.transfer import taken_out
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, HAMBURG, World

ORDER = Order(profile="plain", columns=("customer_number", "last_name"))


def _exported(world: World, query: str, **sent: Any) -> str:
    data = {"format": "plain", "column": ["customer_number", "first_name", "last_name"], **sent}
    answer = world.post("anna", f"{HAMBURG}/customers/customer/export/{query}", data)
    assert answer.status_code == 200
    content: bytes = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode()


@probe
def export_has_own_rows_only(world: World) -> None:
    for query in ("", "?archived=all", "?q=Meier"):
        written = _exported(world, query)
        assert "Meier" in written, query
        assert CANARY not in written, query
    ids = "&".join(f"id={row.pk}" for row in [world.customer, *world.foreign_customers])
    chosen = _exported(world, f"?{ids}")
    assert chosen.count("Meier") == 1
    assert CANARY not in chosen
    assert world.get("anna", f"{HAMBURG}/customers/customer/export/?{ids}").context["count"] == 1


@probe
def export_refuses_lookups_of_its_own(world: World) -> None:
    page = f"{HAMBURG}/customers/customer/export/"
    assert world.get("anna", f"{page}?iban__startswith=DE").status_code == 400


@probe
def export_has_exported_columns_only(world: World) -> None:
    written = _exported(world, "", column=["last_name", "search_text", "base", "organization", "id"])
    assert written.splitlines()[0].count(",") == 0
    columns = CustomerResource(scope=world.scope("anna", "Hamburg")).export_columns()
    assert {"base", "organization", "id", "search_text", "sort_name"}.isdisjoint(columns)


@probe
def rows_handed_to_the_export_are_narrowed(world: World) -> None:
    written = taken_out(
        world.scope("anna", "Hamburg"), "plain", columns=["first_name", "last_name"], customers=Customer.objects.all()
    ).decode()
    assert "Meier" in written
    assert CANARY not in written
    with refused(MissingRight):
        Making(bare(world, "Hamburg", Right.VIEW_CUSTOMERS, who="anna"), ORDER)


@probe
def file_of_an_export_is_its_users_at_its_location(world: World) -> None:
    """Not that of a colleague, of the own one at another location, of an offline base or of another business."""
    page = f"{HAMBURG}/customers/customer/export/files"
    assert world.post("anna", f"{page}/{world.export.pk}/download/", {}).status_code == 200
    others = [("anna", world.foreign_export), ("anna", world.offline_export), ("blind", world.export)]
    for who, export in others:
        for what in ("", "facts/"):
            assert world.get(who, f"{page}/{export.pk}/{what}").status_code == 404
        for what in ("", "download/"):
            assert world.post(who, f"{page}/{export.pk}/{what}", {}).status_code == 404
        assert ExportChunk.objects.filter(file=export).exists()
    assert world.export.name not in world.text("blind", f"{page}/")
    assert not files.exports_of(world.cast.system("Hamburg")).exists()


@probe
def only_the_own_file_is_deleted(world: World) -> None:
    sven = world.scope("blind", "Hamburg")
    files.delete_file(export=world.export, actor=sven)
    files.delete_file(export=world.foreign_export, actor=world.scope("anna", "Hamburg"))
    for export in (world.export, world.foreign_export):
        assert ExportChunk.objects.filter(file=export).exists()


@probe
def right_that_is_lost_while_a_file_is_made_leaves_none(world: World) -> None:
    actor = world.scope("anna", "Hamburg")
    export = files.demand_export(order=ORDER, query="id=0", total=1, actor=actor)
    Membership.objects.filter(user=actor.user).delete()
    make(files.EXPORTS, pk=str(export.pk), actor=actor)
    export.refresh_from_db()
    assert export.state == FileState.FAILED
    assert not ExportChunk.objects.filter(file=export).exists()


@probe
def file_that_is_not_made_has_no_facts(world: World) -> None:
    export = files.demand_export(order=ORDER, query="", total=1, actor=world.scope("anna", "Hamburg"))
    assert world.get("anna", f"{HAMBURG}/customers/customer/export/files/{export.pk}/facts/").status_code == 404


@probe
def exports_need_their_right_at_each_step(world: World) -> None:
    weak = bare(world, "Hamburg", Right.VIEW_CUSTOMERS, who="anna")
    for call in (
        lambda: files.demand_export(order=ORDER, query="", total=1, actor=weak),
        lambda: files.make_now(order=ORDER, query="", customers=Customer.objects.all(), actor=weak)[1].close(),
        lambda: fetch(files.EXPORTS, world.export, actor=weak).close(),
        lambda: files.delete_file(export=world.export, actor=weak),
    ):
        with refused(MissingRight):
            call()
    for what in ("", "facts/"):
        page = f"{BREMEN}/customers/customer/export/files/{world.export.pk}/{what}"
        assert world.get("carla", page).status_code == 403
    page = f"{BREMEN}/customers/customer/export/files/{world.export.pk}/download/"
    assert world.post("carla", page, {}).status_code == 403
    assert world.get("carla", f"{BREMEN}/customers/customer/export/files/").status_code == 403


@probe
def resource_alone_reads_and_writes_nothing(world: World) -> None:
    """import-export's own ways are closed: they ask for no right and no base."""
    for resource in (CustomerResource(), CustomerResource(scope=world.scope("anna", "Hamburg"))):
        for call in (resource.import_data, resource.export):
            with refused(NoScope):
                call(None)
    with refused(NoScope):
        CustomerResource().demand(Right.EXPORT_CUSTOMERS)
