"""What the demo shows of invoices: a canteen that pays for its people, a run that is done, and one that waits."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounting.demo import build_accounts
from accounting.demo_billing import build_billing
from accounting.models import Account, Invoice, InvoiceDocument, InvoiceRun, Letter, Mandate, Movement
from customers.demo import build_customers
from customers.models import CustomerMembership

pytestmark = pytest.mark.django_db


def test_demo_shows_each_step_of_a_month(cast):
    today = timezone.localdate()
    build_customers(now=timezone.localtime())
    build_accounts(today=today)
    build_billing(today=today)
    invoices = Invoice.objects.order_by("sequence")
    of_company, *others = invoices
    members = [one.member_id for one in CustomerMembership.objects.all()]
    assert {one.of_id for one in CustomerMembership.objects.all()} == {of_company.customer_id}
    assert (of_company.gross, [one.gross for one in others]) == (Decimal("44.60"), [Decimal("22.30")] * 2)
    assert Movement.objects.filter(kind="transfer").count() == 2
    rest = Account.objects.filter(customer__in=members, kind="owed").values_list("balance", flat=True)
    assert list(rest) == [Decimal("-22.30")] * 2  # what was sold since, and waits for the next run
    assert sorted(one.due_on for one in others if one.due_on) == [today - timedelta(days=1), today + timedelta(days=13)]
    assert InvoiceDocument.objects.count() == 6
    assert sorted(InvoiceRun.objects.values_list("state", flat=True)) == ["done", "previewed"]
    assert Mandate.objects.count() == 1
    mailed = {one.invoice_id: (one.state, one.sent_to) for one in Letter.objects.all()}
    assert mailed[of_company.pk] == ("sent", "b…@kantine.example")
    assert sorted(mailed[one.pk] for one in others) == [("failed", ""), ("paper", "")]
