"""The rights to see contact data, bank data and memos come along with those that were granted before them."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection

from locations.permissions import Right
from mcp import access, grants
from mcp.models import Restriction, UserGroup
from mcp.operations import create_user_group

MIGRATION = import_module("mcp.migrations.0016_who_sees_fields_of_customers")
FRESH = {Right.SEE_CONTACT_DATA, Right.SEE_BANK_DATA, Right.SEE_MEMOS}


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def migrate() -> None:
    run(MIGRATION.AT_LOCATIONS, MIGRATION.EVERYWHERE)


def rights_of(group: UserGroup) -> set[tuple[Right, int | None]]:
    return {(right, place) for right, place in access.grants_of(group) if right in FRESH}


@pytest.fixture
def made(cast):
    """A group that holds these rights and no other; as before there were the new ones."""

    def make(name: str, *held: tuple[Right, int | None]) -> UserGroup:
        group = create_user_group(name=name, actor=cast.system("Zentrale"))
        grants.add_grants(group, held)
        return group

    return make


def test_who_sees_customers_goes_on_to_see_all_of_them_at_the_same_places(cast):
    run(*MIGRATION.FORGET)
    carla, anna = cast.group("Auskunft Bremen"), UserGroup.objects.get(members__username="anna")
    assert rights_of(carla) | rights_of(anna) == set()
    migrate()
    assert rights_of(carla) == {(right, cast.location("Bremen").pk) for right in FRESH}
    assert rights_of(anna) == {(right, None) for right in FRESH}
    assert cast.scope("carla", "Bremen").rights >= FRESH
    migrate()
    assert len(rights_of(carla)) == len(FRESH)


@pytest.mark.parametrize(
    "right",
    [Right.ADD_CUSTOMERS, Right.CHANGE_CUSTOMERS, Right.IMPORT_CUSTOMERS, Right.EXPORT_CUSTOMERS, Right.CARRY_OVER],
)
def test_who_had_to_do_with_them_otherwise_as_well(cast, made, right):
    place = cast.location("Hamburg").pk
    group = made("Alt", (right, place))
    migrate()
    assert rights_of(group) == {(fresh, place) for fresh in FRESH}


def test_who_manages_all_users_can_hand_them_out_and_nobody_else_gets_them(cast, made):
    place = cast.location("Hamburg").pk
    everywhere, here = made("Überall", (Right.MANAGE_USERS, None)), made("Hier", (Right.MANAGE_USERS, place))
    reports = made("Berichte", (Right.RUN_REPORTS, None), (Right.SEE_HISTORY, place))
    migrate()
    assert rights_of(everywhere) == {(fresh, None) for fresh in FRESH}
    assert rights_of(here) | rights_of(reports) == set()


def test_way_back_leaves_no_grant_and_no_restriction_of_them(cast):
    group, place = cast.group("Theke Hamburg und Bremen"), cast.location("Flensburg")
    Restriction.objects.create(
        organization=place.organization, location=place, group=group, right=Right.SEE_CONTACT_DATA
    )
    run(*MIGRATION.FORGET)
    assert rights_of(group) == set()
    assert not Restriction.objects.filter(right=Right.SEE_CONTACT_DATA).exists()


def test_counter_sees_contact_data_and_memos_and_no_bank_data(cast):
    assert cast.scope("bodo", "Hamburg").rights & FRESH == FRESH - {Right.SEE_BANK_DATA}
    assert cast.scope("anna", "Hamburg").rights >= FRESH
    assert cast.scope("carla", "Bremen").rights & FRESH == set()


def test_franchisee_takes_one_from_the_central(cast):
    """Under the name by which the matrix and the page of restrictions offer it."""
    anna, place = cast.scope("anna", "Flensburg"), cast.location("Flensburg")
    group = UserGroup.objects.get(members__username="anna")
    Restriction.objects.create(organization=place.organization, location=place, group=group, right=Right.SEE_BANK_DATA)
    assert Right.SEE_BANK_DATA in anna.rights
    assert Right.SEE_BANK_DATA not in cast.scope("anna", "Flensburg").rights
    assert Right.SEE_BANK_DATA in cast.scope("anna", "Hamburg").rights
