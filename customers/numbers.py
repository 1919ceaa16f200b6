"""Which customer number a new customer gets.

A location gives numbers from its number range. One row for each location holds the next number; its lock makes
concurrent registrations take turns, so no two of them ever try the same number. Gaps are allowed. What an import has
reserved (see customers/imports/reserved_numbers.py) is stepped over as if it were taken.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext_lazy

from customers.models import NumberCounter
from locations.models import Location

# The first number at or behind `start` that no customer has: `start` itself, or the end of the run that begins
# there. The run is walked on the unique index, and the counter then stands behind it for good.
RESERVED = """FROM customers_importprogress p
    JOIN customers_importupload u ON u.base_id = p.base_id AND u.id = p.file_id AND u.state = 'applying'
    WHERE p.base_id = %(base)s AND p.reserved IS NOT NULL"""
"""The reservations `p` of a base that hold: those of imports that are being applied."""
_NEXT_FREE = f"""
    SELECT number, (
        SELECT max(upper(part)) FROM (SELECT unnest(p.reserved) AS part {RESERVED} AND p.reserved @> number) AS parts
        WHERE part @> number
    ) FROM (SELECT CASE WHEN NOT EXISTS (
        SELECT FROM customers_customer WHERE base_id = %(base)s AND customer_number = %(start)s
    ) THEN %(start)s ELSE (
        SELECT taken.customer_number + 1 FROM customers_customer AS taken
        WHERE taken.base_id = %(base)s AND taken.customer_number >= %(start)s
          AND NOT EXISTS (
              SELECT FROM customers_customer AS follower
              WHERE follower.base_id = %(base)s AND follower.customer_number = taken.customer_number + 1
          )
        ORDER BY taken.customer_number LIMIT 1
    ) END AS number) AS free
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
        gettext_lazy(
            "The number range of %(location)s (%(first)s to %(last)s) is used up. "
            "Have the central give the location a larger number range."
        ),
        code="number_range_exhausted",
        params=_range(location),
    )


def check_number(number: int, location: Location) -> None:
    """Refuse a number that is not in the location's range, naming the range (code `number_out_of_range`).

    Also one that an import has reserved which is being written (`number_reserved`).

    Takes the same lock as `take_number`, so that a typed number and a given one cannot meet.
    """
    location = locked_counter(location).location
    if not location.first_number <= number <= location.last_number:
        raise ValidationError(
            gettext_lazy(
                "Customer number %(number)s is outside the number range of %(location)s (%(first)s to %(last)s). "
                "Leave the field empty to get the next free number."
            ),
            code="number_out_of_range",
            params={"number": number, **_range(location)},
        )
    if _is_reserved(location, number):
        raise ValidationError(
            gettext_lazy(
                "Customer number %(number)s belongs to an import that is being written at this moment. "
                "Leave the field empty to get another one, or wait until that is done."
            ),
            code="number_reserved",
            params={"number": number},
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
    """The first number at or behind `start` that nobody has and nobody has reserved; perhaps behind the range."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_NEXT_FREE, {"base": location.base_id, "start": start})
            number, behind = cursor.fetchone()
            if behind is None or number > location.last_number:
                return int(number)
            start = behind


def _is_reserved(location: Location, number: int) -> bool:
    with connection.cursor() as cursor:
        sql = f"SELECT EXISTS (SELECT {RESERVED} AND p.reserved @> %(number)s::int)"
        cursor.execute(sql, {"base": location.base_id, "number": number})
        return bool(cursor.fetchone()[0])
