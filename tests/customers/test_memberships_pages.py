"""Memberships on screen: who belongs to whom, found by a search, added, changed and ended."""

from __future__ import annotations

from datetime import date

import pytest

from customers.choices import InvoiceTo
from customers.memberships.operations import Details, end_membership, join_customer
from customers.models import Customer, CustomerMembership
from customers.operations import archive_customers
from tests.customers.people import BREMEN, HAMBURG, LIST, SOUTH, customer, page_of

ENGLISH = {"Accept-Language": "en"}
FIRST = date(2026, 3, 1)
TYPED = {
    "way": "member", "kind": "company", "role": "Buchhaltung", "invoice_to": "company", "valid_from": "2026-03-01",
}  # fmt: skip


@pytest.fixture
def scope(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def guest(scope) -> Customer:
    return customer(scope, last_name="Gast")


@pytest.fixture
def firm(scope) -> Customer:
    return customer(scope, company="Firma")


@pytest.fixture
def row(scope, guest, firm) -> CustomerMembership:
    return join_customer(member=guest.pk, of=firm.pk, details=Details(valid_from=FIRST), actor=scope)


@pytest.fixture
def bodo(log_in):
    return log_in("bodo")


def page(who: Customer, place: str = HAMBURG) -> str:
    return f"{place}{LIST}{who.pk}/memberships/"


def said(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def text(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def test_form_of_the_customer_leads_to_it(bodo, guest):
    assert f'href="{page(guest)}"' in text(bodo.get(page_of(guest)))


def test_other_customer_is_searched_for_and_chosen(bodo, scope, guest, firm):
    customer(scope, company="Andere")
    found = text(bodo.get(f"{page(guest)}?q=firma"))
    assert f'href="?other={firm.pk}#join-title"' in found
    assert "Andere" not in found
    assert f"?other={guest.pk}#" not in text(bodo.get(f"{page(guest)}?q=gast"))
    assert "No customer contains" in text(bodo.get(f"{page(guest)}?q=niemand", headers=ENGLISH))
    chosen = text(bodo.get(f"{page(guest)}?other={firm.pk}"))
    assert f'name="other" value="{firm.pk}"' in chosen


@pytest.mark.parametrize(("way", "is_member"), [("member", True), ("company", False)])
def test_membership_is_added_on_either_side(bodo, guest, firm, way, is_member):
    here, other = (guest, firm) if is_member else (firm, guest)
    data = {**TYPED, "step": "join", "other": other.pk, "way": way}
    answer = bodo.post(page(here), data, headers=ENGLISH, follow=True)
    assert answer.redirect_chain == [(page(here), 302)]
    assert said(answer) == [f"{guest} belongs to {firm}."]
    row = CustomerMembership.objects.get()
    assert (row.member_id, row.of_id, row.role, row.invoice_to) == (guest.pk, firm.pk, "Buchhaltung", "company")
    for who in (guest, firm):
        assert "Buchhaltung" in text(bodo.get(page(who)))


def test_membership_is_changed_and_ended(bodo, guest, firm, row):
    changed = {**TYPED, "step": "change", "membership": row.pk, "kind": "family"}
    assert said(bodo.post(page(firm), changed, headers=ENGLISH, follow=True)) == ["The membership is changed."]
    ended = {"step": "end", "membership": row.pk, "valid_until": "2026-03-05"}
    answer = bodo.post(page(guest), ended, headers=ENGLISH, follow=True)
    assert said(answer) == ["The membership is ended."]
    shown = text(answer)
    assert "ended by Bodo" in shown
    assert 'value="change"' not in shown
    row.refresh_from_db()
    assert (row.kind, row.valid_until) == ("family", date(2026, 3, 5))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"step": "change", **TYPED, "valid_until": "2026-02-01"}, "The last day cannot lie before the first one."),
        ({"step": "change", **TYPED, "valid_from": "x"}, "Enter a valid date."),
        ({"step": "change", **TYPED, "role": "x" * 81}, "at most 80 characters"),
        ({"step": "change", **TYPED, "kind": "club"}, "Select a valid choice"),
        ({"step": "end", "valid_until": "2026-02-01"}, "The last day cannot lie before the first one."),
    ],
)
def test_refusal_stands_at_its_field_with_what_was_typed(bodo, guest, row, data, sentence):
    answer = bodo.post(page(guest), {**data, "membership": row.pk}, headers=ENGLISH)
    shown = text(answer)
    assert sentence in shown
    assert shown.count('<details class="customer-card-step" open>') == 1


def test_refused_membership_comes_back_as_it_was_typed(bodo, guest, firm, row):
    answer = bodo.post(page(guest), {**TYPED, "step": "join", "other": firm.pk}, headers=ENGLISH)
    shown = text(answer)
    assert "This customer is a member there already at that time." in shown
    assert 'value="Buchhaltung"' in shown


def test_who_pays_is_told_at_the_field(bodo, scope, guest, firm, row):
    details = Details(valid_from=FIRST, invoice_to=InvoiceTo.COMPANY)
    join_customer(member=firm.pk, of=customer(scope, company="Holding").pk, details=details, actor=scope)
    data = {**TYPED, "step": "change", "membership": row.pk}
    assert "would get the invoices of others" in text(bodo.post(page(guest), data, headers=ENGLISH))


def test_archived_company_is_told_to_pay_for_nobody(bodo, scope, guest, firm, row):
    bodo.post(page(guest), {**TYPED, "step": "change", "membership": row.pk})
    archive_customers(customers=[firm.pk], reason="Zu", actor=scope)
    assert "pays for nobody" in text(bodo.get(page(guest), headers=ENGLISH))
    assert 'id="id_q"' not in text(bodo.get(page(firm)))


def test_ended_members_come_last_and_of_many_one_page_is_shown(bodo, scope, firm, monkeypatch):
    monkeypatch.setattr("customers.memberships.pages.PAGE", 2)
    rows = [customer(scope, last_name=name) for name in ("Alt", "Berg", "Carl")]
    details = Details(valid_from=FIRST)
    old, *_others = [join_customer(member=one.pk, of=firm.pk, details=details, actor=scope) for one in rows]
    end_membership(membership=old.pk, on=FIRST, actor=scope)
    first, second = text(bodo.get(page(firm))), text(bodo.get(f"{page(firm)}?p=2"))
    assert [name in first for name in ("Alt (", "Berg (", "Carl (")] == [False, True, True]
    assert [name in second for name in ("Alt (", "Berg (", "Carl (")] == [True, False, False]


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_the_same_queries_for_any_number(log_in, scope, firm, count, django_assert_num_queries):
    for at in range(count):
        one = customer(scope, last_name=f"Mitglied{at}")
        join_customer(member=one.pk, of=firm.pk, details=Details(valid_from=FIRST), actor=scope)
    anna = log_in("anna")
    anna.get(page(firm))
    with django_assert_num_queries(11):
        anna.get(page(firm))


def test_it_takes_the_right_to_change_customers(log_in, guest, firm, row):
    carla = log_in("carla")
    shown = text(carla.get(page(guest, BREMEN)))
    assert "Firma" in shown
    assert 'value="change"' not in shown
    assert 'id="id_q"' not in shown
    assert carla.post(page(guest, BREMEN), {**TYPED, "step": "join", "other": firm.pk}).status_code == 403


def test_nothing_of_others_and_nothing_unknown_is_done(bodo, log_in, cast, scope, guest, firm, row):
    south = cast.scope("sven", "München", 20800)
    theirs, their_firm = customer(south, last_name="Fremd"), customer(south, company="Fremde")
    foreign = join_customer(member=theirs.pk, of=their_firm.pk, details=Details(valid_from=FIRST), actor=south)
    third = customer(scope, last_name="Dritter")
    asked = [
        {"step": "join", "other": theirs.pk, **TYPED},
        {"step": "change", "membership": foreign.pk, **TYPED},
        {"step": "end", "membership": foreign.pk, "valid_until": "2026-03-05"},
        {"step": "other"}, {}, {"step": "end"}, {"step": "end", "membership": "x"},
        {"step": "end", "membership": "9" * 30},
    ]  # fmt: skip
    for data in asked:
        assert bodo.post(page(guest), data).status_code == 404, data
    assert bodo.post(page(third), {"step": "end", "membership": row.pk, "valid_until": "2026-03-05"}).status_code == 404
    assert bodo.get(f"{page(guest)}?other={theirs.pk}").status_code == 404
    assert log_in("sven").get(page(guest, SOUTH)).status_code == 404
    assert set(CustomerMembership.objects.values_list("ended_by", flat=True)) == {""}


def test_page_at_a_base_1_0_says_why_there_are_none(log_in, cast):
    luebeck = cast.scope("anna", "Lübeck")
    one = customer(luebeck, last_name="Eins")
    place = f"/10400/{luebeck.location.client_number}"
    shown = text(log_in("anna").get(page(one, place), headers=ENGLISH))
    assert "base 2.0 alone" in shown
    assert 'id="id_q"' not in shown
    assert "/memberships/" not in text(log_in("anna").get(page_of(one, place)))


def test_history_of_both_tells_it(bodo, log_in, scope, guest, firm, row):
    end_membership(membership=row.pk, on=FIRST, actor=scope)
    anna = log_in("anna")
    for who in (guest, firm):
        shown = text(anna.get(f"{HAMBURG}{LIST}{who.pk}/history/", headers=ENGLISH))
        assert "Membership added" in shown
        assert "Membership ended" in shown
