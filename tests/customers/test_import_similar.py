"""Whom new rows look like, against a plain comparison of each row with everybody."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.duplicates import Sought, candidates
from customers.imports import decisions, preview
from customers.models import Customer
from customers.operations import register_customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from spreadsheets import open_table
from tests.conftest import Cast
from tests.customers.people import customer
from tests.customers.transfer import checked, table
from tests.proofs.sampling import examples

HEADINGS = {
    "last_name": "Name", "first_name": "Vorname", "company": "Firma", "email": "E-Mail", "birthday": "Geburtsdatum",
    "birthday_without_year": "Geburtstag ohne Jahr", "mobile": "Mobil", "phone_private": "Telefon",
    "street": "Straße", "postal_code": "PLZ",
}  # fmt: skip
POOLS = {
    "last_name": ["", "Meier", "MEIER", "Huber"], "first_name": ["", "Eva", "eva"], "company": ["", "Bäckerei"],
    "email": ["", "a@example.com", "A@example.com", "b@example.com"], "birthday": ["", "1990-01-02", "1991-01-02"],
    "birthday_without_year": ["", "01-02", "03-04"],
    "mobile": ["", "+491713000001"], "phone_private": ["", "+491713000001", "+4940100001"],
    "street": ["", "Weg 1", "weg 1"], "postal_code": ["", "20095"],
}  # fmt: skip


def person(values: dict[str, str]) -> dict[str, str]:
    """With at most one of the two birthdays, and a name."""
    day = "" if values["birthday"] else values["birthday_without_year"]
    is_named = any(values[name] for name in ("last_name", "first_name", "company"))
    return values | {"birthday_without_year": day} | ({} if is_named else {"company": "Bäckerei"})


PEOPLE = st.fixed_dictionaries({name: st.sampled_from(pool) for name, pool in POOLS.items()}).map(person)
COLUMNS = st.sets(st.sampled_from(["birthday", "birthday_without_year", "street", "company"]))
PHONES = ("mobile", "phone_private")


@pytest.fixture(scope="module")
def anna(standing) -> Scope:
    return Cast().scope("anna", "Zentrale")


def name_of(one: dict[str, str]) -> tuple[str, ...]:
    """The name of a person, else that of the company."""
    parts = (one["last_name"].lower(), one["first_name"].lower())
    return parts if any(parts) else (*parts, one["company"].lower())


def is_same(one: dict[str, str], other: dict[str, str], *names: str) -> bool:
    return all(one[name].lower() == other[name].lower() for name in names)


def day_of(one: dict[str, str]) -> str:
    return one["birthday"][5:] or one["birthday_without_year"]


def is_alike(row: dict[str, str], other: dict[str, str], given: frozenset[str], *, is_in_file: bool) -> bool:
    """Whether a row looks like a known customer, or like a row before it."""
    if row["email"] and is_same(row, other, "email"):
        return True
    if name_of(row) != name_of(other):
        return False
    whole = row["birthday"] and other["birthday"]
    if whole and row["birthday"] == other["birthday"]:
        return True
    is_written_alike = bool(row["birthday"]) == bool(other["birthday"])
    if day_of(row) and not whole and day_of(row) == day_of(other) and (is_written_alike or not is_in_file):
        return True
    if not is_in_file and {row[name] for name in PHONES} & {other[name] for name in PHONES} - {""}:
        return True
    address = ("street", "postal_code") if "street" in given else ("postal_code",)
    if not is_in_file and row[address[0]] and is_same(row, other, *address):
        return True
    return is_same(row, other, *(name for name in HEADINGS if name in given and not name.endswith("_name")))


def expected(row: int, rows: list[dict[str, str]], known: list[dict[str, str]], given: frozenset[str]) -> set[Any]:
    """Whom a row may be said to look like: known customers, or rows before it; by place."""
    customers = {("known", at) for at, one in enumerate(known) if is_alike(rows[row], one, given, is_in_file=False)}
    before = {("row", at) for at in range(row) if is_alike(rows[row], rows[at], given, is_in_file=True)}
    return customers or before


@settings(max_examples=examples(60), deadline=None)
@given(known=st.lists(PEOPLE, max_size=4), rows=st.lists(PEOPLE, min_size=1, max_size=5), left_out=COLUMNS)
@pytest.mark.django_db
def test_rows_look_like_those_whom_a_plain_comparison_finds(anna, known, rows, left_out):
    # A column of birthdays gives the days without year as well.
    left_out = left_out if "birthday" in left_out else left_out - {"birthday_without_year"}
    rows = [{name: "" if name in left_out else value for name, value in one.items()} for one in rows]
    rows = [one if any(name_of(one)) else one | {"last_name": "Meier"} for one in rows]
    given_columns = frozenset(HEADINGS.keys() - left_out)
    with transaction.atomic():
        customers = [register_customer(customer=Customer(**_filled(one)), actor=anna).pk for one in known]
        headings = [name for name in HEADINGS if name in given_columns]
        cells = [[_cell(name, one) for name in headings] for one in rows]
        upload = checked(anna, table([HEADINGS[name] for name in headings], *cells))
        with row_scope.rows_of(anna):
            found = {one.row - 2: one for one in preview.similar(upload, anna)}
            warned = [_warned(one, anna) for one in rows]
        transaction.set_rollback(True)
    for row in range(len(rows)):
        wanted = expected(row, rows, known, given_columns)
        assert (row in found) == bool(wanted), (row, wanted)
        if row in found:
            told = found[row]
            before = (told.first or 0) - 2
            who = ("row", before) if told.customer is None else ("known", customers.index(told.customer.pk))
            assert who in wanted
        # Whom the form would warn of by name and birthday, the import tells as well.
        by_birthday = {pk for pk, said in warned[row] if "same name and birthday" in said}
        assert by_birthday <= {customers[at] for kind, at in wanted if kind == "known"}


def _cell(name: str, one: dict[str, str]) -> str:
    day = one[name]
    return f"{day[3:]}.{day[:2]}." if name == "birthday_without_year" and day else day


def _warned(one: dict[str, str], scope: Scope) -> list[tuple[int, list[str]]]:
    values = one | {"birthday": date.fromisoformat(one["birthday"]) if one["birthday"] else None}
    found = candidates(Sought.of(values), scope=scope)
    return [(candidate.customer.pk, [str(reason) for reason in candidate.reasons]) for candidate in found]


def _filled(person: dict[str, str]) -> dict[str, Any]:
    return {name: value for name, value in person.items() if value}


@pytest.mark.django_db
def test_list_shows_the_day_without_year_by_which_somebody_looks_alike(anna):
    customer(anna, last_name="Muster", first_name="Anna", birthday_without_year="05-17")
    content = table(["Name", "Vorname", "Geburtstag"], ["Muster", "Anna", "17.05.1990"], ["Muster", "Anna", "18.05."])
    upload = checked(anna, content, match="nothing")
    file = io.BytesIO()
    with row_scope.rows_of(anna):
        assert decisions.write_similar(upload=upload, file=file, actor=anna) == 1
    with open_table(file, name="a.xlsx") as read:
        [row] = [dict(zip(read.headings, one.cells, strict=True)) for one in read]
    assert row["Looks alike by"] == "the same name and birthday"
    assert row["birthday without year of the known customer"] == "17.05."
    assert row["birthday in the file"] == date(1990, 5, 17)
