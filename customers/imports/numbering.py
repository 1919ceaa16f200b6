"""Customer numbers for many new customers at once, by the same counter and lock as for a single one."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, NumberCounter
from customers.numbers import locked_counter, take_number
from locations.models import Location

WINDOW = 10_000


def lock_numbers(location: Location) -> None:
    """From here to the end of the transaction nobody else gives or types a number of the location's range."""
    locked_counter(location)


def take_numbers(location: Location, count: int, *, reserved: set[int]) -> list[int]:
    """As many free numbers of the location's range, all but those in `reserved`; the range is locked.

    Raises ValidationError (`number_range_exhausted`) where there are not so many.
    """
    given: list[int] = []
    starts: set[int] = set()
    while len(given) < count:
        start = take_number(location)
        if start in starts:  # the counter has gone once around
            raise exhausted(location)
        starts.add(start)
        window = range(start, min(start + WINDOW, location.last_number + 1))
        given += _free(location, window, reserved | set(given))[: count - len(given)]
        behind = given[-1] + 1 if len(given) == count else window.stop
        NumberCounter.objects.filter(location=location).update(next_number=behind)
    return given


def _free(location: Location, window: range, unavailable: set[int]) -> list[int]:
    customers = Customer.objects.in_base(location.base)
    taken = customers.filter(customer_number__range=(window.start, window.stop - 1))
    unavailable = unavailable.union(taken.values_list("customer_number", flat=True))
    return [number for number in window if number not in unavailable]


def exhausted(location: Location) -> ValidationError:
    return ValidationError(
        _(
            "The number range of %(location)s (%(first)s to %(last)s) is used up. "
            "Have the central give the location a larger number range."
        ),
        code="number_range_exhausted",
        params={"location": location, "first": location.first_number, "last": location.last_number},
    )
