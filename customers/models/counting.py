"""What the database counts and the next numbers to give."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.querysets import CustomerCountQuerySet
from locations.models import CustomerBase, Location


class CustomerCount(models.Model):
    """Steps by which the number of a base's customers changed; their sum is the number. A task adds them up."""

    base = models.ForeignKey(CustomerBase, models.CASCADE, related_name="+")
    active = models.BigIntegerField()
    archived = models.BigIntegerField()

    objects = CustomerCountQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer count")
        verbose_name_plural = _("customer counts")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.base}: {self.active} + {self.archived}"


class NumberCounter(models.Model):
    """The next customer number that a location tries to give. Its row lock makes registrations take turns."""

    location = models.OneToOneField(Location, models.CASCADE, primary_key=True, related_name="number_counter")
    next_number = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("number counter")
        verbose_name_plural = _("number counters")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.location}: {self.next_number}"
