"""A right that somebody takes away while its holder is at work."""

from __future__ import annotations

from typing import Any

from customers import tasks
from customers.choices import UploadState
from customers.models import ImportUpload
from locations.permissions import Right
from mcp import operations
from mcp.models import LocationGrant, OrganizationGrant, Restriction
from mcp.scope import MissingRight
from tests.isolation.guards.probes_operations import refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import World


def revoke(right: Right) -> None:
    OrganizationGrant.objects.filter(permission__codename=right).delete()


@probe
def change_of_rights_asks_again_under_its_lock(world: World) -> None:
    """By any right that opened the way to it, not only by the one that changes rights."""
    anna = world.scope("anna", "Zentrale")
    anna.demand(Right.SEE_HISTORY)
    revoke(Right.SEE_HISTORY)
    with refused(MissingRight):
        operations.change_grants(group=world.theke, wanted=set(), actor=anna)


@probe
def work_for_somebody_asks_again_at_its_end(world: World) -> None:
    anna = world.scope("anna", "Hamburg")
    ImportUpload.objects.filter(pk=world.upload.pk).update(state=UploadState.APPLYING)

    def step(**given: Any) -> None:
        given["actor"].demand(Right.IMPORT_CUSTOMERS)
        revoke(Right.IMPORT_CUSTOMERS)

    with refused(MissingRight):
        tasks._do(str(world.upload.pk), UploadState.APPLYING, anna, step)


@probe
def change_of_rights_asks_whoever_was_asked_nothing_before(world: World) -> None:
    """At a place that nobody has restricted, nothing else would notice that the right has gone."""
    Restriction.objects.all().delete()
    group = operations.create_user_group(name="Aushilfe", actor=world.scope("frida", "Flensburg"))
    frida = world.scope("frida", "Flensburg")
    LocationGrant.objects.filter(permission__codename=Right.MANAGE_USERS, content_object=frida.location).delete()
    with refused(MissingRight):
        operations.change_grants(group=group, wanted=set(), actor=frida)
