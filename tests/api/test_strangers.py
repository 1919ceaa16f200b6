"""Nothing of another business is told to a till: each text of it holds a canary, and whatever is asked, none comes."""

from __future__ import annotations

from typing import Any

import pytest

from customers.cards.operations import assign_card
from customers.choices import ConsentSource
from customers.models import Customer
from customers.operations import archive_customers, change_customer, register_customer
from tests.api.asking import Till
from tests.customers.people import customer, group, purpose, says, tag

CANARY = "kanarie"
TEXTS = (
    "salutation", "title", "first_name", "last_name", "alias", "company", "street", "address_extra", "po_box", "city",
    "bank", "loss_reason", "memo", "blocked_reason",
)  # fmt: skip


@pytest.fixture
def south(cast):
    return cast.scope("sven", "München", 20800)


@pytest.fixture
def foreign(south) -> Customer:
    """A customer of Südstern with a canary in each text, and in all that is told beside him."""
    made = group(south, CANARY)
    tag(south, CANARY)
    purpose(south, "kanarie", name=CANARY, wording=CANARY, wording_version=CANARY)
    row = Customer(
        **dict.fromkeys(TEXTS, CANARY), email=f"{CANARY}@example.com", mobile="+4915112345678", tags=[CANARY],
        customer_group=made, is_blocked=True, website=f"https://{CANARY}.example.com",
    )  # fmt: skip
    row.former_numbers = [CANARY]
    register_customer(customer=row, actor=south)
    assign_card(customer=row.pk, number=f"{CANARY}-1", actor=south)
    says(south, row, "kanarie", True, evidence=CANARY, source=ConsentSource.FORM)
    gone = customer(south, last_name=CANARY)
    archive_customers(customers=[gone.pk], reason=CANARY, actor=south)
    return row


def asked(till: Till, foreign: Customer, number: int) -> list[Any]:
    """Everything that can be asked, with all by which the foreign customer could be meant."""
    words = (CANARY, f"{CANARY}@example.com", "+4915112345678", f"{CANARY}-1", str(foreign.customer_number))
    queries = [f"{name}={word}" for name in ("q", "card") for word in words]
    queries += ["phone=%2B4915112345678", f"email={CANARY}@example.com", f"number={foreign.customer_number}"]
    queries += ["", "state=all", "state=archived", "after=", f"page={foreign.pk}", f"after=all.1.{foreign.pk}.0"]
    statement = {"purpose": "kanarie", "is_given": True}
    same = {"last_name": "Neu", "email": f"{CANARY}@example.com", "mobile": "+4915112345678"}
    return [
        till.get("me"),
        till.get("customer-groups"),
        *(till.get(f"customers?{query}") for query in queries),
        *(till.get(f"customers/{number}{part}") for part in ("", "/consents", "/cards")),
        till.patch(f"customers/{number}", {"city": "Neu"}, f'"{foreign.pk}"'),
        till.patch(f"customers/{number}", {"customer_group": foreign.customer_group_id}, f'"{foreign.pk}"'),
        till.post(f"customers/{number}/consents", statement),
        till.post(f"customers/{number}/cards", {"number": f"{CANARY}-1"}),
        till.post("customers", {"last_name": "Neu", "tags": ["anders"], "customer_group": foreign.customer_group_id}),
        till.post("customers", same | {"only_if_new": True}),
    ]


def telling(answers: list[Any]) -> list[str]:
    """The answers in which a canary is, but for what was sent and is told back."""
    return [answer.content.decode() for answer in answers if CANARY in answer.content.decode().casefold()]


def test_no_canary_of_another_business_comes(till, foreign, cast, settings):
    settings.DEVICE_REQUESTS = {"a_second": 10_000, "burst": 10_000}
    own = customer(cast.scope("anna", "Hamburg"), last_name="Eigen")
    for number in (foreign.customer_number, own.customer_number):
        told = [text for text in telling(asked(till, foreign, number)) if not _is_own(text)]
        assert told == []
    foreign.refresh_from_db()
    assert foreign.city == CANARY
    assert foreign.cards.count() == 1


def _is_own(text: str) -> bool:
    """What the till has sent itself with the same words is told back: a customer, a card, an unknown purpose."""
    if '"code": "unknown_purpose"' in text:
        return text.count(CANARY) == 2
    return (
        '"last_name": "Neu"' in text
        or '"name": "Neu"' in text
        or '"display_name": "Eigen"' in text
        or f"{CANARY.upper()}-1" in text
    )


def test_own_till_of_the_business_is_told_all_of_it(make_till, foreign, settings):
    """So the questions above would find what they look for."""
    settings.DEVICE_REQUESTS = {"a_second": 10_000, "burst": 10_000}
    till = make_till("München", account_number=20800)
    told = " ".join(telling(asked(till, foreign, foreign.customer_number)))
    for name in (*TEXTS, "email", "website"):
        assert f'"{name}": ' in told
    assert len(telling(asked(till, foreign, foreign.customer_number))) > 12


def test_both_numbers_that_are_the_same_are_two_customers(make_till, south, cast):
    """In a base of another business the number of a customer is that of somebody else."""
    first = customer(south, last_name=CANARY, customer_number=south.location.first_number)
    place = cast.location("München", 20800)
    till = make_till("Hamburg")
    assert place.first_number == first.customer_number
    answer = till.get(f"customers/{first.customer_number}")
    assert answer.status_code == 404
    change_customer(customer=first, actor=south)
