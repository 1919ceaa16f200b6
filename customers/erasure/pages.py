"""The page on which a customer is erased for good: what goes, what stays, the reason, his number as confirmation."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from customers.console.base import CustomersAdmin
from customers.erasure.erasing import erase_customer, what_goes
from customers.erasure.forms import ErasureForm
from customers.erasure.places import places
from mcp.console.operation_forms import show_refusal
from mcp.console.site import scope_of

_REFUSED_FIELDS = dict.fromkeys(("no_reason", "reason_too_long", "reason_names_customer"), "reason")


def erase(admin: CustomersAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show what goes; sent with a reason and his number, the customer is erased for good.

    Raises MissingRight: both operations ask for the right to it.
    """
    admin.demand(request, "view")
    scope = scope_of(request)
    customer = admin.row_or_404(request, object_id)
    form = ErasureForm(request.POST or None, customer=customer)
    if request.method == "POST" and form.is_valid():
        try:
            erase_customer(customer=customer.pk, reason=form.cleaned_data["reason"], actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, _REFUSED_FIELDS)
        else:
            messages.success(
                request,
                _(
                    "The customer is erased for good. What stays says nothing of him: that somebody was erased, when, "
                    "by whom and why, and keyed hashes by which no file brings him back."
                ),
            )
            return HttpResponseRedirect(admin.address("changelist"))
    goes = what_goes(customer=customer, actor=scope)
    context = {
        "title": _("Erase %(customer)s for good") % {"customer": customer},
        "customer": customer,
        "form": form,
        "goes": [(place.label, goes[place.name]) for place in places() if goes[place.name]],
        "leaves": admin.address("change", customer.pk),
    }
    return admin.show(request, "customers/erase.html", context)
