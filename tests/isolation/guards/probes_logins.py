"""Logins and links for passwords: those of one person alone."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from locations.permissions import Right
from mcp.central import operations
from mcp.models import PasswordLink, User
from tests.isolation.guards.probes_operations import refused, user_of
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import HEAD, PASSWORD, World


@probe
def link_for_one_leaves_the_links_of_others(world: World) -> None:
    anna = world.scope("anna", "Zentrale")
    for name in ("bodo", "carla", "bodo"):
        operations.make_link(user=user_of(world, name), is_mailed=False, actor=anna)
    links = PasswordLink.objects.filter(withdrawn_at=None, used_at=None)
    assert sorted(links.values_list("user__username", flat=True)) == ["bodo", "carla"]


@probe
def log_of_a_login_tells_of_one_person_alone(world: World) -> None:
    for name in ("bodo", "carla"):
        User.objects.filter(pk=user_of(world, name).pk).update(password=f"{name}!")
    entries = world.get("anna", f"{HEAD}/mcp/user/{user_of(world, 'bodo').pk}/logins/").context["entries"]
    assert len(entries) == 1


@probe
def somebody_who_may_do_everything_comes_with_the_first_start_alone(world: World) -> None:
    with refused(PermissionDenied):
        operations.create_local_administrator(
            administrator=User(username="karin"), password=PASSWORD, group_name="Verwaltung", rights=list(Right),
            actor=world.scope("anna", "Zentrale"),
        )  # fmt: skip
