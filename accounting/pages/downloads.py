"""Taking out a table of the accounts: which one, of which period, and in which format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounting.downloads import DOWNLOADS, PERIODS, THINGS
from accounting.downloads.rows import FIRST, LAST, OF
from accounting.overview import NARROWED_BY
from accounting.pages.forms import PlainForm, day_field
from accounting.pages.frame import DOWNLOAD, DOWNLOAD_LIST, address_of, may, seer, show_page
from customers.exports import FORMATS, Order, OtherTable, as_file, table_named, take_out
from locations.permissions import Right
from mcp.isolation.scope import Scope

EXPORT_FILE = "customers_export_file"
_ASKED = (FIRST, LAST, OF, "day", *NARROWED_BY)


class PeriodForm(PlainForm):
    first = day_field(gettext_lazy("From"))
    last = day_field(gettext_lazy("Until"))


class FormatForm(PlainForm):
    format = forms.ChoiceField(
        label=gettext_lazy("Format"), choices=[(name, label) for name, label in FORMATS.items() if name != "jsonl"]
    )


def downloads_page(request: HttpRequest) -> HttpResponse:
    """Which tables there are; those of a single thing are reached from its page."""
    scope = _taker(request)
    offered = [one for one in DOWNLOADS if one.name not in THINGS and all(may(scope, right) for right in one.rights)]
    rows = [(one.title, address_of(DOWNLOAD, one.name), [column.label for column in one.columns]) for one in offered]
    return show_page(request, "downloads", _("Downloads of accounts"), {"rows": rows})


def download_page(request: HttpRequest, table: str) -> HttpResponseBase:
    """Choose period and format; a POST gives the file, or the page of the one that the worker makes."""
    scope = _taker(request)
    found = _table_or_404(table, scope)
    today = timezone.localdate()
    begin = {FIRST: today.replace(month=1, day=1), LAST: today}
    sent = request.POST or None
    period = PeriodForm(sent, initial=begin) if found.name in PERIODS else None
    chosen = FormatForm(sent)
    if request.method == "POST" and chosen.is_valid() and (period is None or period.is_valid()):
        return _taken(found, chosen.cleaned_data["format"], _asked(request, period), scope)
    context = {
        "forms": [form for form in (period, chosen) if form is not None],
        "columns": [column.label for column in found.columns],
        "back": address_of(DOWNLOAD_LIST),
        "kept": urlencode({name: request.GET[name] for name in _ASKED if request.GET.get(name)}),
    }
    return show_page(request, "download", str(found.title), context)


def _taker(request: HttpRequest) -> Scope:
    scope = seer(request)
    scope.demand(Right.EXPORT_CUSTOMERS)
    return scope


def _table_or_404(name: str, scope: Scope) -> OtherTable:
    found = table_named(name)
    if found is None or found not in DOWNLOADS:
        raise Http404
    found.demand(scope)
    return found


def _asked(request: HttpRequest, period: Any) -> dict[str, str]:
    asked = {name: request.GET[name] for name in _ASKED if request.GET.get(name)}
    if period is not None:
        asked |= {name: period.cleaned_data[name].isoformat() for name in (FIRST, LAST)}
    return asked


def _taken(table: OtherTable, profile: Any, asked: Mapping[str, str], scope: Scope) -> HttpResponseBase:
    order = Order(
        profile=profile, columns=tuple(column.name for column in table.columns), language=get_language() or "de",
        filter_words=_in_words(asked),
    )  # fmt: skip
    export, file = take_out(table=table, order=order, asked=asked, actor=scope)
    if file is None:
        return HttpResponseRedirect(address_of(EXPORT_FILE, export.pk))
    return as_file(export, file)


def _in_words(asked: Mapping[str, str]) -> str:
    if FIRST not in asked:
        return ""
    first, last = (date_format(PeriodForm.base_fields[name].clean(asked[name]), "SHORT_DATE_FORMAT")
                   for name in (FIRST, LAST))  # fmt: skip
    return f"{first} – {last}"
