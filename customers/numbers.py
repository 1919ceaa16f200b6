"""Which customer numbers new customers get: one or many, at the counter, by an import, in a demo.

A location gives numbers from its number range. One row for each location holds the next number; its lock makes all who
give numbers of the range take turns, so no two of them ever try the same one. Gaps are allowed. From the next number on
those are given that are free: that no customer has, no import has reserved which is being applied (see
customers/imports/reserved_numbers.py), and the file that they are for does not bring itself. Behind the end of the
range it goes on at its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, CustomerCount, NumberCounter
from locations.models import Location

_RESERVED = """FROM customers_importprogress p
    JOIN customers_importupload u ON u.base_id = p.base_id AND u.id = p.file_id AND u.state = 'applying'
    WHERE p.base_id = %(base)s AND p.reserved IS NOT NULL"""
"""The reservations `p` of a base that hold: those of imports that are being applied."""

_BROUGHT = """- coalesce((
            SELECT range_agg(int4range(r.customer_number, r.customer_number + 1)) FROM customers_import_rows r
            WHERE r.upload = %(file)s AND r.customer_number >= lower(span) AND r.customer_number < upper(span)
        ), '{}')"""


def _free_ones(brought: str) -> str:
    """SQL: where a stretch of %(length)s numbers begins, and the ranges in it that are free.

    The stretch begins with the first number at or behind %(start)s that no customer has. It is %(start)s itself, or
    follows the run of taken numbers that begins there, which is read on the unique index. Taken and reserved numbers
    are subtracted as ranges.
    """
    return f"""
    WITH free AS MATERIALIZED (
        SELECT CASE WHEN NOT EXISTS (
            SELECT FROM customers_customer WHERE base_id = %(base)s AND customer_number = %(start)s
        ) THEN %(start)s::int ELSE (
            SELECT taken.customer_number + 1 FROM customers_customer AS taken
            WHERE taken.base_id = %(base)s AND taken.customer_number >= %(start)s
              AND NOT EXISTS (
                  SELECT FROM customers_customer AS follower
                  WHERE follower.base_id = %(base)s AND follower.customer_number = taken.customer_number + 1
              )
            ORDER BY taken.customer_number LIMIT 1
        ) END AS number
    ), stretch AS MATERIALIZED (
        SELECT number, int4range(number, greatest(number, least(number + %(length)s, %(end)s))) AS span FROM free
    )
    SELECT number, lower(part), upper(part) FROM stretch LEFT JOIN LATERAL unnest(
        int4multirange(span)
        - coalesce((
            SELECT range_agg(int4range(c.customer_number, c.customer_number + 1)) FROM customers_customer c
            WHERE c.base_id = %(base)s AND c.customer_number >= lower(span) AND c.customer_number < upper(span)
        ), '{{}}')
        - coalesce((SELECT range_agg(p.reserved * int4multirange(span)) {_RESERVED}), '{{}}')
        {brought}
    ) AS part ON true ORDER BY 2 LIMIT %(count)s"""


_OF_NO_FILE, _OF_A_FILE = _free_ones(""), _free_ones(_BROUGHT)
_SPARE, _LONGER = 1_000, 8
"""A first stretch is so much longer than what is wanted, unless that is one; each further one so many times longer."""
LOOKED_AT = 50_000
"""Beside those that are wanted, so many of the next numbers are read to say that there are enough free ones."""
FEW = 1_000
"""Where not even so many are found, the range is nearly full, and people have to know how many are left."""


class SwitchedMeanwhile(ValidationError):
    """The location works with another customer base since the request began."""

    def __init__(self, location: Location) -> None:
        super().__init__(
            _(
                "%(location)s works with another customer base since you have opened this page. Nothing was saved: "
                "open the page anew and do it there."
            ),
            code="switched_meanwhile",
            params={"location": location},
        )


def take_number(location: Location) -> int:
    """The next free number of the location's range, locked for this transaction.

    Raises ValidationError (code `number_range_exhausted`) where the range holds no free number any more.
    """
    return take_numbers(location, 1)[0]


def take_numbers(location: Location, count: int, *, brought_by: UUID | None = None) -> list[int]:
    """The next free numbers of the location's range, which is locked for this transaction.

    Those that the rows of the import `brought_by` bring along are not among them. They ascend, but for where they go on
    at the beginning of the range. Raises ValidationError (`number_range_exhausted`) where there are not so many.
    """
    counter = locked_counter(location)
    location = counter.location
    first, last = location.first_number, location.last_number
    start = min(max(counter.next_number, first), last + 1)
    found = _free(location, start, last, count, brought_by)
    if len(found) < count:
        found += _free(location, first, start - 1, count - len(found), brought_by)
    if len(found) < count:
        raise exhausted(location)
    if found:
        counter.next_number = found[-1] + 1
        counter.save(update_fields=["next_number"])
    return found


def free_numbers(location: Location) -> int:
    """How many numbers of the location's range no customer has. Those that an import has reserved are among them.

    It reads an entry of an index for each number that is taken: a page asks `surely_free_numbers`.
    """
    return _untaken(location, location.first_number, location.last_number)


@dataclass(frozen=True)
class FreeNumbers:
    """How many numbers of a location are free, or at least how many."""

    count: int
    is_exact: bool


def surely_free_numbers(location: Location, *, wanted: int = FEW) -> FreeNumbers:
    """At least how many numbers are free; exactly how many where it is all, or fewer than `wanted` are found at once.

    Found at once are so many as the range is larger than the whole base has customers, whatever their numbers. Else
    those among the numbers that are given next, of which LOOKED_AT more than `wanted` are read.
    """
    first, last = location.first_number, location.last_number
    size, length = last - first + 1, wanted + LOOKED_AT
    if size > length:
        surely = size - sum(CustomerCount.objects.in_base(location.base).totals())
        if surely < wanted:
            counter = NumberCounter.objects.filter(location=location).values_list("next_number", flat=True).first()
            start = min(max(counter or first, first), last - length + 1)
            surely = _untaken(location, start, start + length - 1)
        if surely >= wanted:
            return FreeNumbers(surely, is_exact=surely == size)
    return FreeNumbers(free_numbers(location), is_exact=True)


def _untaken(location: Location, first: int, last: int) -> int:
    """How many of these numbers no customer of the location's base has."""
    taken = Customer.objects.in_base(location.base).filter(customer_number__range=(first, last))
    return last - first + 1 - taken.count()


def check_number(number: int, location: Location) -> None:
    """Raise ValidationError for a number that a customer of the location cannot be given by hand.

    It is outside the range (`number_out_of_range`), or an import has reserved it (`number_reserved`). Takes the same
    lock as `take_number`, so that the same number cannot be typed and given at once.
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
    if _is_reserved(location, number):
        raise ValidationError(
            _(
                "Customer number %(number)s belongs to an import that is being written at this moment. "
                "Leave the field empty to get another one, or wait until that is done."
            ),
            code="number_reserved",
            params={"number": number},
        )


def begin_behind(number: int, location: Location) -> None:
    """Give only numbers above `number` from now on, since those up to it will come from elsewhere."""
    counter = locked_counter(location)
    counter.next_number = max(counter.next_number, number + 1)
    counter.save(update_fields=["next_number"])


def _range(location: Location) -> dict[str, object]:
    return {"location": location, "first": location.first_number, "last": location.last_number}


def exhausted(location: Location) -> ValidationError:
    """The refusal where the range of a location has no free number any more."""
    return ValidationError(
        _(
            "The number range of %(location)s (%(first)s to %(last)s) is used up. "
            "Have the central give the location a larger number range."
        ),
        code="number_range_exhausted",
        params=_range(location),
    )


def locked_counter(location: Location) -> NumberCounter:
    """The location's counter; to the end of the transaction nobody else gives or types a number of its range.

    Raises SwitchedMeanwhile.
    """
    first = NumberCounter(
        organization_id=location.organization_id, location=location, next_number=location.first_number
    )
    NumberCounter.objects.bulk_create([first], ignore_conflicts=True)
    # The location is read anew: its range may have been changed since the request began.
    counter = NumberCounter.objects.select_for_update(of=("self",)).select_related("location").get(location=location)
    if counter.location.base_id != location.base_id:
        raise SwitchedMeanwhile(counter.location)
    return counter


def _free(location: Location, start: int, last: int, count: int, brought_by: UUID | None) -> list[int]:
    """Up to `count` numbers from `start` to `last` that nobody has or gets, in ascending order.

    Looked for in stretches, each longer than the one before: a range holds millions, of which most are not asked for.
    """
    found: list[int] = []
    length = count + _SPARE if count > 1 else count
    params: dict[str, int | UUID | None] = {"base": location.base_id, "end": last + 1, "file": brought_by}
    with connection.cursor() as cursor:
        while start <= last and len(found) < count:
            wanted: dict[str, int | UUID | None] = {"start": start, "length": length, "count": count - len(found)}
            cursor.execute(_OF_A_FILE if brought_by else _OF_NO_FILE, params | wanted)
            parts = cursor.fetchall()
            for _number, lower, upper in parts:
                if lower is not None:
                    found += range(lower, min(upper, lower + count - len(found)))
            start, length = parts[0][0] + length, length * _LONGER
    return found


def _is_reserved(location: Location, number: int) -> bool:
    with connection.cursor() as cursor:
        sql = f"SELECT EXISTS (SELECT {_RESERVED} AND p.reserved @> %(number)s::int)"
        cursor.execute(sql, {"base": location.base_id, "number": number})
        return bool(cursor.fetchone()[0])
