"""What is no number, no day and no sensible amount is kept nowhere, whoever writes it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounting.choices import SaleMethod
from accounting.invoicing import prepare_run
from accounting.models import Account, Ledger
from accounting.opening_balances import check_balances
from accounting.operations import post_order
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import account, guest, key
from tests.accounting.invoices import issuer, line, order, prepared
from tests.accounting.test_ledger_database import refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def head(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Zentrale")
    issuer(scope)
    return scope


def correction(till: Scope, **values: Any) -> str:
    """By what a correction is refused that the web role posts by itself."""
    whose = guest(till)
    order(till, whose)
    with row_scope.rows_of(till):
        ledger = Ledger.objects.get()
        row = Account(organization=till.organization, base=till.base, ledger=ledger, owner_key=0, kind="corrections")
        row.save()
    wanted = {
        "debit": row.pk, "credit": account(till, whose, "owed").pk, "amount": "1.00", "kind": "correction",
        "business_day": "2026-01-07", "key": key(), "reason": "x", **values,
    }  # fmt: skip
    return refusal(
        till, "SELECT accounting_post(%s, %s, 'x', %s::jsonb)", till.base.pk, ledger.pk, json.dumps([wanted])
    )


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"amount": "NaN"}, "movement_amount_finite"),
        ({"business_day": "infinity"}, "movement_day_of_calendar"),
        ({"business_day": "0001-01-01"}, "movement_day_of_calendar"),
    ],
)
def test_movement_is_of_a_number_and_a_day(till, values, told):
    assert correction(till, **values) == told


def test_what_becomes_an_amount_later_is_a_number(head, till):
    order(till, guest(till))
    assert prepared(head).minimum == 0
    told = refusal(
        head,
        "INSERT INTO accounting_dunninglevel (organization_id, owner_key, level, title, text, days_after_due, "
        "days_to_pay, fee, is_fee_posted) VALUES (%s, 0, 1, 'x', 'x', 5, 5, 'NaN', true)",
        head.organization.pk,
    )
    assert told == "dunninglevel_fee_finite"


@pytest.mark.parametrize("amount", ["99999999999999999999", "1.005", "-1"])
def test_smallest_amount_of_a_run_is_an_amount(head, till, amount):
    order(till, guest(till))
    with pytest.raises(ValidationError):
        prepare_run(until=prepared(head).until, minimum=Decimal(amount), actor=head)


def test_lines_of_an_order_leave_room_for_the_sums_of_an_invoice(head, till):
    whose = guest(till)
    lines = [line("9000000"), line("-8999999", "19")]
    with pytest.raises(ValidationError) as caught:
        post_order(
            customer=whose.pk,
            method=SaleMethod.ACCOUNT,
            number="1",
            total=Decimal(1),
            lines=lines,
            key=key(),
            actor=till,
        )
    assert caught.value.message_dict.keys() == {"lines"}
    told = refusal(
        till,
        "SELECT accounting_post_order(%s, %s, 'x', %s::jsonb, '{}', %s::jsonb)",
        till.base.pk,
        _ledger(till),
        json.dumps(_sale(till, whose)),
        json.dumps([
            {"position": 1, "text": "x", "quantity": "1", "amount": "10000001", "vat_rate": "7"},
            {"position": 2, "text": "x", "quantity": "1", "amount": "-10000000", "vat_rate": "7"},
        ]),
    )  # fmt: skip
    assert told == "paymentorderline_within_bounds"


def _ledger(scope: Scope) -> int:
    with row_scope.rows_of(scope):
        return int(Ledger.objects.get().pk)


def _sale(till: Scope, whose: Any) -> dict[str, Any]:
    order(till, whose)
    with row_scope.rows_of(till):
        sales = Account.objects.get(kind="sales")
    return {
        "debit": account(till, whose, "owed").pk, "credit": sales.pk, "amount": "1.00", "kind": "sale",
        "business_day": "2026-01-07", "key": key(), "is_late": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    "rows", [f"{'9' * 5000};1,00", "2000001;999999999999,99\n2000002;999999999999,99"], ids=["digits", "sums"]
)
def test_file_of_balances_that_cannot_be_is_refused_in_words(cast, till, rows):
    numbers = [guest(till).customer_number for _turn in range(2)]
    for found, known in zip(("2000001", "2000002"), numbers, strict=True):
        rows = rows.replace(found, str(known))
    content = f"Kundennummer;Offener Betrag\n{rows}\n".encode()
    if rows.startswith("9" * 100):
        assert check_balances(file_name="x.csv", content=content, actor=till).rejected[0][1] == "number_missing"
        return
    with pytest.raises(ValidationError) as caught:
        check_balances(file_name="x.csv", content=content, actor=till)
    assert caught.value.code == "totals_too_large"
