"""Two people at the same moment: what either may do alone must not leave a business without anybody who can help."""

import threading

import pytest
from django.db import connection

from locations.permissions import Right
from mcp.central.operations import LastUserManager, change_grants, change_user, set_memberships
from mcp.isolation import access, grants
from mcp.isolation.scope import Scope
from mcp.models import Membership, User, UserGroup

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two_managers(cast):
    """Anna and Arne, each by a user group of his own, manage users everywhere."""
    nordlicht = cast.organization()
    arne = User.objects.create(organization=nordlicht, username="arne")
    second = UserGroup.objects.create(organization=nordlicht, name="Zweite")
    grants.add_grants(second, [(right, None) for right in Right])
    Membership.objects.create(organization=nordlicht, user=arne, group=second)
    return cast.user("anna"), arne


def at_once(*attempts):
    """Run them in threads of their own, started together; what each raised, by position."""
    start, outcomes = threading.Barrier(len(attempts)), {}

    def attempt(position, act):
        start.wait()
        try:
            outcomes[position] = act()
        except LastUserManager as refused:
            outcomes[position] = refused
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=pair) for pair in enumerate(attempts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [outcomes[position] for position in range(len(attempts))]


def ways(cast, manager):
    """The three operations by which a manager stops being one."""
    scope = Scope(user=manager, location=cast.location("Zentrale"), rights=frozenset(Right))
    group = manager.groups.get()
    gone = User.objects.get(pk=manager.pk)
    gone.is_active = False
    return {
        "memberships": lambda: set_memberships(user=manager, groups=[], actor=scope),
        "active": lambda: change_user(user=gone, actor=scope),
        "grants": lambda: change_grants(
            group=group, wanted=access.grants_of(group) - {(Right.MANAGE_USERS, None)}, actor=scope
        ),
    }


@pytest.mark.parametrize(("first", "second"), [("memberships", "memberships"), ("active", "grants")])
def test_two_managers_who_leave_at_once_do_not_both_succeed(cast, two_managers, first, second):
    anna, arne = two_managers
    outcomes = at_once(ways(cast, anna)[first], ways(cast, arne)[second])
    assert [isinstance(outcome, LastUserManager) for outcome in outcomes].count(True) == 1
    assert access.has_user_manager(cast.organization())
