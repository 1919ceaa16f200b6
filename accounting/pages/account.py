"""The account of a customer: how it stands, what has happened, the balance at any day, and statements."""

from __future__ import annotations

import io
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from accounting.amounts import CENT, ZERO
from accounting.balances import Standing, end_of, ledger_before, standing
from accounting.choices import MovementKind
from accounting.invoicing import billing_terms_of
from accounting.models import Invoice, InvoiceItem, Ledger, LedgerException
from accounting.open_items import OpenItem, OpenItems, open_items
from accounting.operations.opening import NotOnThisBase, demand_accounts
from accounting.owners import owners_shown
from accounting.pages.booking import WAYS
from accounting.pages.branch_orders import account_at_branch
from accounting.pages.forms import PeriodForm
from accounting.pages.frame import (
    ACCOUNT,
    BILLING,
    BOOK,
    CORRECT,
    INVOICES,
    MANDATES,
    OF_BEFORE,
    STATEMENT,
    TERMS,
    account_or_404,
    address_of,
    customer_or_404,
    ledger_asked,
    may,
    seer,
    show_page,
)
from accounting.statements import file_name, page_of, paper_of, statement_of, table_of
from customers.field_groups import FieldGroup
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation.branch import is_branch
from mcp.isolation.scope import Scope

FORTNIGHT = 14
"""So many days into a month a statement is still proposed of the month before as well."""
SHOWN_ITEMS = 50
"""So many open items stand on the page, of more the latest and the sum of the others; a statement has more."""


def account_page(request: HttpRequest, customer: int) -> HttpResponse:
    """The account; for a customer without one, the way to open it."""
    scope = seer(request)
    whose = customer_or_404(customer, scope)
    if is_branch():
        return account_at_branch(request, whose, scope)
    ledger = ledger_asked(request, scope)
    now = standing(whose, scope, ledger=ledger)
    if ledger is not None and now is None:
        raise Http404
    context: dict[str, object] = {
        "customer": whose,
        "back": address_of("customers_customer_change", whose.pk),
        "terms_address": address_of(TERMS, whose.pk) if may(scope, Right.MANAGE_ACCOUNT_TERMS) and not ledger else "",
        "is_before": ledger is not None,
        "in": OF_BEFORE if ledger is not None else "",
        "before": _open_before(whose, scope) if ledger is None else None,
    }
    try:
        demand_accounts(scope)
    except NotOnThisBase as refusal:
        context |= {"elsewhere": refusal.messages[0], "terms_address": ""}
    if now is not None:
        day = _day(request)
        is_billed_here = now.owed.owner_key == owners_shown(scope).billing
        sees_invoices = is_billed_here or whose.home_location_id == scope.location.pk
        lines, older = page_of(now, before=_mark(request))
        items = open_items(now.owed, at=end_of(day) if day else None, most=SHOWN_ITEMS)
        waiting = LedgerException.objects.in_base(scope.base).open().filter(customer=whose)
        context |= {
            "now": now,
            "currency": now.terms.organization.currency,
            "meter": _meter(now),
            "reason_shown": may(scope, FieldGroup.MEMO.right),
            "day": day,
            "then": standing(whose, scope, at=end_of(day), ledger=ledger) if day else None,
            "open_items": items,
            "billed": _billed(items, sees_invoices=sees_invoices),
            "invoices_address": f"{address_of(INVOICES)}?q={whose.customer_number}" if sees_invoices else "",
            "paid_ahead": -items.total,
            "today": timezone.localdate(),
            "month_begins": (timezone.localdate() - timedelta(days=FORTNIGHT)).replace(day=1),
            "lines": lines,
            "older": older,
            "is_first": _mark(request) is None,
            "waiting": waiting.count(),
            "ways": _ways(now, scope, is_before=ledger is not None),
            "correct_address": address_of(CORRECT, whose.pk) if may(scope, Right.CORRECT_ACCOUNTS) else "",
            "may_correct": ledger is None,
            "mandates_address": address_of(MANDATES, whose.pk) + (OF_BEFORE if ledger is not None else ""),
            "statement_address": address_of(STATEMENT, whose.pk),
            "billing_address": _billing_address(whose, scope, ledger),
            "billing": billing_terms_of(whose, scope, ledger),
        }
    return show_page(request, "account", _("Account of %(customer)s") % {"customer": whose}, context)


def _billing_address(customer: Customer, scope: Scope, before: Ledger | None) -> str:
    """Where the terms of billing are set; empty for whoever may not, and in a ledger that others bill."""
    is_others = before is not None and before.owner_key not in owners_shown(scope).all
    if is_others or not may(scope, Right.MANAGE_ACCOUNT_TERMS):
        return ""
    return address_of(BILLING, customer.pk) + (OF_BEFORE if before is not None else "")


def _meter(now: Standing) -> dict[str, Decimal]:
    """Green up to where the account warns, yellow up to its limit, and red at it: `high` is exceeded there."""
    most = now.terms.hard_limit
    high = max(ZERO, most - CENT)
    return {"most": most, "high": high, "low": min(now.terms.soft_limit or high, high)}


def _open_before(customer: Customer, scope: Scope) -> Standing | None:
    """What is still open in the ledger to which the location posted before it was switched; None where nothing is."""
    ledger = ledger_before(scope)
    found = standing(customer, scope, ledger=ledger) if ledger else None
    return None if found is None or found.is_even else found


def _billed(items: OpenItems, *, sees_invoices: bool) -> list[tuple[OpenItem, Invoice | None]]:
    """The open items, each with the invoice on which it stands if that may be seen here: one query."""
    movements = [one.movement for one in items.items]
    if not movements or not sees_invoices:
        return [(one, None) for one in items.items]
    rows = InvoiceItem.objects.filter(base=movements[0].base_id, movement__in=movements, is_standing=True)
    found = {
        one.movement_id: one.invoice
        for one in rows.select_related("invoice").only("movement", "invoice", "invoice__number")
    }
    return [(one, found.get(one.movement.pk)) for one in items.items]


def _ways(now: Standing, scope: Scope, *, is_before: bool) -> list[tuple[str, object]]:
    """Address and title of each way to book that one may take here and the terms leave open.

    In the ledger of before nothing new is booked.
    """
    closed = _closed(now)
    return [
        (address_of(BOOK, now.terms.customer_id, kind) + (OF_BEFORE if is_before else ""), way.title)
        for kind, way in WAYS.items()
        if may(scope, way.right) and (way.is_of_before or not is_before) and kind not in closed
    ]


def _closed(now: Standing) -> set[str]:
    """What the terms of an account refuse in any case."""
    closed = set() if now.terms.may_buy_on_account else {MovementKind.SALE.value}
    if not now.terms.may_hold_credit:
        closed.add(MovementKind.TOP_UP.value)
        if not now.credit_amount:
            closed |= {MovementKind.PAY_OUT.value, MovementKind.USE.value}
    return closed


def _day(request: HttpRequest) -> date | None:
    """The day that is asked for; None for today, for one to come, and for what is none."""
    try:
        day = parse_date(request.GET.get("on", ""))
    except ValueError:
        return None
    return day if day is not None and date(1900, 1, 1) <= day < timezone.localdate() else None


def _mark(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("before", ""))
    except ValueError:
        return None


def statement(request: HttpRequest, customer: int) -> HttpResponseBase:
    """The statement of a period as a file, PDF or CSV."""
    scope = seer(request)
    whose = customer_or_404(customer, scope)
    now = account_or_404(whose, scope, ledger_asked(request, scope))
    form = PeriodForm(request.GET)
    if not form.is_valid():
        return _refused(request, whose.pk, _("Choose the first and the last day of the statement."))
    try:
        found = statement_of(
            customer=whose, standing=now, first=form.cleaned_data["first"], last=form.cleaned_data["last"], actor=scope
        )
        if request.GET.get("as") == "csv":
            return _file(table_of(found), file_name(found, "csv"), "text/csv")
        paper = paper_of(found, scope)
    except ValidationError as refusal:
        return _refused(request, whose.pk, " ".join(refusal.messages))
    from files.paper_pdf import as_pdf  # noqa: PLC0415 - its library takes as long to load as all of ours

    return _file(as_pdf(paper), file_name(found, "pdf"), "application/pdf")


def _refused(request: HttpRequest, customer: int, sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    return HttpResponseRedirect(address_of(ACCOUNT, customer))


def _file(content: bytes, name: str, content_type: str) -> FileResponse:
    response = FileResponse(io.BytesIO(content), as_attachment=True, filename=name, content_type=content_type)
    response["Cache-Control"] = "no-store"
    return response
