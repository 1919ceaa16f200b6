"""Accounts of the demo, at Hamburg: a regular who pays later, one with credit, one blocked, one above a limit.

There is a bank statement as well, which nobody has booked yet.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pghistory
from django.db import transaction

from accounting.choices import AccountKind
from accounting.operations import correct, post_sale, receive_payment, reverse, set_terms, top_up, use_credit
from accounting.payments import add_bank_account, read_statement
from customers.models import Customer
from mcp.isolation import access
from mcp.isolation.scope import Scope
from mcp.models import User

ACCOUNT, HAMBURG = 10400, 2
MANAGER, STAFF = "anna", "bodo"


@transaction.atomic
def build_accounts(*, today: date) -> None:
    """Open the accounts and book on them. The customers of the demo must stand."""
    manager, staff = scope_of_demo(MANAGER), scope_of_demo(STAFF)
    with pghistory.context(**manager.history()):
        regular, saver, blocked, over, late = _people(manager)
        _regular(regular, manager, staff, today)
        _saver(saver, manager, staff, today)
        _blocked(blocked, manager, staff, today)
        _over(over, manager, staff, today)
        _late(late, manager, staff, today)
        _bank(over, late, manager, today)


def scope_of_demo(username: str, client: int = HAMBURG) -> Scope:
    """The scope of one of the cast at a location of Nordlicht."""
    user = User.objects.select_related("organization").get(username=username, organization__account_number=ACCOUNT)
    return access.scope_at(user, account_number=ACCOUNT, client_number=client)


def _people(scope: Scope) -> Sequence[Customer]:
    """Five who are registered at Hamburg, have an address and are neither archived nor blocked."""
    there = Customer.objects.in_base(scope.base).filter(home_location=scope.location, archived_at=None)
    able = there.filter(is_blocked=False).exclude(street="").exclude(city="")
    return list(able.order_by("customer_number")[:5])


def _regular(customer: Customer, manager: Scope, staff: Scope, today: date) -> None:
    """Buys rolls each morning and pays at the end of the week; one sale was booked to the wrong customer."""
    set_terms(
        customer=customer.pk, may_buy_on_account=True, may_hold_credit=False, soft_limit=Decimal(150),
        hard_limit=Decimal(200), actor=manager,
    )  # fmt: skip
    for at, cents in enumerate((1240, 890, 1510, 1240, 2035)):
        wrong = post_sale(
            customer=customer.pk, amount=Decimal(cents) / 100, key=f"demo-regular-{at}", document=f"Bon {1041 + at}",
            business_day=today - timedelta(days=7 - at), actor=staff,
        ).movement  # fmt: skip
    receive_payment(
        customer=customer.pk, amount=Decimal("36.40"), key="demo-regular-paid", document="Überweisung",
        business_day=today - timedelta(days=2), actor=staff,
    )  # fmt: skip
    reverse(movement=wrong.pk, reason="Bon gehört zu einem anderen Kunden", key="demo-regular-back", actor=manager)


def _saver(customer: Customer, manager: Scope, staff: Scope, today: date) -> None:
    """Pays in advance, and uses it."""
    set_terms(customer=customer.pk, may_buy_on_account=False, may_hold_credit=True, actor=manager)
    top_up(
        customer=customer.pk, amount=Decimal(100), key="demo-saver", document="Bon 990",
        business_day=today - timedelta(days=20), actor=staff,
    )  # fmt: skip
    for at, cents in enumerate((460, 1275, 980)):
        use_credit(
            customer=customer.pk, amount=Decimal(cents) / 100, key=f"demo-saver-{at}", document=f"Bon {1001 + at}",
            business_day=today - timedelta(days=12 - 4 * at), actor=staff,
        )  # fmt: skip
    correct(
        customer=customer.pk, kind=AccountKind.CREDIT, is_in_favour=True, amount=Decimal(5),
        reason="Gutschrift für eine Reklamation", key="demo-saver-gift", actor=manager,
    )  # fmt: skip


def _blocked(customer: Customer, manager: Scope, staff: Scope, today: date) -> None:
    """Has not paid for long, so nothing more is sold on account."""
    set_terms(
        customer=customer.pk, may_buy_on_account=True, may_hold_credit=False, hard_limit=Decimal(100), actor=manager
    )
    post_sale(
        customer=customer.pk, amount=Decimal("87.40"), key="demo-blocked", document="Bon 655",
        business_day=today - timedelta(days=75), actor=staff,
    )  # fmt: skip
    set_terms(
        customer=customer.pk, may_buy_on_account=True, may_hold_credit=False, hard_limit=Decimal(100),
        is_blocked=True, blocked_reason="Zahlt seit zwei Monaten nicht", actor=manager,
    )  # fmt: skip


def _over(customer: Customer, manager: Scope, staff: Scope, today: date) -> None:
    """Above the amount from which the account warns."""
    set_terms(
        customer=customer.pk, may_buy_on_account=True, may_hold_credit=True, soft_limit=Decimal(250),
        hard_limit=Decimal(400), actor=manager,
    )  # fmt: skip
    for at, amount in enumerate((Decimal("142.90"), Decimal("168.35"))):
        post_sale(
            customer=customer.pk, amount=amount, key=f"demo-over-{at}", document=f"Lieferschein {311 + at}",
            business_day=today - timedelta(days=9 - 5 * at), actor=staff,
        )  # fmt: skip


def _late(customer: Customer, manager: Scope, staff: Scope, today: date) -> None:
    """A till without a connection has sold him more than he may buy: that waits for a decision."""
    set_terms(
        customer=customer.pk, may_buy_on_account=True, may_hold_credit=False, hard_limit=Decimal(30), actor=manager
    )
    post_sale(
        customer=customer.pk, amount=Decimal("41.70"), key="demo-late", document="Bon 1077",
        business_day=today - timedelta(days=1), is_late=True, actor=staff,
    )  # fmt: skip


def _bank(sure: Customer, probable: Customer, manager: Scope, today: date) -> None:
    """A payment that names what it pays, one that is less than it names, one of nobody, and the bank's charges."""
    add_bank_account(iban="DE89370400440532013000", name="Hausbank", actor=manager)
    day = f"{today - timedelta(days=1):%d.%m.%Y}"
    rows = [
        f"{day};142,90;Lieferschein 311;{sure.display_name};DE02120300000000202051",
        f"{day};40,00;Bon 1077, Rest folgt;{probable.display_name};DE02500105170137075030",
        f"{day};19,80;Danke;Unbekannt;DE02100500000054540402",
        f"{day};-4,90;Entgelt fuer die Kontofuehrung;Hausbank;",
    ]
    head = "Buchungstag;Betrag;Verwendungszweck;Beguenstigter/Zahlungspflichtiger;Kontonummer/IBAN"
    table = "\n".join(["Konto: DE89370400440532013000", head, *rows, ""])
    read_statement(file=io.BytesIO(table.encode("utf-8-sig")), name="umsaetze.csv", actor=manager)
