"""The columns of the customer list. Each that can be sorted by says by which indexed column."""

from __future__ import annotations

from datetime import datetime

from django.contrib import admin
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from customers.birthdays import birthday_of
from customers.models import Customer

COLUMNS = (
    "number", "name", "town", "phone", "email_address", "group", "marks", "registered", "changed",
)  # fmt: skip


WITH_BIRTHDAY = ("number", "name", "celebrates", *COLUMNS[2:-1])
"""Where one has asked about birthdays; there is no room for all of them."""

SHOWS = {"phone": "mobile", "email_address": "email"}
"""Columns of the list that show a field which some may not see."""


class CustomerColumns:
    """Mixin of the customers' ModelAdmin: one method for each column."""

    @admin.display(description=_("number"), ordering="customer_number")
    def number(self, customer: Customer) -> int:
        return customer.customer_number

    @admin.display(description=_("name"), ordering="sort_name")
    def name(self, customer: Customer) -> SafeString:
        """The name of the person with the company below, or the one of the two that is given."""
        below = customer.company if customer.display_name != customer.company else ""
        return _two_lines(customer.display_name, below)

    @admin.display(description=_("city"), ordering="city")
    def town(self, customer: Customer) -> str:
        return customer.city

    @admin.display(description=_("phone"))
    def phone(self, customer: Customer) -> SafeString:
        return format_html('<span class="customer-phone">{}</span>', customer.display_phone)

    @admin.display(description=_("e-mail"))
    def email_address(self, customer: Customer) -> SafeString:
        return format_html('<span class="customer-email" title="{0}">{0}</span>', customer.email)

    @admin.display(description=_("group"))
    def group(self, customer: Customer) -> str:
        return customer.customer_group.name if customer.customer_group else ""

    @admin.display(description=_("status"))
    def marks(self, customer: Customer) -> SafeString:
        return badges(customer)

    @admin.display(description=_("registered"), ordering="created_at")
    def registered(self, customer: Customer) -> SafeString:
        place = customer.home_location.name if customer.home_location else ""
        return _two_lines(_day(customer.created_at), place)

    @admin.display(description=_("next birthday"))
    def celebrates(self, customer: Customer) -> SafeString:
        """The next birthday with its weekday and the age reached; shown where the list is filtered by birthdays."""
        if customer.birthday is None and not customer.birthday_without_year:
            return format_html("")
        next_one = birthday_of(customer, timezone.localdate())
        day = date_format(next_one.on, "D, ") + date_format(next_one.on, "SHORT_DATE_FORMAT")
        return _two_lines(day, "" if next_one.age is None else years(next_one.age))

    @admin.display(description=_("changed"), ordering="changed_at")
    def changed(self, customer: Customer) -> str:
        return _day(customer.changed_at)


def badges(customer: Customer) -> SafeString:
    """Favourite, blocked and archived, as words on a colour."""
    marks = [
        ("favourite", _text("Favourite"), customer.is_favourite),
        ("blocked", _text("Blocked"), customer.is_blocked),
        ("archived", _text("Archived"), customer.is_archived),
    ]
    shown = [(kind, word) for kind, word, applies in marks if applies]
    return format_html_join(" ", '<span class="customer-badge customer-badge-{}">{}</span>', shown)


def years(age: int) -> str:
    return ngettext("%(counter)s year", "%(counter)s years", age) % {"counter": age}


def _two_lines(first: str, second: str) -> SafeString:
    if not second:
        return format_html("{}", first)
    return format_html('{}<span class="customer-second">{}</span>', first, second)


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "SHORT_DATE_FORMAT")
