"""The decision over a large base joins whole sets, whether the database knows how many rows there are or not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from customers.models import Customer
from tests.transitions.moving import ACCOUNT, figures_at
from transitions import deciding
from transitions.choices import TransitionKind
from transitions.models import Transition
from transitions.query_settings import set_by_set

PEOPLE = 6_000
_COPIED = [
    str(field.column)
    for field in Customer._meta.concrete_fields
    if field.name not in {"id", "uid", "customer_number", "search_text", "sort_name"}
]
_CUSTOMERS = f"""
    INSERT INTO customers_customer (customer_number, {", ".join(_COPIED)})
    SELECT number, {", ".join(_COPIED)} FROM customers_customer, generate_series(2, %(people)s) AS number
    WHERE base_id = %(base)s AND customer_number = 1
"""
_CONSENTS = """
    INSERT INTO customers_consent (organization_id, base_id, location_id, customer_id, purpose, is_given, at, source,
        wording_version, evidence, recorded_by)
    SELECT organization_id, base_id, CASE WHEN said.is_here THEN %(location)s END, id, said.purpose, said.is_given,
        now() - said.days * interval '1 day', 'form', '', '', 'Test'
    FROM customers_customer, (VALUES ('transfer', true, 300, 2, true), ('transfer', false, 100, 6, true),
        ('transfer_any', true, 200, 5, false), ('newsletter', true, 200, 1, true))
        AS said (purpose, is_given, days, each, is_here)
    WHERE base_id = %(base)s AND customer_number %% said.each = 0
"""


@pytest.fixture
def leaving(cast) -> Transition:
    place = cast.location("Flensburg")
    return Transition(
        organization=place.organization,
        location=place,
        kind=TransitionKind.EXIT,
        receiver_account=ACCOUNT,
        is_narrowed=True,
    )


def fill(leaving: Transition) -> None:
    place = leaving.location
    values = {"organization": place.organization_id, "base": place.base_id, "location": place.pk, "people": PEOPLE}
    Customer.objects.create(
        organization=place.organization, base=place.base, customer_number=1, last_name="Muster", home_location=None
    )
    with connection.cursor() as cursor:
        for statement in (_CUSTOMERS, _CONSENTS):
            cursor.execute(statement, values)


def plan_of(leaving: Transition) -> list[dict[str, Any]]:
    """Every node of the plan."""
    decision = deciding.decided(transition=leaving, at=timezone.now())
    with connection.cursor() as cursor, set_by_set(cursor):
        cursor.execute(f"EXPLAIN (FORMAT JSON) {decision.sql}", decision.parameters)
        found, nodes = [cursor.fetchone()[0][0]["Plan"]], []
        while found:
            nodes.append(found.pop())
            found += nodes[-1].get("Plans", [])
    return nodes


@pytest.mark.parametrize("is_analyzed", [False, True])
def test_each_table_is_read_once_for_what_is_asked_of_it(leaving, as_owner, is_analyzed):
    fill(leaving)
    if is_analyzed:
        connection.cursor().execute("ANALYZE customers_customer; ANALYZE customers_consent")
    nodes = plan_of(leaving)
    assert not [node for node in nodes if node["Node Type"] == "Nested Loop"]
    read = [node.get("Relation Name") for node in nodes if node.get("Relation Name")]
    assert (read.count("customers_consent"), read.count("customers_customer")) == (2, 1)


def test_figures_of_many_are_those_of_the_rule(leaving):
    fill(leaving)
    figures = figures_at(leaving, timezone.now() + timedelta(minutes=1))
    numbers = range(1, PEOPLE + 1)
    transfer = {n for n in numbers if n % 2 == 0 and n % 6}
    general = {n for n in numbers if n % 5 == 0 and n % 6}
    assert figures["carried"] == len(transfer | general)
    assert figures["reasons"] == {
        "withdrawn": len([n for n in numbers if n % 6 == 0]),
        "noconsent": len([n for n in numbers if n % 6 and n % 2 and n % 5]),
    }
