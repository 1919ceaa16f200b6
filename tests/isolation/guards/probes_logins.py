"""Logins and links for passwords: those of one person alone."""

from __future__ import annotations

from mcp.central import operations
from mcp.models import PasswordLink, User
from tests.isolation.guards.probes_operations import user_of
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import HEAD, World


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
