"""Using a business again that was opened for an exit which was called off, and in which nobody has ever worked."""

from __future__ import annotations

import pghistory
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied
from django.db import transaction

from locations.models import Location, Organization
from locations.operations import Place
from locations.permissions import Right
from mcp.central.operations.passwords import can_be_mailed, issue_link
from mcp.central.operations.users import create_user
from mcp.choices import ProviderRole
from mcp.isolation import grants
from mcp.isolation.scope import Scope
from mcp.models import Membership, User, UserGroup


@transaction.atomic
def take_up_business(
    *, business: Organization, name: str, place: Place, administrator: User, password: str | None = None, support: User
) -> Organization:
    """Give a closed and empty business of one location another name, location and first administrator.

    People who were entered there before are deactivated, unless the administrator is one of them. Without a password,
    which only the demo gives, the administrator gets a link to choose one, mailed if possible (`first_link_of`). Raises
    PermissionDenied for anybody but the provider's support, or ValidationError.
    """
    if support.provider_role != ProviderRole.SUPPORT or not support.is_active:
        raise PermissionDenied
    location = business.locations.select_related("organization", "base").select_for_update(of=("self",)).get()
    if location.closed_at is None:
        raise PermissionDenied
    system = Scope.of_system(location, name=str(support))
    with pghistory.context(**system.history(), support=support.pk):
        _rename(business, location, name, place)
        user = _administrator(business, administrator, password, system)
        others = User.objects.filter(organization=business).exclude(pk=user.pk)
        Membership.objects.filter(organization=business).delete()
        others.update(is_active=False)
        group = UserGroup.objects.filter(organization=business).order_by("pk").first()
        if group is None:
            group = UserGroup.objects.create(organization=business, name="Leitung")
        grants.add_grants(group, [(right, None) for right in Right])
        Membership.objects.create(organization=business, user=user, group=group)
        if password is None:
            issue_link(user=user, is_mailed=can_be_mailed(user), made_by=str(support), maker=support)
    return business


def _rename(business: Organization, location: Location, name: str, place: Place) -> None:
    business.name = name
    business.full_clean()
    business.save(update_fields=["name"])
    location.name, location.street, location.postal_code, location.city = (
        place.name, place.street, place.postal_code, place.city,
    )  # fmt: skip
    location.full_clean()
    location.save(update_fields=["name", "street", "postal_code", "city"])


def _administrator(business: Organization, wanted: User, password: str | None, system: Scope) -> User:
    known = User.objects.select_for_update(of=("self",)).filter(organization=business, username=wanted.username).first()
    if known is None:
        return create_user(user=wanted, password=password, actor=system)
    if password is not None:
        validate_password(password, wanted)
    known.first_name, known.last_name, known.email = wanted.first_name, wanted.last_name, wanted.email
    known.is_active = True
    known.set_password(password)
    known.full_clean()
    known.save(update_fields=["first_name", "last_name", "email", "is_active", "password"])
    return known
