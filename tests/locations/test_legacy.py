"""The rules of the customer base 1.0: without a row each holds; a business goes before all."""

from __future__ import annotations

import pytest

from locations import legacy
from locations.choices import LIFTABLE, LegacyRule
from locations.models import LegacySwitch, Organization
from tests.locations.refusals import refused_by, run, sentences
from tests.locations.rules import lift

FIGURES, OPENING = LegacyRule.CENTRAL_FIGURES, LegacyRule.NEW_LOCATIONS


def is_lifted_in_a_query(rule: LegacyRule, organization: Organization) -> bool:
    asked = Organization.objects.annotate(is_lifted=legacy.lifted(rule, organization))
    return asked.values_list("is_lifted", flat=True).get(pk=organization.pk)


@pytest.mark.parametrize("rule", LegacyRule)
def test_without_a_row_every_rule_holds(cast, rule):
    nordlicht = cast.organization()
    assert legacy.is_in_force(rule, nordlicht)
    assert not is_lifted_in_a_query(rule, nordlicht)
    assert [one.is_lifted for one in legacy.standings(nordlicht)] == [False] * len(LegacyRule)


@pytest.mark.parametrize("of_all", [None, True, False])
@pytest.mark.parametrize("own", ["no row", None, True, False])
def test_what_was_decided_for_a_business_goes_before_what_was_for_all(cast, of_all, own):
    nordlicht, suedstern = cast.organization(), cast.organization(20800)
    if of_all is not None:
        lift(FIGURES, is_lifted=of_all)
    if own != "no row":
        lift(FIGURES, nordlicht, is_lifted=own)
    here = bool(of_all) if own in {"no row", None} else own
    for business, expected in ((nordlicht, here), (suedstern, bool(of_all))):
        assert legacy.is_in_force(FIGURES, business) is not expected
        assert is_lifted_in_a_query(FIGURES, business) is expected
        standing = legacy.standings(business)[0]
        assert (standing.rule, standing.is_lifted) == (FIGURES, expected)
        assert standing.is_own is (business == nordlicht and own in {True, False})
        assert legacy.is_in_force(OPENING, business)
    assert legacy.standings(None)[0].is_lifted is bool(of_all)


def test_asking_takes_one_query_and_none_for_what_cannot_be_lifted(cast, django_assert_num_queries):
    nordlicht = cast.organization()
    lift(FIGURES, nordlicht)
    for rule, count in ((FIGURES, 1), (LegacyRule.LEAVING, 0), (LegacyRule.CENTRAL_EDITING, 0)):
        with django_assert_num_queries(count):
            legacy.is_in_force(rule, nordlicht)
    with django_assert_num_queries(1):
        legacy.standings(nordlicht)


@pytest.mark.parametrize("rule", LegacyRule)
def test_every_rule_says_what_it_means_and_what_is_so_without_it(rule):
    assert all(str(text).endswith(".") for text in (rule.sentence, rule.without))
    assert rule.can_be_lifted is (rule in LIFTABLE)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"rule": "billing", "is_lifted": False}, "legacyswitch_rule_known"),
        ({"rule": LegacyRule.LEAVING}, "legacyswitch_can_be_lifted"),
        ({"rule": LegacyRule.CENTRAL_EDITING}, "legacyswitch_can_be_lifted"),
        ({"is_lifted": None}, "legacyswitch_of_all_says_something"),
        ({"reason": ""}, "legacyswitch_has_reason"),
        ({"rule": OPENING}, "legacyswitch_one_of_each_rule"),
    ],
)
def test_switch_that_makes_no_sense_is_refused(cast, values, constraint):
    lift(OPENING)
    switch = LegacySwitch(**{"rule": FIGURES, "is_lifted": True, "reason": "Probe", **values})
    said = {"legacyswitch_rule_known": "invalid_choice", "legacyswitch_has_reason": "blank"}.get(constraint, constraint)
    assert sentences(switch)[said]
    with refused_by(constraint):
        LegacySwitch.objects.bulk_create([switch])


def test_business_has_one_switch_of_each_rule(cast):
    lift(FIGURES, cast.organization())
    again = LegacySwitch(organization=cast.organization(), rule=FIGURES, is_lifted=False, reason="Probe")
    with refused_by("legacyswitch_one_of_each_rule"):
        LegacySwitch.objects.bulk_create([again])


@pytest.mark.parametrize("change", ["organization_id = NULL", f"rule = '{OPENING}'"])
def test_switch_becomes_no_other_one(cast, change):
    lift(FIGURES, cast.organization())
    with refused_by("locations_legacyswitch_immutable"):
        run(f"UPDATE locations_legacyswitch SET {change}")
