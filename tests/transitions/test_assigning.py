"""The provider's support assigns the number of the new business (R5), or the group and the place in it (R17)."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.http import Http404
from django.utils import timezone

from customers.models import Customer
from locations.models import Organization
from mcp.isolation import access
from mcp.models import Membership, User
from tests.customers.people import customer
from tests.transitions.moving import (
    PASSWORD,
    assigned,
    business,
    exit_in,
    fresh,
    join_in,
    last_step,
    new_administrator,
    say,
)
from transitions import operations
from transitions.choices import TransitionState


@pytest.fixture
def rita(cast):
    return cast.scope("rita", "Zentrale")


def test_new_business_is_opened_empty_closed_and_with_its_administrator(cast, rita):
    numbered = fresh(assigned(exit_in(cast, TransitionState.REQUESTED), rita))
    place = business()
    assert (numbered.state, numbered.receiver_account, numbered.receiver_client_number) == ("numbered", 40200, 2)
    assert (numbered.receiver, numbered.receiver_name) == (place.organization, "Flensburger Backstube")
    assert (place.kind, place.name, place.city, place.client_number) == ("independent", "Flensburg", "Flensburg", 2)
    assert (place.first_number, place.last_number) == (1, 9_999_999)
    assert place.closed_at is not None
    assert not Customer.objects.in_base(place.base).exists()
    assert User.objects.get(organization=place.organization).check_password(PASSWORD)
    assert last_step(numbered).user_name == "Rita Richter"


def test_nobody_works_in_the_new_business_before_the_exit(cast, rita):
    assigned(exit_in(cast, TransitionState.REQUESTED), rita)
    frida = User.objects.get(organization__account_number=40200)
    with pytest.raises(Http404):
        access.scope_at(frida, account_number=40200, client_number=2)


@pytest.mark.parametrize(
    ("number", "code"), [(10400, "number_is_own"), (20800, "number_of_group"), (30100, "number_in_use")]
)
def test_number_that_is_not_new_is_refused_with_its_own_sentence(cast, rita, number, code):
    asked = exit_in(cast, TransitionState.REQUESTED)
    with pytest.raises(operations.NumberRefused) as refusal:
        assigned(asked, rita, number)
    assert refusal.value.code == code
    assert str(number) in refusal.value.messages[0]
    assert fresh(asked).state == TransitionState.REQUESTED
    assert Organization.objects.count() == 3


def cancelled(cast, place="Flensburg"):
    """An exit that was called off after it had got its number."""
    asked = exit_in(cast, TransitionState.NUMBERED, place=place)
    return operations.cancel(transition=asked, actor=cast.scope("anna", "Zentrale"))


def test_number_of_a_cancelled_exit_is_free_for_the_same_location(cast, rita):
    cancelled(cast)
    say(customer(cast.scope("anna", "Zentrale")), receiver=40200)
    again = operations.assign_account(
        transition=exit_in(cast, TransitionState.REQUESTED), account_number=40200, name="Backhaus",
        administrator=new_administrator("fritz"), password=PASSWORD, actor=rita,
    )  # fmt: skip
    place = business()
    assert (fresh(again).receiver, fresh(again).receiver_name) == (place.organization, "Backhaus")
    assert place.closed_at is not None
    people = User.objects.filter(organization=place.organization)
    assert set(people.values_list("username", "is_active")) == {("freda", False), ("fritz", True)}
    assert Membership.objects.get(organization=place.organization).user.username == "fritz"


def test_same_administrator_gets_the_new_password(cast, rita):
    cancelled(cast)
    operations.assign_account(
        transition=exit_in(cast, TransitionState.REQUESTED), account_number=40200, name="Backhaus",
        administrator=new_administrator(), password=f"{PASSWORD}!", actor=rita,
    )  # fmt: skip
    assert User.objects.get(organization=business().organization).check_password(f"{PASSWORD}!")


def test_freed_number_leads_through_to_the_execution(cast, rita):
    cancelled(cast)
    left = exit_in(cast, TransitionState.EXECUTED)
    assert business().closed_at is None
    freda = User.objects.get(organization=business().organization)
    assert access.scope_at(freda, account_number=40200, client_number=2).location == business()
    assert left.receiver_account == 40200


def test_while_a_consent_names_the_number_no_other_location_gets_it(cast, rita):
    cancelled(cast)
    say(customer(cast.scope("anna", "Zentrale")), receiver=40200)
    with pytest.raises(operations.NumberRefused) as refusal:
        assigned(exit_in(cast, TransitionState.REQUESTED, place="Hamburg"), rita)
    assert refusal.value.code == "number_in_use"


def test_number_that_nobody_names_can_be_given_to_another_location(cast, rita):
    cancelled(cast)
    assigned(exit_in(cast, TransitionState.REQUESTED, place="Hamburg"), rita)
    assert business().name == "Hamburg"


def test_number_that_is_on_its_way_or_of_another_group_is_not_free(cast, rita):
    exit_in(cast, TransitionState.NUMBERED, place="Hamburg")
    with pytest.raises(operations.NumberRefused):
        assigned(exit_in(cast, TransitionState.REQUESTED), rita)
    place = cast.system("München", 20800)
    asked = operations.request_exit(location=place.location, planned_for=timezone.localdate(), actor=place)
    numbered = assigned(asked, cast.scope("rita", "Zentrale", 20800), 50500)
    operations.cancel(transition=numbered, actor=cast.scope("sven", "Zentrale", 20800))
    with pytest.raises(operations.NumberRefused):
        assigned(exit_in(cast, TransitionState.REQUESTED, place="Bremen"), rita, 50500)


def test_weak_password_opens_nothing(cast, rita):
    asked = exit_in(cast, TransitionState.REQUESTED)
    with pytest.raises(ValidationError):
        operations.assign_account(
            transition=asked, account_number=40200, name="X", administrator=new_administrator(), password="1",
            actor=rita,
        )  # fmt: skip
    assert not Organization.objects.filter(account_number=40200).exists()


@pytest.mark.parametrize(("who", "where"), [("anna", "Zentrale"), ("frida", "Flensburg")])
def test_only_support_assigns(cast, who, where):
    asked = exit_in(cast, TransitionState.REQUESTED)
    with pytest.raises(PermissionDenied):
        assigned(asked, cast.scope(who, where))
    with pytest.raises(PermissionDenied):
        assigned(asked, cast.system("Zentrale"))


def test_support_at_another_business_does_not_find_it(cast):
    asked = exit_in(cast, TransitionState.REQUESTED)
    with pytest.raises(PermissionDenied):
        assigned(asked, cast.scope("rita", "Zentrale", 20800))


def test_twice_is_refused_by_name(cast, rita):
    asked = exit_in(cast, TransitionState.NUMBERED)
    with pytest.raises(operations.NotThisStep, match="already by Rita Richter"):
        assigned(asked, rita, 40300)
    assert not Organization.objects.filter(account_number=40300).exists()


def test_database_refuses_a_receiver_that_is_no_new_business(cast):
    """R5 where no operation stands between: own group, another group, a business with customers."""
    asked = exit_in(cast, TransitionState.REQUESTED)
    customer(cast.scope("ines", "Dresden", 30100))
    for number in (10400, 20800, 30100):
        owner = Organization.objects.get(account_number=number)
        with pytest.raises(IntegrityError, match=r"cannot receive|customers already"), transaction.atomic():
            connection.cursor().execute(
                "UPDATE transitions_transition SET state = 'numbered', receiver_id = %s, receiver_account = %s, "
                "receiver_client_number = 2 WHERE id = %s",
                [owner.pk, number, asked.pk],
            )


class TestJoining:
    def test_group_and_place_are_entered(self, cast):
        numbered = join_in(cast, TransitionState.NUMBERED)
        assert (numbered.receiver_account, numbered.receiver_client_number) == (10400, 7)
        assert numbered.receiver_name == "Nordlicht Bäckereien"

    @pytest.mark.parametrize(
        ("account", "client", "code"),
        [
            (30100, 7, "no_group"), (99, 7, "no_group"), (10400, 6, "client_number_taken"),
            (10400, 1, "client_number_range"), (10400, 100_000, "client_number_range"),
        ],
    )  # fmt: skip
    def test_what_does_not_fit_is_refused(self, cast, account, client, code):
        asked = join_in(cast, TransitionState.REQUESTED)
        with pytest.raises(operations.NumberRefused) as refusal:
            operations.assign_group(
                transition=asked, account_number=account, client_number=client,
                actor=cast.scope("rita", "Dresden", 30100),
            )  # fmt: skip
        assert refusal.value.code == code

    def test_only_support_enters_it(self, cast):
        asked = join_in(cast, TransitionState.REQUESTED)
        with pytest.raises(PermissionDenied):
            operations.assign_group(
                transition=asked, account_number=10400, client_number=7, actor=cast.scope("ines", "Dresden", 30100)
            )

    def test_each_kind_has_its_own_step(self, cast, rita):
        with pytest.raises(operations.NotThisStep):
            assigned(join_in(cast, TransitionState.REQUESTED), cast.scope("rita", "Dresden", 30100))
        with pytest.raises(operations.NotThisStep):
            operations.assign_group(
                transition=exit_in(cast, TransitionState.REQUESTED), account_number=20800, client_number=7, actor=rita
            )
