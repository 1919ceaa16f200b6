"""How accounts are kept, on screen: asked for, confirmed, refused, withdrawn; and the account of before on its page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounting.models import AccountingSwitch
from accounting.operations import ask_accounting_switch, confirm_accounting_switch, post_sale
from accounting.waiting import places, things
from tests.accounting.accounts import guest, key, terms
from tests.accounting.test_account_pages import german
from tests.customers.people import HAMBURG, person_without


def text(response: Any) -> str:
    """The page as it was sent, with blanks as they are typed."""
    assert response.status_code == 200
    return response.content.decode().replace("\u00a0", " ")


pytestmark = pytest.mark.django_db
PAGE = "/accounting/accountterms/switches/"
CENTRAL, FLENSBURG = f"/10400/1{PAGE}", f"/10400/6{PAGE}"
ACCOUNT = f"{HAMBURG}/accounting/accountterms/"


@pytest.fixture
def log_in(log_in):
    return lambda username: german(log_in(username))


@pytest.fixture
def zweite(cast) -> str:
    return person_without(username="zweite").username


@pytest.fixture
def hamburg(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def switched(cast, zweite, hamburg):
    """Called, it lets Hamburg keep its accounts on its own."""

    def done() -> None:
        row = ask_accounting_switch(
            location=hamburg.location.pk, mode="own", reason="x", actor=cast.scope("anna", "Zentrale")
        )
        confirm_accounting_switch(switch=row.pk, actor=cast.scope(zweite, "Zentrale"))

    return done


def test_asked_for_by_one_and_confirmed_by_another(log_in, zweite, hamburg):
    anna, other = log_in("anna"), log_in(zweite)
    data = {"step": "ask", "location": hamburg.location.pk, "mode": "own"}
    assert "Sagen Sie, warum." in text(anna.post(CENTRAL, data))
    answer = anna.post(CENTRAL, {**data, "why": "Eigene Buchhaltung"})
    assert (answer.status_code, answer["Location"]) == (302, CENTRAL)
    switch = {"switch": AccountingSwitch.objects.get().pk}
    waits = text(anna.get(CENTRAL))
    assert 'value="confirm"' not in waits
    assert 'value="withdraw"' in waits
    assert "andere Person" in text(anna.post(CENTRAL, {**switch, "step": "confirm"}))
    assert 'value="confirm"' in text(other.get(CENTRAL))
    shown = text(other.post(CENTRAL, {**switch, "step": "confirm"}, follow=True))
    assert "Hamburg" in shown
    assert "nur dieser Betrieb" in shown
    assert AccountingSwitch.objects.get().state == "confirmed"


def test_refused_with_a_reason_or_withdrawn(log_in, zweite, hamburg):
    anna, other = log_in("anna"), log_in(zweite)
    ask = {"step": "ask", "location": hamburg.location.pk, "mode": "own", "why": "x"}
    anna.post(CENTRAL, ask)
    switch = AccountingSwitch.objects.get().pk
    assert "warum" in text(other.post(CENTRAL, {"step": "refuse", "switch": switch}))
    other.post(CENTRAL, {"step": "refuse", "switch": switch, "why": "Noch nicht"})
    assert "Noch nicht" in text(anna.get(CENTRAL))
    anna.post(CENTRAL, ask)
    anna.post(CENTRAL, {"step": "withdraw", "switch": AccountingSwitch.objects.get(state="asked").pk})
    assert sorted(AccountingSwitch.objects.values_list("state", flat=True)) == ["refused", "withdrawn"]


def test_franchise_has_its_own_side_of_the_page(log_in, cast):
    frida, anna = log_in("frida"), log_in("anna")
    place = cast.location("Flensburg")
    frida.post(FLENSBURG, {"step": "ask", "location": place.pk, "mode": "own", "why": "Eigener Betrieb"})
    assert 'value="confirm"' not in text(frida.get(FLENSBURG))
    shown = text(anna.get(CENTRAL))
    assert "Eigener Betrieb" in shown
    assert 'value="confirm"' in shown


def test_branch_shows_how_it_is_and_offers_nothing(log_in, hamburg):
    shown = text(log_in("anna").get(f"{HAMBURG}{PAGE}"))
    assert "mit der Zentrale" in shown
    assert 'name="step"' not in shown


def test_unknown_steps_and_rows_are_404_and_support_only_looks(log_in, cast, hamburg):
    anna = log_in("anna")
    for data in (
        {}, {"step": "x"}, {"step": "ask", "location": "x"}, {"step": "ask", "location": "9" * 30},
        {"step": "ask", "location": cast.location("München", 20800).pk, "mode": "own", "why": "x"},
        {"step": "confirm", "switch": "x"}, {"step": "confirm", "switch": "00000000-0000-4000-8000-000000000000"},
    ):  # fmt: skip
        assert anna.post(CENTRAL, data).status_code == 404, data
    rita = log_in("rita")
    assert 'name="step"' not in text(rita.get(CENTRAL))
    rita.post(CENTRAL, {"step": "ask", "location": hamburg.location.pk, "mode": "own", "why": "x"})
    assert not AccountingSwitch.objects.exists()
    assert log_in("bodo").get(f"{HAMBURG}{PAGE}").status_code == 403


def test_it_waits_for_who_may_confirm_it(cast, zweite, hamburg):
    anna, other = cast.scope("anna", "Zentrale"), cast.scope(zweite, "Zentrale")
    ask_accounting_switch(location=hamburg.location.pk, mode="own", reason="x", actor=anna)
    assert [thing.values for thing in things(other)] == [{"location": "Hamburg"}]
    assert list(things(anna)) == []
    assert list(things(cast.scope(zweite, "Hamburg"))) == []
    ask_accounting_switch(location=cast.location("Flensburg").pk, mode="own", reason="x", actor=anna)
    assert [thing.values for thing in things(cast.scope("frida", "Flensburg"))] == [{"location": "Flensburg"}]
    assert sorted(place.name for place in places()) == ["Flensburg", "Zentrale", "Zentrale"]


def test_account_names_what_is_open_from_before_and_takes_its_payment(log_in, hamburg, switched):
    whose = guest(hamburg)
    post_sale(customer=whose.pk, amount=Decimal(30), key=key(), actor=hamburg)
    anna, page = log_in("anna"), f"{ACCOUNT}{whose.pk}/"
    assert "?in=before" not in text(anna.get(page))
    assert anna.get(f"{page}?in=before").status_code == 404
    switched()
    shown = text(anna.get(page))
    assert "30,00" in shown
    assert "?in=before" in shown
    terms(hamburg, whose)
    before = text(anna.get(f"{page}?in=before"))
    assert "book/payment/?in=before" in before
    assert "book/sale/" not in before
    assert "/correct/" not in before
    assert anna.get(f"{page}book/sale/?in=before").status_code == 404
    sent = {"amount": "30", "business_day": "", "key": "k"}
    form = text(anna.post(f"{page}book/payment/?in=before", sent))
    assert "30,00" in form
    sent["business_day"] = timezone.localdate().isoformat()
    answer = anna.post(f"{page}book/payment/?in=before", sent)
    assert answer["Location"] == f"{page}?in=before"
    assert "?in=before" not in text(anna.get(page))
    period = "first=2026-01-01&last=2099-01-01&as=csv&in=before"
    statement = b"".join(anna.get(f"{page}statement/?{period}").streaming_content).decode("utf-8-sig")
    assert "30,00" in statement
    assert text(log_in("anna").get(f"/10400/3/accounting/accountterms/{whose.pk}/")).count("30,00") >= 1


def test_central_sees_nothing_of_an_own_ledger_on_its_pages(log_in, cast, hamburg, switched):
    switched()
    whose = guest(hamburg)
    post_sale(customer=whose.pk, amount=Decimal("123.45"), key=key(), is_late=True, actor=hamburg)
    anna = log_in("anna")
    assert "123,45" in text(anna.get(f"{ACCOUNT}{whose.pk}/"))
    assert "123,45" in text(anna.get(f"{ACCOUNT}exceptions/"))
    for place in ("/10400/1", "/10400/3"):
        there = f"{place}/accounting/accountterms/"
        assert "123,45" not in text(anna.get(f"{there}{whose.pk}/"))
        assert "123,45" not in text(anna.get(f"{there}exceptions/"))
        query = "statement/?first=2026-01-01&last=2099-01-01&as=csv"
        assert anna.get(f"{there}{whose.pk}/{query}").status_code == 404
