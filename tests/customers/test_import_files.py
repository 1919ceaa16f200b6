"""The common files land complete: every row, every cell."""

import csv
from datetime import date
from decimal import Decimal

import pytest

from customers import formats
from customers.choices import TRANSFER
from customers.models import Customer
from customers.table import memo_notes
from customers.table.headings import match_columns
from customers.table.resources import CustomerResource
from spreadsheets import open_table
from tests.customers.transfer import ENGLISH, GERMAN, NORTHWIND, northwind, state, take_in


def test_northwind_lands_complete(cast):
    scope = cast.scope("sven", "Zentrale", 20800)
    outcome = northwind(scope)
    assert outcome.counts() == {"read": 91, "created": 91, "changed": 0, "unchanged": 0, "rejected": 0}
    with open_table(NORTHWIND) as table:
        rows = [dict(zip(table.headings, map(str, row.cells), strict=True)) for row in table]
    by_former = {customer.former_numbers[0]: customer for customer in Customer.objects.in_base(scope.base)}
    assert len(by_former) == 91
    for row in rows:
        expected = {name: "" if value == "NULL" else formats.clean_text(value) for name, value in row.items()}
        assert _as_northwind(by_former[expected["customerID"]]) == _in_stored_form(expected)


def _as_northwind(customer: Customer) -> dict[str, str]:
    body, found = memo_notes.split(customer.memo)
    assert body == ""
    return {
        "customerID": customer.former_numbers[0],
        "companyName": customer.company,
        "contactName": f"{customer.first_name} {customer.last_name}",
        "contactTitle": found["Position"],
        "address": customer.street,
        "city": customer.city,
        "region": found.get("Region", ""),
        "postalCode": customer.postal_code,
        "country": customer.country,
        "phone": customer.phone_private,
        "fax": customer.fax,
    }


def _in_stored_form(row: dict[str, str]) -> dict[str, str]:
    country = formats.normalize_country(row["country"])
    phones = {name: formats.normalize_phone(row[name], country=country) for name in ("phone", "fax")}
    return {**row, "country": country, **phones}


def test_contact_name_is_divided_at_its_last_blank(cast):
    northwind(cast.scope("sven", "Zentrale", 20800))
    customer = Customer.objects.get(former_number_rows__number="GODOS")
    assert (customer.first_name, customer.last_name) == ("José Pedro", "Freyre")


@pytest.mark.parametrize(("path", "encoding", "delimiter"), [(GERMAN, "cp1252", ";"), (ENGLISH, "utf-8", ",")])
def test_file_of_a_till_lands_value_by_value(cast, path, encoding, delimiter):
    scope = cast.scope("anna", "Zentrale")
    outcome = take_in(scope, path.read_bytes())
    assert outcome.counts() == {"read": 50, "created": 50, "changed": 0, "unchanged": 0, "rejected": 0}
    with path.open(encoding=encoding, newline="") as file:
        _headings, *rows = csv.reader(file, delimiter=delimiter)
    stored = Customer.objects.in_base(scope.base).select_related("customer_group").order_by("customer_number")
    assert [_as_till(customer) for customer in stored] == [_expected(row) for row in rows]


def _as_till(customer: Customer) -> list[object]:
    said = dict(customer.consents.values_list("purpose", "is_given"))
    group = customer.customer_group.name if customer.customer_group else ""
    return [
        customer.customer_number, customer.salutation, customer.first_name, customer.last_name, customer.company,
        customer.street, customer.postal_code, customer.city, customer.country, customer.email,
        formats.display_phone(customer.phone_private).replace(" ", ""), customer.mobile, customer.birthday, group,
        customer.price_level, customer.discount, customer.credit_limit, said["newsletter"], said[TRANSFER],
        customer.is_blocked, customer.memo,
    ]  # fmt: skip


def _expected(row: list[str]) -> list[object]:
    yes = {"ja": True, "true": True, "nein": False, "false": False}
    parts = row[12].split(".")
    birthday = date(int(parts[2]), int(parts[1]), int(parts[0])) if len(parts) == 3 else date.fromisoformat(row[12])
    limit = row[16].replace(".", "").replace(",", ".") if "," in row[16] else row[16]
    return [
        int(row[0]), *row[1:10], row[10].replace(" ", ""), row[11].replace(" ", ""), birthday, row[13], int(row[14]),
        Decimal(row[15]), Decimal(limit), yes[row[17]], yes[row[18]], yes[row[19]], row[20],
    ]  # fmt: skip


def test_both_styles_of_a_till_mean_the_same(cast):
    scope = cast.scope("anna", "Zentrale")
    take_in(scope, ENGLISH.read_bytes())
    before = state(scope)
    outcome = take_in(scope, GERMAN.read_bytes().replace(b"?", b"?"))
    lost_in_cp1252 = {row["customer_number"] for row in before if not _fits_cp1252(row["first_name"])}
    assert outcome.unchanged == 50 - len(lost_in_cp1252)
    assert outcome.changed == len(lost_in_cp1252)


def _fits_cp1252(text: str) -> bool:
    return text.encode("cp1252", "replace").decode("cp1252") == text


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Kundennummer", "customer_number"),
        ("KUNDEN-NR.", "customer_number"),
        ("customer_number", "customer_number"),
        ("customerID", "former_numbers"),
        ("Strasse", "street"),
        ("straße", "street"),
        (" E-Mail ", "email"),
        ("Geburtstag", "birthday"),
        ("Ort", "city"),
        ("Schlagwoerter", "tags"),
        ("Lieblingsfarbe", ""),
    ],
)
def test_heading_is_matched_whatever_its_spelling(heading, field):
    assert match_columns([heading], CustomerResource().fields) == (field,)


def test_second_column_for_a_field_is_left_to_the_user():
    assert match_columns(["Telefon", "Phone"], CustomerResource().fields) == ("phone_private", "")
