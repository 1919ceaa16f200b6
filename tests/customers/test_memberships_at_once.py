"""Two people at once with one membership: what they do together breaks no rule, and each is told in a sentence."""

from __future__ import annotations

from datetime import date

import pytest

from customers.choices import InvoiceTo
from customers.memberships.operations import Details, end_membership, join_customer
from customers.models import CustomerMembership
from tests.customers.people import customer
from tests.customers.test_cards_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
PAYS = Details(valid_from=date(2026, 3, 1), invoice_to=InvoiceTo.COMPANY)


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


def test_one_of_two_companies_pays_for_a_person(anna):
    person, one, two = (customer(anna, last_name=name) for name in ("Gast", "Eins", "Zwei"))
    told = at_once(
        anna,
        *(lambda of=of: join_customer(member=person.pk, of=of.pk, details=PAYS, actor=anna) for of in (one, two)),
    )
    assert told == ["", "customermembership_one_pays"]


def test_chain_of_two_is_not_made_from_both_ends(anna):
    person, firm, holding = (customer(anna, last_name=name) for name in ("Gast", "Firma", "Holding"))
    told = at_once(
        anna,
        lambda: join_customer(member=person.pk, of=firm.pk, details=PAYS, actor=anna),
        lambda: join_customer(member=firm.pk, of=holding.pk, details=PAYS, actor=anna),
    )
    assert told == ["", "customermembership_payer_pays"]


def test_chain_is_not_made_around_the_operations_either(anna):
    """The trigger locks both customers itself, for whoever does not."""
    person, firm, holding = (customer(anna, last_name=name) for name in ("Gast", "Firma", "Holding"))
    pairs = ((person, firm), (firm, holding))
    values = {"base": anna.base, "valid_from": PAYS.valid_from, "invoice_to": PAYS.invoice_to}
    told = at_once(
        anna,
        *(lambda pair=pair: CustomerMembership.objects.create(member=pair[0], of=pair[1], **values) for pair in pairs),
    )
    assert told[0] == ""
    assert "IntegrityError" in told[1]
    assert CustomerMembership.objects.count() == 1


def test_membership_is_ended_once(anna):
    person, firm = customer(anna, last_name="Gast"), customer(anna, last_name="Firma")
    row = join_customer(member=person.pk, of=firm.pk, details=PAYS, actor=anna)
    ends = [lambda: end_membership(membership=row.pk, on=PAYS.valid_from, actor=anna)] * 2
    assert at_once(anna, *ends) == ["", "customermembership_ended_stays"]
