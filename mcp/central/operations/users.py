"""Operations on people, and whom an actor sees."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from copy import copy

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy

from locations.models import Location
from locations.permissions import Right
from mcp.central.operations.changing import merged
from mcp.central.operations.grants import CannotGrant, OwnPromotion, demand_of_business, keep_a_manager
from mcp.central.operations.groups import demand_group, may_manage_group
from mcp.choices import MailKind, ProviderRole
from mcp.isolation import access
from mcp.isolation.branch import demand_made_here
from mcp.isolation.holdings import acts_for_all, holdings_of, lock_rights
from mcp.isolation.scope import Scope
from mcp.login.open_links import withdraw_links, withdraw_links_of_others
from mcp.models import Membership, User, UserGroup
from mcp.querysets import UserQuerySet
from mcp.worker import mailing

CHANGED_BY_OTHERS = ("username", "first_name", "last_name", "email", "language", "is_active", "location")
"""The fields of a person that somebody who manages people may change."""


class TooPowerful(ValidationError):
    """The actor tried to take over, or lock out, a person who holds more rights than he does."""

    def __init__(self, user: User) -> None:
        super().__init__(
            gettext_lazy(
                "%(user)s holds rights that you do not hold, so you cannot change the password, the user name, the "
                "e-mail address or the access. Ask the central."
            ),
            code="too_powerful",
            params={"user": user},
        )


class AddressIsTheirs(ValidationError):
    """One of the provider's people tried to change the e-mail address to which links for a password are sent."""

    def __init__(self, user: User) -> None:
        super().__init__(
            gettext_lazy(
                "%(user)s has an e-mail address, to which links for a new password go. Only the business itself "
                "changes it. Let a link be shown, which the business sees as well."
            ),
            code="address_is_theirs",
            params={"user": user},
        )


def visible_users(actor: Scope) -> UserQuerySet:
    """The people whom the actor sees here: all of the business where he `acts_for_all`, else those of the location.

    Those of a location have it as their own, or belong to a group that it manages itself.
    """
    if not actor.allows(Right.MANAGE_USERS):
        return User.objects.none()
    if acts_for_all(actor):
        return User.objects.of_organization(actor.organization)
    guests = Membership.objects.filter(user=OuterRef("pk"), group__owner=actor.location)
    return User.objects.filter(Q(location=actor.location) | Q(Exists(guests)), organization=actor.organization)


@transaction.atomic
def create_provider_user(*, username: str, role: ProviderRole, password: str) -> User:
    """Create one of the provider's people. For commands only: no page calls it, so no right is checked.

    Raises ValidationError for a name that is taken, or a weak password.
    """
    user = User(username=username, provider_role=role)
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save(force_insert=True)
    return user


@transaction.atomic
def create_user(*, user: User, password: str | None = None, actor: Scope) -> User:
    """Create a person of the actor's business; at a branch it is his location. He has no rights yet.

    Without a password, which only the demo gives, he needs a link to choose one (see operations/passwords.py). Raises
    MissingRight or ValidationError (also for a weak password).
    """
    actor.demand(Right.MANAGE_USERS)
    demand_made_here()
    user.organization = actor.organization
    if not acts_for_all(actor):
        user.location = actor.location
    if password is not None:
        validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save(force_insert=True)
    return user


@transaction.atomic
def change_user(*, user: User, changed: Collection[str] | None = None, actor: Scope) -> User:
    """Save the fields of a person that the user has changed.

    `changed` are the fields whose value he has changed, None means all; the others stay as they are stored, and so does
    a password that the person chooses at this moment. If the e-mail address changes, to which links for a password are
    sent, the old address is told, and open links stop working.

    Raises MissingRight, TooPowerful where the person holds more than the actor and his user name, e-mail address or
    access changes, AddressIsTheirs where the provider's people change an address, and LastUserManager.
    """
    before = locked_user(user, actor)
    stored = copy(before)
    fields = [name for name in CHANGED_BY_OTHERS if name != "location" or acts_for_all(actor)]
    names = merged(stored, user, fields, changed=changed)
    if _way_in(before) != _way_in(stored):
        demand_power(before, actor)
    if before.email != stored.email:
        _demand_address(before, actor)
    had_manager = access.has_user_manager(actor.organization)
    stored.full_clean()
    stored.save(update_fields=names)
    if before.email != stored.email:
        withdraw_links([stored.pk])
        facts = {"changed_by": actor.actor_name}
        mailing.queue_mail(user=stored, kind=MailKind.EMAIL_CHANGED, facts=facts, address=before.email)
    keep_a_manager(had_manager, actor)
    return user


def _way_in(user: User) -> tuple[str, bool, str]:
    """What decides who can log in as this person: to change it is to take him over, or to lock him out."""
    return user.username, user.is_active, user.email


def _demand_address(before: User, actor: Scope) -> None:
    if before.email and actor.user is not None and actor.user.organization_id is None:
        raise AddressIsTheirs(before)


@transaction.atomic
def set_memberships(
    *, user: User, groups: Iterable[UserGroup], seen: Iterable[UserGroup] | None = None, actor: Scope
) -> None:
    """Let the person belong to exactly these groups, among those that the actor may manage; other memberships stay.

    `seen` are the groups to which he belonged when the page was shown: only the difference is carried out, so that
    changes of somebody else meanwhile stay. Raises MissingRight, OwnPromotion where the actor adds himself,
    NotOfBusiness where one of the provider's people adds him, CannotGrant where a group holds what the actor does not,
    and LastUserManager.
    """
    locked_user(user, actor)
    had_manager = access.has_user_manager(actor.organization)
    wanted = {group.pk: group for group in groups}
    current = {m.group_id: m for m in user.memberships.select_related("group", "group__owner")}
    before = current.keys() if seen is None else {group.pk for group in seen}
    for pk in (wanted.keys() - before) - current.keys():
        _admit(user, wanted[pk], actor)
    for pk in (before - wanted.keys()) & current.keys():
        if may_manage_group(current[pk].group, actor):
            current[pk].delete()
    keep_a_manager(had_manager, actor)


def _admit(user: User, group: UserGroup, actor: Scope) -> None:
    demand_group(group, actor)
    demand_of_business(actor)
    if actor.user is not None and actor.user.pk == user.pk:
        raise OwnPromotion
    beyond = access.right_beyond(holdings_of(actor), group)
    if beyond is not None:
        right, place = beyond
        raise CannotGrant(right, Location.objects.filter(pk=place or 0).first())
    Membership.objects.create(organization=actor.organization, user=user, group=group)
    withdraw_links_of_others([user.pk], actor=actor)


def locked_user(user: User, actor: Scope) -> User:
    """The stored person, locked, together with the lock for changes of rights.

    Raises MissingRight, or PermissionDenied where the actor does not see him here.
    """
    actor.demand(Right.MANAGE_USERS)
    lock_rights(actor)
    pk = user.pk or 0
    rows = User.objects.select_for_update(of=("self",))
    is_visible = actor.is_system or visible_users(actor).filter(pk=pk).exists()
    stored = rows.filter(pk=pk).first() if is_visible else None
    if stored is None or stored.organization_id != actor.organization.pk:
        raise PermissionDenied
    return stored


def demand_power(user: User, actor: Scope) -> None:
    """Raise TooPowerful unless the actor holds at least the rights of this person.

    Support may always help somebody back in.

    People who manage users at a franchise with restrictions can be changed by the franchise's own people and by support
    only.
    """
    if actor.is_system or (actor.user is not None and (actor.user.organization_id is None or actor.user.pk == user.pk)):
        return
    held = holdings_of(actor)
    if actor.user is None or (
        access.own_locations_of(user).filter(pk__in=access.houses_kept_from(actor.user).values("pk")).exists()
    ):
        raise TooPowerful(user)
    if any(access.right_beyond(held, group) for group in UserGroup.objects.with_member(user)):
        raise TooPowerful(user)
