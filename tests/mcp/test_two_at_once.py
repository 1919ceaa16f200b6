"""Two people change different things of one row at the same moment: both stand, whatever the row is."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import models
from django.utils import timezone

from customers.consents.operations import save_purpose
from customers.models import ConsentPurpose
from customers.operations import save_customer_group
from locations.models import Location
from mcp.central import operations
from mcp.isolation.scope import Scope
from mcp.models import User, UserGroup
from tests.conftest import Cast
from tests.customers import people
from tests.transitions.moving import exit_in
from transitions import operations as leaving
from transitions.choices import TransitionState
from transitions.models import Transition

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("locations", "mcp", "files", "customers", "clearing", "accounting", "transitions", "api")

WHOLE = {
    "customers/operations.py": {"customer.save(force_update=True)"},  # whoever saw an older row is refused (seen_at)
    "mcp/demo.py": {"user.save()"},
}
"""Rows that are saved whole though they are there already, and why that undoes nobody's change."""


@dataclass(frozen=True)
class Changed:
    """A row that people change, two of its fields with other values, and the operation."""

    make: Callable[[Cast, Scope], models.Model]
    values: tuple[tuple[str, Any], tuple[str, Any]]
    save: Callable[[Any, str, Scope], object]


def _location(cast: Cast, anna: Scope) -> Location:
    return Location.objects.get(pk=cast.location("Hamburg").pk)


def _user_group(cast: Cast, anna: Scope) -> UserGroup:
    return operations.create_user_group(name="Aushilfe", actor=anna)


def _user(cast: Cast, anna: Scope) -> User:
    return User.objects.get(pk=cast.user("bodo").pk)


def _purpose(cast: Cast, anna: Scope) -> ConsentPurpose:
    return people.purpose(anna, "stammtisch")


CASES = {
    "location": Changed(
        _location, (("street", "Neuer Weg 1"), ("city", "Altona")),
        lambda row, name, actor: operations.change_location(location=row, changed={name}, actor=actor),
    ),
    "user": Changed(
        _user, (("first_name", "Bodobert"), ("email", "bodo@example.com")),
        lambda row, name, actor: operations.change_user(user=row, changed={name}, actor=actor),
    ),
    "user group": Changed(
        _user_group, (("name", "Aushilfen"), ("description", "Nur samstags")),
        lambda row, name, actor: operations.rename_user_group(group=row, actor=actor, **{name: getattr(row, name)}),
    ),
    "customer group": Changed(
        lambda cast, anna: people.group(anna, "Gast"), (("price_level", 3), ("discount", 5)),
        lambda row, name, actor: save_customer_group(group=row, changed={name}, actor=actor),
    ),
    "purpose": Changed(
        _purpose, (("name", "Stammtisch am Montag"), ("is_active", False)),
        lambda row, name, actor: save_purpose(purpose=row, changed={name}, actor=actor),
    ),
    "transition": Changed(
        lambda cast, anna: exit_in(cast, TransitionState.REVIEWED),
        (("planned_for", timezone.localdate() + timedelta(days=9)), ("ground", "Sie haben darin eingewilligt.")),
        lambda row, name, actor: _step(row, name, actor),
    ),
}  # fmt: skip


def _step(row: Transition, name: str, actor: Scope) -> object:
    if name == "planned_for":
        return leaving.move_day(transition=row, planned_for=row.planned_for, actor=actor)
    return leaving.name_ground(transition=row, basis="consent", ground=row.ground, actor=actor)


@pytest.mark.parametrize("what", CASES)
@pytest.mark.parametrize("is_reversed", [False, True])
def test_changes_of_two_people_at_the_same_moment_both_stand(cast, what, is_reversed):
    """Both have read the row before either has saved."""
    case, anna = CASES[what], cast.scope("anna", "Zentrale")
    made = case.make(cast, anna)
    copies = [(type(made)._default_manager.get(pk=made.pk), *change) for change in case.values]
    for row, name, value in reversed(copies) if is_reversed else copies:
        setattr(row, name, value)
        case.save(row, name, anna)
    now = type(made)._default_manager.get(pk=made.pk)
    assert {name: getattr(now, name) for name, _value in case.values} == dict(case.values)


@pytest.mark.parametrize("what", CASES)
def test_change_leaves_what_others_have_saved_as_it_is_said_by_what_it_returns(cast, what):
    case, anna = CASES[what], cast.scope("anna", "Zentrale")
    made = case.make(cast, anna)
    (first, value), (second, other) = case.values
    mine = type(made)._default_manager.get(pk=made.pk)
    theirs = type(made)._default_manager.get(pk=made.pk)
    setattr(theirs, second, other)
    case.save(theirs, second, anna)
    setattr(mine, first, value)
    returned = case.save(mine, first, anna)
    assert getattr(returned, second) == other


def test_no_operation_saves_a_row_whole_that_others_may_be_changing():
    """`save()` of a row that is there says which fields; a new one is inserted, and nothing else."""
    found: dict[str, set[str]] = {}
    for path in [path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py")]:
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "save"):
                continue
            if not {keyword.arg for keyword in node.keywords} & {"update_fields", "force_insert"}:
                found.setdefault(path.relative_to(ROOT).as_posix(), set()).add(ast.unparse(node))
    assert found == WHOLE


def sent(page: str, changed: dict[str, str]) -> dict[str, Any]:
    """What a browser sends of a form that it has loaded, after somebody has changed something."""
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<(?:input|textarea)[^>]*>", page):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        name, kind = attributes.get("name", ""), attributes.get("type", "")
        if not name or name.startswith("_") or name == "csrfmiddlewaretoken":
            continue
        if kind in {"checkbox", "radio"} and not re.search(r"\schecked[\s>/=]", tag):
            continue
        fields.setdefault(name, []).append(attributes.get("value", "on" if kind == "checkbox" else ""))
    for select in re.findall(r"<select[^>]*name=\"([^\"]+)\"[^>]*>(.*?)</select>", page, re.DOTALL):
        chosen = re.findall(r'<option[^>]*value="([^"]*)"[^>]* selected', select[1])
        fields[select[0]] = chosen
    for area in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', page, re.DOTALL):
        fields[area[0]] = [area[1].strip()]
    return {**fields, **{name: [value] for name, value in changed.items()}}


@pytest.mark.parametrize(
    ("kind", "address", "changes"),
    [
        ("location", "/10400/1/locations/location/{}/change/", ({"street": "Neuer Weg 1"}, {"city": "Altona"})),
        ("user", "/10400/1/mcp/user/{}/change/", ({"first_name": "Bodobert"}, {"email": "bodo@example.com"})),
        ("user group", "/10400/1/mcp/usergroup/{}/change/", ({"name": "Aushilfen"}, {"description": "Nur samstags"})),
        ("customer group", "/10400/1/customers/customergroup/{}/change/", ({"price_level": "3"}, {"discount": "5"})),
        (
            "purpose",
            "/10400/1/customers/consentpurpose/{}/change/",
            ({"name": "Stammtisch am Montag"}, {"wording": "Ja"}),
        ),
    ],
)
def test_two_pages_that_were_open_at_the_same_time_are_both_saved(cast, log_in, kind, address, changes):
    made = CASES[kind].make(cast, cast.scope("anna", "Zentrale"))
    client, page = log_in("anna"), address.format(made.pk)
    opened = client.get(page).content.decode()
    for change in changes:
        answer = client.post(page, sent(opened, change))
        assert answer.status_code == 302, re.findall(r"errorlist.{0,300}", answer.content.decode(), re.DOTALL)
    now = type(made)._default_manager.get(pk=made.pk)
    for name, value in {**changes[0], **changes[1]}.items():
        assert str(getattr(now, name)) in {value, f"{value}.00"}


def test_membership_that_somebody_gives_meanwhile_is_not_taken_by_a_page_that_was_open_before(cast, log_in):
    anna, bodo = cast.scope("anna", "Zentrale"), User.objects.get(pk=cast.user("bodo").pk)
    page = f"/10400/1/mcp/user/{bodo.pk}/change/"
    opened = log_in("anna").get(page).content.decode()
    group = operations.create_user_group(name="Aushilfe", actor=anna)
    operations.set_memberships(user=bodo, groups=[*bodo.groups.all(), group], actor=anna)
    assert log_in("anna").post(page, sent(opened, {"first_name": "Bodobert"})).status_code == 302
    bodo.refresh_from_db()
    assert bodo.first_name == "Bodobert"
    assert group in bodo.groups.all()
