"""Taking out a table of the accounts: which one, of which period, and in which format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounting.balances import ledger_before
from accounting.downloads import DOWNLOADS, OF_LEDGER, PERIODS, THINGS
from accounting.downloads.rows import BEFORE, FIRST, IN, LAST, OF
from accounting.overview import NARROWED_BY
from accounting.pages.forms import PlainForm, day_field
from accounting.pages.frame import DOWNLOAD, DOWNLOAD_LIST, OF_BEFORE, address_of, ledger_asked, may, seer, show_page
from customers.exports import FORMATS, Order, OtherTable, as_file, table_named, take_out
from locations.permissions import Right
from mcp.isolation.scope import Scope

EXPORT_FILE = "customers_export_file"
_ASKED = (FIRST, LAST, OF, IN, "day", *NARROWED_BY)


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
    before = [one for one in offered if one.name in OF_LEDGER] if ledger_before(scope) else []
    context = {"rows": _lines(offered), "rows_of_before": _lines(before, OF_BEFORE)}
    return show_page(request, "downloads", _("Downloads of accounts"), context)


def _lines(tables: Sequence[OtherTable], asked: str = "") -> list[tuple[Any, str, list[Any]]]:
    """Of each table its title, its address, and what its columns are called."""
    return [
        (one.title, address_of(DOWNLOAD, one.name) + asked, [column.label for column in one.columns]) for one in tables
    ]


def download_page(request: HttpRequest, table: str) -> HttpResponseBase:
    """Choose period and format; a POST gives the file, or the page of the one that the worker makes.

    With ?in=before it is out of the ledger of before a switch of accounts.
    """
    scope = _taker(request)
    found = _table_or_404(table, scope)
    ledger_asked(request, scope)
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
        "is_before": request.GET.get(IN) == BEFORE,
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
    before = _("Before the switch of accounts") if asked.get(IN) == BEFORE else ""
    if FIRST not in asked:
        return before
    first, last = (date_format(PeriodForm.base_fields[name].clean(asked[name]), "SHORT_DATE_FORMAT")
                   for name in (FIRST, LAST))  # fmt: skip
    return " · ".join(part for part in (f"{first} – {last}", before) if part)
