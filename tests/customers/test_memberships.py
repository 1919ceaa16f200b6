"""Who belongs to which company, group or family, and who gets the invoice: kept by the database, told in sentences."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from customers.choices import InvoiceTo, MembershipKind
from customers.erasure.erasing import erase_customer, what_goes
from customers.membership_querysets import Payer
from customers.memberships.operations import (
    Details,
    EndedAlready,
    NotOnThisBase,
    PayerIsPaidFor,
    change_membership,
    end_membership,
    join_customer,
)
from customers.models import Customer, CustomerMembership
from customers.operations import archive_customers
from locations.permissions import Right
from mcp.isolation.scope import MissingRight
from tests.customers.people import customer
from tests.customers.transfer import take_in, undone
from tests.locations.refusals import refused_by, run

FIRST = date(2026, 3, 1)
LAST = date(2026, 3, 31)


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def guest(anna) -> Customer:
    return customer(anna, last_name="Gast")


@pytest.fixture
def firm(anna) -> Customer:
    return customer(anna, last_name="", company="Firma")


def details(**values) -> Details:
    return Details(**{"valid_from": FIRST, **values})


def joined(anna, member, of, **values) -> CustomerMembership:
    return join_customer(member=member.pk, of=of.pk, details=details(**values), actor=anna)


def payers(anna, *customers, on=FIRST) -> dict[int, Payer]:
    return CustomerMembership.objects.payers(base=anna.base, customers=[one.pk for one in customers], on=on)


# --- who gets the invoice -------------------------------------------------------------------------------------------


def test_each_of_many_has_a_payer_by_one_query(anna, guest, firm, django_assert_num_queries):
    staff, member = customer(anna, last_name="Buchhalter"), customer(anna, last_name="Mitglied")
    paid = joined(anna, staff, firm, invoice_to=InvoiceTo.COMPANY, role="Buchhaltung")
    own = joined(anna, member, firm, invoice_to=InvoiceTo.MEMBER)
    joined(anna, guest, firm)
    with django_assert_num_queries(1):
        found = payers(anna, guest, staff, member, firm)
    assert found == {
        guest.pk: Payer(customer=guest.pk),
        firm.pk: Payer(customer=firm.pk),
        staff.pk: Payer(
            customer=firm.pk, company=firm.pk, invoice_to=InvoiceTo.COMPANY, role="Buchhaltung", membership=paid.pk
        ),
        member.pk: Payer(customer=member.pk, company=firm.pk, invoice_to=InvoiceTo.MEMBER, membership=own.pk),
    }


@pytest.mark.parametrize(
    ("day", "pays"),
    [(FIRST - timedelta(1), False), (FIRST, True), (LAST, True), (LAST + timedelta(1), False)],
)
def test_first_and_last_day_belong_to_it(anna, guest, firm, day, pays):
    joined(anna, guest, firm, valid_until=LAST, invoice_to=InvoiceTo.COMPANY)
    assert payers(anna, guest, on=day)[guest.pk].customer == (firm if pays else guest).pk


def test_archived_company_pays_for_nobody(anna, guest, firm):
    joined(anna, guest, firm, invoice_to=InvoiceTo.COMPANY)
    archive_customers(customers=[firm.pk], reason="Fort", actor=anna)
    assert payers(anna, guest) == {guest.pk: Payer(customer=guest.pk)}


# --- rules of the database ------------------------------------------------------------------------------------------


def test_nobody_is_a_member_of_himself(anna, guest):
    with pytest.raises(ValidationError) as caught:
        joined(anna, guest, guest)
    assert [error.code for error in caught.value.error_list] == ["customermembership_of_another"]


@pytest.mark.parametrize("day", [FIRST, LAST])
def test_one_membership_at_a_time_pays(anna, guest, firm, day):
    other = customer(anna, last_name="", company="Andere")
    joined(anna, guest, firm, valid_until=LAST, invoice_to=InvoiceTo.COMPANY)
    with pytest.raises(ValidationError) as caught:
        joined(anna, guest, other, valid_from=day, invoice_to=InvoiceTo.MEMBER)
    assert caught.value.code == "customermembership_one_pays"
    joined(anna, guest, other, valid_from=day, invoice_to=InvoiceTo.PERSON)
    joined(anna, guest, other, valid_from=LAST - timedelta(40), valid_until=FIRST - timedelta(1), invoice_to="member")


def test_who_is_a_member_already_does_not_join_again(anna, guest, firm):
    joined(anna, guest, firm, valid_until=LAST)
    with pytest.raises(ValidationError) as caught:
        joined(anna, guest, firm, valid_from=LAST)
    assert caught.value.code == "customermembership_once_at_a_time"
    joined(anna, guest, firm, valid_from=LAST + timedelta(1))


@pytest.mark.parametrize("comes_first", ["above", "below"])
def test_who_pays_for_others_is_paid_for_by_nobody(anna, guest, firm, comes_first):
    holding = customer(anna, last_name="", company="Holding")
    pairs = [(firm, holding), (guest, firm)][:: 1 if comes_first == "above" else -1]
    joined(anna, *pairs[0], valid_until=LAST, invoice_to=InvoiceTo.COMPANY)
    with pytest.raises(PayerIsPaidFor) as caught:
        joined(anna, *pairs[1], invoice_to=InvoiceTo.COMPANY)
    assert caught.value.params == {"customer": firm}
    for harmless in ({"invoice_to": InvoiceTo.MEMBER}, {"valid_from": LAST + timedelta(1), "invoice_to": "company"}):
        row = joined(anna, *pairs[1], **harmless)
        end_membership(membership=row.pk, on=row.valid_from, actor=anna)


def test_the_database_itself_keeps_who_pays(anna, guest, firm):
    holding = customer(anna, last_name="", company="Holding")
    joined(anna, firm, holding, invoice_to=InvoiceTo.COMPANY)
    row = joined(anna, guest, firm)
    table = "customers_customermembership"
    added = f"INSERT INTO {table} (base_id, member_id, of_id, kind, role, invoice_to, valid_from) VALUES (%s, %s, %s, "
    other = customer(anna, last_name="Anders")
    gone = customer(anna, last_name="Fort")
    archive_customers(customers=[gone.pk], reason="Fort", actor=anna)
    refused: dict[str, list[Any]] = {
        "customermembership_payer_pays": [
            (f"UPDATE {table} SET invoice_to = 'company' WHERE id = %s", row.pk),
            (f"{added}'company', '', 'company', '2026-01-01')", anna.base.pk, other.pk, firm.pk),
            (f"{added}'company', '', 'company', '2026-01-01')", anna.base.pk, holding.pk, other.pk),
        ],
        "customermembership_of_present": [
            (f"{added}'company', '', 'person', '2026-01-01')", anna.base.pk, gone.pk, firm.pk),
            (f"{added}'company', '', 'person', '2026-01-01')", anna.base.pk, other.pk, gone.pk),
        ],
        "customers_customermembership_immutable": [
            (f"UPDATE {table} SET member_id = of_id WHERE id = %s", row.pk),
            (f"UPDATE {table} SET of_id = member_id WHERE id = %s", row.pk),
        ],
        "customermembership_kind_known": [(f"UPDATE {table} SET kind = 'club' WHERE id = %s", row.pk)],
        "customermembership_invoice_to_known": [(f"UPDATE {table} SET invoice_to = 'x' WHERE id = %s", row.pk)],
        "customermembership_ends_after_it_begins": [
            (f"UPDATE {table} SET valid_until = valid_from - 1 WHERE id = %s", row.pk)
        ],
        "customermembership_ended_by_somebody": [
            (f"UPDATE {table} SET ended_at = now(), valid_until = valid_from WHERE id = %s", row.pk),
            (f"UPDATE {table} SET ended_at = now(), ended_by = 'x' WHERE id = %s", row.pk),
        ],
    }
    for constraint, statements in refused.items():
        for sql, *values in statements:
            with refused_by(constraint):
                run(sql, *values)


def test_membership_of_another_base_cannot_be_stored(cast, anna, guest):
    other = cast.scope("sven", "München", 20800)
    theirs = customer(other, last_name="", company="Fremd")
    with refused_by("customermembership_of_in_base"):
        CustomerMembership.objects.create(base=guest.base, valid_from=FIRST, member=guest, of=theirs)
    with refused_by("customermembership_member_in_base"):
        CustomerMembership.objects.create(base=guest.base, valid_from=FIRST, member=theirs, of=guest)


# --- what people do -------------------------------------------------------------------------------------------------


def test_right_is_asked_for(cast, anna, guest, firm):
    row = joined(anna, guest, firm)
    viewer = cast.scope("carla", "Bremen")
    assert not viewer.allows(Right.CHANGE_CUSTOMERS)
    for attempt in (
        lambda: joined(viewer, firm, guest),
        lambda: change_membership(membership=row.pk, details=details(), actor=viewer),
        lambda: end_membership(membership=row.pk, on=LAST, actor=viewer),
    ):
        with pytest.raises(MissingRight):
            attempt()


def test_archived_customer_does_not_join_and_gets_no_members(anna, guest, firm):
    archive_customers(customers=[firm.pk], reason="Fort", actor=anna)
    for pair in ((guest, firm), (firm, guest)):
        with pytest.raises(ValidationError) as caught:
            joined(anna, *pair)
        assert caught.value.code == "customer_archived"


def test_change_writes_what_is_other_and_the_history_keeps_the_rest(anna, guest, firm):
    row = joined(anna, guest, firm)
    new = details(kind=MembershipKind.FAMILY, role="Vater", invoice_to=InvoiceTo.COMPANY, valid_until=LAST)
    change_membership(membership=row.pk, details=new, actor=anna)
    change_membership(membership=row.pk, details=new, actor=anna)
    stored: Any = CustomerMembership.objects.get(pk=row.pk)
    assert (stored.kind, stored.role, stored.invoice_to, stored.valid_until) == ("family", "Vater", "company", LAST)
    events = stored.history.order_by("pgh_id").values_list("pgh_label", "role", "invoice_to")
    assert list(events) == [("insert", "", "person"), ("update", "Vater", "company")]


def test_ended_membership_stays_and_says_who(anna, guest, firm):
    row = joined(anna, guest, firm, valid_until=LAST)
    with pytest.raises(ValidationError) as caught:
        end_membership(membership=row.pk, on=LAST + timedelta(1), actor=anna)
    assert caught.value.error_dict["valid_until"][0].code == "ends_sooner"
    with pytest.raises(ValidationError) as caught:
        end_membership(membership=row.pk, on=FIRST - timedelta(1), actor=anna)
    assert caught.value.code == "customermembership_ends_after_it_begins"
    end_membership(membership=row.pk, on=FIRST, actor=anna)
    stored: Any = CustomerMembership.objects.get(pk=row.pk)
    assert (stored.valid_until, stored.ended_by) == (FIRST, anna.actor_name)
    assert stored.ended_at <= timezone.now()
    for attempt in (
        lambda: end_membership(membership=row.pk, on=FIRST, actor=anna),
        lambda: change_membership(membership=row.pk, details=details(), actor=anna),
    ):
        with pytest.raises(EndedAlready) as caught:
            attempt()
        assert caught.value.params == {"who": anna.actor_name}
    with refused_by("customermembership_ended_stays"):
        run("UPDATE customers_customermembership SET role = 'Chef'")


def test_base_1_0_keeps_no_memberships(cast):
    luebeck = cast.scope("anna", "Lübeck")
    assert luebeck.base.is_discontinued
    one, two = customer(luebeck, last_name="Eins"), customer(luebeck, last_name="Zwei")
    with pytest.raises(NotOnThisBase):
        joined(luebeck, one, two)
    with refused_by("customermembership_of_shared_base"):
        CustomerMembership.objects.create(base=luebeck.base, member=one, of=two, valid_from=FIRST)


def test_other_business_sees_and_writes_none(cast, anna, guest, firm):
    row = joined(anna, guest, firm)
    other = cast.scope("sven", "München", 20800)
    for attempt in (
        lambda: join_customer(member=guest.pk, of=firm.pk, details=details(), actor=other),
        lambda: change_membership(membership=row.pk, details=details(role="x"), actor=other),
        lambda: end_membership(membership=row.pk, on=LAST, actor=other),
    ):
        with pytest.raises((Customer.DoesNotExist, CustomerMembership.DoesNotExist)):
            attempt()
    assert payers(other, guest) == {guest.pk: Payer(customer=guest.pk)}


# --- who goes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who_goes", ["member", "company"])
def test_memberships_go_with_whoever_is_erased(anna, guest, firm, who_goes):
    other = customer(anna, last_name="Bleibt")
    joined(anna, guest, firm, role="Buchhaltung")
    stays = joined(anna, other, customer(anna, last_name="Auch"))
    gone = guest if who_goes == "member" else firm
    assert what_goes(customer=gone, actor=anna)["memberships"] == 1
    erase_customer(customer=gone.pk, reason="Wunsch", actor=anna)
    assert [row.pk for row in CustomerMembership.objects.all()] == [stays.pk]
    events: Any = CustomerMembership._meta.get_field("history").related_model
    assert set(events.objects.values_list("pgh_obj_id", flat=True)) == {stays.pk}


def test_only_an_erasure_forgets_memberships(anna, guest, firm):
    joined(anna, guest, firm)
    with refused_by("customer_not_erased"):
        run("SELECT customers_forget_memberships(%s, %s)", anna.base.pk, guest.pk)


@pytest.mark.parametrize("is_member", [True, False])
def test_import_that_created_who_belongs_to_somebody_leaves_him(anna, firm, is_member):
    outcome = take_in(anna, b"Nachname;Ort\nGast;Kiel\nZweiter;Kiel\n")
    pair = [Customer.objects.get(last_name="Gast"), firm]
    joined(anna, *(pair if is_member else reversed(pair)))
    counts = undone(outcome.upload, anna)
    assert (counts["stuck"], counts["removed"]) == (1, 1)
