"""Who would be carried over and who not, as a review has found it, page by page."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.models import CustomerBase, Organization
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from transitions.choices import Reason


@personal(
    bulk="what is decided in the end stands in the decision",
    erased=Erasure.STAYS,
    emptied="customers numbers",
    identity="customers numbers",
    technical="reason page",
)
class ReviewPage(models.Model):
    """The customers of one page of a list of a review, by number, stored so that showing it computes nothing.

    Deleted when the review does not hold any more. The execution stores its own decisions.
    """

    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+")
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+")
    transition = models.ForeignKey(
        "transitions.Transition", models.CASCADE, db_constraint=False, db_index=False, related_name="review_pages"
    )
    reason = models.CharField(max_length=10, choices=Reason, blank=True, default="")
    page = models.PositiveIntegerField()
    customers = ArrayField(models.BigIntegerField(), help_text="Their ids.")
    numbers = ArrayField(models.PositiveIntegerField(), help_text="Their customer numbers, in the same order.")

    class Meta:
        verbose_name = _("page of a review")
        verbose_name_plural = _("pages of reviews")
        default_permissions = ()
        constraints = [
            RowSecurity(name="reviewpage_rows", base="base"),
            KeyWithBase(name="reviewpage_key"),
            models.UniqueConstraint(fields=["base", "transition", "reason", "page"], name="reviewpage_once"),
            models.CheckConstraint(
                condition=Q(reason="") | Q(reason__in=Reason.values), name="reviewpage_reason_known"
            ),
            CompositeForeignKey(
                fields=["organization", "transition"],
                to="transitions.Transition",
                to_fields=["organization", "id"],
                name="reviewpage_of_organization",
            ),
            CompositeForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="reviewpage_base_of_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.transition_id}: {self.reason} {self.page}"
