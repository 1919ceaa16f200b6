"""Each rule of the ground floor: refused by the database on every path, and said in a sentence with a code."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import ProtectedError
from django.utils import translation
from psycopg.types.range import Range

from locations.models import CustomerBase, Location, Organization
from tests.locations.refusals import check_now, refused_by, run, sentences

FREE = Range(8_000_000, 8_000_010)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def branch(cast, **changes):
    values = {
        "organization": cast.organization(),
        "kind": "branch",
        "client_number": 90,
        "branch_number": 90,
        "name": "Husum",
        "base": cast.location("Hamburg").base,
        "number_range": FREE,
    }
    return Location(**{**values, **changes})


def offline(cast, name="Lübeck"):
    return cast.location(name).base


LOCATIONS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "location_client_number_unique": lambda cast: {"client_number": 2},
    "location_central_is_client_one": lambda cast: {"kind": "central"},
    "location_numbers_range": lambda cast: {"branch_number": 100_000},
    "location_has_name": lambda cast: {"name": ""},
    "location_number_range_valid": lambda cast: {"number_range": Range(9_999_999, 10_000_001)},
    "location_number_ranges_apart": lambda cast: {"number_range": Range(1, 2)},
    "location_kind_fits_organization": lambda cast: {"kind": "independent"},
    "location_offline_only_branch": lambda cast: {"kind": "central", "client_number": 1, "base": offline(cast)},
    "location_offline_base_of_branch_number": lambda cast: {"base": offline(cast)},
    "location_base_of_organization": lambda cast: {"base": cast.location("München", 20800).base},
}
ALSO_SAID_BY_THE_FIELD = {"location_numbers_range": "max_value", "location_has_name": "blank"}


@pytest.mark.parametrize("rule", LOCATIONS)
def test_location_that_breaks_a_rule_is_refused_by_the_database(cast, rule):
    with refused_by(rule):
        Location.objects.bulk_create([branch(cast, **LOCATIONS[rule](cast))])


@pytest.mark.parametrize("rule", LOCATIONS)
def test_location_that_breaks_a_rule_is_told_why(cast, rule):
    code = {"location_base_of_organization": "foreign_row", **ALSO_SAID_BY_THE_FIELD}.get(rule, rule)
    assert sentences(branch(cast, **LOCATIONS[rule](cast)))[code]


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("UPDATE locations_location SET client_number = 3 WHERE name = 'Hamburg'", "location_client_number_unique"),
        ("UPDATE locations_location SET client_number = 1 WHERE name = 'Hamburg'", "location_central_is_client_one"),
        ("UPDATE locations_location SET kind = 'kiosk' WHERE name = 'Hamburg'", "location_kind_known"),
        (
            "UPDATE locations_location SET branch_number = 9 WHERE name = 'Kiel'",
            "location_offline_base_of_branch_number",
        ),
        ("UPDATE locations_location SET is_franchise = true WHERE client_number = 1", "location_franchise_is_branch"),
        ("UPDATE locations_location SET number_range = 'empty' WHERE name = 'Hamburg'", "location_number_range_valid"),
        ("UPDATE locations_location SET organization_id = organization_id + 1", "locations_location_immutable"),
        ("UPDATE locations_organization SET kind = 'independent'", "locations_organization_immutable"),
        ("UPDATE locations_organization SET account_number = 0", "organization_account_number_range"),
        ("UPDATE locations_organization SET name = ''", "organization_has_name"),
        ("UPDATE locations_customerbase SET kind = 'offline', branch_number = 7", "locations_customerbase_immutable"),
        ("DELETE FROM locations_customerbase", "location_base_of_organization"),
    ],
)  # fmt: skip
def test_raw_sql_that_breaks_a_rule_is_refused(cast, sql, rule):
    with refused_by(rule):
        run(sql)


def test_second_independent_location_is_refused(cast):
    ines = cast.organization(30100)
    values = {"organization": ines, "kind": "independent", "base": cast.location("Dresden", 30100).base}
    with refused_by("location_one_per_independent_business"):
        Location.objects.bulk_create([branch(cast, **values, number_range=Range(9_999_998, 9_999_999))])
    assert "location_one_per_independent_business" in sentences(branch(cast, **values))


def test_organization_with_a_known_account_number_is_refused(cast):
    double = {"account_number": 10400, "name": "Andere", "kind": "central_group"}
    with refused_by("organization_account_number_unique"):
        Organization.objects.bulk_create([Organization(**double)])
    assert sentences(Organization(**double)) == {
        "organization_account_number_unique": "This account number is already in use. Choose another one."
    }


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"kind": "club"}, "invalid_choice"),
        ({"account_number": 1_000_000_000}, "max_value"),
        ({"name": ""}, "blank"),
    ],
)
def test_organization_out_of_bounds_is_told_why(db, values, code):
    assert code in sentences(Organization(**{"account_number": 5, "name": "Neu", "kind": "central_group", **values}))


@pytest.mark.parametrize(
    ("kind", "branch_number", "rule"),
    [
        ("shared", None, "base_one_shared_per_organization"),
        ("offline", 4, "base_one_offline_per_branch_number"),
        ("offline", None, "base_branch_number_fits_kind"),
        ("shared", 3, "base_branch_number_fits_kind"),
    ],
)
def test_second_or_odd_base_is_refused_with_a_reason(cast, kind, branch_number, rule):
    base = CustomerBase(organization=cast.organization(), kind=kind, branch_number=branch_number)
    assert sentences(base)[rule]
    with refused_by(rule):
        CustomerBase.objects.bulk_create([base])


def test_every_organization_has_its_shared_base_from_the_first_statement(db):
    run("INSERT INTO locations_organization (kind, account_number, name) VALUES ('central_group', 77, 'Neu')")
    assert [base.kind for base in CustomerBase.objects.filter(organization__account_number=77)] == ["shared"]


def test_location_created_without_a_base_works_on_the_shared_one(cast):
    pk = Location.objects.create(
        organization=cast.organization(), kind="branch", client_number=90, name="Husum", number_range=FREE
    ).pk
    made = Location.objects.get(pk=pk)
    assert (made.base, made.branch_number) == (cast.location("Hamburg").base, 90)


def test_location_written_in_bulk_and_by_sql_works_on_the_shared_base(cast):
    central = cast.organization()
    Location.objects.bulk_create(
        [Location(organization=central, kind="branch", client_number=90, branch_number=7, name="A", number_range=FREE)]
    )
    run(
        "INSERT INTO locations_location (organization_id, kind, client_number, name, street, postal_code, city, "
        "number_range, is_franchise) VALUES (%s, 'branch', 91, 'B', '', '', '', '[8000020,8000030)', false)",
        central.pk,
    )
    made = Location.objects.filter(client_number__in=[90, 91]).order_by("client_number")
    assert [(place.base, place.branch_number) for place in made] == [
        (cast.location("Hamburg").base, 7),
        (cast.location("Hamburg").base, 91),
    ]


def test_location_checked_without_a_base_gets_the_shared_one(cast):
    place = branch(cast, base=None)
    place.full_clean()
    assert place.base == cast.location("Hamburg").base


def test_location_cannot_move_to_the_base_of_another_business(cast):
    foreign = cast.location("München", 20800).base
    with refused_by("location_base_changed_by_switch"):
        Location.objects.filter(name="Hamburg").update(base=foreign, number_range=FREE)
    with refused_by("location_base_of_organization"):
        branch(cast, base=foreign, number_range=FREE).save()
        check_now()


def test_base_in_use_cannot_be_deleted(cast):
    with pytest.raises(ProtectedError):
        cast.location("Hamburg").base.delete()


def test_offline_bases_are_told_apart_by_branch_number(cast):
    kiel, luebeck = cast.location("Kiel"), cast.location("Lübeck")
    assert (kiel.base, kiel.base.branch_number) == (luebeck.base, 4)
    assert luebeck.base.is_discontinued
    assert not cast.location("Hamburg").base.is_discontinued
