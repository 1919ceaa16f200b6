"""Locations that leave or join: own ones only, each step with its right, and support alone assigns numbers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from unittest.mock import patch

from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse, set_urlconf
from django.utils import timezone

from customers.models import Customer
from locations.operations import Place
from locations.permissions import Right
from mcp.central import operations as central
from mcp.isolation import access, grants
from mcp.isolation.http import CONSOLE_URLCONF
from mcp.isolation.scope import MissingRight
from mcp.models import User, UserGroup
from mcp.worker.queueing import NothingThere
from mcp.worker.somebody import for_somebody
from tests.customers.people import customer
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, FLENSBURG, HAMBURG, HEAD, NORTH, SOUTHERN, World
from tests.transitions.moving import GROUND, PASSWORD, exit_in, fresh, join_in, second
from transitions import deciding, operations, tasks
from transitions.choices import Reason, TransitionState
from transitions.models import Transition, TransitionCustomer
from transitions.operations import admitting, ordering
from transitions.pages import transition

PAGES = "transitions/transition"
FAR = "00000000-0000-4000-8000-000000000000"


def foreign_exit(world: World) -> Transition:
    place = world.cast.system("München", SOUTHERN)
    return operations.request_exit(location=place.location, planned_for=timezone.localdate(), note=CANARY, actor=place)


def _calls(world: World, asked: Transition, actor: Any) -> list[Callable[[], Any]]:
    """Every step of whoever decides who is carried over."""
    today = timezone.localdate()
    return [
        lambda: operations.move_day(transition=asked, planned_for=today, actor=actor),
        lambda: operations.cancel(transition=asked, actor=actor),
        lambda: operations.review(transition=asked, is_narrowed=False, actor=actor),
        lambda: operations.review_again(transition=asked, actor=actor),
        lambda: operations.name_ground(transition=asked, basis="consent", ground=GROUND, actor=actor),
        lambda: operations.confirm(transition=asked, actor=actor),
        lambda: operations.assign_money(transition=asked, agreement=GROUND, actor=actor),
        lambda: operations.execute(transition=asked, at=timezone.now(), actor=actor),
        lambda: _left_to_worker(asked, actor),
        lambda: _review_left_to_worker(asked, actor),
        lambda: operations.close(transition=asked, note="Nichts kam an.", actor=actor),
    ]


def _left_to_worker(asked: Transition, actor: Any) -> None:
    with patch.object(ordering, "DIRECT_CUSTOMERS", -1):
        operations.execute_now(transition=asked, actor=actor)


def _review_left_to_worker(asked: Transition, actor: Any) -> None:
    with patch.object(ordering, "DIRECT_CUSTOMERS", -1):
        operations.review_now(transition=asked, is_narrowed=False, actor=actor)


@probe
def lists_and_pages_have_own_transitions_only(world: World) -> None:
    asked, foreign = exit_in(world.cast, TransitionState.REQUESTED, place="Bremen"), foreign_exit(world)
    for place in (HEAD, BREMEN):
        assert f"/{asked.pk}/" in world.text("anna", f"{place}/{PAGES}/")
    assert f"/{asked.pk}/" not in world.text("anna", f"{HAMBURG}/{PAGES}/")
    assert f"/{foreign.pk}/" not in world.text("anna", f"{HEAD}/{PAGES}/")
    assert CANARY not in world.text("anna", f"{HEAD}/{PAGES}/")
    assert world.get("anna", f"{HEAD}/{PAGES}/{asked.pk}/").status_code == 200
    for pk in (foreign.pk, FAR):
        assert world.get("anna", f"{HEAD}/{PAGES}/{pk}/").status_code == 404
        assert world.post("anna", f"{HEAD}/{PAGES}/{pk}/step/", {"step": "cancel", "is_sure": "on"}).status_code == 404
        assert world.get("rita", f"{HEAD}/{PAGES}/{pk}/account/").status_code == 404
    assert world.get("anna", f"{HAMBURG}/{PAGES}/{asked.pk}/").status_code == 404


@probe
def pages_of_transitions_name_the_right(world: World) -> None:
    asked = exit_in(world.cast, TransitionState.REQUESTED, place="Bremen")
    for page in ("", "request/", f"{asked.pk}/"):
        answer = world.get("carla", f"{BREMEN}/{PAGES}/{page}")
        assert answer.status_code == 403, page
        assert str(Right.MANAGE_LOCATION.label) in answer.content.decode() or "Standort" in answer.content.decode()
    assert world.post("carla", f"{BREMEN}/{PAGES}/{asked.pk}/step/", {"step": "cancel"}).status_code == 403
    assert world.post("carla", f"{BREMEN}/{PAGES}/request/", {}).status_code == 403
    assert not operations.visible_transitions(bare(world, "Zentrale", Right.CARRY_OVER)).exists()


@probe
def unknown_step_is_no_step(world: World) -> None:
    asked = exit_in(world.cast, TransitionState.REQUESTED, place="Bremen")
    assert world.post("anna", f"{HEAD}/{PAGES}/{asked.pk}/step/", {"step": "fly"}).status_code == 404


@probe
def page_of_support_exists_for_support_alone(world: World) -> None:
    asked = exit_in(world.cast, TransitionState.REQUESTED, place="Bremen")
    for who, place in (("anna", HEAD), ("anna", BREMEN)):
        assert world.get(who, f"{place}/{PAGES}/{asked.pk}/account/").status_code == 404
    assert world.get("rita", f"{HEAD}/{PAGES}/{asked.pk}/account/").status_code == 200


@probe
def each_step_needs_the_right_at_the_head(world: World) -> None:
    asked = exit_in(world.cast, TransitionState.REQUESTED, place="Bremen")
    everything_else = [right for right in Right if right is not Right.CARRY_OVER]
    for actor in (bare(world, "Zentrale", *everything_else), bare(world, "Hamburg", *Right)):
        for call in _calls(world, asked, actor):
            with refused(MissingRight):
                call()
    assert fresh(asked).state == TransitionState.REQUESTED


@probe
def steps_of_another_business_do_not_exist(world: World) -> None:
    foreign, anna = foreign_exit(world), world.scope("anna", "Zentrale")
    for call in _calls(world, foreign, anna):
        with refused(PermissionDenied):
            call()
    with refused(PermissionDenied):
        _assign(foreign, world.scope("rita", "Zentrale"))


def _assign(asked: Transition, actor: Any) -> None:
    operations.assign_account(
        transition=asked, account_number=40200, name="Neu", administrator=User(username="neu"), password=PASSWORD,
        actor=actor,
    )  # fmt: skip


@probe
def only_support_assigns(world: World) -> None:
    asked, joining = (
        exit_in(world.cast, TransitionState.REQUESTED, place="Bremen"),
        join_in(world.cast, TransitionState.REQUESTED),
    )
    for actor in (world.scope("anna", "Zentrale"), world.cast.system("Zentrale")):
        with refused(PermissionDenied):
            _assign(asked, actor)
    with refused(PermissionDenied):
        operations.assign_group(
            transition=joining, account_number=10400, client_number=7, actor=world.scope("ines", "Dresden", 30100)
        )


@probe
def only_own_locations_ask_to_leave(world: World) -> None:
    today, anna = timezone.localdate(), world.scope("anna", "Zentrale")
    hamburg, bremen = world.place("Hamburg"), world.place("Bremen")
    with refused(MissingRight):
        operations.request_exit(location=hamburg, planned_for=today, actor=bare(world, "Hamburg", Right.CARRY_OVER))
    with refused(MissingRight):
        operations.request_join(planned_for=today, actor=bare(world, "Hamburg", Right.CARRY_OVER))
    for location in (world.foreign_place, world.cast.location("Dresden", 30100)):
        with refused(PermissionDenied):
            operations.request_exit(location=location, planned_for=today, actor=anna)
    with refused(MissingRight):
        operations.request_exit(
            location=hamburg, planned_for=today, actor=bare(world, "Zentrale", Right.MANAGE_LOCATION)
        )
    with refused(PermissionDenied):
        operations.request_exit(location=bremen, planned_for=today, actor=world.scope("anna", "Hamburg"))
    assert world.get("anna", f"{HEAD}/{PAGES}/request/").status_code == 200


@probe
def figures_and_customers_are_shown_to_whoever_may_see_them(world: World) -> None:
    asked = exit_in(world.cast, TransitionState.REVIEWED, place="Bremen")
    head = f"{HEAD}/{PAGES}/{asked.pk}/"
    assert "Meier" in world.text("anna", f"{head}?show=noconsent")
    assert "Meier" not in world.text("blind", head)
    blind = world.get("blind", head).context
    assert (blind["figures"] is not None, blind["shown"]) == (True, None)
    assert world.get("rita", head).context["figures"] is None
    assert world.get("anna", f"{BREMEN}/{PAGES}/{asked.pk}/").context["figures"] is None
    given: dict[str, Any] = {"transition": asked, "reason": Reason.NO_CONSENT, "page": 1}
    assert deciding.listed(**given, actor=world.scope("anna", "Zentrale"))
    assert not deciding.listed(**given, actor=bare(world, "Zentrale", Right.CARRY_OVER))


@probe
def decision_is_about_the_own_base(world: World) -> None:
    asked = exit_in(world.cast, TransitionState.EXECUTED, place="Bremen")
    base = world.place("Hamburg").base
    decided = TransitionCustomer.objects.filter(transition=asked)
    assert decided.count() == Customer.objects.in_base(base).count()
    assert set(decided.values_list("base", flat=True)) == {base.pk}
    listed = deciding.listed(transition=asked, reason=Reason.ARCHIVED, page=1, actor=world.scope("anna", "Zentrale"))
    assert [one.number for one in listed] == [world.archived.customer_number]


@probe
def exit_takes_the_rights_of_its_own_people_alone(world: World) -> None:
    second(world.scope("anna", "Zentrale"))  # who confirms is there beforehand
    people = User.objects.exclude(location__name="Flensburg").filter(is_active=True)
    before = people.count()
    exit_in(world.cast, TransitionState.EXECUTED)
    active = people.exclude(organization__account_number=40200).count()
    assert active == before
    assert not world.team.memberships.exists()
    assert world.theke.memberships.exists()
    assert world.get("anna", f"{FLENSBURG}/").status_code == 404


@probe
def people_of_another_business_are_not_let_go(world: World) -> None:
    with refused(PermissionDenied):
        central.let_people_go(location=world.foreign_place, actor=world.scope("anna", "Zentrale"))
    weak = bare(world, "Zentrale", Right.MANAGE_USERS)
    with refused(MissingRight):
        central.let_people_go(location=world.place("Flensburg"), actor=weak)
    with refused(MissingRight):
        central.leave_only_looking(actor=weak)


@probe
def joining_takes_rights_in_the_own_business_alone(world: World) -> None:
    anna, ines = world.cast.user("anna"), world.scope("ines", "Dresden", 30100)
    customer(ines)
    join_in(world.cast, TransitionState.EXECUTED)
    assert access.rights_at(anna, world.place("Hamburg")) == frozenset(Right)
    assert Right.ADD_CUSTOMERS not in world.scope("ines", "Dresden", 30100).rights


@probe
def worker_acts_at_the_head_of_each_business(world: World) -> None:
    ours = exit_in(world.cast, TransitionState.CONFIRMED, place="Bremen")
    theirs = join_in(world.cast, TransitionState.CONFIRMED)
    tasks.execute_due_transitions.func(timestamp=0)
    assert [fresh(one).state for one in (ours, theirs)] == [TransitionState.EXECUTED] * 2


@probe
def what_a_franchisee_keeps_back_is_not_asked_to_leave(world: World) -> None:
    blind, group = world.cast.user("blind"), world.cast.group("Ohne Ansehen")
    world._restriction("Flensburg", NORTH, group, Right.MANAGE_LOCATION)
    actor, today = world.scope(blind.username, "Zentrale"), timezone.localdate()
    with refused(MissingRight):
        operations.request_exit(location=world.place("Flensburg"), planned_for=today, actor=actor)
    operations.request_exit(location=world.place("Bremen"), planned_for=today, actor=actor)


@probe
def central_sends_out_a_location_by_the_right_at_all_of_them(world: World) -> None:
    """Held at the central and at the location is not enough: whoever opens and closes locations holds it at all."""
    places = [world.place("Zentrale"), world.place("Bremen")]
    grants.add_grants(world.theke, [(Right.MANAGE_LOCATION, place.pk) for place in places])
    actor, today = world.scope("bodo", "Zentrale"), timezone.localdate()
    assert actor.allows(Right.MANAGE_LOCATION)
    with refused(MissingRight):
        operations.request_exit(location=world.place("Bremen"), planned_for=today, actor=actor)


@probe
def customers_of_others_do_not_make_a_base_large(world: World) -> None:
    anna, asked = world.scope("anna", "Zentrale"), exit_in(world.cast, TransitionState.CONFIRMED, place="Bremen")
    with patch.object(ordering, "DIRECT_CUSTOMERS", Customer.objects.in_base(anna.base).count()):
        assert operations.execute_now(transition=asked, actor=anna).state == TransitionState.EXECUTED


@probe
def worker_executes_for_somebody_what_is_of_his_business(world: World) -> None:
    anna = for_somebody(world.scope("anna", "Zentrale"))
    ours = exit_in(world.cast, TransitionState.CONFIRMED, place="Bremen")
    theirs = join_in(world.cast, TransitionState.CONFIRMED)
    with suppress(NothingThere):
        tasks.execute_transition.func(transition=str(theirs.pk), **anna)
    tasks.execute_transition.func(transition=str(ours.pk), **anna)
    assert [fresh(one).state for one in (ours, theirs)] == [TransitionState.EXECUTED, TransitionState.CONFIRMED]


@probe
def worker_executes_nothing_once_the_right_is_gone(world: World) -> None:
    ours = exit_in(world.cast, TransitionState.CONFIRMED, place="Bremen")
    carla = for_somebody(bare(world, "Zentrale", Right.MANAGE_LOCATION))
    tasks.execute_transition.func(transition=str(ours.pk), **carla)
    assert fresh(ours).state == TransitionState.CONFIRMED


@probe
def whoever_has_asked_may_cancel_and_nobody_else_at_a_branch(world: World) -> None:
    frida = world.scope("frida", "Flensburg")
    today = timezone.localdate()
    own = operations.request_exit(location=frida.location, planned_for=today, actor=frida)
    assert operations.may_cancel(own, frida)
    assert not operations.may_cancel(own, bare(world, "Zentrale", Right.MANAGE_LOCATION))


@probe
def way_to_the_users_is_shown_to_whoever_may_invite(world: World) -> None:
    set_urlconf(CONSOLE_URLCONF)
    try:
        assert transition._address_of_users(bare(world, "Zentrale", Right.CARRY_OVER)) == ""
        users = reverse("admin:mcp_user_changelist")
        assert transition._address_of_users(bare(world, "Zentrale", Right.MANAGE_USERS)) == users
    finally:
        set_urlconf(None)


@probe
def group_answers_at_its_central_for_all_its_locations(world: World) -> None:
    joining = join_in(world.cast, TransitionState.CONFIRMED, is_agreed=False)
    anna, page = world.scope("anna", "Zentrale"), f"{PAGES}/joinings/"
    assert [word.transition for word in admitting.asked_here(anna)] == [joining.pk]
    assert admitting.asked_here(world.scope("sven", "Zentrale", SOUTHERN)) == []
    assert "Café Einzeln" in world.get("anna", f"{HEAD}/{page}").content.decode()
    assert world.get("anna", f"{HAMBURG}/{page}").status_code == 403
    assert world.get("carla", f"{HAMBURG.replace('/2', '/3')}/{page}").status_code == 403
    with refused(MissingRight):
        admitting.demand_admitter(bare(world, "Zentrale", Right.VIEW_CUSTOMERS))
    with refused(ValidationError):
        operations.execute(transition=joining, at=timezone.now(), actor=world.scope("ines", "Dresden", 30100))
    say_yes = partial(admitting.answer, transition=joining.pk, agrees=True)
    for weak in (world.scope("anna", "Hamburg"), bare(world, "Zentrale", Right.MANAGE_LOCATION)):
        with refused(MissingRight):
            say_yes(actor=weak)
    with refused(PermissionDenied):
        say_yes(actor=world.scope("rita", "Zentrale"))
    with refused(admitting.NotAnswerable):
        say_yes(actor=world.scope("sven", "Zentrale", SOUTHERN))
    say_yes(actor=anna)
    assert "/arrivals/" not in world.get("anna", f"{HAMBURG}/").content.decode()


@probe
def people_who_join_bring_their_own_groups_and_nobody_elses(world: World) -> None:
    join_in(world.cast, TransitionState.EXECUTED)
    branch = world.cast.location("Dresden", 10400)
    groups = UserGroup.objects.filter(owner=branch)
    assert [group.organization_id for group in groups] == [branch.organization_id] * 2
    assert {user.username for user in User.objects.filter(location=branch)} == {"ines-7", "zweite-7"}


@probe
def business_of_a_cancelled_exit_is_taken_up_by_support_alone(world: World) -> None:
    asked = exit_in(world.cast, TransitionState.NUMBERED, place="Bremen")
    business, everybody = asked.receiver, set(User.objects.active().values_list("pk", flat=True))
    assert business is not None
    given: dict[str, Any] = {
        "business": business, "name": "Neu", "place": Place(name="Neu"), "password": PASSWORD,
        "administrator": User(username="fritz"),
    }  # fmt: skip
    with refused(PermissionDenied):
        central.take_up_business(**given, support=world.cast.user("anna"))
    rita = world.cast.user("rita")
    central.take_up_business(**given, support=rita)
    lost = everybody - set(User.objects.active().values_list("pk", flat=True))
    assert {user.username for user in User.objects.filter(pk__in=lost)} == {"freda"}
    assert User.objects.get(organization=business, username="fritz").is_active
    business.locations.update(closed_at=None)
    with refused(PermissionDenied):
        central.take_up_business(**{**given, "administrator": User(username="dora")}, support=rita)


@probe
def second_person_is_of_the_own_business(world: World) -> None:
    asked = exit_in(world.cast, TransitionState.REVIEWED, place="Bremen")
    anna = world.scope("anna", "Zentrale")
    operations.name_ground(transition=asked, basis="consent", ground=GROUND, actor=anna)
    assert "Sommer" not in operations.why_not_confirm(fresh(asked), anna)
    with refused(operations.NeedsSecondPerson):
        operations.confirm(transition=asked, actor=anna)
    assert fresh(asked).state == TransitionState.REVIEWED


@probe
def second_person_confirms_what_the_page_has_shown(world: World) -> None:
    asked = exit_in(world.cast, TransitionState.REVIEWED, place="Bremen")
    other = second(world.scope("anna", "Zentrale"))
    operations.name_ground(transition=asked, basis="consent", ground=GROUND, actor=other)
    assert world.post("anna", f"{HEAD}/{PAGES}/{asked.pk}/step/", {"step": "confirm", "seen": "0"}).status_code == 200
    assert fresh(asked).state == TransitionState.REVIEWED
