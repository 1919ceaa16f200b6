"""What was booked although it broke a rule: the list of what waits, and the decision about one."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from accounting.choices import Breach
from accounting.models import LedgerException
from accounting.operations import decide_exception
from accounting.pages.forms import DecisionForm
from accounting.pages.frame import EXCEPTIONS, address_of, may, seer, show_page
from accounting.querysets import ExceptionQuerySet
from customers.console.frame import page_number
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.isolation.scope import Scope

PAGE = 50
MOST_COUNTED = 1_000


def _rows(scope: Scope) -> ExceptionQuerySet:
    found = LedgerException.objects.in_base(scope.base)
    return found.select_related("movement__location", "customer").order_by("-created_at", "-pk")


def exceptions_page(request: HttpRequest) -> HttpResponse:
    """Those that wait, the latest first; with ?all=1 also what was decided."""
    scope = seer(request)
    is_all = request.GET.get("all") == "1"
    found = _rows(scope) if is_all else _rows(scope).open()
    page = page_number(request)
    rows = list(found[(page - 1) * PAGE : page * PAGE + 1])
    context = {
        "rows": [(one, told(one)) for one in rows[:PAGE]],
        "is_all": is_all,
        "currency": scope.organization.currency,
        "newer": page - 1,
        "older": page + 1 if len(rows) > PAGE else 0,
        "may_decide": may(scope, Right.CORRECT_ACCOUNTS),
    }
    return show_page(request, "exceptions", _("Exceptions of accounts"), context)


def exception_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One exception, and what is decided about it."""
    scope = seer(request)
    scope.demand(Right.CORRECT_ACCOUNTS)
    row = get_object_or_404(_rows(scope), pk=pk)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            decide_exception(exception=row.pk, note=form.cleaned_data["note"], actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, {})
        else:
            messages.success(request, _("The exception is decided."))
            return HttpResponseRedirect(address_of(EXCEPTIONS))
    context = {
        "row": row,
        "breaches": told(row),
        "form": form,
        "currency": scope.organization.currency,
        "back": address_of(EXCEPTIONS),
    }
    return show_page(request, "exception", _("Decide an exception"), context)


def told(row: LedgerException) -> list[str]:
    """In words what it has broken."""
    return [str(Breach(code).label) for code in row.breaches]


def facts(scope: Scope) -> dict[str, object]:
    """The context of the panel on the front page: how many wait. One query."""
    count = LedgerException.objects.in_base(scope.base).open().order_by()[: MOST_COUNTED + 1].count()
    return {"open": min(count, MOST_COUNTED), "is_more": count > MOST_COUNTED}
