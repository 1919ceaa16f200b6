"""The pages of consents: all statements of a customer, what held on a day, and recording, also for several at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.choices import ASKED
from customers.consents.forms import HOW, REFUSED_FIELDS, SAID_BY_PEOPLE, ConsentForm
from customers.consents.operations import (
    State,
    can_be_struck_out,
    consents_of,
    places_to_record,
    record_consent,
    strike_out,
)
from customers.console.base import CustomersAdmin
from customers.console.frame import page_number
from customers.console.ticked import customers_of
from customers.disclosures import disclosures_of
from customers.field_groups import MASK, sees_evidence
from customers.models import Consent, ConsentPurpose, Customer
from customers.querysets import ConsentQuerySet
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.console.site import scope_of
from mcp.isolation.scope import Scope

STATEMENTS_PER_PAGE = 50
DISCLOSURES_SHOWN = 5
"""So many of his hand-overs stand on the form of a customer; all of them are in his history."""
ANCHOR = "#consents"


def consents_section(request: HttpRequest, customer: Customer) -> dict[str, object]:
    """Context of the section of consents on the form of a customer, and to whom he was handed over."""
    scope = scope_of(request)
    states = consents_of(customer, at=None, base=scope.base)
    return {
        "consents": states,
        "hows": ASKED,
        "slips": _slips(scope, _holding(states)),
        **_may(scope),
        "consents_address": reverse(f"admin:{_address_for(scope)}", args=[customer.pk]),
        "disclosures": disclosures_of(customer)[:DISCLOSURES_SHOWN],
    }


def _may(scope: Scope) -> dict[str, bool]:
    """Context: whether the user may record statements, and whether only withdrawals (see `withdraw_page`)."""
    may_change, may_hand_over = scope.allows(Right.CHANGE_CUSTOMERS), scope.allows(Right.CARRY_OVER)
    return {"may_record": may_change or may_hand_over, "may_only_withdraw": may_hand_over and not may_change}


def _address_for(scope: Scope) -> str:
    return "customers_customer_withdraw" if _may(scope)["may_only_withdraw"] else "customers_customer_consents"


def consents_page(admin: CustomersAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """All statements of a customer, what held on a day (`?on=`), and the form to record one more."""
    admin.demand(request, "view")
    if request.method == "POST":
        admin.demand(request, "change")
    return _page(admin, request, object_id)


def withdraw_page(admin: CustomersAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Record a withdrawal. Whatever was posted, it is recorded as one.

    It takes the right to carry customers over, and not the one to change them: a business that has handed customers
    over still answers for those who have stayed behind.
    """
    admin.demand(request, "view")
    scope_of(request).demand(Right.CARRY_OVER)
    said: Any = request.POST.copy()
    said.pop("give", None)
    said["is_given"] = "no"
    request.POST = said
    return _page(admin, request, object_id)


def _holding(states: list[State]) -> Iterator[Consent]:
    for state in states:
        if state.holding is not None:
            yield state.holding
        yield from state.certain


def _slips(scope: Scope, said: Iterable[Consent]) -> set[UUID]:
    """The ids of the statements that the user may strike out, because he has recorded them some minutes ago."""
    now = timezone.now()
    return {one.pk for one in said if can_be_struck_out(one, at=now, actor=scope)}


def _page(admin: CustomersAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """The page of a customer's consents. After a statement was recorded it is a redirect to where that was done."""
    scope, customer = scope_of(request), admin.row_or_404(request, object_id)
    form = _form(scope, request.POST if _is_typed(request) else None)
    if request.method == "POST" and _done(request, scope, form, customer):
        page = "change" if request.POST.get("back") == "form" else "consents"
        return HttpResponseRedirect(admin.address(page, customer.pk) + (ANCHOR if page == "change" else ""))
    day, number = _day(request), page_number(request)
    first = (number - 1) * STATEMENTS_PER_PAGE
    said = list(_statements(customer)[first : first + STATEMENTS_PER_PAGE + 1])
    states = consents_of(customer, at=_end_of(day) if day else None, base=scope.base)
    context = {
        "title": _("Consents of %(customer)s") % {"customer": customer},
        "customer": customer,
        "states": states,
        "hows": ASKED,
        "slips": set() if day else _slips(scope, [*said, *_holding(states)]),
        "day": day,
        "today": timezone.localdate(),
        "said": _titled(_seen(said[:STATEMENTS_PER_PAGE], scope), form.purposes),
        "newer": number - 1,
        "older": number + 1 if len(said) > STATEMENTS_PER_PAGE else 0,
        "form": form,
        **_may(scope),
        "consents_address": reverse(f"admin:{_address_for(scope)}", args=[customer.pk]),
    }
    return admin.show(request, "customers/consents.html", context)


def record_page(admin: CustomersAdmin, request: HttpRequest) -> HttpResponse:
    """Record a statement of the customers whose ids stand in the address."""
    scope = scope_of(request)
    scope.demand(Right.VIEW_CUSTOMERS)
    scope.demand(Right.CHANGE_CUSTOMERS)
    customers = customers_of(request, scope)
    form = _form(scope, request.POST or None)
    if request.method == "POST" and _recorded(request, scope, form, customers) is not None:
        return HttpResponseRedirect(admin.address("changelist"))
    context = {"title": _("Record a consent"), "customers": customers, "form": form}
    return admin.show(request, "customers/consent.html", {**context, "back": admin.address("changelist")})


def _form(scope: Scope, data: Mapping[str, object] | None) -> ConsentForm:
    with scope.asked.only_looking():
        may_record = scope.allows(Right.CHANGE_CUSTOMERS)
    places = places_to_record(scope) if may_record else [scope.location]
    return ConsentForm(data, purposes=_purposes(scope), places=places)


def _is_typed(request: HttpRequest) -> bool:
    """Whether the form was posted, and not one of the buttons beside a purpose or a statement."""
    return request.method == "POST" and not _clicked(request) and "strike" not in request.POST


def _clicked(request: HttpRequest) -> str:
    """The value of the button that was pressed, which is purpose and source: `newsletter:form`. Empty for the form."""
    return request.POST.get("give") or request.POST.get("withdraw") or ""


def _done(request: HttpRequest, scope: Scope, form: ConsentForm, customer: Customer) -> bool:
    """Do what was posted. False where the form is to be shown again with what is wrong."""
    if "strike" in request.POST:
        _strike(request, scope, customer)
        return True
    return _recorded(request, scope, form, [customer]) is not None


def _strike(request: HttpRequest, scope: Scope, customer: Customer) -> None:
    """Strike a statement of the customer out, with a message. Raises Http404 where it is not his."""
    try:
        statement = UUID(request.POST["strike"])
    except ValueError as error:
        raise Http404 from error
    get_object_or_404(Consent.objects.of_customer(customer), pk=statement)
    try:
        strike_out(statement=statement, actor=scope)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("The statement is struck out. It stays in the list and counts no more."))


def _recorded(request: HttpRequest, scope: Scope, form: ConsentForm, customers: list[Customer]) -> int | None:
    """Record what was typed or clicked, with a message. None where the form is to be shown again with what is wrong."""
    if not _clicked(request) and not form.is_valid():
        return None
    if wrong := _wrong_click(request, form):
        messages.error(request, wrong)
        return 0
    statement = form.statement() if form.is_bound else _click(request, form)
    try:
        count = record_consent(customers=[customer.pk for customer in customers], **statement, actor=scope)
    except ValidationError as refusal:
        if form.is_bound:
            show_refusal(form, refusal, REFUSED_FIELDS)
            return None
        messages.error(request, " ".join(refusal.messages))
        return 0
    _say(request, count, len(customers))
    return count


def _wrong_click(request: HttpRequest, form: ConsentForm) -> str:
    """The reason for which the button that was pressed can record nothing; empty if it can."""
    if not _clicked(request):
        return ""
    code, _sign, source = _clicked(request).partition(":")
    if code not in {purpose.code for purpose in form.purposes}:
        return _("There is no such purpose in this business.")
    return "" if source in dict(SAID_BY_PEOPLE) else str(HOW)


def _click(request: HttpRequest, form: ConsentForm) -> dict[str, Any]:
    """The arguments of `record_consent` for the button that was pressed: the customer says so now."""
    code, _sign, source = _clicked(request).partition(":")
    is_given = bool(request.POST.get("give"))
    versions = {purpose.code: purpose.wording_version for purpose in form.purposes}
    return {
        "purpose": code,
        "is_given": is_given,
        "at": None,
        "source": source,
        "wording_version": versions.get(code, "") if is_given else "",
    }


def _say(request: HttpRequest, count: int, asked: int) -> None:
    if count:
        sentence = ngettext("%(count)s statement is recorded.", "%(count)s statements are recorded.", count)
        messages.success(request, sentence % {"count": count})
    if count < asked:
        known = asked - count
        sentence = ngettext(
            "%(count)s statement was recorded before.", "%(count)s statements were recorded before.", known
        )
        messages.info(request, sentence % {"count": known})


def _purposes(scope: Scope) -> list[ConsentPurpose]:
    """The purposes of the business, first those that are asked for. The others can still be withdrawn."""
    return list(ConsentPurpose.objects.of_organization(scope.organization).order_by("-is_active", "id"))


def _statements(customer: Customer) -> ConsentQuerySet:
    return Consent.objects.of_customer(customer).select_related("location", "upload")


def _seen(said: list[Consent], scope: Scope) -> list[Consent]:
    """The same statements, with a mask in place of the evidence for whoever may not see it."""
    for one in [] if sees_evidence(scope) else said:
        one.evidence = MASK
    return said


def _titled(said: list[Consent], purposes: list[ConsentPurpose]) -> list[Any]:
    """The same statements, each with the `title` of its purpose."""
    titles = {purpose.code: purpose.title for purpose in purposes}
    rows: list[Any] = said
    for one in rows:
        one.title = titles.get(one.purpose, one.purpose)
    return rows


def _day(request: HttpRequest) -> date | None:
    """The past day of `?on=`; None where there is none, which means now."""
    try:
        day = parse_date(request.GET.get("on", ""))
    except ValueError:
        return None
    return day if day is not None and day < timezone.localdate() else None


def _end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.max))
