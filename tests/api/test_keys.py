"""A request that writes has one effect and one answer, however often it is sent under its key."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connections, transaction
from django.utils import timezone

from api.models import KeptAnswer
from api.tasks import delete_old_answers
from customers.erasure.erasing import erase_customer
from customers.models import Consent, Customer
from customers.operations import change_customer
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.grants import add_grants
from mcp.models import LocationGrant
from tests.api.asking import problem
from tests.conftest import as_web_role
from tests.customers.people import customer

KEY = "7f1d3c9a-0001"
NEW = {"last_name": "Beispiel", "email": "berta@example.com"}


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


def told(answer) -> tuple[object, ...]:
    return answer.status_code, answer.content, answer["ETag"], answer["Location"], answer["Content-Type"]


def test_repeated_request_has_one_effect_and_the_same_answer(till, anna):
    first = till.post("customers", NEW, idempotency_key=KEY)
    row = Customer.objects.get()
    row.last_name = "Anders"
    change_customer(customer=row, actor=anna)  # what was answered stays as it was
    assert told(till.post("customers", NEW, idempotency_key=KEY)) == told(first)
    assert Customer.objects.count() == 1


def test_new_key_is_a_new_request(till):
    till.post("customers", NEW, idempotency_key=KEY)
    assert till.post("customers", NEW, idempotency_key=f"{KEY}-2").status_code == 201
    assert Customer.objects.count() == 2


@pytest.mark.parametrize("body", [NEW | {"city": "Kiel"}, {}, dict(reversed(NEW.items()))])
def test_other_request_under_the_same_key_is_refused(till, body):
    till.post("customers", NEW, idempotency_key=KEY)
    assert problem(till.post("customers", body, idempotency_key=KEY)) == (422, "other_request_of_key")
    assert Customer.objects.count() == 1


def test_same_body_at_another_address_is_another_request(till, anna):
    first, second = customer(anna), customer(anna)
    said = {"purpose": "newsletter", "is_given": True}
    till.post(f"customers/{first.customer_number}/consents", said, idempotency_key=KEY)
    answer = till.post(f"customers/{second.customer_number}/consents", said, idempotency_key=KEY)
    assert problem(answer) == (422, "other_request_of_key")
    assert Consent.objects.count() == 1


def test_keys_of_two_tills_are_apart(make_till):
    for till in (make_till("Hamburg"), make_till("Hamburg"), make_till("Bremen")):
        assert till.post("customers", NEW, idempotency_key=KEY).status_code == 201
    assert Customer.objects.count() == 3


@pytest.mark.parametrize("key", [None, "", "short", "x" * 81, "mit Leerzeichen", "schlüssel"])
def test_key_is_needed(till, key):
    assert problem(till.post("customers", NEW, idempotency_key=key)) == (400, "key_missing")
    assert Customer.objects.count() == 0


def test_change_may_have_a_key_and_then_it_is_told_twice(till, anna):
    row = customer(anna)
    address = f"customers/{row.customer_number}"
    etag = till.get(address)["ETag"]
    first = till.patch(address, {"city": "Kiel"}, etag, idempotency_key=KEY)
    again = till.patch(address, {"city": "Kiel"}, etag, idempotency_key=KEY)
    assert (again.status_code, again.content, again["ETag"]) == (200, first.content, first["ETag"])
    assert problem(till.patch(address, {"city": "Kiel"}, etag)) == (412, "changed_meanwhile")


def test_refused_request_is_done_when_it_is_sent_once_more(make_till, cast):
    till = make_till("Hamburg", Right.VIEW_CUSTOMERS)
    assert till.post("customers", NEW, idempotency_key=KEY).status_code == 403
    place = cast.location("Hamburg")
    add_grants(till.device.group, [(Right.ADD_CUSTOMERS, place.pk), (Right.SEE_CONTACT_DATA, place.pk)])
    assert till.post("customers", NEW, idempotency_key=KEY).status_code == 201


def test_what_breaks_off_leaves_neither_key_nor_effect(till, monkeypatch):
    """Between the effect and its commit: as if the process had died there."""
    with monkeypatch.context() as broken:
        broken.setattr(KeptAnswer.objects, "create", lambda **_given: 1 / 0)
        assert till.post("customers", NEW, idempotency_key=KEY).status_code == 500
    with monkeypatch.context() as broken:
        broken.setattr("api.door.access.demand_still", lambda _scope: 1 / 0)
        assert till.post("customers", NEW, idempotency_key=KEY).status_code == 500
    assert (Customer.objects.count(), KeptAnswer.objects.count()) == (0, 0)
    assert till.post("customers", NEW, idempotency_key=KEY).status_code == 201


def test_answer_is_not_told_to_whoever_may_not_see_it_any_more(till):
    till.post("customers", NEW, idempotency_key=KEY)
    contact = LocationGrant.objects.filter(group=till.device.group, permission__codename=Right.SEE_CONTACT_DATA)
    contact.delete()
    answer = till.post("customers", NEW, idempotency_key=KEY)
    assert problem(answer) == (403, "missing_right")
    assert answer.json()["right"] == "see_contact_data"


def test_answer_that_names_somebody_erased_is_gone_and_not_done_again(till, anna):
    """Also where he was named as one who may be the same."""
    known = customer(anna, last_name="Anders", email="berta@example.com")
    till.post("customers", NEW, idempotency_key=KEY)
    till.post("customers", {"last_name": "Fremd"}, idempotency_key=f"{KEY}-2")
    erase_customer(customer=known.pk, reason="gewünscht", actor=anna)
    assert problem(till.post("customers", NEW, idempotency_key=KEY)) == (410, "answer_gone")
    assert till.post("customers", {"last_name": "Fremd"}, idempotency_key=f"{KEY}-2").status_code == 201
    kept = KeptAnswer.objects.get(key=KEY)
    assert (kept.body, kept.headers, kept.customers) == ("", {}, [])
    assert Customer.objects.count() == 2


def test_answers_are_kept_for_a_week(till, as_owner, anna):
    till.post("customers", NEW, idempotency_key=KEY)
    till.post("customers", NEW, idempotency_key=f"{KEY}-2")
    KeptAnswer.objects.filter(key=KEY).update(at=timezone.now() - timedelta(days=7, minutes=1))
    delete_old_answers(0)
    assert [kept.key for kept in KeptAnswer.objects.all()] == [f"{KEY}-2"]


def test_kept_answer_cannot_be_changed_or_taken_away(till, anna):
    till.post("customers", NEW, idempotency_key=KEY)
    with row_scope.rows_of(anna):
        with pytest.raises(IntegrityError, match="kept for 7 days"), transaction.atomic():
            KeptAnswer.objects.all().delete()
        with pytest.raises(IntegrityError, match="are settled"), transaction.atomic():
            KeptAnswer.objects.update(body="{}")


def test_secret_is_not_kept(till):
    till.ask("POST", "token/rotate", idempotency_key=KEY)
    assert not KeptAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_same_key_that_is_still_running_is_told_so(till, anna):
    with as_web_role():
        name = f"stammhaus.api {anna.base.pk} {till.device.pk} {KEY}"
        own = connections.create_connection(DEFAULT_DB_ALIAS)
        try:
            own.set_autocommit(False)
            with own.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
            answer = till.post("customers", NEW, idempotency_key=KEY)
            assert problem(answer) == (409, "still_running")
            assert answer["Retry-After"] == "1"
        finally:
            own.close()
        assert till.post("customers", NEW, idempotency_key=KEY).status_code == 201
