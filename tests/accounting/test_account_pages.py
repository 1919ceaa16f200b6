"""The pages of accounts: what they show to whom, what can be booked by hand, and what is downloaded."""

from __future__ import annotations

import csv
import io
import random
import re
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from accounting.balances import start_of
from accounting.models import AccountTerms, Allocation, LedgerException, Movement
from accounting.operations import post_sale, receive_payment, reverse, top_up
from accounting.pages.account import SHOWN_ITEMS
from accounting.pages.booking import WAYS
from accounting.statements import statement_of
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation import grants, row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import ADDRESS, amounts, guest, key, now, terms
from tests.customers.people import BREMEN, HAMBURG, customer

pytestmark = pytest.mark.django_db
PAGE = HAMBURG + "/accounting/accountterms/"


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def anna_client(log_in):
    return german(log_in("anna"))


def german(client: Any) -> Any:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    return client


def text(response: Any) -> str:
    """What somebody reads on the page."""
    body = re.sub(r"<(script|style|head).*?</\1>", "", response.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").split())


def test_account_is_opened_from_the_page_of_the_customer(anna, anna_client):
    whose = customer(anna, last_name="Gast", credit_limit=Decimal("250.50"), **ADDRESS)
    form = anna_client.get(f"{HAMBURG}/customers/customer/{whose.pk}/change/")
    assert f"{PAGE}{whose.pk}/" in form.content.decode()
    assert "noch kein Kundenkonto" in text(anna_client.get(f"{PAGE}{whose.pk}/"))
    page = anna_client.get(f"{PAGE}{whose.pk}/terms/")
    assert 'value="250,50"' in page.content.decode()
    sent = {"may_buy_on_account": "on", "hard_limit": "250,50", "soft_limit": "200", "may_hold_credit": "on"}
    answer = anna_client.post(f"{PAGE}{whose.pk}/terms/", sent)
    assert answer.url == f"{PAGE}{whose.pk}/"
    found = AccountTerms.objects.get()
    assert (found.hard_limit, found.soft_limit, found.set_by) == (Decimal("250.50"), 200, str(anna.user))
    assert "250,50 €" in text(anna_client.get(answer.url))
    wrong = anna_client.post(f"{PAGE}{whose.pk}/terms/", {**sent, "soft_limit": "300"})
    assert "nicht darüber" in text(wrong)


@pytest.mark.parametrize(
    ("kind", "typed", "after"),
    [
        ("top_up", "1.234,50", (0, Decimal("1234.50"))),
        ("sale", "12.30", (Decimal("12.30"), 0)),
        ("payment", "5 €", (Decimal(-5), 0)),
    ],
)
def test_booking_by_hand(anna, anna_client, kind, typed, after):
    whose = guest(anna)
    page = anna_client.get(f"{PAGE}{whose.pk}/book/{kind}/")
    [sent_key] = re.findall(r'name="key" value="([^"]+)"', page.content.decode())
    sent = {"amount": typed, "document": "Bon 1", "business_day": timezone.localdate().isoformat(), "key": sent_key}
    answer = anna_client.post(f"{PAGE}{whose.pk}/book/{kind}/", sent)
    assert answer.url == f"{PAGE}{whose.pk}/"
    anna_client.post(f"{PAGE}{whose.pk}/book/{kind}/", sent)  # a second click
    assert amounts(anna, whose) == after
    assert Movement.objects.count() == 1


def test_what_cannot_be_booked_is_said_at_the_field(anna, anna_client):
    whose = guest(anna)
    sent = {"amount": "100,01", "business_day": timezone.localdate().isoformat(), "key": key()}
    page = anna_client.post(f"{PAGE}{whose.pk}/book/sale/", sent)
    assert "noch für 100,00 €" in text(page)
    assert 'value="100,01"' in page.content.decode()
    for typed, told in (("abc", "kein Betrag"), ("1,005", "zwei Nachkommastellen"), ("-1", "über 0,00")):
        assert told in text(anna_client.post(f"{PAGE}{whose.pk}/book/sale/", {**sent, "amount": typed, "key": key()}))
    assert anna_client.get(f"{PAGE}{whose.pk}/book/gift/").status_code == 404


def test_correction_and_reversal_say_who_and_why(anna, anna_client):
    whose = guest(anna)
    sent = {"about": "owed-more", "amount": "7", "reason": "Vergessener Bon", "key": key()}
    assert anna_client.post(f"{PAGE}{whose.pk}/correct/", sent).status_code == 302
    assert amounts(anna, whose) == (7, 0)
    wrong = Movement.objects.get()
    address = f"{PAGE}reverse/{wrong.pk}/"
    assert "Korrektur von 7,00 €" in text(anna_client.get(address))
    assert anna_client.post(address, {"reason": "", "key": key()}).status_code == 200
    assert anna_client.post(address, {"reason": "Doch bezahlt", "key": key()}).status_code == 302
    shown = text(anna_client.get(f"{PAGE}{whose.pk}/"))
    assert "Doch bezahlt" in shown
    assert f"storniert von {anna.user}" in shown
    assert "Diese Buchung ist schon storniert" not in shown
    again = text(anna_client.post(address, {"reason": "Noch einmal", "key": key()}))
    assert f"{anna.user} hat das schon storniert: Doch bezahlt" in again
    assert anna_client.get(f"{PAGE}reverse/{AccountTerms.objects.get().customer.uid}/").status_code == 404
    assert amounts(anna, whose) == (0, 0)


def test_page_shows_balances_after_each_booking_and_turns(anna, anna_client):
    whose = guest(anna, hard_limit=Decimal(1000))
    for at in range(53):
        post_sale(customer=whose.pk, amount=Decimal(1), key=key(), document=f"Bon {at}", actor=anna)
    top_up(customer=whose.pk, amount=Decimal(20), key=key(), actor=anna)
    first = anna_client.get(f"{PAGE}{whose.pk}/")
    assert "Bon 52 " in text(first)
    assert [line.movement.document for line in first.context["lines"][-2:]] == ["Bon 5", "Bon 4"]
    assert len(first.context["lines"]) == 50
    assert [(line.open_after, line.credit_after) for line in first.context["lines"][:3]] == [(53, 20), (53, 0), (52, 0)]
    older = anna_client.get(f"{PAGE}{whose.pk}/?before={first.context['older']}")
    assert [line.open_after for line in older.context["lines"]] == [4, 3, 2, 1]
    assert older.context["older"] is None
    assert anna_client.get(f"{PAGE}{whose.pk}/?before=x&on=9999-99-99").status_code == 200


def test_page_asks_the_same_whatever_was_booked(anna, anna_client, django_assert_num_queries):
    whose = guest(anna)
    counts = []
    for _turn in range(2):
        post_sale(customer=whose.pk, amount=Decimal(1), key=key(), actor=anna)
        paid = receive_payment(customer=whose.pk, amount=Decimal(1), key=key(), actor=anna).movement
        reverse(movement=paid.pk, reason="x", key=key(), actor=anna)
        anna_client.get(f"{PAGE}{whose.pk}/")
        with django_assert_num_queries(25):
            counts.append(len(anna_client.get(f"{PAGE}{whose.pk}/").context["lines"]))
    assert counts == [3, 6]


def test_balance_at_any_day(anna, anna_client, monkeypatch):
    whose = guest(anna)
    post_sale(customer=whose.pk, amount=Decimal(30), key=key(), actor=anna)
    yesterday = timezone.localdate() - timedelta(days=1)
    shown = text(anna_client.get(f"{PAGE}{whose.pk}/?on={yesterday.isoformat()}"))
    assert "offener Betrag 0,00 €, Guthaben 0,00 €" in shown
    assert "Offener Betrag 30,00 €" in shown or "30,00 € Offener Betrag" in shown


@pytest.mark.parametrize(("today", "first"), [("2026-12-01", "2026-11-01"), ("2026-12-15", "2026-12-01")])
def test_at_the_beginning_of_a_month_a_statement_of_the_last_one_is_proposed(
    anna, anna_client, monkeypatch, today, first
):
    whose = guest(anna)
    monkeypatch.setattr("accounting.pages.account.timezone.localdate", lambda: date.fromisoformat(today))
    assert (
        f'name="first" id="id_first" required class="customer-input" value="{first}"'
        in anna_client.get(f"{PAGE}{whose.pk}/").content.decode()
    )


def test_statement_as_csv_and_pdf(anna, anna_client):
    whose = guest(anna)
    post_sale(customer=whose.pk, amount=Decimal("30.10"), key=key(), document="=1+1", actor=anna)
    top_up(customer=whose.pk, amount=Decimal(5), key=key(), actor=anna)
    today = timezone.localdate().isoformat()
    address = f"{PAGE}{whose.pk}/statement/?first={today}&last={today}"
    answer = anna_client.get(f"{address}&as=csv")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")), delimiter=";"))
    assert rows[0][7:] == ["Geschuldet", "Offener Betrag", "Vorausbezahlt", "Guthaben"]
    assert [row[7:] for row in rows[1:]] == [["30,10", "30,10", "0,00", "0,00"], ["0,00", "30,10", "5,00", "5,00"]]
    assert rows[1][3] != "=1+1"  # no spreadsheet shall calculate it
    assert f"Kundenkonto-{whose.customer_number}-{today}-{today}.csv" in answer["Content-Disposition"]
    pdf = anna_client.get(f"{address}&as=pdf")
    assert b"".join(pdf.streaming_content).startswith(b"%PDF-")
    for query in ("?first=2026-02-01&last=2026-01-01", "?first=x", ""):
        assert anna_client.get(f"{PAGE}{whose.pk}/statement/{query}").status_code == 302


def test_open_items_are_the_latest_as_far_as_the_open_amount_reaches(anna, anna_client):
    whose = guest(anna)
    for at, amount in enumerate((30, 20, 10)):
        post_sale(customer=whose.pk, amount=Decimal(amount), key=key(), document=f"Bon {at}", actor=anna)
    paid = receive_payment(customer=whose.pk, amount=Decimal(35), key=key(), actor=anna).movement
    page = anna_client.get(f"{PAGE}{whose.pk}/")
    found = page.context["open_items"]
    assert [(one.movement.document, one.rest) for one in found.items] == [("Bon 1", 15), ("Bon 2", 10)]
    assert "teilweise bezahlt" in text(page)
    reverse(movement=paid.pk, reason="Rücklastschrift", key=key(), actor=anna)
    page = anna_client.get(f"{PAGE}{whose.pk}/")
    assert [one.rest for one in page.context["open_items"].items] == [30, 20, 10]
    yesterday = timezone.localdate() - timedelta(days=1)
    page = anna_client.get(f"{PAGE}{whose.pk}/?on={yesterday.isoformat()}")
    assert page.context["open_items"].items == []
    assert "Es ist nichts offen." in text(page)
    receive_payment(customer=whose.pk, amount=Decimal(61), key=key(), actor=anna)
    assert "Es wurden 1,00 € mehr gezahlt" in text(anna_client.get(f"{PAGE}{whose.pk}/"))


def test_of_many_open_items_the_older_ones_are_one_sum(anna, anna_client):
    whose = guest(anna, hard_limit=Decimal(1000))
    for _at in range(SHOWN_ITEMS + 3):
        post_sale(customer=whose.pk, amount=Decimal(2), key=key(), actor=anna)
    receive_payment(customer=whose.pk, amount=Decimal(1), key=key(), actor=anna)
    page = anna_client.get(f"{PAGE}{whose.pk}/")
    assert (len(page.context["open_items"].items), page.context["open_items"].older) == (SHOWN_ITEMS, 5)
    assert "Ältere Buchungen" in text(page)


def test_statement_open_items_and_movements_say_the_same_of_each_day(anna, as_owner):
    """Six customers over twenty days: sales, payments, and what is taken back again."""
    luck, today = random.Random(3), timezone.localdate()
    guests = [guest(anna, last_name=f"Gast{at}", hard_limit=Decimal(100_000)) for at in range(6)]
    effects: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for days_ago in range(20, 0, -1):
        for whose in guests:
            for _turn in range(luck.randint(0, 2)):
                booked = post_sale if luck.random() < 0.6 else receive_payment
                amount = Decimal(luck.randint(1, 9000)) / 100
                done = booked(customer=whose.pk, amount=amount, key=key(), actor=anna).movement
                effects[whose.pk, days_ago] += amount if booked is post_sale else -amount
                rows = [done]
                if luck.random() < 0.2:
                    rows.append(reverse(movement=done.pk, reason="x", key=key(), actor=anna).movement)
                    effects[whose.pk, days_ago] -= amount if booked is post_sale else -amount
                for at, row in enumerate(rows):  # as if it had been booked on that day
                    then = start_of(today - timedelta(days=days_ago)) + timedelta(hours=8, minutes=_turn * 5 + at)
                    Movement.objects.filter(pk=row.pk).update(posted_at=then)
                    Allocation.objects.filter(created_at=row.posted_at).update(created_at=then)
    for whose in guests:
        standing, before = now(anna, whose), Decimal(0)
        for days_ago in range(20, 0, -1):
            day = today - timedelta(days=days_ago)
            with row_scope.rows_of(anna):
                said = statement_of(customer=whose, standing=standing, first=day, last=day, actor=anna)
            after = before + effects[whose.pk, days_ago]
            assert (said.before, said.after) == ((before, Decimal(0)), (after, Decimal(0)))
            assert sum(line.owed for line in said.lines) == effects[whose.pk, days_ago]
            rests = sum((item.rest for item in said.open_after.items), Decimal(0))
            assert (rests, said.open_after.total) == (max(after, Decimal(0)), after)
            before = after


@pytest.mark.parametrize("right", sorted({way.right for way in WAYS.values()}))
def test_each_way_to_book_takes_a_right_of_its_own(cast, anna, log_in, right):
    whose = guest(anna)
    grants.add_grants(
        cast.group("Auskunft Bremen"), [(one, cast.location("Bremen").pk) for one in (Right.SEE_ACCOUNTS, right)]
    )
    there = f"{BREMEN}/accounting/accountterms/{whose.pk}/"
    client = log_in("carla")
    shown = client.get(there).content.decode()
    for kind, way in WAYS.items():
        assert (f"/book/{kind}/" in shown) == (way.right == right)
        assert client.get(f"{there}book/{kind}/").status_code == (200 if way.right == right else 403)
    assert len({way.right for way in WAYS.values()} | {Right.CORRECT_ACCOUNTS}) == 5


def test_exceptions_are_listed_and_decided(anna, anna_client):
    whose = guest(anna)
    post_sale(customer=whose.pk, amount=Decimal(120), key=key(), is_late=True, actor=anna)
    row = LedgerException.objects.get()
    assert "1 Buchung hat eine Regel verletzt" in text(anna_client.get(f"{PAGE}{whose.pk}/"))
    assert "Über dem Kreditrahmen" in text(anna_client.get(f"{PAGE}exceptions/"))
    panel = anna_client.get(f"{HAMBURG}/overview/ledger_exceptions/", headers={"HX-Request": "true"})
    assert "1" in text(panel)
    assert anna_client.post(f"{PAGE}exceptions/{row.pk}/", {"note": ""}).status_code == 200
    assert anna_client.post(f"{PAGE}exceptions/{row.pk}/", {"note": "Zahlt morgen"}).status_code == 302
    assert "Keine Ausnahme wartet" in text(anna_client.get(f"{PAGE}exceptions/"))
    assert "Zahlt morgen" in text(anna_client.get(f"{PAGE}exceptions/?all=1"))


def test_buttons_are_those_of_the_rights(cast, anna, log_in):
    """Whoever sees accounts and nothing more sees no button, and is told which right is missing."""
    whose = guest(anna)
    carla = cast.group("Auskunft Bremen")
    grants.add_grants(carla, [(Right.SEE_ACCOUNTS, cast.location("Bremen").pk)])
    client = log_in("carla")
    there = f"{BREMEN}/accounting/accountterms/{whose.pk}/"
    shown = client.get(there)
    assert "/book/" not in shown.content.decode()
    assert "/correct/" not in shown.content.decode()
    for page in ("book/top_up/", "correct/", "terms/"):
        refused = client.get(there + page)
        assert refused.status_code == 403
    assert client.get(f"{BREMEN}/accounting/accountterms/exceptions/").status_code == 200


@pytest.mark.parametrize(
    ("paid_ahead", "allowed", "offered"),
    [
        (False, {"may_hold_credit": False}, ["payment", "sale"]),
        (False, {"may_buy_on_account": False}, ["top_up", "pay_out", "payment", "use"]),
        (True, {"may_hold_credit": False}, ["pay_out", "payment", "sale", "use"]),
    ],
)
def test_what_the_terms_refuse_is_not_offered(anna, anna_client, paid_ahead, allowed, offered):
    """Credit that is left is used and paid out, also where none may be held any longer."""
    whose = guest(anna)
    if paid_ahead:
        top_up(customer=whose.pk, amount=Decimal(5), key=key(), actor=anna)
    terms(anna, whose, **allowed)
    shown = anna_client.get(f"{PAGE}{whose.pk}/").content.decode()
    assert re.findall(r"/book/(\w+)/", shown) == offered


def test_customer_of_a_base_1_0_is_told_where_accounts_are(cast, log_in):
    luebeck = cast.system("Lübeck")
    whose = customer(luebeck)
    shown = text(german(log_in("anna")).get(f"/10400/4/accounting/accountterms/{whose.pk}/"))
    assert "Kundenstamm 2.0" in shown
    assert german(log_in("anna")).get(f"/10400/4/accounting/accountterms/{whose.pk}/terms/").status_code == 404


def test_form_of_the_customer_says_what_is_amiss(anna, anna_client):
    whose = guest(anna, soft_limit=Decimal(10), is_blocked=True, blocked_reason="Streit")
    terms(anna, whose, soft_limit=Decimal(10))
    post_sale(customer=whose.pk, amount=Decimal(11), key=key(), actor=anna)
    terms(anna, whose, soft_limit=Decimal(10), is_blocked=True, blocked_reason="Streit")
    shown = text(anna_client.get(f"{HAMBURG}/customers/customer/{whose.pk}/change/"))
    assert "über seinem Kreditrahmen von 10,00 €: 11,00 € sind offen" in shown
    assert "Das Kundenkonto ist gesperrt" in shown
    Customer.objects.filter(pk=whose.pk).update(archived_at=timezone.now())
    shown = text(anna_client.get(f"{HAMBURG}/customers/customer/{whose.pk}/change/"))
    assert "Archiviert, und es ist Geld offen" in shown
