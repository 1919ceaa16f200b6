"""The execution of an exit: one transaction, the location is out, and no customer of the group is changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import override

from customers.models import Customer
from locations import operations as places
from locations.permissions import Right
from mcp.central import operations as central
from mcp.central.operations import LastUserManager
from mcp.isolation import access, grants
from mcp.isolation.scope import MissingRight
from mcp.models import Membership, User, UserGroup
from tests.customers.people import customer
from tests.transitions.moving import PASSWORD, business, exit_in, fresh, last_step, say
from transitions import deciding, operations
from transitions.choices import TransitionState
from transitions.models import Package, TransitionCustomer, TransitionStep
from transitions.operations import executing

TABLES = ("customers_customer", "customers_customerevent", "customers_consent", "customers_consentevent",
          "customers_customergroup", "customers_tag")  # fmt: skip


def fingerprint(base: int) -> list[tuple[str, int, str]]:
    """Of each table the number of the base's rows and a hash over every byte of them."""
    found = []
    for table in TABLES:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*), md5(string_agg(seen::text, '|' ORDER BY seen::text)) FROM {table} AS seen "
                "WHERE base_id = %s",
                [base],
            )
            found.append((table, *cursor.fetchone()))
    return found


def execute(transition, actor, at=None):
    return operations.execute(transition=transition, at=at or timezone.now(), actor=actor)


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def people(cast):
    """Customers of Flensburg and of Hamburg; half of them allow the transfer."""
    made = [customer(cast.scope("frida", "Flensburg"), last_name=f"Förde {n}") for n in range(4)]
    made += [customer(cast.scope("anna", "Hamburg"), last_name=f"Elbe {n}") for n in range(4)]
    for one in made[::2]:
        say(one)
    return made


def test_everything_of_it_has_happened(cast, anna, people):
    begun = timezone.now()
    done = execute(exit_in(cast, TransitionState.CONFIRMED), anna)
    at = fresh(done).executed_at
    assert fresh(done).state == TransitionState.EXECUTED
    assert at is not None
    assert begun <= at <= timezone.now()
    assert (done.result["carried"], done.result["left_out"]) == (4, 4)
    assert cast.location("Flensburg").closed_at == at
    assert business().closed_at is None
    assert Package.objects.get(transition=done).base == anna.base
    assert last_step(done).user_name == "Anna Andresen"


def test_customers_of_the_group_are_unchanged_to_the_byte(cast, anna, people):
    confirmed = exit_in(cast, TransitionState.CONFIRMED)
    before = fingerprint(anna.base.pk)
    assert before[0][1] == len(people)
    execute(confirmed, anna)
    assert fingerprint(anna.base.pk) == before
    homes = Customer.objects.filter(last_name__startswith="Förde").values_list("home_location__name", flat=True)
    assert set(homes) == {"Flensburg"}


def test_new_business_begins_empty_and_sees_nobody_of_the_group(cast, anna, people, log_in):
    execute(exit_in(cast, TransitionState.CONFIRMED), anna)
    frida = User.objects.select_related("organization").get(organization__account_number=40200)
    scope = access.scope_at(frida, account_number=40200, client_number=2)
    assert scope.rights == frozenset(Right)
    assert not Customer.objects.in_base(scope.base).exists()
    assert scope.base != anna.base


def test_people_of_the_location_lose_everything_at_that_moment(cast, anna, log_in):
    frida, client = cast.user("frida"), log_in("frida")
    assert client.get("/10400/6/customers/customer/").status_code == 200
    execute(exit_in(cast, TransitionState.CONFIRMED), anna)
    frida = User.objects.get(pk=frida.pk)
    assert not frida.is_active
    assert not Membership.objects.filter(user=frida).exists()
    answer = client.get("/10400/6/customers/customer/")
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/login/")
    with pytest.raises(Http404):
        access.scope_at(frida, account_number=10400, client_number=6)


def test_old_address_does_not_exist_for_the_same_person_in_the_new_business(cast, anna, client, log_in):
    from_group = log_in("anna")
    execute(exit_in(cast, TransitionState.CONFIRMED), anna)
    user = User.objects.get(organization__account_number=40200)
    client.force_login(user)
    stranger = client.get("/10400/6/customers/customer/")
    assert stranger.status_code == 404
    assert from_group.get("/10400/6/customers/customer/").status_code == 404
    assert from_group.get("/10400/1/customers/customer/").status_code == 200


def test_who_works_at_several_locations_loses_this_one_only(cast, anna, log_in):
    team, bodo = UserGroup.objects.get(name="Team Flensburg"), cast.user("bodo")
    Membership.objects.create(organization=bodo.organization, user=bodo, group=team)
    client = log_in("bodo")
    assert client.get("/10400/6/customers/customer/").status_code == 200
    execute(exit_in(cast, TransitionState.CONFIRMED), anna)
    assert client.get("/10400/6/customers/customer/").status_code == 404
    assert client.get("/10400/2/customers/customer/").status_code == 200
    assert not team.memberships.exists()
    assert User.objects.get(pk=bodo.pk).is_active


def test_nobody_is_left_who_could_manage_users_so_nothing_happens(cast, anna):
    user = cast.user("anna")
    user.location = cast.location("Flensburg")
    user.save()
    confirmed = exit_in(cast, TransitionState.CONFIRMED)
    with pytest.raises(LastUserManager):
        execute(confirmed, anna)
    assert fresh(confirmed).state == TransitionState.CONFIRMED
    assert cast.location("Flensburg").closed_at is None


def test_not_before_its_day(cast, anna):
    confirmed = exit_in(cast, TransitionState.CONFIRMED)
    operations.move_day(transition=confirmed, planned_for=timezone.localdate() + timedelta(days=1), actor=anna)
    with pytest.raises(ValidationError) as refusal:
        execute(confirmed, anna)
    assert refusal.value.code == "too_early"
    assert execute(confirmed, anna, timezone.now() + timedelta(days=1)).state == TransitionState.EXECUTED


@pytest.mark.parametrize(("who", "where"), [("frida", "Flensburg"), ("rita", "Zentrale"), ("anna", "Hamburg")])
def test_nobody_else_executes_or_closes(cast, who, where):
    confirmed = exit_in(cast, TransitionState.CONFIRMED)
    with pytest.raises(MissingRight):
        execute(confirmed, cast.scope(who, where))
    with pytest.raises(MissingRight):
        operations.close(transition=confirmed, actor=cast.scope(who, where))


def test_right_that_was_taken_meanwhile_executes_nothing(cast, anna):
    confirmed = exit_in(cast, TransitionState.CONFIRMED)
    grants.remove_grants(
        UserGroup.objects.get(name="Zentralverwaltung", organization=anna.organization), [(Right.CARRY_OVER, None)]
    )
    with pytest.raises(MissingRight):
        execute(confirmed, anna)
    assert fresh(confirmed).state == TransitionState.CONFIRMED


def test_receiver_with_customers_stops_it(cast, anna):
    """Nobody can work there before; if support has opened it by hand all the same, nothing is mixed."""
    confirmed = exit_in(cast, TransitionState.CONFIRMED)
    customer(cast.system("Flensburg", 40200))
    with pytest.raises(ValidationError) as refusal:
        execute(confirmed, anna)
    assert refusal.value.code == "receiver_not_empty"


BREAKS = [
    (deciding, "freeze"),
    (places, "close_location"),
    (central, "let_people_go"),
    (places, "reopen_location"),
    (executing, "take_step"),
    (executing, "request_package"),
]


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize(("module", "name"), BREAKS, ids=[name for _module, name in BREAKS])
def test_broken_off_at_any_point_nothing_is_half_done(cast, anna, people, monkeypatch, module, name, is_before):
    confirmed = exit_in(cast, TransitionState.CONFIRMED)
    before = _state_of_the_world(cast, confirmed)
    real = getattr(module, name)

    def breaking(*args, **kwargs):
        if not is_before:
            real(*args, **kwargs)
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(module, name, breaking)
    with pytest.raises(RuntimeError):
        execute(confirmed, anna)
    assert _state_of_the_world(cast, confirmed) == before
    monkeypatch.undo()
    assert execute(confirmed, anna).state == TransitionState.EXECUTED


def _state_of_the_world(cast, transition):
    frida = User.objects.get(organization__account_number=10400, username="frida")
    return (
        fresh(transition).state, cast.location("Flensburg").closed_at, business().closed_at, frida.is_active,
        Membership.objects.count(), TransitionCustomer.objects.count(), TransitionStep.objects.count(),
        Package.objects.count(), fingerprint(cast.location("Hamburg").base.pk),
    )  # fmt: skip


class TestClose:
    def test_carried_over_is_closed_without_a_word(self, cast, anna):
        arrived = exit_in(cast, TransitionState.CARRIED_OVER)
        operations.close(transition=arrived, actor=anna)
        assert fresh(arrived).state == TransitionState.CLOSED

    def test_without_an_import_a_word_is_needed(self, cast, anna):
        executed = exit_in(cast, TransitionState.EXECUTED)
        with pytest.raises(ValidationError) as refusal:
            operations.close(transition=executed, note="  ", actor=anna)
        assert refusal.value.error_dict["note"][0].code == "nothing_imported"
        operations.close(transition=executed, note="Der neue Betrieb fängt ohne Kunden an.", actor=anna)
        assert last_step(executed).note == "Der neue Betrieb fängt ohne Kunden an."


def test_password_of_the_new_administrator_opens_the_new_business(cast, anna, client):
    execute(exit_in(cast, TransitionState.CONFIRMED), anna)
    answer = client.post("/login/", {"account_number": "40200", "username": "freda", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/40200/2/customers/customer/").status_code == 200


def test_location_that_has_left_is_never_opened_again(cast, anna, people, log_in):
    execute(exit_in(cast, TransitionState.CONFIRMED), anna)
    left = cast.location("Flensburg")
    assert left.has_left
    with override("de"), pytest.raises(ValidationError, match="ausgestiegen"):
        central.reopen_location(location=left, actor=anna)
    for values in ({"closed_at": None}, {"has_left": False}, {"closed_at": None, "has_left": False}):
        with pytest.raises(IntegrityError), transaction.atomic():
            type(left)._base_manager.filter(pk=left.pk).update(**values)
    client, german = log_in("anna"), {"accept-language": "de"}
    answer = client.post(f"/10400/1/locations/location/{left.pk}/reopen/", {"post": "yes"}, headers=german)
    assert answer.status_code == 400
    assert "ausgestiegen" in answer.content.decode()
    assert "ausgestiegen" in client.get("/10400/1/locations/location/", headers=german).content.decode()
