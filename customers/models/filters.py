"""Filters of the customer list under a name: one's own, and those that all share who work with a base."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from customers.querysets import SavedFilterQuerySet
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField
from locations.history import keep_history
from locations.models import CustomerBase, Organization
from locations.personal import Erasure, personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity


@personal(
    bulk="what somebody has searched for",
    erased=Erasure.ROW_GOES,
    identity="name query",
    technical="is_shared created_at",
)
@keep_history()
class SavedFilter(CheckedRow):
    """A name for a search, filters and an order of the customer list.

    It belongs to whoever has saved it. A shared one is seen by everybody who sees the customers of the base.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, db_index=False, related_name="+", editable=False)
    base = models.ForeignKey(CustomerBase, models.CASCADE, db_index=False, related_name="+", editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        db_constraint=False,  # savedfilter_user_of_organization refers to the same row and says more
        related_name="+",
        editable=False,
    )
    user_name = models.CharField(_("user"), max_length=200, default="", editable=False)
    name = LineField(_("name"), max_length=60)
    query = models.CharField(max_length=2000, blank=True, default="", editable=False)
    is_shared = models.BooleanField(_("for everybody who works with these customers"), default=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        ordering = [Lower("name"), "pk"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="savedfilter_rows", base="base"),
            KeyWithBase(name="savedfilter_key"),
            models.UniqueConstraint(
                F("base"),
                F("user"),
                Lower("name"),
                condition=Q(is_shared=False),
                name="savedfilter_own_name_unique",
                violation_error_code="savedfilter_name_unique",
                violation_error_message=_("You have already saved a filter under this name."),
            ),
            models.UniqueConstraint(
                F("base"),
                Lower("name"),
                condition=Q(is_shared=True),
                name="savedfilter_shared_name_unique",
                violation_error_code="savedfilter_name_unique",
                violation_error_message=_("There is already a shared filter of this name."),
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="savedfilter_has_name",
                violation_error_code="savedfilter_has_name",
                violation_error_message=_("Give the filter a name."),
            ),
            CompositeForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="savedfilter_base_of_organization",
            ),
            CompositeForeignKey(
                fields=["organization", "user"],
                to="mcp.User",
                to_fields=["organization", "id"],
                name="savedfilter_user_of_organization",
            ),
        ]

    def __str__(self) -> str:
        return self.name
