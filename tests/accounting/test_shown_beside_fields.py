"""What stands beside what is typed and read: the currency of an amount, the groups of an IBAN, the usual reasons."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from django.utils.html import strip_tags

from accounting.banking.return_reasons import REASONS, USUAL
from accounting.models import BankEntry
from accounting.operations import post_sale, receive_payment
from accounting.pages.debits import ReturnForm
from accounting.pages.money import iban, unit
from tests.accounting.accounts import guest, key
from tests.accounting.bank_files import paid, statement
from tests.accounting.banking.files import OWN
from tests.accounting.invoices import issuer

AT = "/10400/1/accounting/accountterms/"


@pytest.mark.django_db
def test_each_amount_field_says_the_currency(cast, log_in):
    anna = cast.scope("anna", "Zentrale")
    issuer(anna)
    whose = guest(anna)
    post_sale(customer=whose.pk, amount=Decimal(9), key=key(), actor=anna)
    payment = receive_payment(customer=whose.pk, amount=Decimal(4), key=key(), actor=anna).movement
    statement(anna, paid("2.00"))
    entry = BankEntry.objects.get()
    client = log_in("anna")
    for page in (
        f"{whose.pk}/book/payment/", f"{whose.pk}/correct/", f"{whose.pk}/terms/", f"allocate/{payment.pk}/",
        "runs/new/", "reminders/levels/1/", f"bank/entry/{entry.pk}/?customer={whose.pk}",
    ):  # fmt: skip
        shown = client.get(f"{AT}{page}").content.decode()
        amounts = re.findall(r'<span class="account-money"><input[^>]*inputmode="decimal"[^>]*>', shown)
        assert len(amounts) == shown.count('inputmode="decimal"') > 0, page
        assert shown.count('<span class="account-unit">€</span>') == len(amounts), page


def test_currency_is_written_as_the_language_does():
    with translation.override("de"):
        assert (unit("EUR"), unit("CHF")) == ("€", "CHF")
    with translation.override("en"):
        assert unit("EUR") == "€"


def test_iban_is_shown_in_groups_and_copied_without_spaces():
    shown = iban("DE89370400440532013000")
    assert strip_tags(shown) == "DE89370400440532013000"
    assert re.findall("<span>([^<]*)</span>", shown) == ["DE89", "3704", "0044", "0532", "0130", "00"]
    assert (iban(""), iban("Konto 7 <b>")) == ("", "Konto 7 &lt;b&gt;")


@pytest.mark.django_db
def test_pages_of_banks_show_it_so(cast, log_in):
    anna = cast.scope("anna", "Zentrale")
    statement(anna, paid("2.00"))
    entry = BankEntry.objects.get()
    client = log_in("anna")
    for page in ("bank/", f"bank/{entry.statement_id}/"):
        assert f'<span class="iban"><span>{OWN[:4]}</span><wbr>' in client.get(f"{AT}{page}").content.decode(), page


def test_usual_reasons_of_a_return_come_first_and_each_stands_there_once():
    code: Any = ReturnForm().fields["code"]
    (nothing, _), (_first, usual), (_second, others) = code.choices
    assert (nothing, tuple(code for code, _text in usual)) == ("", USUAL)
    assert sorted(code for code, _text in [*usual, *others]) == sorted(REASONS)
