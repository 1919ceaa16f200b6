"""The filters of the customer list. Each offers only what exists for the scope."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms
from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RadioFilter
from unfold.contrib.filters.forms import HorizontalRadioForm
from unfold.widgets import UnfoldAdminTextInputWidget

from customers.choices import BIRTHDAY_VAR, REGISTERED_VAR, TRANSFER, WINDOWS, ConsentState
from customers.figures.trends import month_before
from customers.models import ConsentPurpose, CustomerGroup, Tag
from customers.querysets import CustomerQuerySet
from locations.models import Location
from mcp.console.filters import ChosenFilter
from mcp.console.site import scope_of
from mcp.stored_sentences import Sentences, stored_sentence

MOST_LOCATIONS = 200
STANDING = stored_sentence("consent_standing", "%(purpose)s: %(said)s")


def today_of(request: HttpRequest) -> date:
    """The day on which somebody has asked; the worker makes his file later, perhaps on the next one."""
    day: date | None = getattr(request, "asked_on", None)
    return day or timezone.localdate()


class GroupFilter(ChosenFilter):
    title = _("customer group")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        groups = CustomerGroup.objects.in_base(scope_of(request).base)
        return [(str(pk), name) for pk, name in groups.values_list("pk", "name")]

    def narrowed(self, customers: CustomerQuerySet, value: str) -> CustomerQuerySet:
        return customers.filter(customer_group=int(value))


class HomeFilter(ChosenFilter):
    """Where the customer was registered: the own location first, then up to MOST_LOCATIONS others on the base."""

    title = _("registered at")
    parameter_name = "home"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        own = scope_of(request).location
        others = Location.objects.on_base(own.base).exclude(pk=own.pk).order_by("client_number")
        named = [(str(pk), name) for pk, name in others.values_list("pk", "name")[:MOST_LOCATIONS]]
        return [(str(own.pk), own.name), *named]

    def narrowed(self, customers: CustomerQuerySet, value: str) -> CustomerQuerySet:
        return customers.filter(home_location=int(value))


class TagFilter(ChosenFilter):
    title = _("tag")
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in Tag.objects.in_base(scope_of(request).base).values_list("name", flat=True)]

    def narrowed(self, customers: CustomerQuerySet, value: str) -> CustomerQuerySet:
        return customers.tagged(value)


class ConsentFilter(ChosenFilter):
    """A purpose and where the customer stands with it: `newsletter.given`."""

    title = _("consent")
    parameter_name = "consent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.standing = {
            f"{purpose.code}.{said}": STANDING(purpose=purpose.title, said=said.label)
            for purpose in ConsentPurpose.objects.of_organization(scope_of(request).organization)
            for said in ConsentState
            if said != ConsentState.CERTAIN or purpose.code == TRANSFER
        }
        return [(value, str(told)) for value, told in self.standing.items()]

    def narrowed(self, customers: CustomerQuerySet, value: str) -> CustomerQuerySet:
        purpose, _dot, said = value.rpartition(".")
        return customers.with_consent(purpose, ConsentState(said))

    def told(self, value: str) -> Sentences:
        return self.standing[value]


class BirthdayFilter(ChosenFilter):
    """Who celebrates in the next days, or in a month, whose number then stands in the address."""

    title = _("birthday")
    parameter_name = BIRTHDAY_VAR

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        self.today = today_of(request)
        super().__init__(request, *args)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        windows = [(name, words) for name, (words, _days) in WINDOWS.items()]
        return windows + [(str(number), name) for number, name in MONTHS.items()]

    def narrowed(self, customers: CustomerQuerySet, value: str) -> CustomerQuerySet:
        if value in WINDOWS:
            return customers.with_birthday_within(self.today, WINDOWS[value][1])
        return customers.with_birthday_in(int(value))


class RegisteredFilter(ChosenFilter):
    """Who is new: in this month, or in the one before."""

    title = _("registered in")
    parameter_name = REGISTERED_VAR

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        self.today = today_of(request)
        super().__init__(request, *args)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("this_month", _("this month")), ("last_month", _("last month"))]

    def narrowed(self, customers: CustomerQuerySet, value: str) -> CustomerQuerySet:
        this_month = self.today.replace(day=1)
        if value == "this_month":
            return customers.registered_since(this_month)
        return customers.registered_since(month_before(this_month), until=this_month)


class DateForm(forms.Form):
    """One date, entered as the browser enters dates."""

    def __init__(self, *, name: str, label: Any, data: dict[str, str | None]) -> None:
        super().__init__(data)
        widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})
        self.fields[name] = forms.CharField(label=label, required=False, widget=widget)


class ChangedSinceFilter(DropdownFilter):
    """Customers changed on a day or later; the day stands in the address as 2026-11-23."""

    title = _("changed since")
    parameter_name = "changed_since"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: CustomerQuerySet) -> CustomerQuerySet:
        value = self.value()
        if not value:
            return queryset
        try:
            day = parse_date(value)
        except ValueError:
            day = None
        if day is None:
            raise IncorrectLookupParameters
        return queryset.changed_since(day)

    def told(self, value: str) -> date | None:
        return parse_date(value)

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        label = _("Changed since")
        yield {"form": DateForm(name=self.parameter_name, label=label, data={self.parameter_name: self.value()})}


class MarkFilter(RadioFilter):
    """Yes or no: whether a mark is set."""

    form_class = HorizontalRadioForm
    field: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: CustomerQuerySet) -> CustomerQuerySet:
        value = self.value()
        if not value:
            return queryset
        if value not in {"yes", "no"}:
            raise IncorrectLookupParameters
        return queryset.filter(**{self.field: value == "yes"})


class FavouriteFilter(MarkFilter):
    title = _("favourite")
    parameter_name = "favourite"
    field = "is_favourite"


class BlockedFilter(MarkFilter):
    title = _("blocked")
    parameter_name = "blocked"
    field = "is_blocked"


class ArchivedFilter(RadioFilter):
    """Archived customers are hidden unless asked for."""

    title = _("archived")
    parameter_name = "archived"
    form_class = HorizontalRadioForm
    all_option = ["", _("Hidden")]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Only archived")), ("all", _("All"))]

    def queryset(self, request: HttpRequest, queryset: CustomerQuerySet) -> CustomerQuerySet:
        match self.value():
            case None | "":
                return queryset.active()
            case "yes":
                return queryset.archived()
            case "all":
                return queryset
            case _:
                raise IncorrectLookupParameters


FILTERS = (
    GroupFilter,
    HomeFilter,
    TagFilter,
    ConsentFilter,
    BirthdayFilter,
    RegisteredFilter,
    ChangedSinceFilter,
    FavouriteFilter,
    BlockedFilter,
    ArchivedFilter,
)
