"""In which order customers of an offline base 1.0 were changed, and what was agreed before; kept by the database."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.querysets import CustomerRevisionQuerySet
from locations.constraints import KeyWithBase
from locations.models import CustomerBase
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity


@personal(technical="sequence cut")
class RevisionCounter(models.Model):
    """How many statements have changed customers of an offline base. Its row lock makes them take turns.

    So whoever has read all changes up to a number will never find another one below it. At a branch `cut` is the number
    up to which changes were sent with the run whose answer is not applied yet.
    """

    base = models.OneToOneField(CustomerBase, models.CASCADE, primary_key=True, related_name="+")
    sequence = models.BigIntegerField()
    cut = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("counter of changes")
        verbose_name_plural = _("counters of changes")
        default_permissions = ()
        constraints = [RowSecurity(name="revisioncounter_rows", base="base")]

    def __str__(self) -> str:
        return f"{self.base}: {self.sequence}"


@personal(
    of="uid",
    erased=Erasure.STAYS,
    emptied="customer_number before sent",
    identity="customer_number before sent",
    technical="revision sequence agreed_in says_more is_deleted is_erased",
    keys="uid origin",
)
class CustomerRevision(models.Model):
    """When a customer of an offline base was changed last, and which of its revisions both sides have.

    `sequence` is the number of the statement in its base (see RevisionCounter); a statement about consents counts.
    `revision` is counted by the central, from 1. At a branch it is the one that its customer began from, and empty for
    a customer whom the central does not know yet. `origin` is the node from which the central has the revision.

    At a branch `before` keeps the row as it was agreed from its first change to the next reconciliation, and `sent`
    keeps it as it was sent where it was changed again before the answer came; `says_more` is whether consents were
    stated since. `agreed_in` is the run in which both sides have agreed last.

    The uid of a customer stays when he is deleted or erased, so that the other side learns of it.
    """

    base = models.ForeignKey(CustomerBase, models.CASCADE, db_index=False, related_name="+")
    uid = models.UUIDField()
    customer_number = models.PositiveIntegerField(null=True, help_text="Empty for one who was erased.")
    revision = models.BigIntegerField(null=True)
    sequence = models.BigIntegerField()
    origin = models.UUIDField(null=True)
    agreed_in = models.BigIntegerField(null=True)
    before = models.JSONField(null=True)
    sent = models.JSONField(null=True)
    says_more = models.BooleanField(default=False, db_default=False)
    is_deleted = models.BooleanField(default=False, db_default=False)
    is_erased = models.BooleanField(default=False, db_default=False)

    objects = CustomerRevisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("revision of a customer")
        verbose_name_plural = _("revisions of customers")
        default_permissions = ()
        indexes = [models.Index(fields=["base", "sequence"], name="customerrevision_in_order")]
        constraints = [
            RowSecurity(name="customerrevision_rows", base="base"),
            KeyWithBase(name="customerrevision_key"),
            models.UniqueConstraint(fields=["uid", "base"], name="customerrevision_of_customer"),
            models.CheckConstraint(
                condition=models.Q(is_erased=False)
                | models.Q(is_deleted=True, customer_number=None, before__isnull=True, sent__isnull=True),
                name="customerrevision_of_erased_names_nobody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_number}: {self.revision} ({self.sequence})"
