"""The numbers of a customer elsewhere or before: in another system, at a business that joined, in a base 1.0.

A customer has as many as there are, and two customers may bear the same one: each system gives its own. None is ever
changed; what is wrong is taken out and typed anew.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers import search
from customers.choices import FormerNumberSource
from customers.models.customer import Customer
from customers.querysets import FormerNumberQuerySet
from locations.constraints import CompositeForeignKey
from locations.fields import LineField
from locations.history import TimedEvent, keep_history
from locations.models import CustomerBase
from locations.personal import Erasure, personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable


@personal(of="customer", erased=Erasure.ROW_GOES, identity="number source origin", keys="number_key")
@keep_history(
    exclude=["number_key"],
    is_searched=False,
    base_model=TimedEvent,
    indexes=[models.Index(fields=["base", "customer"], name="formernumberevent_of_customer")],
)
class FormerNumber(CheckedRow):
    """A number by which a customer was known elsewhere or before.

    Whoever writes or removes one locks the customer's row and changes it in the same transaction, before: so it counts
    as a change of the customer, for whoever has him open, for a preview and in his history.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, DELETE"

    base = models.ForeignKey(
        CustomerBase,
        models.PROTECT,
        db_constraint=False,  # formernumber_customer_in_base says more
        db_index=False,
        related_name="+",
        editable=False,
    )
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        db_constraint=False,  # formernumber_customer_in_base refers to the same row and says more
        db_index=False,
        related_name="former_number_rows",
        editable=False,
        verbose_name=_("customer"),
    )
    number = LineField(_("former customer number"), max_length=40)
    source = models.CharField(_("source"), max_length=10, choices=FormerNumberSource)
    origin = LineField(
        _("origin"),
        max_length=80,
        blank=True,
        default="",
        db_default="",
        help_text=_("The system, or the account number of the business, by which it was given."),
    )
    number_key = models.GeneratedField(expression=search.number_key(), output_field=models.TextField(), db_persist=True)

    objects = FormerNumberQuerySet.as_manager()

    class Meta:
        verbose_name = _("former customer number")
        verbose_name_plural = _("former customer numbers")
        default_permissions = ()
        indexes = [
            # By it imports find customers, and searches by how a number begins.
            models.Index(F("base"), OpClass(F("number_key"), "text_pattern_ops"), name="formernumber_by_key"),
        ]
        constraints = [
            RowSecurity(name="formernumber_rows", base="base"),
            models.UniqueConstraint(
                fields=["base", "customer", "number", "source", "origin"],
                name="formernumber_unique",
                violation_error_code="formernumber_unique",
                violation_error_message=_("The customer has this former number already."),
            ),
            models.CheckConstraint(
                condition=Q(number__regex=r"^[^[:space:]](.*[^[:space:]])?$"),
                name="formernumber_not_blank",
                violation_error_code="formernumber_not_blank",
                violation_error_message=_("A former customer number is not empty and has no blanks around it."),
            ),
            models.CheckConstraint(
                condition=Q(source__in=FormerNumberSource.values),
                name="formernumber_source_known",
                violation_error_code="formernumber_source_known",
                violation_error_message=_("Where a former customer number comes from is one of the list."),
            ),
            models.CheckConstraint(
                condition=~Q(source=FormerNumberSource.JOINING) | ~Q(origin=""),
                name="formernumber_joining_has_origin",
                violation_error_code="formernumber_joining_has_origin",
                violation_error_message=_("A number at a business that has joined names the business."),
            ),
            CompositeForeignKey(
                fields=["base", "customer"],
                to="customers.Customer",
                to_fields=["base", "id"],
                name="formernumber_customer_in_base",
                violation_error_message=_("The customer belongs to another customer base."),
            ),
        ]
        triggers = [immutable("id", "base_id", "customer_id", "number", "source", "origin")]

    def __str__(self) -> str:
        return self.number
