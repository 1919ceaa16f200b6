"""A right that somebody takes away while its holder is at work."""

from __future__ import annotations

import io
from typing import Any
from unittest.mock import patch

from customers.choices import UploadState
from customers.imports import lifecycle, tasks
from customers.models import Customer, ImportUpload
from locations.permissions import Right
from mcp.central import operations
from mcp.isolation import access
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import LocationGrant, OrganizationGrant, Restriction
from mcp.worker.somebody import for_somebody
from tests.isolation.guards.probes_operations import refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import World
from tests.transitions.moving import exit_in
from transitions import tasks as transition_tasks
from transitions.choices import IncomingState, TransitionState
from transitions.incoming import taking
from transitions.models import IncomingFile
from transitions.operations import reviewing


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
def import_by_the_worker_asks_again_at_its_end(world: World) -> None:
    anna = world.scope("anna", "Hamburg")
    lifecycle.confirm_upload(upload=world.upload, confirmed=lifecycle.fingerprint(world.upload), actor=anna)
    before = Customer.objects.count()
    _revoke_meanwhile("apply_upload", world.upload, anna)
    assert Customer.objects.count() == before
    assert ImportUpload.objects.get(pk=world.upload.pk).state == UploadState.FAILED


@probe
def undoing_by_the_worker_asks_again_at_its_end(world: World) -> None:
    anna = world.scope("anna", "Hamburg")
    lifecycle.start_undo(upload=world.imported, actor=anna)
    _revoke_meanwhile("undo_upload", world.imported, anna)
    assert ImportUpload.objects.get(pk=world.imported.pk).state == UploadState.APPLIED


def _revoke_meanwhile(name: str, upload: ImportUpload, actor: Scope) -> None:
    """The worker does the step; at its end somebody takes the right away."""
    step = getattr(lifecycle, name)

    def step_then_revoke(**given: Any) -> None:
        step(**given)
        revoke(Right.IMPORT_CUSTOMERS)

    with patch.object(lifecycle, name, step_then_revoke):
        getattr(tasks, name).func(upload=str(upload.pk), **for_somebody(actor))


@probe
def change_of_rights_asks_whoever_was_asked_nothing_before(world: World) -> None:
    """At a place that nobody has restricted, nothing else would notice that the right has gone."""
    Restriction.objects.all().delete()
    group = operations.create_user_group(name="Aushilfe", actor=world.scope("frida", "Flensburg"))
    frida = world.scope("frida", "Flensburg")
    LocationGrant.objects.filter(permission__codename=Right.MANAGE_USERS, content_object=frida.location).delete()
    with refused(MissingRight):
        operations.change_grants(group=group, wanted=set(), actor=frida)


@probe
def review_by_the_worker_asks_again_at_its_end(world: World) -> None:
    transition = exit_in(world.cast, TransitionState.NUMBERED)
    look = reviewing.review

    def look_then_revoke(**given: Any) -> None:
        look(**given)
        revoke(Right.CARRY_OVER)

    with patch.object(transition_tasks, "review", look_then_revoke):
        somebody = for_somebody(world.scope("anna", "Zentrale"))
        transition_tasks.review_transition.func(transition=str(transition.pk), is_narrowed=False, **somebody)
    transition.refresh_from_db()
    assert transition.state == TransitionState.NUMBERED


@probe
def file_is_taken_in_by_who_holds_the_right_at_its_end(world: World) -> None:
    anna = world.scope("anna", "Hamburg")
    file = taking.keep_file(file=io.BytesIO(b"x"), name="liste.zip", is_list=True, actor=anna)

    def taken(_content: Any, actor: Scope) -> dict[str, Any]:
        actor.demand(Right.IMPORT_CUSTOMERS)
        revoke(Right.IMPORT_CUSTOMERS)
        return {}

    with patch.object(taking, "_list", taken):
        taking.take_in(pk=str(file.pk), actor=access.enter_as(**for_somebody(anna)))
    assert IncomingFile.objects.get(pk=file.pk).state == IncomingState.FAILED
