"""An amount is a number, and a day is one of the calendar: for the database NaN is above 0.00, and infinity a day."""

import datetime
from decimal import Decimal

from django.db import migrations, models


def finite(model: str, field: str) -> migrations.AddConstraint:
    """No more than numeric(14,2) holds, which NaN is not: it is above all numbers."""
    condition = models.Q((f"{field}__lte", Decimal("999999999999.99")))
    return migrations.AddConstraint(
        model_name=model, constraint=models.CheckConstraint(condition=condition, name=f"{model}_{field}_finite")
    )


class Migration(migrations.Migration):
    dependencies = [("accounting", "0027_paid_announced_erased")]
    operations = [
        finite("movement", "amount"),
        finite("bankentry", "amount"),
        finite("dunninglevel", "fee"),
        finite("debititem", "charges"),
        finite("invoicerun", "minimum"),
        migrations.AddConstraint(
            model_name="movement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("business_day__range", (datetime.date(1900, 1, 1), datetime.date(9998, 12, 31)))
                ),
                name="movement_day_of_calendar",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentorderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__range", (Decimal("-10000000"), Decimal("10000000"))),
                    ("quantity__range", (Decimal("-999999999.999"), Decimal("999999999.999"))),
                ),
                name="paymentorderline_within_bounds",
            ),
        ),
    ]
