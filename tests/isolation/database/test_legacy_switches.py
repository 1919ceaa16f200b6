"""Rows of the provider: within a business its own and those of all are seen, and none is written."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from locations.choices import LegacyRule
from locations.models import LegacySwitch
from mcp.isolation import row_scope
from tests.locations.refusals import run
from tests.locations.rules import lift

RULE = LegacyRule.CENTRAL_FIGURES
WRITES = {
    "one for itself": "INSERT INTO locations_legacyswitch (organization_id, rule, is_lifted, reason) "
    "VALUES ({own}, 'new_locations', true, 'x')",
    "one for all": "INSERT INTO locations_legacyswitch (rule, is_lifted, reason) VALUES ('new_locations', true, 'x')",
    "its own one": "UPDATE locations_legacyswitch SET is_lifted = true WHERE organization_id = {own}",
    "that of all": "UPDATE locations_legacyswitch SET is_lifted = true WHERE organization_id IS NULL",
    "the history": "INSERT INTO locations_legacyswitchevent "
    "SELECT * FROM locations_legacyswitchevent WHERE organization_id = {own}",
}


@pytest.fixture
def switched(cast):
    """For all, for Nordlicht and for Südstern the rule holds by a row."""
    for organization in (None, cast.organization(), cast.organization(20800)):
        lift(RULE, organization, is_lifted=False)


def seen() -> set[int | None]:
    return set(LegacySwitch.objects.values_list("organization__account_number", flat=True))


def test_business_sees_its_own_and_those_of_all(switched, cast):
    for account, user in ((10400, "anna"), (20800, "sven")):
        with row_scope.rows_of(cast.scope(user, "Zentrale", account)):
            assert seen() == {None, account}
        with row_scope.rows_of_business(cast.user(user)):
            assert seen() == {None, account}
    with row_scope.rows_of(cast.scope("ines", "Dresden", 30100)):
        assert seen() == {None}
    with row_scope.no_rows():
        assert not LegacySwitch.objects.exists()
    with row_scope.rows_of_person(cast.user("anna").pk):
        assert not LegacySwitch.objects.exists()


@pytest.mark.parametrize("what", WRITES)
@pytest.mark.parametrize("who", ["anna", "rita"])
def test_nobody_switches_within_a_business(switched, cast, what, who):
    """Not even support: what it decides it decides outside of any location."""
    scope = cast.scope(who, "Zentrale")
    statement = WRITES[what].format(own=scope.organization.pk)
    with row_scope.rows_of(scope), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        run(statement)
    assert not LegacySwitch.objects.exclude(is_lifted=False).exists()


def test_no_switch_is_ever_deleted(switched):
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        run("DELETE FROM locations_legacyswitch")
