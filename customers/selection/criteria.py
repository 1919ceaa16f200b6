"""By what the list of customers can be narrowed. Each criterion offers only what exists for the scope."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.dates import MONTHS
from django.utils.functional import Promise
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from customers.choices import BIRTHDAY_VAR, REGISTERED_VAR, TRANSFER, WINDOWS, ConsentState
from customers.figures.trends import month_before
from customers.models import ConsentPurpose, CustomerGroup, Tag
from customers.querysets import CustomerQuerySet
from locations.models import Location
from mcp.isolation.guards import guard, nothing
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences, stored_sentence

MOST_LOCATIONS = 200
ARCHIVED_VAR = "archived"
STANDING = stored_sentence("consent_standing", "%(purpose)s: %(said)s")

type Choice = tuple[str, str | Promise]
"""What stands in the address, and its words."""


class NoSuchChoice(Exception):
    """A value that does not exist in the scope, whether or not it exists elsewhere."""


@dataclass(frozen=True)
class Asker:
    """The scope for which a selection is, and the day from which "the next 7 days" and "this month" count.

    The worker makes a file later than it was asked for, perhaps on the next day.
    """

    scope: Scope
    today: date

    @classmethod
    def now(cls, scope: Scope) -> Asker:
        return cls(scope, timezone.localdate())


class Criterion:
    """A choice among what exists for the scope. Anything else is refused, whether or not it exists."""

    name: ClassVar[str]
    """As it stands in the address."""
    title: ClassVar[Promise]

    def choices(self, asker: Asker) -> Sequence[Choice]:
        raise NotImplementedError(f"{type(self).__name__} offers nothing")

    @guard(off=nothing)
    def demand(self, value: str, asker: Asker) -> None:
        """Raise NoSuchChoice for a value that is not offered."""
        if value not in {key for key, _label in self.choices(asker)}:
            raise NoSuchChoice(self.name)

    def narrowed(self, customers: CustomerQuerySet, value: str, asker: Asker) -> CustomerQuerySet:
        """The customers that match an offered value. Not implemented here, so that a criterion without it fails."""
        raise NotImplementedError(f"{type(self).__name__} narrows nothing")

    def unless_asked(self, customers: CustomerQuerySet) -> CustomerQuerySet:
        """The customers that are shown where no value is chosen."""
        return customers

    def told(self, value: str, asker: Asker) -> str | Promise | Sentences | date | None:
        """The value as a parameter of a sentence that is stored, and read by others in their language."""
        return dict(self.choices(asker)).get(value, value)


class GroupCriterion(Criterion):
    name, title = "group", _("customer group")

    def choices(self, asker: Asker) -> list[Choice]:
        groups = CustomerGroup.objects.in_base(asker.scope.base)
        return [(str(pk), name) for pk, name in groups.values_list("pk", "name")]

    def narrowed(self, customers: CustomerQuerySet, value: str, asker: Asker) -> CustomerQuerySet:
        return customers.filter(customer_group=int(value))


class HomeCriterion(Criterion):
    """Where the customer was registered: the own location first, then up to MOST_LOCATIONS others on the base."""

    name, title = "home", _("registered at")

    def choices(self, asker: Asker) -> list[Choice]:
        own = asker.scope.location
        others = Location.objects.on_base(own.base).exclude(pk=own.pk).order_by("client_number")
        named = [(str(pk), name) for pk, name in others.values_list("pk", "name")[:MOST_LOCATIONS]]
        return [(str(own.pk), own.name), *named]

    def narrowed(self, customers: CustomerQuerySet, value: str, asker: Asker) -> CustomerQuerySet:
        return customers.filter(home_location=int(value))


class TagCriterion(Criterion):
    name, title = "tag", _("tag")

    def choices(self, asker: Asker) -> list[Choice]:
        return [(name, name) for name in Tag.objects.in_base(asker.scope.base).values_list("name", flat=True)]

    def narrowed(self, customers: CustomerQuerySet, value: str, asker: Asker) -> CustomerQuerySet:
        return customers.tagged(value)


class ConsentCriterion(Criterion):
    """A purpose and where the customer stands with it: `newsletter.given`."""

    name, title = "consent", _("consent")

    def choices(self, asker: Asker) -> list[Choice]:
        return [(value, str(told)) for value, told in self._standings(asker).items()]

    def narrowed(self, customers: CustomerQuerySet, value: str, asker: Asker) -> CustomerQuerySet:
        purpose, _dot, said = value.rpartition(".")
        return customers.with_consent(purpose, ConsentState(said))

    def told(self, value: str, asker: Asker) -> Sentences:
        return self._standings(asker)[value]

    @staticmethod
    def _standings(asker: Asker) -> dict[str, Sentences]:
        return {
            f"{purpose.code}.{said}": STANDING(purpose=purpose.title, said=said.label)
            for purpose in ConsentPurpose.objects.of_organization(asker.scope.organization)
            for said in ConsentState
            if said != ConsentState.CERTAIN or purpose.code == TRANSFER
        }


class BirthdayCriterion(Criterion):
    """Who celebrates in the next days, or in a month, whose number then stands in the address."""

    name, title = BIRTHDAY_VAR, _("birthday")

    def choices(self, asker: Asker) -> list[Choice]:
        windows: list[Choice] = [(name, words) for name, (words, _days) in WINDOWS.items()]
        return windows + [(str(number), name) for number, name in MONTHS.items()]

    def narrowed(self, customers: CustomerQuerySet, value: str, asker: Asker) -> CustomerQuerySet:
        if value in WINDOWS:
            return customers.with_birthday_within(asker.today, WINDOWS[value][1])
        return customers.with_birthday_in(int(value))


class RegisteredCriterion(Criterion):
    """Who is new: in this month, or in the one before."""

    name, title = REGISTERED_VAR, _("registered in")

    def choices(self, asker: Asker) -> list[Choice]:
        return [("this_month", _("this month")), ("last_month", _("last month"))]

    def narrowed(self, customers: CustomerQuerySet, value: str, asker: Asker) -> CustomerQuerySet:
        this_month = asker.today.replace(day=1)
        if value == "this_month":
            return customers.registered_since(this_month)
        return customers.registered_since(month_before(this_month), until=this_month)


class ChangedSinceCriterion(Criterion):
    """Customers changed on a day or later; the day stands in the address as 2026-11-23."""

    name, title = "changed_since", _("changed since")

    def choices(self, asker: Asker) -> list[Choice]:
        return []

    def demand(self, value: str, asker: Asker) -> None:
        if _day(value) is None:
            raise NoSuchChoice(self.name)

    def narrowed(self, customers: CustomerQuerySet, value: str, asker: Asker) -> CustomerQuerySet:
        day = _day(value)
        return customers if day is None else customers.changed_since(day)

    def told(self, value: str, asker: Asker) -> date | None:
        return _day(value)


def _day(value: str) -> date | None:
    try:
        return parse_date(value)
    except ValueError:
        return None


class MarkCriterion(Criterion):
    """Yes or no: whether a mark is set."""

    field: ClassVar[str]

    def choices(self, asker: Asker) -> list[Choice]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def narrowed(self, customers: CustomerQuerySet, value: str, asker: Asker) -> CustomerQuerySet:
        return customers.filter(**{self.field: value == "yes"})


class FavouriteCriterion(MarkCriterion):
    name, title, field = "favourite", _("favourite"), "is_favourite"


class BlockedCriterion(MarkCriterion):
    name, title, field = "blocked", _("blocked"), "is_blocked"


class ArchivedCriterion(Criterion):
    """Archived customers are hidden unless asked for."""

    name, title = ARCHIVED_VAR, _("archived")
    _ROWS: ClassVar[dict[str, Callable[[CustomerQuerySet], CustomerQuerySet]]] = {
        "yes": CustomerQuerySet.archived,
        "all": CustomerQuerySet.all,
    }

    def choices(self, asker: Asker) -> list[Choice]:
        return [("yes", _("Only archived")), ("all", _("All"))]

    def narrowed(self, customers: CustomerQuerySet, value: str, asker: Asker) -> CustomerQuerySet:
        return self._ROWS[value](customers)

    def unless_asked(self, customers: CustomerQuerySet) -> CustomerQuerySet:
        return customers.active()


CRITERIA: dict[str, Criterion] = {
    criterion.name: criterion
    for criterion in (
        GroupCriterion(),
        HomeCriterion(),
        TagCriterion(),
        ConsentCriterion(),
        BirthdayCriterion(),
        RegisteredCriterion(),
        ChangedSinceCriterion(),
        FavouriteCriterion(),
        BlockedCriterion(),
        ArchivedCriterion(),
    )
}
"""By their names in the address, in the order in which the list shows them."""


def title_of(name: str) -> str:
    """The title of a criterion, or of another part of the address of the list, such as the search."""
    beside: dict[str, str | Promise] = {"q": _text("Search"), "o": _text("Order")}
    return str(CRITERIA[name].title) if name in CRITERIA else str(beside.get(name, name))
