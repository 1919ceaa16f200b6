"""To whom a customer belongs and who belongs to him: one page with both lists, and the forms that add, change and end.

Another customer is found by the search of the list; whoever is chosen is in the address (`?other=`), and the form
stands below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.console import further_pages
from customers.console.base import CustomersAdmin
from customers.console.frame import page_number
from customers.membership_querysets import MembershipQuerySet
from customers.memberships.forms import MEMBER, DetailsForm, EndForm, JoinForm
from customers.memberships.operations import NotOnThisBase, change_membership, end_membership, join_customer
from customers.models import Customer, CustomerMembership
from customers.paginator import CustomerPaginator
from customers.selection.criteria import Asker
from customers.selection.selecting import Selection, card_of
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.console.site import scope_of
from mcp.isolation.scope import Scope

PAGE = 50
FOUND = 10
_LONGEST = 100
_DIGITS_OF_AN_ID = 18
_REFUSED_FIELDS = {
    "customermembership_ends_after_it_begins": "valid_until",
    "customermembership_payer_pays": "invoice_to",
    "customermembership_one_pays": "invoice_to",
}

further_pages.register(
    further_pages.FurtherPage(
        name="memberships",
        title=gettext_lazy("Memberships"),
        icon="group_work",
        url_name="admin:customers_customer_memberships",
        right=Right.VIEW_CUSTOMERS,
        is_useful=lambda scope: not scope.base.is_discontinued,
    )
)


@dataclass(frozen=True)
class Line:
    """A membership as a list shows it, with its forms where it can be changed."""

    row: CustomerMembership
    other: Customer
    change: DetailsForm | None = None
    end: EndForm | None = None
    asked: str = ""
    """The step that was refused, so that its form is open."""

    @property
    def is_over(self) -> bool:
        """Whether its last day has passed."""
        return self.row.valid_until is not None and self.row.valid_until < timezone.localdate()


def memberships(admin: CustomersAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """The page of a customer's memberships; a step that was taken leads back to it."""
    admin.demand(request, "view")
    if request.method == "POST":
        admin.demand(request, "change")
    customer = admin.row_or_404(request, object_id)
    scope = scope_of(request)
    refused: dict[str, forms.Form] = {}
    if request.method == "POST" and _done(request, customer, scope, refused):
        return HttpResponseRedirect(admin.address("memberships", customer.pk))
    context = {
        "title": _("Memberships of %(customer)s") % {"customer": customer},
        "customer": customer,
        "page_address": admin.address("memberships", customer.pk),
        "elsewhere": " ".join(NotOnThisBase().messages) if scope.base.is_discontinued else "",
        **_lists(request, customer, scope, refused),
        **_choosing(request, customer, scope, refused),
    }
    return admin.show(request, "customers/memberships/page.html", context)


# --- what is shown --------------------------------------------------------------------------------------------------


def _may_change(scope: Scope) -> bool:
    return scope.allows(Right.CHANGE_CUSTOMERS) and not scope.base.is_discontinued


def _lists(request: HttpRequest, customer: Customer, scope: Scope, refused: dict[str, forms.Form]) -> dict[str, object]:
    """Both lists: those that hold or begin later first, and by name. Of many members one page at a time."""
    of, page = CustomerMembership.objects, page_number(request)
    own = _sorted(of.of_member(customer), "of")[:PAGE]
    members = list(_sorted(of.members_of(customer), "member")[(page - 1) * PAGE : page * PAGE + 1])
    is_open = _may_change(scope)
    return {
        "belongs_to": [_line(row, row.of, request, refused, is_open) for row in own],
        "members": [_line(row, row.member, request, refused, is_open) for row in members[:PAGE]],
        "newer": page - 1,
        "older": page + 1 if len(members) > PAGE else 0,
    }


def _sorted(rows: MembershipQuerySet, other: str) -> MembershipQuerySet:
    today = timezone.localdate()
    found = rows.select_related("of", "member").alias(is_over=Q(valid_until__isnull=False, valid_until__lt=today))
    return found.order_by("is_over", f"{other}__sort_name", "-valid_from", "-pk")


def _line(
    row: CustomerMembership, other: Customer, request: HttpRequest, refused: dict[str, forms.Form], is_open: bool
) -> Line:
    if not is_open or row.ended_at is not None:
        return Line(row, other)
    asked = request.POST.get("step", "") if request.POST.get("membership") == str(row.pk) else ""
    change = refused.get("change") if asked == "change" else None
    end = refused.get("end") if asked == "end" else None
    return Line(
        row,
        other,
        change if isinstance(change, DetailsForm) else DetailsForm.of(row),
        end if isinstance(end, EndForm) else EndForm.of(row),
        asked,
    )


def _choosing(
    request: HttpRequest, customer: Customer, scope: Scope, refused: dict[str, forms.Form]
) -> dict[str, object]:
    """The search for another customer, and the form for the one that was chosen."""
    if not _may_change(scope) or customer.is_archived:
        return {}
    words = request.GET.get("q", "").replace("\0", " ")[:_LONGEST].strip()
    chosen = request.POST.get("other", "") or request.GET.get("other", "")
    other = _other(chosen, scope) if chosen else None
    form = refused.get("join") or JoinForm.anew(is_company=customer.display_name == customer.company)
    return {
        "may_join": True,
        "words": words,
        "found": _found(words, customer, scope) if words else [],
        "other": other,
        "join": form if other else None,
    }


def _found(words: str, customer: Customer, scope: Scope) -> Sequence[Customer]:
    """The first customers that the list would find, but the one whose page it is."""
    rows = Selection(words=words).rows(Asker.now(scope), card=card_of(scope.base, words)).exclude(pk=customer.pk)
    ids = CustomerPaginator(rows, FOUND, order="sort_name").ids(1)
    known = Customer.objects.in_base(scope.base).in_bulk(ids)
    return [known[pk] for pk in ids if pk in known]


# --- what is done ---------------------------------------------------------------------------------------------------


def _done(request: HttpRequest, customer: Customer, scope: Scope, refused: dict[str, forms.Form]) -> bool:
    """Take the step. False where it was refused; `refused` then has its form. Raises Http404 for an unknown step."""
    name = request.POST.get("step", "")
    if (step := _STEPS.get(name)) is None:
        raise Http404
    form, perform = step(request, customer, scope)
    if form.is_valid():
        try:
            sentence = perform()
        except ValidationError as refusal:
            show_refusal(form, refusal, _REFUSED_FIELDS)
        else:
            messages.success(request, sentence)
            return True
    refused[name] = form
    return False


type _Step = tuple[forms.Form, Callable[[], str]]


def _join(request: HttpRequest, customer: Customer, scope: Scope) -> _Step:
    form, other = JoinForm.anew(request.POST), _other(request.POST.get("other", ""), scope)

    def perform() -> str:
        is_member = form.cleaned_data["way"] == MEMBER
        member, of = (customer, other) if is_member else (other, customer)
        join_customer(member=member.pk, of=of.pk, details=form.details(), actor=scope)
        return _("%(member)s belongs to %(company)s.") % {"member": member, "company": of}

    return form, perform


def _change(request: HttpRequest, customer: Customer, scope: Scope) -> _Step:
    row = _own(request, customer)
    form = DetailsForm.of(row, request.POST)

    def perform() -> str:
        change_membership(membership=row.pk, details=form.details(), actor=scope)
        return _("The membership is changed.")

    return form, perform


def _end(request: HttpRequest, customer: Customer, scope: Scope) -> _Step:
    row = _own(request, customer)
    form = EndForm.of(row, request.POST)

    def perform() -> str:
        end_membership(membership=row.pk, on=form.cleaned_data["valid_until"], actor=scope)
        return _("The membership is ended.")

    return form, perform


_STEPS: dict[str, Callable[[HttpRequest, Customer, Scope], _Step]] = {"join": _join, "change": _change, "end": _end}


def _own(request: HttpRequest, customer: Customer) -> CustomerMembership:
    """The membership that was posted, if it is one of this customer's, on either side. Raises Http404."""
    either = Q(member=customer.pk) | Q(of=customer.pk)
    rows = CustomerMembership.objects.filter(either, base=customer.base_id)
    return get_object_or_404(rows, pk=_id(request.POST.get("membership", "")))


def _other(value: str, scope: Scope) -> Customer:
    return get_object_or_404(Customer.objects.in_base(scope.base), pk=_id(value))


def _id(value: str) -> int:
    if not value.isdecimal() or not value.isascii() or len(value) > _DIGITS_OF_AN_ID:
        raise Http404
    return int(value)
