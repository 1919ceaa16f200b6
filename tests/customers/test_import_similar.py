"""Whom new rows look like, against a plain comparison of each row with everybody."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.imports import preview
from customers.models import Customer
from customers.operations import register_customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.conftest import Cast
from tests.customers.transfer import checked, table
from tests.proofs.sampling import examples

HEADINGS = {
    "last_name": "Name", "first_name": "Vorname", "company": "Firma", "email": "E-Mail", "birthday": "Geburtsdatum",
    "mobile": "Mobil", "phone_private": "Telefon", "street": "Straße", "postal_code": "PLZ",
}  # fmt: skip
POOLS = {
    "last_name": ["Meier", "MEIER", "Huber"], "first_name": ["", "Eva", "eva"], "company": ["", "Bäckerei"],
    "email": ["", "a@example.com", "A@example.com", "b@example.com"], "birthday": ["", "1990-01-02", "1991-03-04"],
    "mobile": ["", "+491713000001"], "phone_private": ["", "+491713000001", "+4940100001"],
    "street": ["", "Weg 1", "weg 1"], "postal_code": ["", "20095"],
}  # fmt: skip
PEOPLE = st.fixed_dictionaries({name: st.sampled_from(pool) for name, pool in POOLS.items()})
NAMES = ("last_name", "first_name", "company")
PHONES = ("mobile", "phone_private")
DETAILS = ("email", "birthday", "street", "postal_code", *PHONES)
LOOKS: list[tuple[tuple[str, ...], tuple[str, ...], bool]] = [
    (("email", *NAMES), ("email",), True),
    (("email",), ("email",), True),
    ((*NAMES, "birthday"), ("birthday",), True),
    ((*NAMES, "street", "postal_code"), ("street",), False),
    ((*NAMES, *DETAILS), (), True),
]
"""What is the same, what must not be empty, and whether rows of the file are compared with one another as well."""


@pytest.fixture(scope="module")
def anna(standing) -> Scope:
    return Cast().scope("anna", "Zentrale")


def alike(one: dict[str, str], other: dict[str, str], same: tuple[str, ...], filled: tuple[str, ...]) -> bool:
    return all(one[name] for name in filled) and all(one[name].lower() == other[name].lower() for name in same)


def expected(row: int, rows: list[dict[str, str]], known: list[dict[str, str]]) -> set[tuple[str, int]]:
    """Whom a row may be said to look like: known customers, or rows before it; by place."""
    person = rows[row]
    customers = {("known", at) for at, one in enumerate(known) for same, filled, _ in LOOKS
                 if alike(person, one, same, filled)}  # fmt: skip
    before = {("row", at) for at in range(row) for same, filled, is_in_file in LOOKS
              if is_in_file and alike(person, rows[at], same, filled)}  # fmt: skip
    customers |= {("known", at) for at, one in enumerate(known) if alike(person, one, NAMES, ())
                  and {person[name] for name in PHONES} & {one[name] for name in PHONES} - {""}}  # fmt: skip
    return customers or before


@settings(max_examples=examples(60), deadline=None)
@given(known=st.lists(PEOPLE, max_size=4), rows=st.lists(PEOPLE, min_size=1, max_size=5))
@pytest.mark.django_db
def test_rows_look_like_those_whom_a_plain_comparison_finds(anna, known, rows):
    with transaction.atomic():
        customers = [register_customer(customer=Customer(**_filled(one)), actor=anna).pk for one in known]
        cells = [[one[name] for name in HEADINGS] for one in rows]
        upload = checked(anna, table(list(HEADINGS.values()), *cells))
        with row_scope.rows_of(anna):
            found = {one.row - 2: one for one in preview.similar(upload, anna)}
        transaction.set_rollback(True)
    for row in range(len(rows)):
        wanted = expected(row, rows, known)
        assert (row in found) == bool(wanted), (row, wanted)
        if row in found:
            told = found[row]
            before = (told.first or 0) - 2
            who = ("row", before) if told.customer is None else ("known", customers.index(told.customer.pk))
            assert who in wanted


def _filled(person: dict[str, str]) -> dict[str, Any]:
    return {name: value for name, value in person.items() if value}
