"""What is open in the accounts of all customers: by age, by location, as of any day, equal to its parts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html import unescape as html_unescape
from typing import Any

import pytest
from django.utils import timezone

from accounting.choices import AgeClass
from accounting.invoicing import cancel_invoice
from accounting.models import Receivable
from accounting.operations import Part, allocate, post_sale, receive_payment, reverse
from accounting.overview import Question, items_of, per_customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest, key, on_its_own
from tests.accounting.invoices import issued, issuer, line, order
from tests.accounting.test_account_pages import german, text

pytestmark = pytest.mark.django_db
OVERVIEW = "/10400/1/accounting/accountterms/overview/"


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def sale(scope: Scope, whose: Any, amount: str, *, days: int = 0) -> Any:
    day = timezone.localdate() - timedelta(days=days)
    return post_sale(customer=whose.pk, amount=Decimal(amount), key=key(), business_day=day, actor=scope).movement


def asked(scope: Scope, **narrowed: Any) -> Any:
    sort = narrowed.pop("sort", "-total")
    with row_scope.rows_of(scope):
        return per_customer(Question.of(actor=scope, **narrowed), sort=sort)


def ages(aged: Any) -> list[str]:
    return [str(aged.amounts[age]) for age in AgeClass]


def test_amounts_are_told_by_how_long_they_are_overdue(anna, till):
    issuer(anna, payment_term=10)
    whose = guest(till)
    for days, amount in ((10, "1"), (11, "2"), (25, "4"), (26, "8"), (40, "16"), (41, "0.5"), (70, "0.25"), (71, "5")):
        sale(till, whose, amount, days=days)
    found = asked(anna)
    assert ages(found.total) == ["1.00", "6.00", "24.00", "0.75", "5.00"]
    assert found.total.total == sum(found.total.amounts.values()) == Decimal("36.75")
    assert [(one.customer, ages(one.aged)) for one in found.rows] == [(whose, ages(found.total))]


def test_due_day_is_that_of_the_invoice_until_it_is_cancelled(anna, till):
    issuer(anna, payment_term=3)
    whose = guest(till)
    order(till, whose, line("10"), day=timezone.localdate() - timedelta(days=10))
    assert ages(asked(anna).total)[:2] == ["0.00", "10.00"]
    [invoice] = issued(anna)
    assert ages(asked(anna).total)[:2] == ["10.00", "0.00"]
    with row_scope.rows_of(anna):
        assert Receivable.objects.get().due_on == invoice.due_on
    cancel_invoice(invoice=invoice.pk, reason="x", actor=anna)
    assert ages(asked(anna).total)[:2] == ["0.00", "10.00"]


def test_what_is_open_follows_payments_allocations_and_reversals(anna, till):
    whose = guest(till)
    first, second = sale(till, whose, "10"), sale(till, whose, "20")
    paid = receive_payment(customer=whose.pk, amount=Decimal(15), key=key(), actor=till).movement
    assert rests(anna) == {second.pk: Decimal(15)}
    allocate(payment=paid.pk, parts=[Part(second.pk)], actor=till)
    assert rests(anna) == {first.pk: Decimal(10), second.pk: Decimal(5)}
    reverse(movement=paid.pk, reason="x", key=key(), actor=till)
    assert rests(anna) == {first.pk: Decimal(10), second.pk: Decimal(20)}
    reverse(movement=second.pk, reason="x", key=key(), actor=till)
    assert rests(anna) == {first.pk: Decimal(10)}


def rests(scope: Scope) -> dict[Any, Decimal]:
    with row_scope.rows_of(scope):
        found = items_of(Question.of(actor=scope))
        assert found.total == sum(one.rest for one in found.rows)
        return {one.movement.pk: one.rest for one in found.rows}


def test_as_of_a_day_is_what_was_open_then(anna, till):
    whose = guest(till)
    first = sale(till, whose, "10")
    receive_payment(customer=whose.pk, amount=Decimal(4), key=key(), actor=till)
    yesterday = timezone.localdate() - timedelta(days=1)
    assert asked(anna, day=yesterday).total.accounts == 0
    with row_scope.rows_of(anna):
        now, then = (Question.of(actor=anna, day=day) for day in (None, yesterday))
        worked_out = replace(then, day=now.day)
    assert rests(anna) == {first.pk: Decimal(6)}
    with row_scope.rows_of(anna), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Question, "is_of_now", False)
        assert [one.rest for one in items_of(worked_out).rows] == [Decimal(6)]


def test_sums_are_those_of_customers_and_of_locations(anna, till, cast):
    bremen = cast.scope("anna", "Bremen")
    one, other = guest(till, last_name="Eins"), guest(till, last_name="Zwei")
    for scope, whose, amount in ((till, one, "1"), (bremen, one, "2"), (bremen, other, "4")):
        sale(scope, whose, amount, days=40)
    found = asked(anna)
    assert [place.location.name for place in found.places] == ["Hamburg", "Bremen"]
    assert found.total.total == sum(p.aged.total for p in found.places) == sum(r.aged.total for r in found.rows) == 7
    assert found.total.items == 3
    assert [row.customer for row in asked(anna, sort="name").rows] == [one, other]
    assert [row.customer for row in asked(anna, sort="-number").rows] == [other, one]
    here = asked(anna, location=till.location.pk)
    assert (here.total.total, [row.customer for row in here.rows]) == (1, [one])
    assert asked(anna, customer=other.pk).total.total == 4
    assert asked(anna, age=AgeClass.NOT_DUE).total.accounts == 0


def test_branch_sees_its_own_customers_and_a_ledger_of_its_own_nobody_else(anna, till, cast):
    bremen = cast.scope("anna", "Bremen")
    sale(till, guest(till), "1")
    sale(bremen, guest(bremen), "2")
    assert (asked(anna).total.total, asked(till).total.total, asked(bremen).total.total) == (3, 1, 2)
    on_its_own(cast, "Bremen")
    sale(bremen, guest(bremen), "4")
    assert (asked(anna).total.total, asked(bremen).total.total) == (3, 4)
    assert asked(cast.scope("ines", "Dresden", 30100)).total.accounts == 0


def test_page_sorts_narrows_and_opens_the_items(log_in, anna, till):
    for at in range(3):
        sale(till, guest(till, last_name=f"Gast {at}"), f"{at + 1}", days=40)
    client = german(log_in("anna"))
    page = client.get(f"{OVERVIEW}?sort=name")
    shown = text(page)
    assert "Gast 0" in shown
    assert shown.index("Gast 0") < shown.index("Gast 2")
    assert "6,00 €" in shown
    html = page.content.decode()
    assert 'aria-sort="ascending"' in html
    link = re.search(r'href="([^"]*items/[^"]*customer=[^"]*age=to_30[^"]*)"', html)
    assert link is not None
    items = text(client.get(html_unescape(link[1])))
    assert "Kauf auf Rechnung" in items
    assert "16–30 Tage" in items
    assert "ist nichts offen" in text(client.get(f"{OVERVIEW}?age=over_60"))
    assert client.get(f"{OVERVIEW}?day=x&location=77777&company=abc&p=99999&sort=nonsense").status_code == 200
