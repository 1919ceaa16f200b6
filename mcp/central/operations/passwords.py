"""Links for passwords: nobody chooses a password for somebody else.

A person gets a link, by mail or on paper, that works once.

The link is signed and not stored. The table records who has made it, when, and whether it was used.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urljoin

import pghistory
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy

from locations.models import Organization
from mcp.central.operations.users import demand_power, locked_user
from mcp.choices import MailKind
from mcp.isolation import row_scope
from mcp.isolation.branch import demand_made_here
from mcp.isolation.scope import Scope, facts_of
from mcp.login.passwords import set_password
from mcp.models import PasswordLink, User
from mcp.worker import mailing

VALID = timedelta(hours=72)
SPACING = timedelta(minutes=15)
_SALT = "mcp.password_link"


class LinkUsedUp(ValidationError):
    """The link was used, was replaced by a newer one, or is too old."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("This link does not work any more. Ask whoever has given it to you for a new one."),
            code="link_used_up",
        )


class NoAddress(ValidationError):
    """The person has no e-mail address, or no mail server is configured."""

    def __init__(self, user: User) -> None:
        super().__init__(
            gettext_lazy("No mail can be sent to %(user)s. Enter an e-mail address, or let the link be shown."),
            code="no_address",
            params={"user": user},
        )


@transaction.atomic
def make_link(*, user: User, is_mailed: bool, actor: Scope) -> PasswordLink:
    """Make a link by which a person of the actor's business chooses a password; earlier links stop working.

    With `is_mailed` it is mailed to the person, else it is to be shown once to the actor, and the person is told so by
    mail. Raises MissingRight, TooPowerful where the person holds more than the actor, or NoAddress.
    """
    stored = locked_user(user, actor)
    demand_power(stored, actor)
    return issue_link(user=stored, is_mailed=is_mailed, made_by=actor.actor_name, maker=actor.user)


def issue_link(*, user: User, is_mailed: bool, made_by: str, maker: User | None = None) -> PasswordLink:
    """As `make_link`, without checking rights; runs in a transaction. Raises NoAddress."""
    demand_made_here()
    now = timezone.now()
    PasswordLink.objects.filter(user=user, used_at=None, withdrawn_at=None).update(withdrawn_at=now)
    link = PasswordLink.objects.create(
        organization_id=user.organization_id, user=user, made_by=made_by, expires_at=now + VALID,
        made_by_user=maker.pk if maker else None, sent_to=user.email if is_mailed else "",
    )  # fmt: skip
    is_new = not user.has_usable_password()
    if is_mailed:
        kind = MailKind.INVITATION if is_new else MailKind.NEW_PASSWORD
        if mailing.queue_mail(user=user, kind=kind, facts={"link": str(link.pk), "made_by": made_by}) is None:
            raise NoAddress(user)
    elif not is_new:
        mailing.queue_mail(user=user, kind=MailKind.LINK_SHOWN, facts={"made_by": made_by})
    return link


@transaction.atomic
def request_link(*, account_number: int | None, username: str) -> PasswordLink | None:
    """Mail a link to a person who has forgotten the password, at most one in SPACING; None where nobody gets one.

    For the worker only: neither the answer of a page nor its duration may tell whether there is such a person.
    """
    with row_scope.without_scope(reason="a password was forgotten", actor="the login"):
        users = User.objects.active().named(username).select_related("organization")
        business = {"organization__account_number": account_number} if account_number else {"organization": None}
        user = users.filter(**business).select_for_update(of=("self",)).first()
        since = timezone.now() - SPACING
        if user is None or not can_be_mailed(user) or user.password_links.filter(made_at__gt=since).exists():
            return None
        return issue_link(user=user, is_mailed=True, made_by="")


def first_link_of(business: Organization | int | None) -> PasswordLink | None:
    """The open link of the first administrator of a business that was just opened; None where there is none."""
    links = PasswordLink.objects.filter(organization=business, used_at=None, withdrawn_at=None)
    with row_scope.without_scope(reason="show the first link of a new business", actor="the provider's support"):
        return links.select_related("user", "organization").first()


def can_be_mailed(user: User) -> bool:
    """Whether a mail can be sent to the person."""
    return mailing.is_configured() and bool(user.email)


def address_of(link_id: object) -> str:
    """The link as a web address. Only the person may get it."""
    return urljoin(settings.PUBLIC_URL, f"password/{signing.dumps(str(link_id), salt=_SALT)}/")


def open_link(token: str) -> PasswordLink:
    """The link of a token, with its person. Raises LinkUsedUp, or Http404 for a token that is not signed by us."""
    try:
        pk = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        raise Http404 from None
    with row_scope.without_scope(reason="find whose link this is", actor="a link for a password"):
        link = PasswordLink.objects.select_related("user", "organization").filter(pk=pk).first()
    if link is None or not link.is_open(timezone.now()) or not link.user.is_active:
        raise LinkUsedUp
    return link


@transaction.atomic
def choose_password(*, token: str, password: str) -> User:
    """Set the password of the person whose link it is, which ends his sessions; the link is used up.

    Raises LinkUsedUp, or ValidationError for a weak password.
    """
    found = open_link(token)
    with row_scope.without_scope(reason="a password is chosen by a link", actor="a link for a password"):
        link = PasswordLink.objects.select_for_update(of=("self",)).get(pk=found.pk)
        if not link.is_open(timezone.now()):
            raise LinkUsedUp
        with pghistory.context(**facts_of(found.user)):
            user = set_password(found.user, password)
        link.used_at, link.withdrawn_at = timezone.now(), None
        link.save(update_fields=["used_at", "withdrawn_at"])
    return user
