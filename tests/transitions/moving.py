"""Brings transitions into each of their states, by the operations that people use."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from customers.choices import TRANSFER, ConsentSource
from customers.models import Consent, Customer
from locations.models import Location
from locations.permissions import Right
from mcp.demo import PASSWORD as DEMO_PASSWORD
from mcp.isolation import access, grants
from mcp.isolation.scope import Scope
from mcp.models import Membership, User, UserGroup
from tests.conftest import Cast
from transitions import deciding, operations
from transitions.choices import FieldGroup, LegalBasis, TransitionState
from transitions.deciding import Figures
from transitions.models import Transition, TransitionStep
from transitions.operations import admitting

ACCOUNT = 40200
PASSWORD = "Fischbrötchen-am-Hafen-6"
GROUND = "Einwilligung der Kunden, gesammelt mit Formular 3."
WAY = [
    TransitionState.REQUESTED,
    TransitionState.NUMBERED,
    TransitionState.REVIEWED,
    TransitionState.CONFIRMED,
    TransitionState.EXECUTED,
    TransitionState.CARRIED_OVER,
]


def new_administrator(username: str = "freda") -> User:
    return User(username=username, first_name="Frida", last_name="Friis")


def assigned(transition: Transition, rita: Scope, number: int = ACCOUNT) -> Transition:
    return operations.assign_account(
        transition=transition, account_number=number, name="Flensburger Backstube",
        administrator=new_administrator(), password=PASSWORD, actor=rita,
    )  # fmt: skip


def named(transition: Transition, actor: Scope, **more: Any) -> Transition:
    """The legal ground; everything goes along unless the test says otherwise."""
    values = {"basis": LegalBasis.CONSENT, "ground": GROUND, "field_groups": FieldGroup.values, **more}
    return operations.name_ground(transition=transition, actor=actor, **values)


def seen_step(transition: Transition) -> int:
    """What a page of the transition says that it has shown."""
    return int(transition.steps.values_list("pk", flat=True).last() or 0)


def second(scope: Scope, username: str = "zweite") -> Scope:
    """Zoe Zweite, who may carry over and sees the page, at the place of the scope."""
    user = User.objects.filter(organization=scope.organization, username=username).first()
    if user is None:
        user = User(organization=scope.organization, username=username, first_name="Zoe", last_name="Zweite")
        user.set_password(DEMO_PASSWORD)
        user.save()
        group = UserGroup.objects.create(organization=scope.organization, name="Datenschutz")
        Membership.objects.create(organization=scope.organization, group=group, user=user)
        rights = (Right.VIEW_CUSTOMERS, Right.CARRY_OVER, Right.MANAGE_LOCATION)
        grants.add_grants(group, [(right, None) for right in rights])
    return access.scope_at(
        user, account_number=scope.organization.account_number, client_number=scope.location.client_number
    )


def confirmed(transition: Transition, anna: Scope) -> Transition:
    named(transition, anna)
    return operations.confirm(transition=transition, actor=second(anna))


def exit_in(
    cast: Cast, state: TransitionState, *, place: str = "Flensburg", is_narrowed: bool = False, number: int = ACCOUNT
) -> Transition:
    """The exit of a location of Nordlicht, due today, in a state."""
    system, anna, rita = cast.system(place), cast.scope("anna", "Zentrale"), cast.scope("rita", "Zentrale")
    asked = operations.request_exit(location=system.location, planned_for=timezone.localdate(), actor=system)
    if state == TransitionState.CANCELLED:
        return operations.cancel(transition=asked, actor=anna)
    steps: list[Any] = [
        lambda: assigned(asked, rita, number),
        lambda: operations.review(transition=asked, is_narrowed=is_narrowed, actor=anna),
        lambda: confirmed(asked, anna),
        lambda: operations.execute(transition=asked, at=timezone.now(), actor=anna),
        lambda: arrived(asked),
    ]
    if state == TransitionState.CLOSED:
        steps.append(lambda: operations.close(transition=asked, actor=anna))
    else:
        steps = steps[: WAY.index(state)]
    for step in steps:
        step()
    return fresh(asked)


def join_in(cast: Cast, state: TransitionState, *, client_number: int = 7, is_agreed: bool = True) -> Transition:
    """Café Einzeln joins Nordlicht, due today; the group has said yes as soon as it was asked."""
    ines, rita = cast.scope("ines", "Dresden", 30100), cast.scope("rita", "Dresden", 30100)
    asked = operations.request_join(planned_for=timezone.localdate(), actor=ines)
    steps: list[Any] = [
        lambda: operations.assign_group(
            transition=asked, account_number=10400, client_number=client_number, actor=rita
        ),
        lambda: operations.review(transition=asked, is_narrowed=False, actor=ines),
        lambda: confirmed(asked, ines),
        lambda: operations.execute(transition=asked, at=timezone.now(), actor=ines),
        lambda: arrived(asked),
    ]
    for step in steps[: WAY.index(state)]:
        step()
        if is_agreed and step is steps[0]:
            admitting.answer(transition=asked.pk, agrees=True, actor=cast.scope("anna", "Zentrale"))
    return fresh(asked)


def arrived(transition: Transition) -> None:
    """As the transition is noted once the receiver has imported."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE transitions_transition SET state = 'carried' WHERE id = %s", [transition.pk])


def fresh(transition: Transition) -> Transition:
    return Transition.objects.select_related("organization", "location__organization", "location__base").get(
        pk=transition.pk
    )


def last_step(transition: Transition) -> TransitionStep:
    step = transition.steps.last()
    assert step is not None
    return step


def reviewed(transition: Transition) -> dict[str, Any]:
    """The figures of the review."""
    figures = fresh(transition).review
    assert figures is not None
    return dict(figures)


def business(account_number: int = ACCOUNT) -> Location:
    """The one location of an independent business."""
    return Location.objects.select_related("organization", "base").get(organization__account_number=account_number)


def say(
    customer: Customer, *, is_given: bool = True, days_ago: float = 1, receiver: int | None = None, **more: Any
) -> Consent:
    """A statement about the transfer, made at the location that leaves unless the test says otherwise."""
    values = {"purpose": TRANSFER, "location": leaving(customer.organization_id), **more}
    return Consent.objects.create(
        organization_id=customer.organization_id, base_id=customer.base_id, customer=customer, is_given=is_given,
        at=timezone.now() - timedelta(days=days_ago), source=ConsentSource.FORM, receiver=receiver, recorded_by="Test",
        **values,
    )  # fmt: skip


def leaving(organization: int) -> Location:
    """Flensburg of Nordlicht; of another business its last location."""
    places = Location.objects.filter(organization=organization)
    found = places.filter(name="Flensburg").first() or places.order_by("client_number").last()
    assert found is not None
    return found


def figures_at(transition: Transition, at: datetime) -> Figures:
    """Those that a review would find, without its pages: also of a transition that is not stored."""
    decision = deciding.decided(transition=transition, at=at)
    sql = f"SELECT home_location_id, reason, count(*) FROM ({decision.sql}) AS decided GROUP BY 1, 2"
    return deciding._counted(transition, at, deciding._rows(sql, decision.parameters))
