"""To whom customers were handed over: one row for each hand-over, and beside it whose numbers went.

    Disclosure        when, on what occasion, to whom, by whom, on which ground
    DisclosedNumbers  the customer numbers that went, as ranges, in blocks of NUMBERS_OF_A_BLOCK

A file of a million customers is one row and a thousand blocks, and `(base, block)` finds what one customer was in.
Whoever hands over writes both in the transaction that hands over (`customers.disclosures.record`). Nothing is changed
afterwards but that the number of a customer goes who is erased for good: that there was a hand-over stays.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.choices import DisclosureKind
from customers.models.uploads import NumbersField
from customers.querysets import DisclosureQuerySet
from customers.triggers.erasure import DISCLOSED_NUMBERS_STAY, DISCLOSURE_STAYS
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import TimeOrderedUuid
from locations.history import ClockTimestamp
from locations.models import CustomerBase, Organization
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from mcp.stored_sentences import SentencesField


@personal(
    of="handed__numbers",
    erased=Erasure.STAYS,
    contract="kind at location receiver receiver_name ground fields",
    technical="total",
    keys="source",
    staff="user",
)
class Disclosure(models.Model):
    """Customers of a base were handed over. Only ever added to."""

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+")
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+")
    kind = models.CharField(max_length=10, choices=DisclosureKind)
    at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)
    location = models.CharField(max_length=120, help_text="Its name, as it was then.")
    user_id = models.BigIntegerField(null=True, help_text="Of " + settings.AUTH_USER_MODEL)
    user = models.CharField(max_length=200, help_text="The name, as it was then.")
    receiver = models.PositiveIntegerField(null=True, help_text="The account number of a business.")
    receiver_name = models.CharField(max_length=200)
    ground = SentencesField()
    fields = SentencesField(help_text="What went along of each.")
    source = models.UUIDField(help_text="The export, or the transition.")
    total = models.PositiveIntegerField()

    objects = DisclosureQuerySet.as_manager()

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        default_permissions = ()
        indexes = [models.Index(fields=["base", "source"], name="disclosure_by_source")]
        constraints = [
            RowSecurity(name="disclosure_rows", base="base"),
            KeyWithBase(name="disclosure_key"),
            models.CheckConstraint(condition=Q(kind__in=DisclosureKind.values), name="disclosure_kind_known"),
            models.CheckConstraint(condition=~Q(receiver_name=""), name="disclosure_has_receiver"),
            CompositeForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="disclosure_base_of_organization",
            ),
        ]
        triggers = [DISCLOSURE_STAYS]

    def __str__(self) -> str:
        return f"{self.occasion}: {self.receiver_name}"

    @property
    def occasion(self) -> str:
        """On what occasion it was, in the language of the reader."""
        return f"{self.location}: {self.get_kind_display()}"

    @property
    def shown_receiver(self) -> str:
        return f"{self.receiver_name} ({self.receiver})" if self.receiver else self.receiver_name


@personal(
    bulk="the hand-over itself is in the file",
    erased=Erasure.STAYS,
    emptied="numbers",
    identity="numbers",
    technical="block",
)
class DisclosedNumbers(models.Model):
    """The customer numbers of a block that went along."""

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+")
    disclosure = models.ForeignKey(
        Disclosure,
        models.PROTECT,
        db_constraint=False,  # disclosednumbers_disclosure_in_base refers to the same row and says more
        db_index=False,
        related_name="handed",
    )
    block = models.PositiveIntegerField(help_text="The customer number divided by NUMBERS_OF_A_BLOCK.")
    numbers: Any = NumbersField()

    class Meta:
        verbose_name = _("customer numbers of a hand-over")
        verbose_name_plural = _("customer numbers of hand-overs")
        default_permissions = ()
        constraints = [
            RowSecurity(name="disclosednumbers_rows", base="base"),
            KeyWithBase(name="disclosednumbers_key"),
            models.UniqueConstraint(fields=["base", "block", "disclosure"], name="disclosednumbers_by_block"),
            CompositeForeignKey(
                fields=["base", "disclosure"],
                to="customers.Disclosure",
                to_fields=["base", "id"],
                name="disclosednumbers_disclosure_in_base",
            ),
        ]
        triggers = [DISCLOSED_NUMBERS_STAY]

    def __str__(self) -> str:
        return f"{self.disclosure_id}: {self.numbers}"
