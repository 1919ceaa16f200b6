"""People, their user groups, and the membership of people in groups."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from locations.constraints import CompositeForeignKey
from locations.fields import LineField
from locations.history import keep_history
from locations.models import Location, Organization
from locations.personal import personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable
from mcp.choices import Language, ProviderRole
from mcp.querysets import UserGroupQuerySet, UserManager
from mcp.triggers import PASSWORD_CHANGED, SESSIONS_END


@personal(
    is_of_staff=True,
    identity="username first_name last_name",
    contact="email",
    technical="password last_login provider_role language is_active created_at password_changed_at",
)
@keep_history(exclude=["password", "last_login"])
class User(CheckedRow, AbstractBaseUser):
    """A person who logs in. He belongs to one business or, without one, to the provider."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="users", verbose_name=_("business")
    )
    location = models.ForeignKey(
        Location,
        models.PROTECT,
        null=True,
        blank=True,
        db_constraint=False,  # user_location_of_organization refers to the same row and says more
        related_name="home_users",
        verbose_name=_("own location"),
        help_text=_("Where this person works. Empty for people of the central."),
    )
    start_location = models.ForeignKey(
        Location,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        db_constraint=False,  # user_starts_in_organization refers to the same row and says more
        related_name="+",
        verbose_name=_("starts at"),
        help_text=_("Where this person lands after the login, chosen by himself."),
    )
    provider_role = models.CharField(
        _("role at the provider"), max_length=12, choices=ProviderRole, blank=True, default="", editable=False
    )
    username = models.CharField(_("user name"), max_length=60, validators=[UnicodeUsernameValidator()])
    first_name = LineField(_("first name"), max_length=80, blank=True)
    last_name = LineField(_("last name"), max_length=80, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(
        _("language"), max_length=5, choices=Language, default=Language.GERMAN, help_text=_("Of the screens.")
    )
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Taken away, this person is logged out at the next click and cannot log in."),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    password_changed_at = models.DateTimeField(
        _("password changed"), null=True, editable=False, help_text=_("Kept by the database, whoever changes it.")
    )

    groups = models.ManyToManyField(
        "mcp.UserGroup",
        through="mcp.Membership",
        related_name="members",
        blank=True,
        verbose_name=_("user groups"),
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="user_rows", organization="organization", person="id"),
            models.UniqueConstraint(fields=["organization", "id"], name="user_of_organization"),
            models.UniqueConstraint(
                F("organization"),
                Upper("username"),  # the login does not mind capital letters
                name="user_name_unique_in_organization",
                violation_error_code="user_name_unique_in_organization",
                nulls_distinct=False,
                violation_error_message=_("Somebody of this business already has this user name."),
            ),
            models.CheckConstraint(
                condition=Q(organization=None, location=None, provider_role__in=ProviderRole.values)
                | Q(organization__isnull=False, provider_role=""),
                name="user_of_business_or_provider",
                violation_error_code="user_of_business_or_provider",
                violation_error_message=_("A user belongs either to a business or to the provider."),
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="user_location_of_organization",
                violation_error_message=_("The location belongs to another business."),
            ),
            CompositeForeignKey(
                fields=["organization", "start_location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="user_starts_in_organization",
                violation_error_message=_("The location belongs to another business."),
            ),
            models.CheckConstraint(
                condition=Q(start_location=None) | Q(organization__isnull=False),
                name="user_of_provider_starts_nowhere",
                violation_error_code="user_of_provider_starts_nowhere",
                violation_error_message=_("The provider's people work at all businesses and start at none."),
            ),
        ]
        triggers = [immutable("organization_id", "provider_role"), PASSWORD_CHANGED, SESSIONS_END]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def get_short_name(self) -> str:
        return self.first_name or self.username

    @property
    def is_staff(self) -> bool:
        """Needed by Django's admin. What somebody may do is asked of the scope."""
        return self.is_active

    @property
    def is_superuser(self) -> bool:
        """Nobody is one: every right is granted and can be explained."""
        return False

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Always False: rights hold at a location and are asked of the scope."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """Always False, as `has_perm`."""
        return False


@personal(technical="name description")
@keep_history()
class UserGroup(CheckedRow):
    """A group of users of one business; it holds rights. (Names of Django's Group are unique across all businesses.)"""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="user_groups", editable=False, verbose_name=_("business")
    )
    name = LineField(_("name"), max_length=80)
    description = LineField(_("description"), max_length=200, blank=True)
    owner = models.ForeignKey(
        Location,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        db_constraint=False,  # usergroup_owner_of_organization refers to the same row and says more
        related_name="own_user_groups",
        verbose_name=_("managed by"),
        help_text=_("The location that manages this group itself. Empty: the central manages it."),
    )

    objects = UserGroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("user group")
        verbose_name_plural = _("user groups")
        ordering = ["name"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="usergroup_rows", organization="organization"),
            models.UniqueConstraint(fields=["organization", "id"], name="usergroup_of_organization"),
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="usergroup_name_unique",
                violation_error_code="usergroup_name_unique",
                violation_error_message=_("There is already a user group of this name."),
            ),
            CompositeForeignKey(
                fields=["organization", "owner"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="usergroup_owner_of_organization",
                violation_error_message=_("The location belongs to another business."),
            ),
        ]
        triggers = [immutable("organization_id", "owner_id")]

    def __str__(self) -> str:
        return self.name


@personal(is_of_staff=True)
@keep_history()
class Membership(models.Model):
    """A user belongs to a user group of the same business."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, db_constraint=False, related_name="memberships")
    group = models.ForeignKey(UserGroup, models.CASCADE, db_constraint=False, related_name="memberships")

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        default_permissions = ()
        constraints = [
            RowSecurity(name="membership_rows", organization="organization"),
            models.UniqueConstraint(
                fields=["user", "group"],
                name="membership_unique",
                violation_error_code="membership_unique",
                violation_error_message=_("This person belongs to this user group already."),
            ),
            CompositeForeignKey(
                fields=["organization", "user"],
                to="mcp.User",
                to_fields=["organization", "id"],
                name="membership_user_of_organization",
                violation_error_message=_("This user belongs to another business."),
            ),
            CompositeForeignKey(
                fields=["organization", "group"],
                to="mcp.UserGroup",
                to_fields=["organization", "id"],
                name="membership_group_of_organization",
                violation_error_message=_("This user group belongs to another business."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} – {self.group}"
