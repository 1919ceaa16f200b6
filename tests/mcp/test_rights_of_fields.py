"""The rights to see contact data, bank data and memos come along with those that were granted before them."""

from __future__ import annotations

from locations.permissions import Right
from mcp.models import Restriction, UserGroup

FRESH = {Right.SEE_CONTACT_DATA, Right.SEE_BANK_DATA, Right.SEE_MEMOS}


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
