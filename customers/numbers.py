"""Which customer number a new customer gets.

A location gives numbers from its number range. One row for each location holds the next number; its lock makes
concurrent registrations take turns, so no two of them ever try the same number. Gaps are allowed.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from customers.models import NumberCounter
from locations.models import Location

# The first number at or behind `start` that no customer has: `start` itself, or the end of the run that begins
# there. The run is walked on the unique index, and the counter then stands behind it for good.
_NEXT_FREE = """
    SELECT CASE WHEN NOT EXISTS (
        SELECT FROM customers_customer WHERE base_id = %(base)s AND customer_number = %(start)s
    ) THEN %(start)s ELSE (
        SELECT taken.customer_number + 1 FROM customers_customer AS taken
        WHERE taken.base_id = %(base)s AND taken.customer_number >= %(start)s
          AND NOT EXISTS (
              SELECT FROM customers_customer AS follower
              WHERE follower.base_id = %(base)s AND follower.customer_number = taken.customer_number + 1
          )
        ORDER BY taken.customer_number LIMIT 1
    ) END
"""


def take_number(location: Location) -> int:
    """The next free number of the location's range, locked for this transaction.

    Raises ValidationError (code `number_range_exhausted`) where the range holds no free number any more.
    """
    counter = locked_counter(location)
    location = counter.location
    for start in (counter.next_number, location.first_number):
        start = min(max(start, location.first_number), location.last_number + 1)
        number = _next_free(location, start) if start <= location.last_number else start
        if number <= location.last_number:
            counter.next_number = number + 1
            counter.save(update_fields=["next_number"])
            return number
    raise ValidationError(
        _(
            "The number range of %(location)s (%(first)s to %(last)s) is used up. "
            "Have the central give the location a larger number range."
        ),
        code="number_range_exhausted",
        params=_range(location),
    )


def check_number(number: int, location: Location) -> None:
    """Refuse a number that is not in the location's range, naming the range (code `number_out_of_range`).

    Takes the same lock as `take_number`, so that a typed number and a given one cannot meet.
    """
    location = locked_counter(location).location
    if not location.first_number <= number <= location.last_number:
        raise ValidationError(
            _(
                "Customer number %(number)s is outside the number range of %(location)s (%(first)s to %(last)s). "
                "Leave the field empty to get the next free number."
            ),
            code="number_out_of_range",
            params={"number": number, **_range(location)},
        )


def begin_behind(number: int, location: Location) -> None:
    """Give numbers above `number` from now on, as those up to it are expected from elsewhere."""
    counter = locked_counter(location)
    counter.next_number = max(counter.next_number, number + 1)
    counter.save(update_fields=["next_number"])


def _range(location: Location) -> dict[str, object]:
    return {"location": location, "first": location.first_number, "last": location.last_number}


def locked_counter(location: Location) -> NumberCounter:
    """The location's counter; to the end of the transaction nobody else gives or types a number of its range."""
    first = NumberCounter(
        organization_id=location.organization_id, location=location, next_number=location.first_number
    )
    NumberCounter.objects.bulk_create([first], ignore_conflicts=True)
    # The location is read anew: its range may have been changed since the request began.
    return NumberCounter.objects.select_for_update(of=("self",)).select_related("location").get(location=location)


def _next_free(location: Location, start: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_FREE, {"base": location.base_id, "start": start})
        row = cursor.fetchone()
    return int(row[0])
