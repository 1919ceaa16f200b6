"""Opening balances from a file: checked, proven by their totals, booked as a whole, undone as a whole."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from accounting.models import AccountTerms, BalanceImport, LedgerException, Movement
from accounting.opening_balances import (
    BalancesChanged,
    OtherTotals,
    StillUsed,
    book_balances,
    check_balances,
    discard_balances,
    undo_balances,
)
from accounting.opening_balances.reading import _amount
from accounting.operations import reverse, use_credit
from customers.models import Customer
from customers.operations import archive_customers
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting.accounts import ADDRESS, amounts, guest, key
from tests.accounting.test_account_pages import german, text
from tests.customers.people import HAMBURG, customer
from tests.customers.test_cards_at_once import at_once

pytestmark = pytest.mark.django_db
PAGE = f"{HAMBURG}/accounting/accountterms/balances/"


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def people(scope: Scope, count: int) -> list[Customer]:
    return [customer(scope, last_name=f"Alt{at}", **ADDRESS) for at in range(count)]


def table(*rows: str, head: str = "Kundennummer;Offener Betrag;Guthaben;Kreditrahmen;Beleg") -> bytes:
    return "\n".join([head, *rows]).encode()


def checked(scope: Scope, *rows: str) -> BalanceImport:
    return check_balances(file_name="salden.csv", content=table(*rows), actor=scope)


def booked(scope: Scope, made: BalanceImport) -> BalanceImport:
    return book_balances(
        balances=made.pk, owed_total=made.owed_total, credit_total=made.credit_total, actor=scope
    )  # fmt: skip


def test_balances_are_booked_as_a_whole_and_undone_as_a_whole(anna):
    first, second, third = people(anna, 3)
    made = checked(
        anna,
        f"{first.customer_number};120,50;;200;Liste 2025",
        f"{second.customer_number};;1.030,00;;",
        f"{third.customer_number};5;7;;",
    )
    assert (made.customers, made.rejected_count, made.owed_total, made.credit_total) == (
        3, 0, Decimal("125.50"), Decimal(1037),
    )  # fmt: skip
    assert Movement.objects.count() == 0
    booked(anna, made)
    assert [amounts(anna, one) for one in (first, second, third)] == [(Decimal("120.50"), 0), (0, 1030), (5, 7)]
    terms = {one.customer_id: one for one in AccountTerms.objects.all()}
    assert [(terms[one.pk].may_buy_on_account, terms[one.pk].may_hold_credit, terms[one.pk].hard_limit)
            for one in (first, second, third)] == [(True, False, 200), (False, True, 0), (False, True, 0)]  # fmt: skip
    assert [one.customer_id for one in LedgerException.objects.all()] == [third.pk]  # above the limit of 0.00
    assert Movement.objects.get(amount=Decimal("120.50")).document == "Liste 2025"
    kept = BalanceImport.objects.get()
    assert (kept.state, kept.lines, kept.rejected) == ("booked", [], [])
    undo_balances(balances=made.pk, reason="Falsches Jahr", actor=anna)
    assert [amounts(anna, one) for one in (first, second, third)] == [(0, 0)] * 3
    assert set(Movement.objects.filter(kind="reversal").values_list("reason", flat=True)) == {"Falsches Jahr"}
    again = checked(anna, f"{first.customer_number};3;;;")  # what was taken back can come again
    booked(anna, again)
    assert amounts(anna, first) == (3, 0)


@pytest.mark.parametrize("totals", [("10.01", "0"), ("10.00", "0.01"), ("0", "10.00")])
def test_other_totals_book_nothing(anna, totals):
    [whose] = people(anna, 1)
    made = checked(anna, f"{whose.customer_number};10;;;")
    owed, credit = map(Decimal, totals)
    with pytest.raises(OtherTotals):
        book_balances(balances=made.pk, owed_total=owed, credit_total=credit, actor=anna)
    assert (Movement.objects.count(), BalanceImport.objects.get().state) == (0, "checked")


def test_rows_that_cannot_be_booked_are_left_out_with_the_reason(cast, anna):
    good, gone, known = people(anna, 3)
    guest(anna)
    booked(anna, checked(anna, f"{known.customer_number};1;;;"))
    archive_customers(customers=[gone.pk], reason="Weggezogen", actor=anna)
    ines = cast.scope("ines", "Dresden", 30100)
    strange = customer(ines, last_name="Fremd")
    made = checked(
        anna, f"{good.customer_number};10;;;", "9999999;1;;;", f"{gone.customer_number};1;;;",
        f"{known.customer_number};1;;;", f"{good.customer_number};1;;;", "x;1;;;", "7;zwei;;;", "7;-1;;;",
        f"{good.customer_number};0;;;", "7;1", "7;1,0055;;;",
    )  # fmt: skip
    assert [(row, code) for row, code, _value in made.rejected] == [
        (3, "customer_unknown"), (4, "customer_archived"), (5, "opening_known"), (6, "number_twice"),
        (7, "number_missing"), (8, "amount_invalid"), (9, "amount_invalid"), (10, "nothing_open"), (11, "row_damaged"),
        (12, "amount_invalid"),
    ]  # fmt: skip
    assert (made.customers, made.owed_total) == (1, 10)
    assert strange.customer_number != good.customer_number or strange.pk not in {line[1] for line in made.lines}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"), (table("1;2", head="Name;Betrag"), "headings_missing"),
        (table("1;x", head="Kundennummer;Name"), "headings_missing"),
        (table(*["1;2"] * 5_001, head="Kundennummer;Offen"), "too_many_rows"),
    ],
)  # fmt: skip
def test_files_that_are_none_are_refused(anna, content, code):
    with pytest.raises(ValidationError) as caught:
        check_balances(file_name="x.csv", content=content, actor=anna)
    assert caught.value.code == code
    assert not BalanceImport.objects.exists()


def test_credit_that_was_used_keeps_all_from_being_undone(anna):
    first, second = people(anna, 2)
    made = booked(anna, checked(anna, f"{first.customer_number};;10;;", f"{second.customer_number};4;;;"))
    use_credit(customer=first.pk, amount=Decimal(1), key=key(), actor=anna)
    with pytest.raises(StillUsed) as caught:
        undo_balances(balances=made.pk, reason="x", actor=anna)
    assert caught.value.params == {"numbers": str(first.customer_number)}
    assert [amounts(anna, one) for one in (first, second)] == [(0, 9), (4, 0)]


def test_what_somebody_has_reversed_by_hand_is_not_reversed_twice(anna):
    first, second = people(anna, 2)
    made = booked(anna, checked(anna, f"{first.customer_number};10;;;", f"{second.customer_number};4;;;"))
    one = Movement.objects.get(amount=10)
    reverse(movement=one.pk, reason="Doppelt", key=key(), actor=anna)
    undo_balances(balances=made.pk, reason="x", actor=anna)
    assert [amounts(anna, one) for one in (first, second)] == [(0, 0)] * 2
    assert Movement.objects.count() == 4


def test_steps_are_taken_once_and_with_their_rights(cast, anna):
    [whose] = people(anna, 1)
    made = checked(anna, f"{whose.customer_number};10;;;")
    bodo = cast.scope("bodo", "Hamburg")
    totals: dict[str, Any] = {"owed_total": Decimal(10), "credit_total": Decimal(0)}
    for step in (
        lambda: check_balances(file_name="x.csv", content=table("1;1;;;"), actor=bodo),
        lambda: book_balances(balances=made.pk, **totals, actor=bodo),
        lambda: undo_balances(balances=made.pk, reason="x", actor=bodo),
        lambda: discard_balances(balances=made.pk, actor=bodo),
    ):
        with pytest.raises(MissingRight):
            step()
    with pytest.raises(BalanceImport.DoesNotExist):
        book_balances(balances=made.pk, **totals, actor=cast.scope("ines", "Dresden", 30100))
    with pytest.raises(BalancesChanged):
        undo_balances(balances=made.pk, reason="x", actor=anna)
    discard_balances(balances=made.pk, actor=anna)
    with pytest.raises(BalancesChanged):
        book_balances(balances=made.pk, **totals, actor=anna)
    assert BalanceImport.objects.get().lines == []


@pytest.mark.django_db(transaction=True)
def test_two_who_book_the_same_file_book_it_once(anna):
    whose = people(anna, 3)
    made = checked(anna, *(f"{one.customer_number};10;;;" for one in whose))
    told = at_once(anna, *(lambda: booked(anna, made) for _person in range(4)))
    assert told == ["", *["balances_changed"] * 3]
    assert [amounts(anna, one)[0] for one in whose] == [10, 10, 10]


def test_two_files_of_the_same_customer_open_him_once(anna):
    whose = people(anna, 1)[0]
    made = [checked(anna, f"{whose.customer_number};10;;;") for _file in range(2)]
    booked(anna, made[0])
    with pytest.raises(BalancesChanged):
        booked(anna, made[1])
    assert amounts(anna, whose) == (10, 0)


def test_pages_go_from_the_file_to_the_booking_and_back(anna, log_in):
    client, whose = german(log_in("anna")), people(anna, 1)[0]
    file = SimpleUploadedFile("salden.csv", table(f"{whose.customer_number};10,50;;;", "9999999;1;;;"))
    answer = client.post(PAGE, {"file": file})
    page = client.get(answer.url)
    assert "Salden eines Kunden würden gebucht: 10,50 € offen und 0,00 € Guthaben" in text(page)
    assert "Hier gibt es keinen Kunden 9999999" in text(page)
    refused = client.post(answer.url, {"owed_total": "11,50", "credit_total": "0"})
    assert refused.status_code == 200
    assert "nicht die Summen der Datei" in text(refused)
    assert client.post(answer.url, {"owed_total": "10,50", "credit_total": "0"}).status_code == 302
    assert amounts(anna, whose) == (Decimal("10.50"), 0)
    assert client.post(answer.url, {"reason": ""}).status_code == 200
    assert client.post(answer.url, {"reason": "Falsch"}).status_code == 302
    assert "Zurückgenommen" in text(client.get(answer.url))
    wrong = client.post(PAGE, {"file": SimpleUploadedFile("x.csv", b"Name\nAlt")})
    assert "braucht eine Spalte" in text(wrong)


@given(st.decimals(0, 10**12 - 1, places=2, allow_nan=False))
def test_amounts_of_a_workbook_and_of_a_text_are_the_same(amount):
    assert _amount(amount) == _amount(str(amount).replace(".", ",")) == amount
