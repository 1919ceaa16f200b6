"""For random bases, consents and withdrawals: exactly who allows the transfer arrives, equal in every field.

Nothing of anybody else is anywhere (R7, R8).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers import formats
from customers.choices import STANDARD_PURPOSES, TRANSFER, TRANSFER_ANY, ConsentSource, PaymentMethod, Verdict
from customers.imports.classifying import verdicts
from customers.models import Consent, Customer, CustomerGroup, Tag
from mcp.isolation.scope import Scope
from tests.conftest import forget_author
from tests.customers.people import bears
from tests.proofs.sampling import examples
from tests.transitions.carrying import (
    consent,
    content_of,
    customers_of,
    executed,
    imported,
    made,
    members,
    receiver,
    statements_of,
)
from tests.transitions.moving import ACCOUNT, leaving
from tests.transitions.test_protocol import told, words
from transitions.models import TransitionCustomer
from transitions.package.importing import note_arrivals

LETTERS = "aäßŁşΩж'\"=+-@,;\t 0\\/&<%{"
PHONES = ("mobile", "phone_private", "phone_business", "fax")
RECEIVERS = [None, ACCOUNT, 77777]


def text(longest: int) -> Any:
    """As forms and imports store a text."""
    return st.text(LETTERS, max_size=longest).map(formats.clean_text)


_LINES = st.text(LETTERS + "\n]", max_size=60).map(formats.clean_lines)


def said_once(fields: dict[str, Any]) -> dict[str, Any]:
    """A birthday has its year or lacks it."""
    return fields | {"birthday_without_year": ""} if fields["birthday"] else fields


FIELDS = st.fixed_dictionaries(
    {
        **{name: text(20) for name in ("salutation", "title", "first_name", "alias", "company")},
        **{name: text(18) for name in ("street", "address_extra", "po_box", "postal_code", "city", "bank")},
        "loss_reason": text(30),
        "memo": st.one_of(_LINES, st.sampled_from(["[Position: Koch]", "Zeile\n[Region: Nord]", "[Newsletter: ja]"])),
        "birthday": st.none() | st.dates(date(1900, 1, 1), date(2020, 12, 31)),
        "birthday_without_year": st.sampled_from(["", "05-17", "02-29"]),
        "country": st.sampled_from(["", "DE", "PL", "TR"]),
        **dict.fromkeys(PHONES, st.sampled_from(["", "0461 12345", "123456", "+48 501 234 567", "0170/1234567 x12"])),
        "email": st.sampled_from(["", "a@example.com", "a.b+c@example.org"]),
        "website": st.sampled_from(["", "https://example.com/a?b=c"]),
        "language": st.sampled_from(["", "de", "pl"]),
        "vat_id": st.sampled_from(["", "DE136695976", "136695976"]),
        "iban": st.sampled_from(["", "DE89370400440532013000"]),
        "bic": st.sampled_from(["", "COBADEFFXXX"]),
        "price_level": st.none() | st.integers(0, 99),
        "discount": st.none() | st.decimals(0, 100, places=2),
        "credit_limit": st.none() | st.decimals(0, Decimal("9999999999.99"), places=2),
        "payment_method": st.sampled_from(["", *PaymentMethod.values]),
        "payment_term": st.none() | st.integers(0, 365),
        "is_favourite": st.booleans(),
    }
).map(said_once)
STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "purpose": st.sampled_from([TRANSFER, TRANSFER, TRANSFER, *STANDARD_PURPOSES]),
            "is_given": st.booleans(),
            "hours": st.sampled_from([1, 2, 2, 3, 500]),
            "receiver": st.sampled_from(RECEIVERS),
            "source": st.sampled_from(ConsentSource.values),
            "evidence": text(20),
            "wording_version": text(10),
        }
    ),
    max_size=5,
)
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "fields": FIELDS,
            "said": STATEMENTS,
            "withdraws_later": st.booleans(),
            "state": st.sampled_from(["", "", "", "", "blocked", "archived"]),
            "is_sorted": st.booleans(),
            "former_numbers": st.lists(text(20).map(formats.without_text_mark).filter(bool), max_size=3),
        }
    ),
    min_size=1,
    max_size=6,
)


def word(at: int) -> str:
    """Stands in texts of the customer and of nobody else."""
    return f"zqx{at:03}qxz"


def stored(at: int, person: dict[str, Any], anna: Scope) -> Customer:
    of_group = {"name": f"Gruppe {word(at)}", "price_level": at % 5, "discount": Decimal(at)}
    fields, country = dict(person["fields"]), person["fields"]["country"] or None
    for name in PHONES:
        fields[name] = formats.normalize_phone(fields[name], country=country)
    fields["vat_id"] = formats.normalize_vat_id(fields["vat_id"], country=country) if country in (None, "DE") else ""
    marked = {"last_name": word(at), "tags": [word(at)] if person["is_sorted"] else [], "customer_number": at}
    Tag.objects.create(base=anna.base, name=word(at))
    if person["state"] == "archived":
        marked |= {"archived_at": timezone.now(), "archived_reason": word(at)}
    if person["state"] == "blocked":
        marked |= {"is_blocked": True, "blocked_reason": word(at)}
    customer = Customer.objects.create(
        organization=anna.organization, base=anna.base, home_location=None,
        customer_group=CustomerGroup.objects.create(base=anna.base, **of_group) if person["is_sorted"] else None,
        **fields, **marked,
    )  # fmt: skip
    bears(customer, *set(person["former_numbers"]))
    return customer


def say(customer: Customer, said: dict[str, Any], now: datetime) -> None:
    values = {name: said[name] for name in ("purpose", "is_given", "source", "wording_version")}
    Consent.objects.bulk_create(
        [
            Consent(
                organization_id=customer.organization_id, base_id=customer.base_id, customer=customer, **values,
                location=leaving(customer.organization_id), at=now - timedelta(hours=said["hours"], microseconds=7),
                recorded_by=customer.last_name,
                receiver=said["receiver"] if said["purpose"] == TRANSFER else None,
                evidence=f"{customer.last_name} {said['evidence']}".strip(),
            )
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def allows(person: dict[str, Any]) -> bool:
    """Told anew, without the database: a yes counts until it is taken back, at once or later."""
    about = [one for one in person["said"] if one["purpose"] in (TRANSFER, TRANSFER_ANY)]
    heard = [one for one in about if one["purpose"] == TRANSFER_ANY or one["receiver"] in (None, ACCOUNT)]
    noes = [one for one in heard if not one["is_given"]]

    def holds(yes: dict[str, Any]) -> bool:
        ends = [no for no in noes if no["purpose"] in (TRANSFER, yes["purpose"])]
        return not any(no["hours"] <= yes["hours"] for no in ends)

    return not person["state"] and any(one["is_given"] and holds(one) for one in heard)


@pytest.mark.isolation
@given(people=PEOPLE)
@pytest.mark.isolation
@pytest.mark.in_part
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exactly_who_allows_it_arrives_and_nothing_of_the_others(cast, caplog, people):
    caplog.clear()
    with transaction.atomic():
        _carry(cast, caplog, people)
        transaction.set_rollback(True)


def test_postal_codes_that_a_reader_of_files_would_mend_arrive_as_they_are(cast):
    anna = cast.scope("anna", "Zentrale")
    for at, code in enumerate(("'+", "'0", "''+", "1067", "1067.0"), start=1):
        here = {"organization": anna.organization, "base": anna.base, "customer_number": at, "country": "DE"}
        consent(Customer.objects.create(last_name="Muster", postal_code=code, **here))
    content = content_of(made(executed(cast), anna))
    imported(content, receiver(cast))
    assert customers_of(receiver(cast)) == customers_of(anna)


def _carry(cast: Any, caplog: Any, people: list[dict[str, Any]]) -> None:
    anna, now = cast.scope("anna", "Zentrale"), timezone.now()
    rows = {at: stored(at, person, anna) for at, person in enumerate(people, start=1)}
    for at, person in enumerate(people, start=1):
        for said in person["said"]:
            say(rows[at], said, now)
    expected = {at for at, person in enumerate(people, start=1) if allows(person)}
    transition = executed(cast)
    for at, person in enumerate(people, start=1):
        if person["withdraws_later"]:
            Consent.objects.create(
                organization=anna.organization, base=anna.base, customer=rows[at], purpose=TRANSFER, is_given=False,
                at=timezone.now(), source="form", recorded_by=word(at),
            )  # fmt: skip
    decided = TransitionCustomer.objects.filter(transition=transition)
    assert {row.customer_number for row in decided.filter(reason="")} == expected
    assert decided.count() == len(people)
    arriving = {at for at in expected if not people[at - 1]["withdraws_later"]}
    content = content_of(made(transition, anna))
    frida = receiver(cast)
    arrival = imported(content, frida)
    note_arrivals(actor="test")
    forget_author()
    rejected = [one.problems for one in verdicts(arrival.upload, Verdict.REJECTED)]
    assert ((arrival.upload.result or {})["created"], rejected) == (len(arriving), [])
    assert customers_of(frida) == {at: row for at, row in customers_of(anna).items() if at in arriving}
    assert statements_of(frida) == [said for said in statements_of(anna) if said[0] in arriving]
    everywhere = [
        *(part.decode() for part in members(content).values()), str(list(customers_of(frida).values())),
        str(statements_of(frida)), caplog.text, words(told(transition, anna)), str(arrival.manifest),
        str(arrival.upload.choices), str(list(Tag.objects.in_base(frida.base).values())),
        str(list(CustomerGroup.objects.in_base(frida.base).values())),
    ]  # fmt: skip
    for at in set(rows) - arriving:
        assert not any(word(at) in one for one in everywhere)
