"""Taking in opening balances: choose a file, see what would be booked, prove it by its totals, book, and undo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounting.choices import BalanceImportState
from accounting.models import BalanceImport
from accounting.opening_balances import (
    REJECTIONS,
    book_balances,
    check_balances,
    discard_balances,
    undo_balances,
)
from accounting.opening_balances.of_imports import check_balances_of
from accounting.opening_balances.reading import LIMITS, MOST_ROWS
from accounting.operations.posting import LONGEST_REASON
from accounting.owners import owners_shown
from accounting.pages.booking import demand_base_or_404
from accounting.pages.forms import AmountField, PlainForm
from accounting.pages.frame import BALANCES, BALANCES_OF, address_of, seer, show_billing_page
from accounting.querysets import BalanceImportQuerySet
from customers.imports import UPLOAD_PAGE, uploads_of
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.isolation.scope import Scope

SHOWN = 50


class FileForm(PlainForm):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV or Excel (XLSX) with the columns “Customer number”, “Open amount” and “Credit”; “Credit limit” and "
            "“Document” are taken as well."
        ),
        widget=UnfoldAdminFileFieldWidget(
            attrs={
                "autofocus": True,
                "accept": ".csv,.xlsx,.jsonl",
                "aria-describedby": "id_file_helptext id_file_error",
            }
        ),
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > LIMITS.file_bytes:
            sentence = gettext_lazy("The file is larger than %(most)s MB. Split it into smaller files.")
            raise ValidationError(sentence, code="file_too_large", params={"most": LIMITS.file_bytes // 1024**2})
        return file


class TotalsForm(PlainForm):
    owed_total = AmountField(
        label=gettext_lazy("Total of all open amounts"), help_text=gettext_lazy("As the list of your old system says.")
    )
    credit_total = AmountField(label=gettext_lazy("Total of all credit"))


class UndoForm(PlainForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        help_text=gettext_lazy("It stays with each booking for ever."),
    )


def balances_of_import(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Reads the balances in the file of an import of customers; leads to the page on which their totals are typed."""
    scope = _demanded(request)
    scope.demand(Right.IMPORT_CUSTOMERS)
    upload = get_object_or_404(uploads_of(scope, now=timezone.now()), pk=pk)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        made = check_balances_of(upload=upload, actor=scope)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return HttpResponseRedirect(address_of(UPLOAD_PAGE, upload.pk))
    return HttpResponseRedirect(address_of(BALANCES_OF, made.pk))


def balances_page(request: HttpRequest) -> HttpResponse:
    """The files that came before, and the form for another one."""
    scope = _demanded(request)
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            made = check_balances(file_name=file.name or "", content=file.read(), actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, {str(getattr(refusal, "code", "")): "file"})
        else:
            return HttpResponseRedirect(address_of(BALANCES_OF, made.pk))
    rows = imports_of(scope).order_by("-created_at")
    context = {"form": form, "rows": rows[:SHOWN], "most": MOST_ROWS, "currency": scope.organization.currency}
    return show_billing_page(
        request, "opening_balances", _("Opening balances"), context, names_place=not owners_shown(scope).is_back
    )


def balance_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One file: what would be booked, or what was; and the step that comes next."""
    scope = _demanded(request)
    kept = get_object_or_404(imports_of(scope), pk=pk)
    form = _form(kept, request)
    if request.method == "POST" and (answer := _done(request, kept, form, scope)) is not None:
        return answer
    context: dict[str, Any] = {
        "kept": kept, "form": form, "currency": kept.organization.currency, "back": address_of(BALANCES),
        "rejected": [(row, REJECTIONS[code] % {"value": value}) for row, code, value in kept.rejected],
    }  # fmt: skip
    return show_billing_page(
        request, "opening_balance", _("Opening balances: %(file)s") % {"file": kept.file_name}, context
    )


def imports_of(scope: Scope) -> BalanceImportQuerySet:
    """The files of the ledgers with which the location works."""
    found = BalanceImport.objects.in_base(scope.base).filter(owner_key__in=owners_shown(scope).all)
    return found.select_related("location", "organization")


def _demanded(request: HttpRequest) -> Scope:
    """The scope of whoever may take in opening balances. Raises MissingRight, Http404 on a base 1.0."""
    scope = seer(request)
    scope.demand(Right.CORRECT_ACCOUNTS)
    scope.demand(Right.MANAGE_ACCOUNT_TERMS)
    demand_base_or_404(scope)
    return scope


def _form(kept: BalanceImport, request: HttpRequest) -> TotalsForm | UndoForm | None:
    """The form of the next step; None where there is none."""
    typed = request.POST if request.method == "POST" and request.POST.get("step") != "discard" else None
    if kept.state == BalanceImportState.CHECKED and kept.customers:
        return TotalsForm(typed)
    return UndoForm(typed) if kept.state == BalanceImportState.BOOKED else None


def _done(
    request: HttpRequest, kept: BalanceImport, form: TotalsForm | UndoForm | None, scope: Scope
) -> HttpResponse | None:
    """Take the step that was asked for; None where the form is shown again."""
    try:
        if request.POST.get("step") == "discard":
            discard_balances(balances=kept.pk, actor=scope)
            messages.success(request, _("The file is discarded. Nothing was booked."))
            return HttpResponseRedirect(address_of(BALANCES))
        if form is None or not form.is_valid():
            return None
        if isinstance(form, TotalsForm):
            book_balances(balances=kept.pk, **form.cleaned_data, actor=scope)
            messages.success(request, _("The opening balances are booked."))
        else:
            undo_balances(balances=kept.pk, **form.cleaned_data, actor=scope)
            messages.success(request, _("The opening balances are taken back."))
    except ValidationError as refusal:
        if form is None:
            messages.error(request, " ".join(refusal.messages))
            return HttpResponseRedirect(address_of(BALANCES_OF, kept.pk))
        show_refusal(form, refusal, {})
        return None
    return HttpResponseRedirect(address_of(BALANCES_OF, kept.pk))
