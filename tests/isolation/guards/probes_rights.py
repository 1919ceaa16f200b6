"""The pages of rights: matrix, log, "Why?", and the suggestions below a field."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied

from locations.choices import LegacyRule
from locations.models import LegacySwitch, Location
from locations.permissions import Right
from mcp.central import operations
from mcp.central.admin.matrix_rows import Matrix, places_of
from mcp.central.admin.suggestions import known_people, known_places
from mcp.models import User, UserGroup
from tests.isolation.guards.probes_operations import bare, refused, user_of
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, FLENSBURG, HEAD, MISSING, World


@probe
def suggestions_name_own_people_and_places(world: World) -> None:
    page = f"{HEAD}/mcp/user/suggest"
    for kind, own in (("places", "Bremen"), ("people", "bodo")):
        assert world.get("anna", f"{page}/{kind}/?q={CANARY}").json() == {"options": []}
        assert own in str(world.get("anna", f"{page}/{kind}/?q={own}").json())
    home, head = world.scope("frida", "Flensburg"), world.scope("anna", "Zentrale")
    assert set(known_places(home)) == {world.place("Flensburg")}
    assert set(known_places(head)) == set(Location.objects.filter(organization=world.cast.organization()))
    assert set(known_people(bare(world, "Bremen"))) == {world.weak}
    assert world.foreign_user not in known_people(head)
    assert set(known_people(home)) == {user_of(world, "frida")}


@probe
def why_explains_own_people_at_own_places(world: World) -> None:
    page = f"{HEAD}/mcp/user/why/"
    for query in (f"person_id={world.foreign_user.pk}", "person=kanarie", f"place={CANARY}ort"):
        answer = world.get("anna", f"{page}?{query}")
        assert f"{CANARY} Gelb" not in answer.content.decode(), query
        assert answer.context["person"] in (None, user_of(world, "anna")), query
    asked = world.get("anna", f"{page}?person=bodo&place=Hamburg")
    assert (asked.context["person"], asked.context["place"]) == (user_of(world), world.place("Hamburg"))
    weak = world.get("schwach", f"{page}?person=bodo")
    assert (weak.context["person"], weak.context["form"]) == (world.weak, None)


@probe
def matrix_shows_and_takes_own_places(world: World) -> None:
    page, place = f"{HEAD}/mcp/usergroup/{world.theke.pk}/rights/", world.foreign_place.pk
    assert CANARY not in world.text("anna", page)
    assert f"{CANARY}ort" not in world.text("anna", f"{page}?q={CANARY}").replace(f'value="{CANARY}"', "")
    for pk in (place, MISSING):
        sent: dict[str, Any] = {"row": [f"{pk}:0"], "cell": [f"view_customers@{pk}"]}
        assert world.post("anna", page, sent).status_code == 400
        answer = world.post("anna", f"{page}confirm/", {"give": [f"view_customers@{pk}"]})
        assert answer.status_code == 400
        assert [str(error) for error in answer.context["errors"]] != []
        assert CANARY not in answer.content.decode()
        taken = world.post("anna", f"{page}confirm/", {"take": [f"view_customers@{pk}"]})
        assert taken.status_code == 400
        assert world.post("anna", page, {"row": [f"{pk}:1"]}).status_code == 400
    own = f"archive_customers@{world.place('Bremen').pk}"
    assert world.post("anna", page, {"row": [f"{world.place('Bremen').pk}:0"], "cell": [own]}).status_code == 200
    assert set(places_of(world.team, world.scope("anna", "Zentrale"))) == {world.place("Flensburg")}


@probe
def matrix_locks_what_cannot_be_handed_out(world: World) -> None:
    def locked(who: str, group: UserGroup) -> set[bool]:
        matrix = Matrix(group, world.scope(who, "Zentrale"))
        row = matrix.general_row()
        return {cell.is_locked for cell in row.cells if cell.right in (Right.EXPORT_CUSTOMERS, Right.ADD_CUSTOMERS)}

    assert locked("anna", world.theke) == {False}
    assert locked("hueter", world.theke) == {True}
    assert not Matrix(world.theke, world.scope("anna", "Zentrale")).is_own
    assert Matrix(world.cast.group("Nur Benutzer"), world.scope("hueter", "Zentrale")).is_own


@probe
def rights_log_is_of_the_group(world: World) -> None:
    page = world.text("anna", f"{HEAD}/mcp/usergroup/{world.theke.pk}/rights/log/")
    assert "Bodo" in page
    assert CANARY not in page


@probe
def way_to_the_central_is_of_the_own_business(world: World) -> None:
    blind = world.get("blind", f"{FLENSBURG}/locations/location/add/")
    assert (blind.status_code, blind.context["central"]) == (403, world.place("Zentrale"))
    rita = world.get("rita", f"{FLENSBURG}/locations/location/add/")
    assert rita.context["central"] == world.place("Zentrale")
    foreign = world.get("rita", f"/20800/{world.foreign_place.client_number}/locations/location/add/")
    assert foreign.context["central"].organization_id == world.foreign_place.organization_id


@probe
def rules_of_1_0_are_switched_by_support_alone(world: World) -> None:
    for who in ("anna", "dev", "sven"):
        with refused(PermissionDenied):
            _lifted_by(world.cast.user(who))
    assert _lifted_by(world.cast.user("rita")).is_lifted


def _lifted_by(support: User) -> LegacySwitch:
    return operations.switch_legacy_rule(
        rule=LegacyRule.NEW_LOCATIONS, organization=None, is_lifted=True, reason="Probe", support=support
    )
