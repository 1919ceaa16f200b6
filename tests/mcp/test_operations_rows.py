"""Users, groups, memberships, grants and restrictions: what the database refuses, and the sentence for it."""

import pytest
from django.contrib.auth.models import Permission
from django.utils import translation

from locations.permissions import Right
from mcp.models import LocationGrant, Membership, OrganizationGrant, Restriction, User, UserGroup
from tests.locations.refusals import refused_by, run, sentences

VIEW = Right.VIEW_CUSTOMERS.value


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def permission(model):
    return Permission.objects.get(content_type__app_label="locations", content_type__model=model, codename=VIEW)


def rows(cast):
    """For each rule a row that breaks it; all are of Nordlicht unless the rule is about another business."""
    nordlicht, suedstern = cast.organization(), cast.organization(20800)
    bremen, munich = cast.location("Bremen"), cast.location("München", 20800)
    staff, own, foreign = cast.group("Auskunft Bremen"), cast.group("Team Flensburg"), cast.user("sven").groups.get()
    known = Restriction.objects.create(
        organization=nordlicht, location=cast.location("Flensburg"), group=staff, right=VIEW
    )
    at, everywhere = permission("location"), permission("organization")
    return {
        "user_name_unique_in_organization": User(organization=nordlicht, username="ANNA", password="x"),
        "user_of_business_or_provider": User(
            organization=nordlicht, username="neu", password="x", provider_role="support"
        ),
        "user_location_of_organization": User(organization=nordlicht, username="neu", password="x", location=munich),
        "usergroup_name_unique": UserGroup(organization=nordlicht, name="Auskunft Bremen"),
        "usergroup_owner_of_organization": UserGroup(organization=nordlicht, name="Neu", owner=munich),
        "membership_unique": Membership(organization=nordlicht, user=cast.user("carla"), group=staff),
        "membership_user_of_organization": Membership(organization=nordlicht, user=cast.user("sven"), group=staff),
        "membership_group_of_organization": Membership(organization=nordlicht, user=cast.user("carla"), group=foreign),
        "locationgrant_unique": LocationGrant(
            organization=nordlicht, group=staff, content_object=bremen, permission=at
        ),
        "locationgrant_group_of_organization": LocationGrant(
            organization=nordlicht, group=foreign, content_object=bremen, permission=at
        ),
        "locationgrant_location_of_organization": LocationGrant(
            organization=nordlicht, group=staff, content_object=munich, permission=at
        ),
        "organizationgrant_unique": OrganizationGrant(
            organization=suedstern, group=foreign, content_object=suedstern, permission=everywhere
        ),
        "organizationgrant_own_organization": OrganizationGrant(
            organization=nordlicht, group=staff, content_object=suedstern, permission=everywhere
        ),
        "organizationgrant_group_of_organization": OrganizationGrant(
            organization=nordlicht, group=foreign, content_object=nordlicht, permission=everywhere
        ),
        "restriction_unique": Restriction(organization=nordlicht, location=known.location, group=staff, right=VIEW),
        "restriction_right_known": Restriction(
            organization=nordlicht, location=known.location, group=staff, right="fly"
        ),
        "restriction_group_of_organization": Restriction(
            organization=nordlicht, location=known.location, group=foreign, right=VIEW
        ),
        "restriction_only_franchise": Restriction(organization=nordlicht, location=bremen, group=staff, right=VIEW),
        "restriction_not_own_group": Restriction(
            organization=nordlicht, location=known.location, group=own, right=VIEW
        ),
        "grant_owned_group_stays_home": LocationGrant(
            organization=nordlicht, group=own, content_object=bremen, permission=at
        ),
        "grant_owned_group_not_everywhere": OrganizationGrant(
            organization=nordlicht, group=own, content_object=nordlicht, permission=everywhere
        ),
        "grant_permission_of_place": LocationGrant(
            organization=nordlicht, group=staff, content_object=bremen, permission=everywhere
        ),
    }  # fmt: skip


RULES = [
    "user_name_unique_in_organization", "user_of_business_or_provider", "user_location_of_organization",
    "usergroup_name_unique", "usergroup_owner_of_organization", "membership_unique",
    "membership_user_of_organization", "membership_group_of_organization", "locationgrant_unique",
    "locationgrant_group_of_organization", "locationgrant_location_of_organization", "organizationgrant_unique",
    "organizationgrant_own_organization", "organizationgrant_group_of_organization", "restriction_unique",
    "restriction_right_known", "restriction_group_of_organization", "restriction_only_franchise",
    "restriction_not_own_group", "grant_owned_group_stays_home", "grant_owned_group_not_everywhere",
    "grant_permission_of_place",
]  # fmt: skip
ONLY_IN_THE_DATABASE = {
    # Grants are written by mcp.isolation.grants alone; operations say these sentences before.
    "grant_owned_group_stays_home",
    "grant_owned_group_not_everywhere",
    "grant_permission_of_place",
}


@pytest.mark.parametrize("rule", RULES)
def test_row_that_breaks_a_rule_is_refused_by_the_database(cast, rule):
    row = rows(cast)[rule]
    with refused_by(rule):
        type(row)._default_manager.bulk_create([row])


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in ONLY_IN_THE_DATABASE])
def test_row_that_breaks_a_rule_is_told_why(cast, rule):
    said = sentences(rows(cast)[rule])
    code = {"restriction_right_known": "invalid_choice"}.get(rule, rule)
    assert said["foreign_row" if rule.endswith("of_organization") else code]


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("UPDATE mcp_user SET organization_id = NULL, provider_role = 'support'", "mcp_user_immutable"),
        ("UPDATE mcp_user SET username = 'Bodo' WHERE username = 'anna'", "user_name_unique_in_organization"),
        ("UPDATE mcp_usergroup SET owner_id = NULL WHERE owner_id IS NOT NULL", "mcp_usergroup_immutable"),
        ("UPDATE mcp_usergroup SET organization_id = organization_id + 1", "mcp_usergroup_immutable"),
        ("UPDATE mcp_membership SET organization_id = organization_id + 1", "membership_user_of_organization"),
    ],
)
def test_raw_sql_that_breaks_a_rule_is_refused(cast, sql, rule):
    with refused_by(rule):
        run(sql)


def test_person_of_the_provider_belongs_to_no_group(cast):
    with refused_by("membership_user_of_organization"):
        Membership.objects.create(
            organization=cast.organization(), user=cast.user("rita"), group=cast.group("Auskunft Bremen")
        )


def test_second_person_of_the_provider_with_a_name_is_refused(cast):
    with refused_by("user_name_unique_in_organization"):
        User.objects.bulk_create([User(username="Rita", provider_role="support", password="x")])


def test_same_user_name_in_two_businesses_is_no_conflict(cast):
    User.objects.create(organization=cast.organization(20800), username="anna")
    assert User.objects.named("Anna").count() == 2


def test_grant_without_an_organization_gets_that_of_its_group(cast):
    grant = LocationGrant(
        group=cast.group("Auskunft Bremen"), content_object=cast.location("Kiel"), permission=permission("location")
    )
    LocationGrant.objects.bulk_create([grant])
    assert LocationGrant.objects.get(pk=grant.pk).organization == cast.organization()
