"""Bank statements: those that were read, reading a file, and the accounts at banks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounting.choices import EntryState
from accounting.models import BankAccount, BankEntry, BankFile, BankStatement
from accounting.owners import owners_shown
from accounting.pages.forms import PlainForm
from accounting.pages.frame import BANK, BANK_ACCOUNT, BANK_READ, BANK_STATEMENT, address_of, seer, show_billing_page
from accounting.payments import ReadFile, add_bank_account
from accounting.payments.bank_files import files_of, take_statement
from accounting.querysets import BankAccountQuerySet, BankStatementQuerySet
from customers.console.frame import page_number, whole_page_again
from files.choices import UNDER_WAY, FileState
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.isolation.scope import Scope

PAGE = 25
FILES = 10


def collector(request: HttpRequest) -> Scope:
    """The scope of whoever may take in bank statements, and see accounts and customers. Raises MissingRight."""
    scope = seer(request)
    scope.demand(Right.COLLECT_PAYMENTS)
    return scope


def accounts_of(scope: Scope) -> BankAccountQuerySet:
    """The accounts at banks whose files are read here."""
    found = BankAccount.objects.in_base(scope.base).filter(owner_key__in=owners_shown(scope).all)
    return found.order_by("name", "iban")


def statements_of(scope: Scope) -> BankStatementQuerySet:
    """The statements of the ledgers with which the location works."""
    return BankStatement.objects.in_base(scope.base).filter(owner_key__in=owners_shown(scope).all)


class ReadForm(PlainForm):
    file = forms.FileField(
        label=gettext_lazy("File of the bank"),
        help_text=gettext_lazy("CAMT.053 as XML or ZIP, or the CSV of the bank."),
        widget=UnfoldAdminFileFieldWidget(
            attrs={
                "autofocus": True,
                "accept": ".xml,.zip,.csv,.txt",
                "aria-describedby": "id_file_helptext id_file_error",
            }
        ),
        allow_empty_file=True,  # our own sentence says it
    )
    account = forms.ModelChoiceField(
        label=gettext_lazy("Bank account"),
        queryset=BankAccount.objects.none(),
        required=False,
        empty_label=gettext_lazy("as the file says"),
        help_text=gettext_lazy("Only for a table that does not say about which account it is."),
    )

    def __init__(self, scope: Scope, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["account"]
        field.queryset = accounts_of(scope)


class AccountForm(PlainForm):
    iban = forms.CharField(label=gettext_lazy("IBAN"), max_length=42)
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("By which you know it, such as House bank.")
    )


def bank_page(request: HttpRequest) -> HttpResponse:
    """The statements that were read, the latest first, with what waits in each; and large files that are being read."""
    scope = collector(request)
    page = page_number(request)
    files = list(files_of(scope)[:FILES])
    is_reading = any(one.state in UNDER_WAY for one in files)
    if "HX-Request" in request.headers and not is_reading:
        return whole_page_again()
    found = statements_of(scope).select_related("account")
    rows = list(found.order_by("-read_at", "-pk")[(page - 1) * PAGE : page * PAGE + 1])
    counts = _counted(rows[:PAGE], scope)
    context = {
        "rows": [(one, counts.get(one.pk)) for one in rows[:PAGE]],
        "accounts": accounts_of(scope), "files": [(one, _told(one)) for one in files], "is_reading": is_reading,
        "read_address": address_of(BANK_READ), "account_address": address_of(BANK_ACCOUNT),
        "currency": scope.organization.currency,
        "newer": page - 1, "older": page + 1 if len(rows) > PAGE else 0,
    }  # fmt: skip
    is_mixed = owners_shown(scope).is_back
    return show_billing_page(request, "bank", _("Bank statements"), context, names_place=not is_mixed)


def _told(file: BankFile) -> str:
    """How far the worker is with a large file, in words."""
    if file.state in UNDER_WAY:
        return _("is being read. This page goes on by itself; you may leave it and come back.")
    return str(file.failure) if file.state == FileState.FAILED else _brought(file.new, file.known)


def _counted(statements: Sequence[BankStatement], scope: Scope) -> dict[UUID, dict[str, int]]:
    """How many entries of each wait, and how many are done."""
    is_open = Q(state=EntryState.OPEN)
    rows = BankEntry.objects.in_base(scope.base).filter(statement__in=[one.pk for one in statements])
    counted = rows.values("statement").annotate(
        waiting=Count("pk", filter=is_open), decided=Count("pk", filter=~is_open)
    )
    return {one["statement"]: {"open": one["waiting"], "done": one["decided"]} for one in counted}


def bank_read_page(request: HttpRequest) -> HttpResponse:
    """The form for a file; what is wrong with it is said there, and nothing of it is stored then."""
    scope = collector(request)
    form = ReadForm(scope, request.POST, request.FILES) if request.method == "POST" else ReadForm(scope)
    if form.is_bound and form.is_valid():
        file, account = form.cleaned_data["file"], form.cleaned_data["account"]
        try:
            done = take_statement(file=file.file, name=file.name, account=account.pk if account else None, actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, {"bank_account_needed": "account"})
        else:
            return _led_on(request, done)
    context = {
        "form": form, "button": _("Read"), "back": address_of(BANK), "is_file": True,
        "lead": _("Entries that are known already are not stored again, so files may overlap."),
        "account_address": "" if accounts_of(scope).exists() else address_of(BANK_ACCOUNT),
    }  # fmt: skip
    return show_billing_page(request, "bank_form", _("Read a bank file"), context, status=400 if form.errors else 200)


def _led_on(request: HttpRequest, done: ReadFile | BankFile) -> HttpResponse:
    if isinstance(done, BankFile):
        messages.success(request, _("The file is large, so it is read in the background. It stands here until then."))
        return HttpResponseRedirect(address_of(BANK))
    messages.success(request, _brought(done.new, done.known))
    if len(done.statements) == 1:
        return HttpResponseRedirect(address_of(BANK_STATEMENT, done.statements[0].pk))
    return HttpResponseRedirect(address_of(BANK))


def _brought(new_ones: int, known_ones: int) -> str:
    """What a file has brought, in words."""
    new = ngettext("%(count)s entry is new.", "%(count)s entries are new.", new_ones) % {"count": new_ones}
    known = _("%(count)s were known already.") % {"count": known_ones} if known_ones else ""
    return f"{new} {known}".strip()


def bank_account_page(request: HttpRequest) -> HttpResponse:
    """The form for an account at a bank whose files are read from then on."""
    scope = collector(request)
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = add_bank_account(**form.cleaned_data, actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, {"bankaccount_once": "iban"})
        else:
            messages.success(request, _("The files of %(account)s are read from now on.") % {"account": added})
            return HttpResponseRedirect(address_of(BANK))
    context = {"form": form, "button": _("Add"), "back": address_of(BANK)}
    return show_billing_page(request, "bank_form", _("Add a bank account"), context)
