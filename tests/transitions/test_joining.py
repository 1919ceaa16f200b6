"""An independent business joins a group: a branch on the base of the group, at once (R2)."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from customers.models import Customer
from locations.operations import Place
from locations.permissions import Right
from mcp import access
from mcp import operations as central
from tests.customers.people import customer
from tests.transitions.moving import fresh, join_in, say
from transitions import operations
from transitions.choices import State
from transitions.models import Package, TransitionCustomer


@pytest.fixture
def ines(cast):
    return cast.scope("ines", "Dresden", 30100)


def test_branch_works_on_the_base_of_the_group_at_once(cast, ines):
    known = customer(cast.scope("anna", "Hamburg"))
    join_in(cast, State.EXECUTED)
    branch = cast.location("Dresden", 10400)
    assert (branch.kind, branch.client_number, branch.city) == ("branch", 7, "Dresden")
    assert branch.base == cast.location("Hamburg").base
    anna = access.scope_at(cast.user("anna"), account_number=10400, client_number=7)
    assert list(Customer.objects.in_base(anna.base)) == [known]


def test_numbers_are_enough_for_all_who_come(cast, ines):
    for one in [customer(ines) for _ in range(3)]:
        say(one)
    join_in(cast, State.EXECUTED)
    branch = cast.location("Dresden", 10400)
    assert branch.last_number - branch.first_number + 1 == 10_003


def test_package_is_asked_for_at_the_business_that_joins(cast, ines):
    given = customer(ines)
    say(given)
    customer(ines)
    done = join_in(cast, State.EXECUTED)
    assert Package.objects.get(transition=done).base == ines.base
    assert TransitionCustomer.objects.get(transition=done, reason="").customer_id == given.pk


def test_old_business_can_only_look_and_hand_over(cast, ines, log_in):
    client = log_in("ines")
    join_in(cast, State.EXECUTED)
    scope = cast.scope("ines", "Dresden", 30100)
    assert scope.rights == {
        Right.VIEW_CUSTOMERS, Right.SEE_HISTORY, Right.EXPORT_CUSTOMERS, Right.CARRY_OVER, Right.MANAGE_LOCATION,
        Right.MANAGE_USERS,
    }  # fmt: skip
    for page, status in {"": 200, "export/": 200, "add/": 403, "import/": 403}.items():
        assert client.get(f"/30100/2/customers/customer/{page}").status_code == status
    assert client.get("/30100/2/customers/customer/add/").status_code == 403


def test_closing_closes_the_old_business(cast, ines, log_in):
    client = log_in("ines")
    done = join_in(cast, State.CARRIED_OVER)
    operations.close(transition=done, actor=ines)
    assert fresh(done).state == State.CLOSED
    assert client.get("/30100/2/").status_code == 404


def test_client_number_that_was_taken_meanwhile_stops_it(cast, ines):
    confirmed = join_in(cast, State.CONFIRMED)
    central.open_branch(place=Place(name="Neu", client_number=7), actor=cast.system("Zentrale"))
    with pytest.raises(ValidationError):
        operations.execute(transition=confirmed, at=timezone.now(), actor=ines)
    assert fresh(confirmed).state == State.CONFIRMED
    assert cast.scope("ines", "Dresden", 30100).rights == frozenset(Right)


def test_people_of_the_group_do_not_see_the_transition(cast):
    join_in(cast, State.EXECUTED)
    assert not operations.visible_transitions(cast.scope("anna", "Zentrale")).exists()
