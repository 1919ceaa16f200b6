"""One entry of the bank: booked as proposed, or to whom somebody chooses; left out, taken up again, or undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounting.choices import AccountKind, EntryState
from accounting.models import Account, BankEntry
from accounting.models.bank import LONGEST_NOTE
from accounting.open_items import OpenItem, open_items
from accounting.operations import Part
from accounting.operations.posting import LONGEST_REASON
from accounting.owners import owners_shown
from accounting.pages.bank import collector
from accounting.pages.bank_words import told_of
from accounting.pages.forms import AmountField, PlainForm
from accounting.pages.frame import BANK_STATEMENT, address_of, may, show_billing_page
from accounting.payments import Share, book_as_proposed, book_entry, ignore_entry, reopen_entry, undo_entry
from customers.field_groups import withheld
from customers.models import Customer
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.isolation.scope import Scope

MOST_FOUND, MOST_CHOSEN, MOST_ITEMS = 20, 10, 50


@dataclass(frozen=True)
class Payer:
    """Somebody who was chosen, with what is open of him."""

    customer: Customer
    items: Sequence[OpenItem]

    @property
    def name(self) -> str:
        return f"share_{self.customer.pk}"


class SharesForm(PlainForm):
    """An amount for each customer who was chosen, and for any of his items; items may be empty."""

    def __init__(self, payers: Sequence[Payer], entry: BankEntry, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for payer in payers:
            whole = AmountField(label=_("Amount"))
            whole.initial = number_format(entry.amount, decimal_pos=2) if len(payers) == 1 else ""
            self._add(payer.name, whole)
            for item in payer.items:
                self._add(part_name(item), AmountField(label=item.movement.document, required=False))

    def _add(self, name: str, field: AmountField) -> None:
        field.widget.attrs["class"] = "customer-input"
        self.fields[name] = field

    def shares(self, payers: Sequence[Payer]) -> list[Share]:
        """What was typed. Nothing for an item is no part of it."""
        typed = self.cleaned_data
        return [
            Share(
                customer=payer.customer.pk,
                amount=typed[payer.name],
                parts=[
                    Part(item.movement.pk, typed[part_name(item)]) for item in payer.items if typed[part_name(item)]
                ],
            )
            for payer in payers
        ]


class NoteForm(PlainForm):
    note = forms.CharField(label=gettext_lazy("Why it is left out"), max_length=LONGEST_NOTE)


class UndoForm(PlainForm):
    reason = forms.CharField(label=gettext_lazy("Why it is undone"), max_length=LONGEST_REASON)


def part_name(item: OpenItem) -> str:
    return f"part_{item.movement.pk.hex}"


def bank_entry_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The entry with what can be done about it; `?q=` looks for customers, `?customer=` chooses them."""
    scope = collector(request)
    found = BankEntry.objects.in_base(scope.base).filter(owner_key__in=owners_shown(scope).all)
    entry = get_object_or_404(found.select_related("ledger", "organization", "statement__account"), pk=pk)
    payers = _payers(request.POST if request.method == "POST" else request.GET, entry)
    made: dict[str, forms.Form] = {
        "shares": SharesForm(payers, entry), "note": NoteForm(), "undo": UndoForm(), "plain": PlainForm(),
    }  # fmt: skip
    if request.method == "POST":
        step = _STEPS.get(request.POST.get("step", ""), _as_proposed)
        name, form, sentence = step(request, entry, payers, scope)
        if sentence:
            messages.success(request, sentence)
            return HttpResponseRedirect(address_of(BANK_STATEMENT, entry.statement_id))
        made[name] = form
        entry = get_object_or_404(found, pk=pk)  # it may be proposed anew
    words = request.GET.get("q", "").strip()[:100]
    told = told_of([entry])[0]
    context = {
        "told": told, "is_sought": entry.state == EntryState.OPEN and entry.is_payment and told.debits is None,
        "entry": entry, "currency": scope.organization.currency, "words": words,
        "back": address_of(BANK_STATEMENT, entry.statement_id), "forms": made, "payers": _lines(payers, made["shares"]),
        "found": _found(words, payers, entry, scope),
        "chosen": "".join(f"&customer={one.customer.pk}" for one in payers),
        "may_undo": may(scope, Right.CORRECT_ACCOUNTS),
    }  # fmt: skip
    return show_billing_page(request, "bank_entry", _("Entry of a bank statement"), context)


type _Done = tuple[str, forms.Form, str]


def _as_proposed(request: HttpRequest, entry: BankEntry, payers: Sequence[Payer], scope: Scope) -> _Done:
    form, is_charged = PlainForm(request.POST), "is_charged" in request.POST
    return _tried(
        "plain",
        form,
        lambda: book_as_proposed(entry=entry.pk, is_charged=is_charged, actor=scope),
        _("The entry is booked."),
    )


def _shared(request: HttpRequest, entry: BankEntry, payers: Sequence[Payer], scope: Scope) -> _Done:
    form = SharesForm(payers, entry, request.POST)
    return _tried(
        "shares",
        form,
        lambda: book_entry(entry=entry.pk, shares=form.shares(payers), actor=scope),
        _("The entry is booked."),
    )


def _left_out(request: HttpRequest, entry: BankEntry, payers: Sequence[Payer], scope: Scope) -> _Done:
    form = NoteForm(request.POST)
    return _tried(
        "note",
        form,
        lambda: ignore_entry(entry=entry.pk, note=form.cleaned_data["note"], actor=scope),
        _("The entry is left out."),
    )


def _taken_up(request: HttpRequest, entry: BankEntry, payers: Sequence[Payer], scope: Scope) -> _Done:
    form = PlainForm(request.POST)
    return _tried("plain", form, lambda: reopen_entry(entry=entry.pk, actor=scope), _("The entry is open again."))


def _undone(request: HttpRequest, entry: BankEntry, payers: Sequence[Payer], scope: Scope) -> _Done:
    form = UndoForm(request.POST)
    name, tried, sentence = _tried(
        "undo",
        form,
        lambda: undo_entry(entry=entry.pk, reason=form.cleaned_data["reason"], actor=scope),
        _("The booking is taken back, and the entry is open again."),
    )
    if sentence and not BankEntry.objects.in_base(scope.base).open().filter(pk=entry.pk).exists():
        sentence = _("Many debits are being taken back. You may leave this page and come back.")
    return name, tried, sentence


_STEPS: Mapping[str, Callable[[HttpRequest, BankEntry, Sequence[Payer], Scope], _Done]] = {
    "proposed": _as_proposed, "book": _shared, "ignore": _left_out, "reopen": _taken_up, "undo": _undone,
}  # fmt: skip


def _tried(name: str, form: forms.Form, operation: Callable[[], object], sentence: str) -> _Done:
    """The form with what is wrong with it, or the sentence of what was done."""
    if not form.is_valid():
        return name, form, ""
    try:
        operation()
    except ValidationError as refusal:
        show_refusal(form, refusal, {})
        return name, form, ""
    return name, form, sentence


def _payers(asked: QueryDict, entry: BankEntry) -> list[Payer]:
    """Those who were chosen and have an account in the ledger of the entry, in the order in which they were."""
    wanted = [int(one) for one in asked.getlist("customer")[:MOST_CHOSEN] if one.isdecimal() and len(one) <= 18]
    rows = Account.objects.filter(base=entry.base_id, ledger=entry.ledger_id, kind=AccountKind.OWED)
    found = {one.customer_id: one for one in rows.filter(customer__in=wanted).select_related("customer")}
    return [
        Payer(account.customer, open_items(account, most=MOST_ITEMS).items)
        for account in (found.get(pk) for pk in dict.fromkeys(wanted))
        if account is not None and account.customer is not None
    ]


def _lines(payers: Sequence[Payer], form: forms.Form) -> list[tuple[Payer, Any, list[tuple[OpenItem, Any]]]]:
    return [(payer, form[payer.name], [(item, form[part_name(item)]) for item in payer.items]) for payer in payers]


def _found(words: str, payers: Sequence[Payer], entry: BankEntry, scope: Scope) -> list[Customer]:
    """Customers with an account whom the words find, without those who were chosen."""
    if not words or not entry.is_payment:
        return []
    rows = Customer.objects.in_base(scope.base).matching(words, hidden=withheld(scope))
    rows = rows.filter(accounts__ledger=entry.ledger_id, accounts__kind=AccountKind.OWED)
    return list(rows.exclude(pk__in=[one.customer.pk for one in payers]).order_by("sort_name", "pk")[:MOST_FOUND])
