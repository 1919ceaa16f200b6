"""Opening businesses and locations: the base is found, numbers are proposed, refusals have a reason."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from psycopg.types.range import Range

from locations.models import CustomerBase, Location
from locations.operations import Place, close_location, open_location, open_organization, reopen_location
from locations.permissions import LABELS, PERMISSIONS, Right


def code_of(caught):
    errors = caught.value.error_dict.values() if hasattr(caught.value, "error_dict") else [caught.value.error_list]
    return {error.code for group in errors for error in group}


def test_branch_opened_in_a_group_works_on_the_groups_base(cast):
    opened = open_location(organization=cast.organization(), place=Place(name="Husum"))
    assert (opened.base, opened.client_number, opened.branch_number) == (cast.location("Zentrale").base, 7, 7)
    assert CustomerBase.objects.of_organization(cast.organization()).shared().count() == 1


def test_offline_branch_of_a_new_branch_number_gets_a_base_of_its_own(cast):
    opened = open_location(organization=cast.organization(), place=Place(name="Husum"), offline=True)
    assert (opened.base.kind, opened.base.branch_number) == ("offline", 7)


def test_offline_branch_of_a_known_branch_number_shares_its_base(cast):
    opened = open_location(organization=cast.organization(), place=Place(name="Husum", branch_number=4), offline=True)
    assert opened.base == cast.location("Lübeck").base
    others = Location.objects.on_base(opened.base).exclude(pk=opened.pk)
    assert not others.filter(number_range__overlap=opened.number_range).exists()


def test_second_location_with_a_known_client_number_is_refused(cast):
    with pytest.raises(ValidationError) as caught:
        open_location(organization=cast.organization(), place=Place(name="Zweites Hamburg", client_number=2))
    assert "location_client_number_unique" in code_of(caught)


def test_second_central_is_refused(cast):
    with pytest.raises(ValidationError) as caught:
        open_location(organization=cast.organization(), place=Place(name="Zweite Zentrale", client_number=1))
    assert "location_central_is_client_one" in code_of(caught)


def test_independent_business_opens_no_branch(cast):
    with pytest.raises(ValidationError) as caught:
        open_location(organization=cast.organization(30100), place=Place(name="Leipzig"))
    assert code_of(caught) == {"not_a_group"}


def test_known_account_number_is_refused_for_another_business(cast):
    with pytest.raises(ValidationError) as caught:
        open_organization(account_number=10400, name="Neu", kind="central_group", place=Place(name="Zentrale"))
    assert code_of(caught) == {"organization_account_number_unique"}


def test_same_client_number_in_two_businesses_is_no_conflict(cast):
    assert cast.location("Hamburg").client_number == cast.location("München", 20800).client_number == 2


def test_first_block_is_large_and_the_next_ones_follow_it(cast):
    assert cast.location("Zentrale").number_range == Range(1, 5_000_000)
    assert cast.location("Hamburg").number_range == Range(5_000_000, 5_010_000)
    assert cast.location("Bremen").number_range == Range(5_010_000, 5_020_000)


def test_the_lowest_gap_is_taken_where_nothing_is_left_behind_the_last_block(cast):
    group = cast.organization()
    for name, first, end in [("Husum", 9_995_000, 10_000_000), ("Tarp", 5_509_999, 9_970_000)]:
        open_location(organization=group, place=Place(name=name, number_range=Range(first, end)))
    highest = max(place.last_number for place in group.locations.all() if place.last_number < 5_509_999)
    before = Range(highest + 1, 5_500_000)
    open_location(organization=group, place=Place(name="Niebüll", number_range=before))
    heide = open_location(organization=group, place=Place(name="Heide"))
    assert heide.number_range == Range(9_970_000, 9_980_000)  # the gap of 9,999 before it is too narrow


def test_no_block_left_is_refused_and_a_named_block_is_taken(cast):
    group = cast.organization()
    highest = max(place.last_number for place in group.locations.all())
    for name, first, end in [("Husum", 9_995_000, 10_000_000), ("Tarp", highest + 1, 9_986_000)]:
        open_location(organization=group, place=Place(name=name, number_range=Range(first, end)))
    with pytest.raises(ValidationError) as caught:
        open_location(organization=group, place=Place(name="Heide"))
    assert code_of(caught) == {"no_number_range"}
    named = open_location(organization=group, place=Place(name="Heide", number_range=Range(9_990_000, 9_990_100)))
    assert (named.first_number, named.last_number) == (9_990_000, 9_990_099)


def test_central_cannot_be_closed_and_a_branch_can_be_reopened(cast):
    with pytest.raises(ValidationError) as caught:
        close_location(location=cast.location("Zentrale"), at=timezone.now())
    assert code_of(caught) == {"central_stays"}
    closed = close_location(location=cast.location("Bremen"), at=timezone.now())
    assert not Location.objects.open().filter(pk=closed.pk).exists()
    assert reopen_location(location=closed).closed_at is None


def test_every_right_has_a_permission_and_a_label(db):
    assert (
        [name for name, _label in PERMISSIONS] == [right.value for right in LABELS] == [right.value for right in Right]
    )
