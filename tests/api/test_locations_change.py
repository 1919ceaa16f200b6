"""A location leaves the group or comes to a base of its own: its tills are served no more, the others go on."""

from __future__ import annotations

import pytest

from locations.permissions import Right
from tests.api.asking import problem
from tests.api.copies import Copy, listed
from tests.conftest import as_web_role
from tests.transitions import switched
from tests.transitions.moving import ACCOUNT, exit_in
from transitions.choices import TransitionState


@pytest.mark.usefixtures("only_own_transactions")
@pytest.mark.django_db(transaction=True)
def test_customers_of_a_location_that_comes_to_a_base_of_its_own_go_and_come_back(make_till, cast, often):
    here, there = make_till("Hamburg"), make_till("Bremen")
    hamburg, bremen = cast.location("Hamburg"), cast.location("Bremen")
    goes, _stays = *switched.customers(hamburg, hamburg.first_number), *switched.customers(bremen, bremen.first_number)
    copies = [Copy(here), Copy(there)]
    with as_web_role():
        for copy in copies:
            copy.read()
            assert len(copy.customers) == 2
    switched.to_offline(cast)
    with as_web_role():
        assert problem(here.get("me")) == (409, "on_old_base")
        assert problem(here.post("customers", {"last_name": "Neu"})) == (409, "on_old_base")
        assert copies[1].read() == [(goes.pk, "removed")]
        assert copies[1].customers == listed(there)
    switched.to_shared(cast, "Hamburg")
    with as_web_role():
        for copy in copies:
            assert copy.read()[-1] == (goes.pk, "active")
            assert copy.customers == listed(there)


def test_location_that_has_left_the_group_serves_its_devices_nowhere(make_till, cast):
    till = make_till("Flensburg", Right.VIEW_CUSTOMERS)
    assert till.get("customers").status_code == 200
    exit_in(cast, TransitionState.EXECUTED)
    for place in (till.place, f"/{ACCOUNT}/2", f"/{ACCOUNT}/{till.device.location.client_number}"):
        assert problem(till.get("customers", at=place)) == (404, "not_there")
        assert problem(till.get("customers?after=", at=place)) == (404, "not_there")
