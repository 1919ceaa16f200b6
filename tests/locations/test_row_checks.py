"""All check constraints in one query say what Django says with one query for each."""

from __future__ import annotations

from copy import copy
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import Value
from django.db.models.functions import Concat
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import Consent, Customer, SavedFilter
from customers.operations import register_customer
from locations.models import Location, Organization
from locations.row_checks import CheckedRow, _checks_of
from mcp.models import User
from tests.conftest import questions
from tests.proofs.sampling import examples

pytestmark = [pytest.mark.isolation, pytest.mark.in_part]

TEXTS = ["", "x", "DE", "de", " ", "%s %%", "'", "\\", "ß", "31.02.", "29.02.", "01.13.", "newsletter", "0", "X" * 300]
NUMBERS = [None, -1, 0, 1, 2, 101, 999_999_999]
WHENS = [None, datetime(1800, 1, 1, tzinfo=UTC), datetime(2024, 5, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)]


def values_of(field: Any) -> list[Any]:
    match field:
        case models.BooleanField():
            return [True, False, None]
        case models.DateTimeField():
            return WHENS
        case models.DateField():
            return [None, date(1900, 1, 1), date(2024, 2, 29), date(2999, 1, 1)]
        case models.DecimalField():
            return [None, Decimal("-0.001"), Decimal(0), Decimal("100.00"), Decimal("1234.567")]
        case models.CharField() | models.TextField():
            return [*TEXTS, *[value for value, _label in field.choices or ()]]
        case models.IntegerField() | models.ForeignKey():
            return NUMBERS
    return []


def rows(model: type[models.Model]) -> st.SearchStrategy[Any]:
    """Rows of which a few values are anything."""
    values = {
        field.attname: st.sampled_from(told) for field in model._meta.concrete_fields if (told := values_of(field))
    }
    return st.dictionaries(st.sampled_from(sorted(values)), st.none(), max_size=6).flatmap(
        lambda names: st.fixed_dictionaries({name: values[name] for name in names})
    ).map(lambda given_values: model(**given_values))  # fmt: skip


def errors(validate: Any, exclude: set[str] | None) -> dict[str, list[tuple[str, str]]]:
    try:
        validate(exclude=exclude)
    except ValidationError as refusal:
        found: dict[str, list[tuple[str, str]]] = {}
        for field, told in refusal.error_dict.items():
            found[field] = sorted((str(one.code), " ".join(one.messages)) for one in told)
        return found
    return {}


@pytest.mark.parametrize("model", [Customer, Consent, Location, Organization, User])
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_all_at_once_says_what_one_by_one_says(db, model, data):
    row = data.draw(rows(model))
    names = sorted(field.name for field in model._meta.concrete_fields)
    exclude = data.draw(st.none() | st.sets(st.sampled_from(names), max_size=3))
    one_by_one = super(CheckedRow, row).validate_constraints
    assert errors(row.validate_constraints, exclude) == errors(one_by_one, exclude)


def test_they_are_one_query(cast):
    """Ten and more rules of a customer; rules about other rows have questions of their own."""
    customer = Customer(base=cast.location("Zentrale").base, last_name="Meier", discount=Decimal(-1))
    assert len(_checks_of(Customer, "default")) >= 10
    with CaptureQueriesContext(connection) as captured, pytest.raises(ValidationError):
        customer.validate_constraints()
    assert len([sql for sql in questions(captured) if "IS NOT FALSE" in sql]) == 1
    assert not any("_check" in sql for sql in questions(captured))


def test_row_that_holds_an_expression_is_asked_one_by_one(cast):
    customer = Customer(base=cast.location("Zentrale").base, last_name=Concat(Value(""), Value("")))
    with CaptureQueriesContext(connection) as captured, pytest.raises(ValidationError, match="Enter a first name"):
        customer.validate_constraints()
    assert sum("_check" in sql for sql in questions(captured)) >= 10


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_over_the_stored_row_is_refused_what_is_refused_of_the_whole_one(cast, data):
    scope = cast.scope("anna", "Zentrale")
    stored = register_customer(customer=Customer(last_name="Meier", country="DE"), actor=scope)
    told = {field.attname: values_of(field) for field in Customer._meta.concrete_fields if not field.primary_key}
    names = data.draw(st.sets(st.sampled_from(sorted(name for name in told if told[name])), max_size=5))
    row = Customer.objects.get(pk=stored.pk)
    stored = Customer.objects.get(pk=stored.pk)
    for name in sorted(names):
        setattr(row, name, data.draw(st.sampled_from(told[name])))
    whole = errors(copy(row).full_clean, {"uid"})
    with row.replacing(stored):
        assert errors(row.full_clean, {"uid"}) == whole


def test_row_that_is_as_it_is_stored_asks_nothing(cast):
    customer = register_customer(customer=Customer(last_name="Meier"), actor=cast.scope("anna", "Zentrale"))
    stored = Customer.objects.get(pk=customer.pk)
    row = Customer.objects.get(pk=customer.pk)
    with CaptureQueriesContext(connection) as captured, row.replacing(stored):
        row.full_clean(exclude={"uid"})
    assert questions(captured) == []
    with CaptureQueriesContext(connection) as captured:
        row.full_clean(exclude={"uid"})
    assert questions(captured) != []


def test_rule_with_a_condition_is_asked_although_its_fields_stay(cast):
    """A name is unique among shared filters, and among one's own: whether it is shared decides which."""
    scope = cast.scope("anna", "Zentrale")
    same = {"organization": scope.organization, "base": scope.base, "user": scope.user, "name": "Kiel"}
    SavedFilter.objects.create(**same, is_shared=True)
    own = SavedFilter.objects.create(**same, is_shared=False)
    stored = SavedFilter.objects.get(pk=own.pk)
    own.is_shared = True
    with own.replacing(stored), pytest.raises(ValidationError):
        own.full_clean()
