"""Attempts to log in, and the links by which people choose their passwords."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from locations.constraints import CompositeForeignKey
from locations.models import Organization
from locations.personal import personal
from locations.row_policies import RowSecurity
from mcp.models.people import User


@personal(is_of_staff=True, identity="account_number username", behaviour="at address device has_succeeded")
class LoginAttempt(models.Model):
    """An attempt to log in: under which name, from where, and whether it succeeded.

    It is written before the password is checked, so that attempts at the same moment count each other (see
    mcp/login/throttling.py). Kept for 90 days, or until the person is deleted.
    """

    at = models.DateTimeField(_("when"), db_default=Now(), editable=False)
    account_number = models.PositiveIntegerField(_("account number"), help_text=_("0 for the provider's people."))
    username = models.CharField(_("user name"), max_length=60, help_text=_("As it was typed, in small letters."))
    address = models.GenericIPAddressField(_("address"), null=True)
    device = models.CharField(max_length=40, blank=True, default="", help_text=_("A device that has logged in before."))
    has_succeeded = models.BooleanField(_("went well"), default=False)
    organization = models.ForeignKey(Organization, models.CASCADE, null=True, db_index=False, related_name="+")
    user = models.ForeignKey(
        User,
        models.CASCADE,
        null=True,
        db_index=False,
        db_constraint=False,  # loginattempt_user_of_organization refers to the same row and says more
        related_name="login_attempts",
    )

    class Meta:
        verbose_name = _("login attempt")
        verbose_name_plural = _("login attempts")
        ordering = ["-at", "-id"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="loginattempt_rows", organization="organization", person="user"),
            CompositeForeignKey(
                fields=["organization", "user"],
                to="mcp.User",
                to_fields=["organization", "id"],
                name="loginattempt_user_of_organization",
                violation_error_message=_("This user belongs to another business."),
            ),
        ]
        indexes = [
            models.Index(fields=["account_number", "username", "at"], name="loginattempt_by_name"),
            models.Index(fields=["address", "at"], name="loginattempt_by_address"),
            models.Index(fields=["user", "at"], name="loginattempt_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.username}, {self.at}"


@personal(
    is_of_staff=True,
    contact="sent_to",
    technical="made_at expires_at used_at withdrawn_at",
    staff="made_by_user",
)
class PasswordLink(models.Model):
    """A link by which one person can choose a password once, until it expires. The row is kept as a record.

    The link itself is not stored: it is signed (see mcp/central/operations/passwords.py).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, null=True, db_index=False, related_name="+")
    user = models.ForeignKey(
        User,
        models.CASCADE,
        db_constraint=False,  # passwordlink_user_of_organization refers to the same row and says more
        related_name="password_links",
    )
    made_at = models.DateTimeField(_("made"), db_default=Now(), editable=False)
    made_by = models.CharField(_("made by"), max_length=200, help_text=_("Empty where the person has asked for it."))
    made_by_user = models.BigIntegerField(
        null=True, editable=False, help_text="Of mcp.User; empty where the person has asked for it."
    )
    sent_to = models.CharField(_("sent to"), max_length=254, blank=True, help_text=_("Empty where it was shown."))
    expires_at = models.DateTimeField(_("valid until"))
    used_at = models.DateTimeField(_("used"), null=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)

    class Meta:
        verbose_name = _("link for a password")
        verbose_name_plural = _("links for passwords")
        ordering = ["-made_at"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="passwordlink_rows", organization="organization", person="user"),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(used_at=None, withdrawn_at=None),
                name="passwordlink_one_open",
                violation_error_code="passwordlink_one_open",
                violation_error_message=_("Somebody has made a link for this person at the same moment. Try again."),
            ),
            CompositeForeignKey(
                fields=["organization", "user"],
                to="mcp.User",
                to_fields=["organization", "id"],
                name="passwordlink_user_of_organization",
                violation_error_message=_("This user belongs to another business."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.made_at}"

    def is_open(self, at: datetime) -> bool:
        """Whether a password can be chosen by it at this time: not used, not withdrawn, not expired."""
        return self.used_at is None and self.withdrawn_at is None and at < self.expires_at
