"""A block of versions is written: what was sent and differs, and nothing of what was not sent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from clearing.branch.applying import apply_answer
from clearing.choices import CycleState, PartKind
from clearing.models import HeldBack
from clearing.protocol.records import CustomerRecord, Record, RevisionRecord
from clearing.rows import parts
from clearing.rows.reading import versions_of
from clearing.rows.writing import BEYOND_FIELD, UNKNOWN_GROUP, UNKNOWN_HOME, UNKNOWN_TAG, write
from customers.models import Customer
from locations.choices import Side
from mcp.isolation import row_scope
from tests.clearing.two_sides import TwoSides, at
from tests.customers.people import bears, customer, group, tag


@pytest.fixture
def sides(cast, as_owner):
    return TwoSides()


def at_central(sides, *names, **values):
    with at(Side.CENTRAL):
        for name in names:
            customer(sides.central, last_name=name, city="Lübeck", street="Weg 1", **values)
    rows = Customer.objects.in_base(sides.central.base)
    found = versions_of(sides.central.base, [row.uid for row in rows])
    return {version.values["last_name"]: version for version in found.values()}


def written(sides, *versions, known=None):
    """What was refused, and the statements that changed customers."""
    known = known or versions_of(sides.central.base, [version.uid for version in versions])
    with at(Side.CENTRAL), row_scope.rows_of_clearing(sides.central), CaptureQueriesContext(connection) as queries:
        refused = write(sides.central.base, versions, known=known)
    return refused, [one["sql"] for one in queries if "UPDATE customers_customer AS" in one["sql"]]


def with_values(version, **values):
    return replace(version, values={**version.values, **values})


@pytest.mark.django_db
def test_fields_that_were_not_sent_stay_whoever_is_in_the_same_block(sides):
    there = at_central(sides, "Neu", "Alt", "Gleich")
    old = with_values(there["Alt"], street="Gasse 2")
    old = replace(old, values={name: old.values[name] for name in ("last_name", "street")})
    refused, statements = written(sides, with_values(there["Neu"], city="Kiel"), old, there["Gleich"])
    assert (refused, len(statements)) == ({}, 2)
    assert set(Customer.objects.in_base(sides.central.base).values_list("last_name", "city", "street")) == {
        ("Neu", "Kiel", "Weg 1"),
        ("Alt", "Lübeck", "Gasse 2"),
        ("Gleich", "Lübeck", "Weg 1"),
    }


@pytest.mark.django_db
def test_a_statement_writes_the_fields_in_which_somebody_differs(sides):
    there = at_central(sides, "Eins", "Zwei")
    changes = with_values(there["Eins"], city="Kiel"), with_values(there["Zwei"], memo="zwei\nZeilen \\ \"'")
    _refused, (statement,) = written(sides, *changes)
    assert "SET city = arrived.city, memo = arrived.memo FROM" in statement
    assert "street" not in statement
    now = versions_of(sides.central.base, [version.uid for version in changes])
    assert now == {version.uid: version for version in changes}


@pytest.mark.django_db
def test_who_has_another_former_number_alone_is_written_as_well(sides):
    version = at_central(sides, "Muster")["Muster"]
    with at(Side.CENTRAL):
        bears(Customer.objects.get(base=sides.central.base, uid=version.uid), "K-1")
    changed = with_values(version, former_numbers=[["K-2", "typed", ""]])
    before = Customer.objects.get(base=sides.central.base, uid=version.uid).changed_at
    refused, statements = written(sides, changed)
    assert (refused, len(statements)) == ({}, 1)
    assert versions_of(sides.central.base, [version.uid]) == {version.uid: changed}
    assert Customer.objects.get(base=sides.central.base, uid=version.uid).changed_at > before


@pytest.mark.django_db
def test_what_a_customer_names_and_nobody_knows_is_told_of_him_alone(sides):
    there = at_central(sides, "Gut", "Gruppe", "Tag", "Haus")
    with at(Side.CENTRAL):
        group(sides.central, "Firmen"), tag(sides.central, "Gast")
    good = with_values(there["Gut"], customer_group="FIRMEN", tags=["Gast"])
    bad = [
        with_values(there["Gruppe"], customer_group="Vereine"),
        with_values(there["Tag"], tags=["Gast", "Stamm"]),
        with_values(there["Haus"], home_location=2**40),
    ]
    reasons = [UNKNOWN_GROUP(name="Vereine"), UNKNOWN_TAG(name="Stamm"), UNKNOWN_HOME(number=2**40)]
    refused, _statements = written(sides, good, *bad)
    assert refused == dict(zip([version.uid for version in bad], reasons, strict=True))
    assert str(Customer.objects.get(base=sides.central.base, uid=good.uid).customer_group) == "Firmen"


@pytest.mark.django_db
def test_what_does_not_fit_is_told_by_the_name_of_its_field(sides):
    there = at_central(sides, "Lang", "Land", "Stufe", "Kredit")
    bad = [
        with_values(there["Lang"], last_name="ß" * 101, first_name="ß" * 100),
        with_values(there["Land"], country="Deutschland"),
        with_values(there["Stufe"], price_level=2**31 - 1),
        with_values(there["Kredit"], credit_limit="99999999999999999.00"),
    ]
    refused, _statements = written(sides, *bad)
    names = {field.name: field.verbose_name for field in Customer._meta.concrete_fields}
    too_much = ("last_name", "country", "price_level", "credit_limit")
    reasons = [BEYOND_FIELD(field=names[name]) for name in too_much]
    assert refused == dict(zip([version.uid for version in bad], reasons, strict=True))


@pytest.mark.django_db
def test_a_rule_that_refuses_is_told_in_the_language_of_whoever_reads_it(sides):
    version = at_central(sides, "Muster")["Muster"]
    with override("de"):
        refused, _statements = written(sides, with_values(version, discount="101.00"))
    said = {}
    for language in ("de", "en"):
        with override(language):
            said[language] = str(refused[version.uid])
    assert said == {
        "de": "Der Rabatt muss zwischen 0 und 100 Prozent liegen.",
        "en": "The discount must lie between 0 and 100 percent.",
    }


@pytest.mark.django_db
def test_a_restored_branch_takes_whom_its_answer_names_twice(sides):
    """It is told the revision of what it has sent, and then once more what the central has."""
    with at(Side.BRANCH):
        row = customer(sides.branch.actor, last_name="Muster", city="Lübeck")
    assert sides.run()["applied"] == 1
    version = versions_of(sides.central.base, [row.uid])[row.uid]
    run = sides.cut()
    records: list[Record] = [RevisionRecord(row.uid, 1), CustomerRecord(with_values(version, city="Kiel"), 2)]
    answer = parts.store(run, PartKind.ANSWER, [record.to_json() for record in records])
    run.state, run.answer, run.receipt = CycleState.DECIDED, answer.to_json(), "0" * 64
    run.save()
    with at(Side.BRANCH):
        apply_answer(run, actor=sides.branch.actor)
    assert versions_of(sides.branch.base, [row.uid])[row.uid].values["city"] == "Kiel"
    assert not HeldBack.objects.exists()
