"""What the database counts and the next numbers to give."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.count_querysets import CustomerCountQuerySet, CustomerGroupCountQuerySet, CustomerMonthQuerySet
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.models import CustomerBase, Location, Organization
from locations.personal import personal
from locations.row_policies import RowSecurity


@personal(technical="active archived")
class CustomerCount(models.Model):
    """Increments of the number of customers registered at a location, or (empty) at none.

    The sum over a location is the number of customers registered there, the sum over a base the number of its
    customers. A task adds the rows up.
    """

    organization = models.ForeignKey(
        Organization, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    base = models.ForeignKey(
        CustomerBase,
        models.CASCADE,
        db_constraint=False,  # customercount_base_of_organization refers to the same row and says more
        db_index=False,
        related_name="+",
    )
    home_location = models.ForeignKey(
        Location,
        models.CASCADE,
        null=True,
        db_constraint=False,  # customercount_home_of_organization refers to the same row and says more
        db_index=False,
        related_name="+",
    )
    active = models.BigIntegerField()
    archived = models.BigIntegerField()

    objects = CustomerCountQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer count")
        verbose_name_plural = _("customer counts")
        default_permissions = ()
        indexes = [models.Index(fields=["base", "home_location"], name="customercount_of_base")]
        constraints = [
            RowSecurity(name="customercount_rows", base="base"),
            KeyWithBase(name="customercount_key"),
            CompositeForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="customercount_base_of_organization",
            ),
            # Over the business and not over the base, as at the customers: a location can come to work with another
            # base, and those whom it has registered stay in the one in which they are.
            CompositeForeignKey(
                fields=["organization", "home_location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="customercount_home_of_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.base}, {self.home_location}: {self.active} + {self.archived}"


@personal(technical="active archived", keys="customer_group_id")
class CustomerGroupCount(models.Model):
    """Increments, as above, of the number of customers in a customer group, or (empty) in none.

    The table is separate: together with locations there would be as many sums as groups times locations, and the number
    of all customers, which each list needs, would be added up from all of them.
    """

    base = models.ForeignKey(CustomerBase, models.CASCADE, db_index=False, related_name="+")
    # No reference: a group that nobody has may be deleted, and its steps come to nothing then. A reference would have
    # whoever deletes it wait for whoever adds up. That the group is of this base the customers' own reference says.
    customer_group_id = models.BigIntegerField(null=True)
    active = models.BigIntegerField()
    archived = models.BigIntegerField()

    objects = CustomerGroupCountQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer count of a customer group")
        verbose_name_plural = _("customer counts of customer groups")
        default_permissions = ()
        indexes = [models.Index(fields=["base", "customer_group_id"], name="customergroupcount_of_base")]
        constraints = [
            RowSecurity(name="customergroupcount_rows", base="base"),
            KeyWithBase(name="customergroupcount_key"),
        ]

    def __str__(self) -> str:
        return f"{self.base}, {self.customer_group_id}: {self.active} + {self.archived}"


@personal(technical="month registered archived given withdrawn")
class CustomerMonth(models.Model):
    """Increments of what happened in a month; their sums are the figures. A task adds the rows up.

    Months are those of TIME_ZONE. Registered and archived count customers who are so now: one who is restored does not
    count as archived any more, and one whom an undone import removes was never registered. Consents count statements,
    in the month in which they were made; statements to another business do not count.
    """

    base = models.ForeignKey(CustomerBase, models.CASCADE, db_index=False, related_name="+")
    month = models.DateField(help_text="Its first day.")
    registered = models.BigIntegerField()
    archived = models.BigIntegerField()
    given = models.BigIntegerField()
    withdrawn = models.BigIntegerField()

    objects = CustomerMonthQuerySet.as_manager()

    class Meta:
        verbose_name = _("figures of a month")
        verbose_name_plural = _("figures of months")
        default_permissions = ()
        indexes = [models.Index(fields=["base", "month"], name="customermonth_of_base")]
        constraints = [
            RowSecurity(name="customermonth_rows", base="base"),
            KeyWithBase(name="customermonth_key"),
        ]

    def __str__(self) -> str:
        return f"{self.base}: {self.month:%Y-%m}"


@personal(technical="next_number")
class NumberCounter(models.Model):
    """The next customer number that a location tries to give. Its row lock makes registrations take turns."""

    organization = models.ForeignKey(Organization, models.CASCADE, db_index=False, related_name="+")
    location = models.OneToOneField(
        Location,
        models.CASCADE,
        primary_key=True,
        db_constraint=False,  # numbercounter_location_of_organization refers to the same row and says more
        related_name="number_counter",
    )
    next_number = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("number counter")
        verbose_name_plural = _("number counters")
        default_permissions = ()
        constraints = [
            RowSecurity(name="numbercounter_rows", organization="organization"),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="numbercounter_location_of_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.location}: {self.next_number}"
