"""One bank statement: what is sure, what is to be decided, and what is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounting.models import BankEntry, BankStatement
from accounting.pages.bank import collector, statements_of
from accounting.pages.bank_words import told_of
from accounting.pages.frame import BANK, BANK_STATEMENT, address_of, show_billing_page
from accounting.payments import book_all_sure, propose_for
from accounting.querysets import BankEntryQuerySet
from customers.console.frame import page_number
from mcp.isolation.scope import Scope

PAGE = 50
GROUPS: Mapping[str, tuple[Promise, Callable[[BankEntryQuerySet], BankEntryQuerySet]]] = {
    "sure": (gettext_lazy("Sure"), lambda rows: rows.sure()),
    "unsure": (gettext_lazy("To be decided"), lambda rows: rows.unsure()),
    "done": (gettext_lazy("Done"), lambda rows: rows.done()),
}


def bank_statement_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A group of its entries, page by page; a form has all that is sure booked, or everything proposed anew."""
    scope = collector(request)
    found = statements_of(scope).select_related("account", "ledger")
    statement = get_object_or_404(found, pk=pk)
    if request.method == "POST":
        return _done(request, statement, scope)
    rows = BankEntry.objects.of_statement(statement)
    counts = {name: narrow(rows).count() for name, (_label, narrow) in GROUPS.items()}
    group = _group(request, counts)
    page = page_number(request)
    shown = GROUPS[group][1](rows).select_related("ledger", "organization").order_by("position")
    some = list(shown[(page - 1) * PAGE : page * PAGE + 1])
    context: dict[str, Any] = {
        "statement": statement, "back": address_of(BANK), "currency": scope.organization.currency,
        "groups": [(name, label, counts[name], name == group) for name, (label, _narrow) in GROUPS.items()],
        "group": group, "entries": told_of(some[:PAGE]), "sure": counts["sure"],
        "newer": page - 1, "older": page + 1 if len(some) > PAGE else 0,
    }  # fmt: skip
    return show_billing_page(request, "bank_statement", _("Bank statement"), context)


def _done(request: HttpRequest, statement: BankStatement, scope: Scope) -> HttpResponse:
    if request.POST.get("step") == "propose":
        propose_for(statement=statement.pk, actor=scope)
        messages.success(request, _("Proposed anew by what is open now."))
    else:
        book_all_sure(statement=statement.pk, actor=scope)
        messages.success(request, _("What is sure is being booked. You may leave this page and come back."))
    return HttpResponseRedirect(address_of(BANK_STATEMENT, statement.pk))


def _group(request: HttpRequest, counts: Mapping[str, int]) -> str:
    """The one that is asked for, else the first one in which there is something."""
    asked = request.GET.get("group", "")
    return asked if asked in GROUPS else next((name for name, count in counts.items() if count), "done")
