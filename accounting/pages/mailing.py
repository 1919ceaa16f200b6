"""Mailing one document, once more as well, and what of a run is printed because it is not mailed."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from accounting.letter_choices import LetterKind, LetterSource, LetterState
from accounting.mailing import mail_again, mail_documents
from accounting.mailing.printing import merged, printed_in_part
from accounting.models import Letter
from accounting.pages.forms import PlainForm
from accounting.pages.frame import INVOICE, address_of, seer, show_page
from accounting.pages.invoices import seen_by
from accounting.pages.letters import OF_INVOICES, part_asked
from accounting.pages.runs import runs_of
from customers.field_groups import FieldGroup
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.isolation.scope import Scope

OF_NOTICES = (LetterKind.DEBIT, LetterKind.REMINDER)


def invoice_mail_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Mailing an invoice, or a cancellation, after a question."""
    scope = seer(request)
    scope.demand(Right.BILL_CUSTOMERS)
    one = get_object_or_404(seen_by(scope), pk=pk)
    mail = partial(mail_documents, source=LetterSource.INVOICE, pk=one.pk, actor=scope)
    question = _("It goes to the e-mail for invoices in his terms of billing, or else to that in his master data.")
    title = _("Mail %(number)s") % {"number": one.number}
    return _asked(request, title, question, mail, UUID(str(one.pk)))


def letter_again_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Mailing an invoice once more."""
    scope = seer(request)
    scope.demand(Right.BILL_CUSTOMERS)
    return _again(request, pk, OF_INVOICES, scope)


def notice_again_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Mailing a reminder, or the announcement of a debit, once more."""
    scope = seer(request)
    scope.demand(Right.COLLECT_PAYMENTS)
    return _again(request, pk, OF_NOTICES, scope)


def _again(request: HttpRequest, pk: UUID, kinds: Collection[LetterKind], scope: Scope) -> HttpResponse:
    letters = Letter.objects.filter(base=scope.base, kind__in=kinds, invoice__in=seen_by(scope))
    letter = get_object_or_404(letters.select_related("invoice"), pk=pk)
    question = _("It goes to the address that he has now.")
    if letter.state == LetterState.SENT:
        question = f"{_('It was mailed to %(address)s already.') % {'address': letter.sent_to}} {question}"
    kind, number = letter.get_kind_display(), letter.invoice.number
    title = _("Mail once more: %(kind)s %(number)s") % {"kind": kind, "number": number}
    mail = partial(mail_again, letter=letter.pk, actor=scope)
    return _asked(request, title, question, mail, letter.invoice_id)


def _asked(request: HttpRequest, title: str, question: str, mail: Callable[[], object], invoice: UUID) -> HttpResponse:
    """The question, and what is done when it is answered."""
    form = PlainForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        try:
            mail()
        except ValidationError as refusal:
            form.is_valid()
            show_refusal(form, refusal, {})
        else:
            messages.success(request, _("It is being mailed. Below stands what becomes of it."))
            return HttpResponseRedirect(address_of(INVOICE, invoice))
    context = {"form": form, "button": _("Mail it"), "back": address_of(INVOICE, invoice), "sentence": question}
    return show_page(request, "form", title, context)


def run_print(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The invoices of a run that are not mailed, as one PDF (a part of them, ?part=)."""
    scope = seer(request)
    scope.demand(Right.BILL_CUSTOMERS)
    scope.demand(FieldGroup.CONTACT.right)
    run = get_object_or_404(runs_of(scope), pk=pk)
    found = printed_in_part(run, part_asked(request))
    if not found:
        raise Http404
    content, name = io.BytesIO(merged(found)), f"{_('invoices')}-{run.created_at:%Y-%m-%d}.pdf"
    response = FileResponse(content, as_attachment=True, filename=name, content_type="application/pdf")
    response["Cache-Control"] = "no-store"
    return response
