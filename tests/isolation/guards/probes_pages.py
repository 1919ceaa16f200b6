"""Which rows a page shows or opens, and what somebody without the right is told."""

from __future__ import annotations

from itertools import product
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.html import escape
from django.utils.translation import override

from locations.permissions import Right
from mcp.console.site import console, provider, scope_of
from mcp.isolation.scope import MissingRight
from tests.customers.sides import with_node
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, FLENSBURG, HAMBURG, HEAD, MISSING, World

LISTS = [
    ("anna", f"{HAMBURG}/customers/customer/", "Meier"),
    ("anna", f"{HAMBURG}/customers/customergroup/", "Stammgast"),
    ("anna", f"{HAMBURG}/customers/tag/", "VIP"),
    ("anna", f"{HAMBURG}/customers/consentpurpose/", "Stammtisch"),
    ("anna", f"{HEAD}/mcp/user/", "bodo"),
    ("anna", f"{HEAD}/mcp/usergroup/", "Theke Hamburg und Bremen"),
    ("anna", f"{HEAD}/locations/location/", "Bremen"),
    ("frida", f"{FLENSBURG}/mcp/restriction/", "Theke Hamburg und Bremen"),
    ("frida", f"{FLENSBURG}/mcp/user/", "frida"),
    ("frida", f"{FLENSBURG}/mcp/usergroup/", "Team Flensburg"),
    ("frida", f"{FLENSBURG}/locations/location/", "Flensburg"),
]
"""Who opens which list, and what of his own is on it."""

ROWS = [
    ("anna", f"{HAMBURG}/customers/customer/{{}}/change/", "customer", ["foreign_customer", "offline_customer"]),
    ("anna", f"{HAMBURG}/customers/customer/{{}}/history/", "customer", ["foreign_customer", "offline_customer"]),
    ("anna", f"{HAMBURG}/customers/customer/archive/?id={{}}", "customer", ["foreign_customer", "offline_customer"]),
    ("anna", f"{HAMBURG}/customers/customer/restore/?id={{}}", "archived", ["foreign_archived"]),
    ("anna", f"{HAMBURG}/customers/customer/{{}}/consents/", "customer", ["foreign_customer", "offline_customer"]),
    ("anna", f"{HAMBURG}/customers/customer/consent/?id={{}}", "customer", ["foreign_customer", "offline_customer"]),
    ("anna", f"{HAMBURG}/customers/consentpurpose/{{}}/change/", "purpose", ["foreign_purpose"]),
    ("anna", f"{HAMBURG}/customers/customergroup/{{}}/change/", "group", ["foreign_groups"]),
    ("anna", f"{HAMBURG}/customers/customergroup/{{}}/delete/", "group", ["foreign_groups"]),
    ("anna", f"{HAMBURG}/customers/tag/{{}}/change/", "tag", ["foreign_tags"]),
    ("anna", f"{HAMBURG}/customers/tag/{{}}/delete/", "tag", ["foreign_tags"]),
    ("anna", f"{HEAD}/mcp/user/{{}}/change/", "weak", ["foreign_user"]),
    ("anna", f"{HEAD}/mcp/user/{{}}/password/", "weak", ["foreign_user"]),
    ("anna", f"{HEAD}/mcp/user/{{}}/logins/", "weak", ["foreign_user"]),
    ("frida", f"{FLENSBURG}/mcp/user/{{}}/password/", None, ["weak", "foreign_user"]),
    ("frida", f"{FLENSBURG}/mcp/user/{{}}/change/", None, ["weak", "foreign_user"]),
    *[("anna", f"{HEAD}/mcp/usergroup/{{}}/{page}", "theke", ["foreign_group"])
      for page in ("change/", "delete/", "rights/", "rights/log/")],
    *[("frida", f"{FLENSBURG}/mcp/usergroup/{{}}/{page}", "team", ["theke", "foreign_group"])
      for page in ("change/", "delete/", "rights/", "rights/log/")],
    ("anna", f"{HEAD}/locations/location/{{}}/change/", "hamburg", ["foreign_place"]),
    ("anna", f"{HEAD}/locations/location/{{}}/close/", "hamburg", ["foreign_place"]),
    ("anna", f"{HEAD}/locations/location/{{}}/reopen/", "hamburg", ["foreign_place"]),
    ("frida", f"{FLENSBURG}/locations/location/{{}}/change/", "flensburg", ["hamburg", "foreign_place"]),
    ("frida", f"{FLENSBURG}/mcp/restriction/{{}}/delete/", "restriction", ["foreign_restriction"]),
    ("anna", f"{HAMBURG}/customers/customer/import/{{}}/", "upload", ["foreign_upload", "offline_upload"]),
    ("anna", f"{HAMBURG}/customers/customer/import/{{}}/rejected/", "upload", ["foreign_upload", "offline_upload"]),
    ("anna", f"{HAMBURG}/customers/customer/import/{{}}/undo/", "imported", ["foreign_imported", "offline_imported"]),
]  # fmt: skip
"""Who opens the page of which own row, and which rows of others have to answer like missing ones."""
NO_UPLOAD = "00000000-0000-4000-8000-000000000000"

CUSTOMERS, USERS, PLACES = "/customers/", "/mcp/", "/locations/location/"
REFUSED = [
    ("schwach", "get", f"{HAMBURG}/customers/customer/", Right.VIEW_CUSTOMERS),
    ("schwach", "get", f"{HAMBURG}/customers/customer/add/", Right.ADD_CUSTOMERS),
    ("schwach", "get", f"{HAMBURG}/customers/customer/{{customer}}/change/", Right.VIEW_CUSTOMERS),
    ("carla", "post", f"{BREMEN}/customers/customer/{{customer}}/change/", Right.CHANGE_CUSTOMERS),
    ("carla", "post", f"{BREMEN}/customers/customer/?action=x", Right.ARCHIVE_CUSTOMERS),
    ("schwach", "get", f"{HAMBURG}/customers/customer/{{customer}}/history/", Right.SEE_HISTORY),
    ("blind", "get", f"{HAMBURG}/customers/customer/{{customer}}/history/", Right.VIEW_CUSTOMERS),
    ("carla", "get", f"{BREMEN}/customers/customer/{{customer}}/history/", Right.SEE_HISTORY),
    ("carla", "get", f"{BREMEN}/customers/customer/archive/?id={{customer}}", Right.ARCHIVE_CUSTOMERS),
    ("blind", "get", f"{HAMBURG}/customers/customer/archive/?id={{customer}}", Right.VIEW_CUSTOMERS),
    ("carla", "get", f"{BREMEN}/customers/customer/{{customer}}/erase/", Right.ERASE_CUSTOMERS),
    ("blind", "get", f"{HAMBURG}/customers/customer/{{customer}}/erase/", Right.VIEW_CUSTOMERS),
    ("blind", "post", f"{HAMBURG}/customers/customer/duplicates/", Right.VIEW_CUSTOMERS),
    ("schwach", "get", f"{HAMBURG}/customers/customer/{{customer}}/consents/", Right.VIEW_CUSTOMERS),
    ("carla", "post", f"{BREMEN}/customers/customer/{{customer}}/consents/", Right.CHANGE_CUSTOMERS),
    ("blind", "get", f"{HAMBURG}/customers/customer/consent/?id={{customer}}", Right.VIEW_CUSTOMERS),
    ("carla", "get", f"{BREMEN}/customers/customer/consent/?id={{customer}}", Right.CHANGE_CUSTOMERS),
    ("schwach", "get", f"{HAMBURG}/customers/consentpurpose/", Right.VIEW_CUSTOMERS),
    ("carla", "get", f"{BREMEN}/customers/consentpurpose/add/", Right.MANAGE_CUSTOMER_GROUPS),
    ("carla", "post", f"{BREMEN}/customers/consentpurpose/{{purpose}}/change/", Right.MANAGE_CUSTOMER_GROUPS),
    ("schwach", "get", f"{HAMBURG}/customers/customergroup/", Right.VIEW_CUSTOMERS),
    ("carla", "get", f"{BREMEN}/customers/customergroup/add/", Right.MANAGE_CUSTOMER_GROUPS),
    ("carla", "get", f"{BREMEN}/customers/customergroup/{{group}}/delete/", Right.MANAGE_CUSTOMER_GROUPS),
    ("blind", "get", f"{HAMBURG}/customers/customergroup/{{group}}/delete/", Right.VIEW_CUSTOMERS),
    ("carla", "get", f"{BREMEN}/customers/tag/add/", Right.MANAGE_CUSTOMER_GROUPS),
    ("carla", "post", f"{BREMEN}/customers/customergroup/{{group}}/change/", Right.MANAGE_CUSTOMER_GROUPS),
    ("carla", "post", f"{BREMEN}/customers/tag/{{tag}}/change/", Right.MANAGE_CUSTOMER_GROUPS),
    ("carla", "get", f"{BREMEN}/customers/tag/{{tag}}/delete/", Right.MANAGE_CUSTOMER_GROUPS),
    ("schwach", "get", f"{HAMBURG}/customers/tag/", Right.VIEW_CUSTOMERS),
    ("schwach", "post", f"{HEAD}/mcp/user/{{bodo}}/change/", Right.MANAGE_USERS),
    ("schwach", "post", f"{HEAD}/mcp/usergroup/{{theke}}/change/", Right.MANAGE_USERS),
    ("schwach", "post", f"{HEAD}/locations/location/{{hamburg}}/change/", Right.MANAGE_LOCATION),
    ("carla", "get", f"{BREMEN}/customers/customer/import/", Right.IMPORT_CUSTOMERS),
    ("carla", "get", f"{BREMEN}/customers/customer/import/{{upload}}/", Right.IMPORT_CUSTOMERS),
    ("carla", "get", f"{BREMEN}/customers/customer/import/{{upload}}/rejected/", Right.IMPORT_CUSTOMERS),
    ("carla", "get", f"{BREMEN}/customers/customer/import/{{upload}}/undo/", Right.IMPORT_CUSTOMERS),
    ("carla", "get", f"{BREMEN}/customers/customer/import/list/", Right.IMPORT_CUSTOMERS),
    ("carla", "get", f"{BREMEN}/customers/customer/export/", Right.EXPORT_CUSTOMERS),
    *[("schwach", "get", f"{HEAD}/mcp/{page}", Right.MANAGE_USERS) for page in (
        "user/", "user/add/", "user/{bodo}/change/", "user/{bodo}/password/", "user/{bodo}/logins/",
        "user/suggest/places/", "user/suggest/people/", "usergroup/", "usergroup/add/", "usergroup/{theke}/change/",
        "usergroup/{theke}/delete/", "usergroup/{theke}/rights/", "usergroup/{theke}/rights/log/")],
    ("hueter", "get", f"{HEAD}/mcp/usergroup/{{theke}}/rights/log/", Right.SEE_HISTORY),
    ("schwach", "get", f"{FLENSBURG}/mcp/restriction/", Right.MANAGE_USERS),
    ("anna", "get", f"{FLENSBURG}/mcp/restriction/add/", Right.MANAGE_USERS),
    ("anna", "get", f"{FLENSBURG}/mcp/usergroup/{{team}}/rights/", Right.MANAGE_USERS),
    *[("schwach", "get", f"{HEAD}/locations/location/{page}", Right.MANAGE_LOCATION) for page in (
        "", "add/", "{hamburg}/change/", "{hamburg}/close/", "{hamburg}/reopen/")],
    ("frida", "get", f"{FLENSBURG}/locations/location/add/", Right.MANAGE_LOCATION),
    ("frida", "get", f"{FLENSBURG}/locations/location/{{flensburg}}/close/", Right.MANAGE_LOCATION),
    ("carla", "get", f"{BREMEN}/overview/figures/", Right.RUN_REPORTS),
    ("dirk", "get", f"{HAMBURG}/", Right.VIEW_CUSTOMERS),
    ("dirk", "get", f"{HAMBURG}/overview/waiting/", Right.VIEW_CUSTOMERS),
]  # fmt: skip
"""Who asks for what, and the right that the refusal names."""


def _found(world: World, name: str | None) -> Any:
    """The ids of what the tables call by name."""
    if name in {"hamburg", "flensburg"}:
        return world.place(name.title()).pk
    if name == "bodo":
        return world.cast.user("bodo").pk
    return getattr(world, name).pk if name else None


@probe
def lists_show_own_rows_and_nothing_else(world: World) -> None:
    for who, address, own in LISTS:
        page = world.text(who, address)
        assert own in page, address
        assert CANARY not in page, address


@probe
def lists_of_a_location_show_nothing_of_the_others(world: World) -> None:
    for page, other in (("user", "bodo"), ("usergroup", "Theke Hamburg und Bremen")):
        assert other not in world.text("frida", f"{FLENSBURG}/mcp/{page}/"), page
    rows = world.get("frida", f"{FLENSBURG}/locations/location/").context["cl"].result_list
    assert [row.name for row in rows] == ["Flensburg"]


@probe
def row_of_others_answers_like_a_missing_one(world: World) -> None:
    for who, address, _own, others in ROWS:
        missing = world.get(who, address.format(NO_UPLOAD if "import" in address else MISSING))
        for name in others:
            for row in _listed(getattr(world, name, None) or world.place(name.title())):
                answer = world.get(who, address.format(row.pk))
                assert (answer.status_code, answer.content) == (404, missing.content), f"{address} of {row}"


def _listed(rows: Any) -> list[Any]:
    return rows if isinstance(rows, list) else [rows]


@probe
def own_row_opens(world: World) -> None:
    for who, address, own, _others in ROWS:
        if own is not None:
            assert world.get(who, address.format(_found(world, own))).status_code == 200, address


@probe
def refusal_names_the_right(world: World) -> None:
    names = ("customer", "group", "tag", "purpose", "upload", "bodo", "theke", "team", "hamburg", "flensburg")
    known = {name: _found(world, name) for name in names}
    for who, method, address, right in REFUSED:
        ask: Any = world.get if method == "get" else world.post
        answer = ask(who, address.format(**known), *([{"action": "archive"}] if method == "post" else []))
        with override("de"):
            label = escape(str(right.label))
        assert answer.status_code == 403, f"{who} {address}: {answer.status_code}"
        assert label in answer.content.decode(), f"{who} {address} does not name {label}"


@probe
def export_of_the_list_names_the_right(world: World) -> None:
    answer = world.post("carla", f"{BREMEN}/customers/customer/", {"action": "export"})
    with override("de"):
        assert str(Right.EXPORT_CUSTOMERS.label) in answer.content.decode()


@probe
def side_bar_offers_what_the_rights_open(world: World) -> None:
    links = ("/customers/customer/", "/customers/customergroup/", "/customers/customer/import/", "/mcp/user/why/")
    weak, anna = world.text("schwach", f"{HAMBURG}/"), world.text("anna", f"{HAMBURG}/")
    assert [link for link in links[:3] if f'href="{HAMBURG}{link}"' in weak] == []
    assert [link for link in links if f'href="{HAMBURG}{link}"' not in anna] == []
    assert f'href="{HEAD}/mcp/user/"' not in world.text("schwach", f"{HEAD}/")
    assert f'href="{HEAD}/mcp/user/"' in world.text("anna", f"{HEAD}/")


@probe
def permissions_follow_the_rights(world: World) -> None:
    """Below the pages, for what asks them: the side bar, buttons, actions."""
    everybody = [("schwach", "Hamburg"), ("blind", "Hamburg"), ("carla", "Bremen"), ("neuling", "Hamburg")]
    for (who, place), page in product(everybody, console._registry.values()):
        scope = world.scope(who, place)
        held = {action: right in scope.rights for action, right in page.rights.items()}
        see = held.get("view", False)
        expected = {
            "view": see,
            "change": see and held.get("change", False),
            "delete": see and held.get("delete", False),
        }
        asked = world.request(scope)
        given = {action: getattr(page, f"has_{action}_permission")(asked) for action in expected}
        assert given == expected, f"{who} {page}"
        assert page.has_module_permission(asked) == (see or page.allows(asked, "add")), f"{who} {page}"


@probe
def adding_follows_the_rights(world: World) -> None:
    for who, place, model, expected in [
        ("neuling", "Hamburg", "customer", True), ("carla", "Bremen", "customer", False),
        ("carla", "Bremen", "tag", False), ("anna", "Hamburg", "tag", True),
        ("carla", "Bremen", "consentpurpose", False), ("anna", "Hamburg", "consentpurpose", True),
        ("schwach", "Zentrale", "user", False), ("anna", "Zentrale", "user", True),
        ("frida", "Flensburg", "location", False), ("anna", "Zentrale", "location", True),
        ("anna", "Flensburg", "restriction", False), ("frida", "Flensburg", "restriction", True),
        ("anna", "Hamburg", "restriction", False),
    ]:  # fmt: skip
        page = next(page for found, page in console._registry.items() if found._meta.model_name == model)
        assert page.has_add_permission(world.request(world.scope(who, place))) is expected, f"{who} {place} {model}"


@probe
def base_that_is_edited_elsewhere_says_so_to_who_may_add_alone(world: World) -> None:
    with_node(world.place("Lübeck").base)
    page = next(page for found, page in console._registry.items() if found._meta.model_name == "customer")
    with refused(MissingRight):
        page.add_view(world.request(bare(world, "Lübeck", Right.VIEW_CUSTOMERS)))


@probe
def no_scope_opens_nothing(world: World) -> None:
    asked = world.request(None)
    assert not console.has_permission(asked)
    with refused(PermissionDenied):
        scope_of(asked)
    for page in console._registry.values():
        given = [getattr(page, f"has_{action}_permission")(asked) for action in ("view", "add", "change", "delete")]
        assert given == [False] * 4, page
        assert not page.get_queryset(asked).exists(), page


@probe
def businesses_are_open_to_support_alone(world: World) -> None:
    page = next(iter(provider._registry.values()))
    for who in ("anna", "dev", "sven"):
        asked = world.request(None)
        asked.user = world.cast.user(who)
        actions = ("view", "add", "change", "delete")
        assert [getattr(page, f"has_{action}_permission")(asked) for action in actions] == [False] * 4, who
        assert not page.has_module_permission(asked), who
        assert not page.get_queryset(asked).exists(), who
        assert world.get(who, "/locations/organization/").status_code == 404, who
    assert "Nordlicht" in world.text("rita", "/locations/organization/")
    assert "/locations/organization/" not in world.text("anna", "/")


@probe
def support_changes_and_deletes_no_business(world: World) -> None:
    page, asked = next(iter(provider._registry.values())), world.request(None)
    asked.user = world.cast.user("rita")
    assert page.has_view_permission(asked)
    assert not page.has_change_permission(asked)
    assert not page.has_delete_permission(asked)


@probe
def sites_are_closed_to_the_deactivated(world: World) -> None:
    asked = world.request(None)
    asked.user = world.cast.user("anna")
    assert provider.has_permission(asked)
    asked.user.is_active = False
    assert not provider.has_permission(asked)


@probe
def businesses_do_not_exist_but_for_support(world: World) -> None:
    page = f"/locations/organization/{world.theke.organization_id}"
    for who in ("anna", "dev", "sven"):
        for address in (f"{page}/change/", f"{page}/delete/", "/locations/organization/add/"):
            assert world.get(who, address).status_code == 404, (who, address)
    assert world.get("rita", f"{page}/delete/").status_code == 404
    assert world.get("rita", "/locations/organization/add/").status_code == 200


@probe
def rules_of_1_0_do_not_exist_but_for_support(world: World) -> None:
    list_of_all, of_one = "/locations/organization/legacy/", "/locations/organization/{}/legacy/"
    here = of_one.format(world.theke.organization_id)
    for who in ("anna", "dev", "sven"):
        for address in (list_of_all, here):
            assert world.get(who, address).status_code == 404, (who, address)
    assert [world.get("rita", address).status_code for address in (list_of_all, here)] == [200, 200]
    assert world.get("rita", of_one.format(MISSING)).status_code == 404


@probe
def group_that_a_franchisee_keeps_is_refused_by_the_name_of_the_right(world: World) -> None:
    page = f"{HEAD}/mcp/usergroup/{world.team.pk}"
    with override("de"):
        right = escape(str(Right.MANAGE_USERS.label))
    for answer in (
        world.post("anna", f"{page}/change/", {"name": "Anders"}),
        world.get("anna", f"{page}/delete/"),
    ):
        assert answer.status_code == 403
        assert right in answer.content.decode().partition("<main")[2]
