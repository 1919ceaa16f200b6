"""SEPA mandates: added with their evidence, revoked with a reason, expired by themselves, shown masked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounting.choices import MandateScheme
from accounting.debits.mandates import MandateRefused, add_mandate, revoke_mandate
from accounting.models import Mandate
from accounting.models.mandates import is_reference_of_mandate
from accounting.operations import NoAccount
from accounting.querysets import mandate_unused_since
from customers.erasure import erase_customer
from customers.operations import archive_customers
from locations.permissions import Right
from mcp.isolation import grants, row_scope
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting.accounts import guest
from tests.accounting.mandates import IBAN, OTHER_IBAN, mandate, signature
from tests.accounting.test_account_pages import german, text
from tests.accounting.test_ledger_database import refusal
from tests.customers.people import BREMEN, HAMBURG, customer

pytestmark = pytest.mark.django_db
PAGE = f"{HAMBURG}/accounting/accountterms/"


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def test_mandate_gets_its_reference_from_the_number_of_the_customer(anna):
    whose = guest(anna)
    first, typed = mandate(anna, whose), mandate(anna, whose, reference="kd.4711-a")
    revoke_mandate(mandate=first.pk, reason="Konto aufgelöst", actor=anna)
    third = mandate(anna, whose, iban=" at61 1904 3002 3457 3201 ")
    number = whose.customer_number
    assert [one.reference for one in (first, typed, third)] == [f"M{number}-1", "KD.4711-A", f"M{number}-2"]
    assert (third.iban, third.scheme, third.is_recurrent) == (OTHER_IBAN, MandateScheme.CORE, True)
    first.refresh_from_db()
    assert (first.state, first.revoked_reason, first.revoked_by) == ("revoked", "Konto aufgelöst", anna.actor_name)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"iban": "DE89370400440532013001"}, "invalid_iban"),
        ({"iban": ""}, "iban_missing"),
        ({"iban": "CH9300762011623852957"}, "iban_outside"),
        ({"reference": "Ä1"}, "mandate_reference_of_banks"),
        ({"reference": "1" * 36}, "max_length"),
        ({"reference": "known"}, "mandate_reference_once"),
        ({"holder": " "}, "blank"),
        ({"evidence": ""}, "blank"),
        ({"evidence_sha256": "x" * 64}, "mandate_sha256_of_form"),
        ({"signed_on": date(2126, 1, 1)}, "day_to_come"),
        ({"last_used_on": date(2126, 1, 1)}, "day_to_come"),
        ({"last_used_on": date(2026, 1, 1)}, "mandate_used_after_signature"),
    ],
)
def test_what_cannot_be_a_mandate_is_told(anna, values, code):
    mandate(anna, guest(anna), reference="KNOWN")
    with pytest.raises(ValidationError) as caught:
        mandate(anna, guest(anna), **values)
    found = caught.value
    assert code in [one.code for errors in getattr(found, "error_dict", {"": [found]}).values() for one in errors]
    assert Mandate.objects.count() == 1


def test_mandate_takes_an_account_and_a_customer_who_is_not_archived(anna):
    with pytest.raises(NoAccount):
        mandate(anna, customer(anna, last_name="Ohne"))
    gone = guest(anna)
    archive_customers(customers=[gone.pk], reason="Verzogen", actor=anna)
    with pytest.raises(MandateRefused):
        mandate(anna, gone)


def test_mandate_is_revoked_once_and_says_why(anna):
    one = mandate(anna, guest(anna))
    with pytest.raises(ValidationError) as caught:
        revoke_mandate(mandate=one.pk, reason=" ", actor=anna)
    assert caught.value.error_dict["reason"][0].code == "mandate_revoked_with_reason"
    revoke_mandate(mandate=one.pk, reason="Wunsch", actor=anna)
    with pytest.raises(MandateRefused):
        revoke_mandate(mandate=one.pk, reason="Noch einmal", actor=anna)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_mandate_expires_after_36_months(day):
    since = mandate_unused_since(day)
    assert (day.year * 12 + day.month) - (since.year * 12 + since.month) == 36
    assert since.day == day.day or (since.month, since.day, day.day) == (2, 28, 29)


def test_valid_mandates_of_a_day_are_signed_fresh_and_not_used_up(anna):
    today = date(2026, 6, 1)
    whose, long_ago = guest(anna), date(2023, 6, 1)
    fresh = mandate(anna, whose, signed_on=long_ago + timedelta(days=1))
    used = mandate(anna, whose, signed_on=date(2020, 1, 1), last_used_on=date(2026, 5, 1))
    mandate(anna, whose, signed_on=long_ago)
    mandate(anna, whose, signed_on=today + timedelta(days=1))
    once = mandate(anna, whose, is_recurrent=False)
    mandate(anna, whose, is_recurrent=False, last_used_on=date(2026, 5, 1))
    ended = mandate(anna, whose)
    revoke_mandate(mandate=ended.pk, reason="Wunsch", actor=anna)
    with row_scope.rows_of(anna):
        rows = Mandate.objects.in_base(anna.base).of_customer(whose)
        valid = set(rows.valid_on(today))
        assert valid == {fresh, used, once}
        assert {one for one in rows.filter(state="active", signed_on__lte=today) if not one.is_expired(today)} == valid


CLOSED = [
    ("UPDATE accounting_mandate SET iban = 'DE89370400440532013000'", "permission"),
    ("UPDATE accounting_mandate SET last_used_on = '2026-06-01'", "permission"),
    ("DELETE FROM accounting_mandate", "permission"),
    ("UPDATE accounting_mandate SET state = 'revoked'", "mandate_revoked_with_reason"),
    ("SELECT accounting_forget_mandates(base_id, customer_id) FROM accounting_mandate", "customer_not_erased"),
]


@pytest.mark.parametrize(("statement", "told"), CLOSED)
def test_database_lets_nobody_change_a_mandate(anna, statement, told):
    mandate(anna, guest(anna))
    assert told in refusal(anna, statement)


def test_mandate_that_has_ended_stays_so(anna):
    one = mandate(anna, guest(anna))
    revoke_mandate(mandate=one.pk, reason="Wunsch", actor=anna)
    assert "steps" in refusal(anna, "UPDATE accounting_mandate SET state = 'active'")
    assert "settled" in refusal(anna, "UPDATE accounting_mandate SET revoked_reason = 'x'")


@given(st.text(max_size=40))
def test_database_and_form_agree_on_references(text):
    with connection.cursor() as cursor:
        text = text.replace("\x00", "")
        cursor.execute("SELECT %s ~ %s", [text, r"^[A-Z0-9+?/:().,'-]([A-Z0-9+?/:().,' -]{0,33}[A-Z0-9+?/:().,'-])?$"])
        assert cursor.fetchone()[0] == is_reference_of_mandate(text)


def test_mandates_go_with_the_customer(anna):
    whose, other = guest(anna), guest(anna)
    mandate(anna, whose), mandate(anna, other)
    stone = erase_customer(customer=whose.pk, reason="Wunsch", actor=anna)
    assert stone.figures["mandates"] == 1
    assert [one.customer for one in Mandate.objects.all()] == [other]


def test_page_adds_shows_and_revokes(anna, log_in):
    whose, client = guest(anna), german(log_in("anna"))
    assert f"{PAGE}{whose.pk}/mandates/" in client.get(f"{PAGE}{whose.pk}/").content.decode()
    assert "Noch kein Mandat" in text(client.get(f"{PAGE}{whose.pk}/mandates/"))
    said = {"holder": "Gast", "iban": IBAN, "signed_on": "2026-01-02", "evidence": "Auf Papier"}
    said |= {"scheme": "B2B", "notice_days": "5"}
    answer = client.post(f"{PAGE}{whose.pk}/mandates/new/", said)
    assert answer.status_code == 302
    one = Mandate.objects.get()
    assert (one.scheme, one.is_recurrent) == ("B2B", False)
    shown = text(client.get(f"{PAGE}{whose.pk}/mandates/"))
    assert f"M{whose.customer_number}-1" in shown
    assert IBAN in "".join(shown.split())
    assert client.post(f"{PAGE}mandates/{one.pk}/revoke/", {"reason": "Wunsch"}).status_code == 302
    assert "Widerrufen" in text(client.get(f"{PAGE}{whose.pk}/mandates/"))
    assert client.get(f"{PAGE}mandates/{one.pk}/revoke/").status_code == 404


def test_form_says_what_is_wrong_where_it_is(anna, log_in):
    whose, client = guest(anna), german(log_in("anna"))
    said = {"holder": "Gast", "iban": "DE1", "signed_on": "2026-01-02", "evidence": "Auf Papier"}
    said |= {"scheme": "CORE", "notice_days": "5"}
    page = client.post(f"{PAGE}{whose.pk}/mandates/new/", said)
    assert page.status_code == 200
    assert "iban" in page.context["form"].errors
    page = client.post(f"{PAGE}{whose.pk}/mandates/new/", {**said, "iban": IBAN, "reference": "ÄÖ"})
    assert "reference" in page.context["form"].errors


def test_account_is_masked_without_the_right_to_see_bank_data(cast, anna, log_in):
    whose = guest(anna)
    mandate(anna, whose, holder="Kontoinhaber Meier")
    group, bremen = cast.group("Auskunft Bremen"), cast.location("Bremen").pk
    grants.add_grants(group, [(Right.SEE_ACCOUNTS, bremen)])
    client = german(log_in("carla"))
    page = text(client.get(f"{BREMEN}/accounting/accountterms/{whose.pk}/mandates/"))
    assert "DE•• •••• 3000" in page
    assert IBAN not in "".join(page.split())
    assert "Meier" not in page
    assert "Neues Mandat" not in page


def test_writing_takes_the_right_to_collect(cast, anna):
    whose = guest(anna)
    one = mandate(anna, whose)
    bodo = cast.scope("bodo", "Hamburg")
    with pytest.raises(MissingRight):
        add_mandate(customer=whose.pk, signature=signature(), actor=bodo)
    with pytest.raises(MissingRight):
        revoke_mandate(mandate=one.pk, reason="x", actor=bodo)


def test_expired_is_said_by_date(anna, log_in):
    whose = guest(anna)
    mandate(anna, whose, signed_on=timezone.localdate() - timedelta(days=1500))
    assert "Abgelaufen" in text(german(log_in("anna")).get(f"{PAGE}{whose.pk}/mandates/"))
