"""What goes out comes back equal, and nothing else goes out."""

import hashlib
import io
import logging
import random
from datetime import date
from typing import Any

import phonenumbers
import pytest
from django.db import connection
from django.utils import timezone
from psycopg.sql import SQL, Identifier, Literal

from customers import formats
from customers.exports.files import make_now
from customers.exports.writer import Making, Order
from customers.formats.phone_sql import displayed_phone
from customers.imports.consent_preview import held_by
from customers.models import Customer, Tag
from customers.operations import register_customer
from customers.table.options import Reading
from customers.table.resources import CustomerResource
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from spreadsheets import Overrules, open_table, open_writer
from spreadsheets.formulas import is_dangerous
from tests.customers.transfer import GERMAN, file_name, northwind, state, take_in, taken_out

PROFILES = ["excel-de", "plain", "xlsx", "jsonl"]
PHONES = ("phone_private", "phone_business", "mobile", "fax")
ORDER = Order(profile="plain", columns=("customer_number", "city"))
PAYLOADS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "'=1+1", "+49 40 1234", "-5,00", "NULL"]


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("language", ["de", "en"])
def test_round_trip_changes_nothing(cast, anna, profile, language):
    take_in(anna, GERMAN.read_bytes())
    Tag.objects.create(base=anna.base, name='a "b", c')
    Customer.objects.in_base(anna.base).update(
        tags=['a "b", c'], payment_method="direct_debit", vat_id="DE136695976", website="https://example.com/a"
    )
    before = state(anna)
    outcome = take_in(anna, taken_out(anna, profile, language=language), name=file_name(profile))
    assert outcome.counts() == {"read": 50, "created": 0, "changed": 0, "unchanged": 50, "rejected": 0}
    assert state(anna) == before


@pytest.mark.parametrize("profile", PROFILES)
def test_everything_arrives_in_an_empty_base(cast, profile):
    source, target = cast.scope("sven", "Zentrale", 20800), cast.scope("anna", "Zentrale")
    northwind(source)
    outcome = take_in(target, taken_out(source, profile), name=file_name(profile))
    assert outcome.counts() == {"read": 91, "created": 91, "changed": 0, "unchanged": 0, "rejected": 0}
    own = {"id", "uid", "organization_id", "base_id", "home_location_id", "created_at", "changed_at"}
    found = [[{k: v for k, v in row.items() if k not in own} for row in state(scope)] for scope in (source, target)]
    assert found[0] == found[1]


@pytest.mark.parametrize("profile", PROFILES)
def test_formulas_are_harmless_and_come_back(anna, profile):
    for payload in PAYLOADS:
        register_customer(customer=Customer(last_name=payload, memo=payload, street=payload), actor=anna)
    content = taken_out(anna, profile)
    if profile in ("excel-de", "plain"):
        assert b";=1+1" not in content
        assert b",=1+1" not in content
        assert b"'=1+1" in content
    outcome = take_in(anna, content, name=file_name(profile))
    assert outcome.unchanged == len(PAYLOADS)


POSTAL_CODES = ("'+", "'0", "''+1", "'0'", "'''=1", "'t Hof", "'", "+", "'-", "'+4 9'1", "1'0")


@pytest.mark.parametrize("is_small", [False, True])
@pytest.mark.parametrize("profile", PROFILES)
def test_postal_codes_that_look_like_the_mark_of_a_spreadsheet_come_back(anna, profile, is_small):
    for code in POSTAL_CODES:
        register_customer(customer=Customer(last_name="Muster", postal_code=code), actor=anna)
    content = taken_out(anna, profile, is_small=is_small)
    outcome = take_in(anna, content, name=file_name(profile))
    assert outcome.counts() == {"read": 11, "created": 0, "changed": 0, "unchanged": 11, "rejected": 0}


def test_postal_codes_in_files_from_before_are_read_as_they_were(anna):
    file = b"Kundennummer;Nachname;Land;PLZ\n1;A;DE;'+\n2;B;DE;'1067\n3;C;DE;''+\n4;D;DE;'20095'\n"
    assert take_in(anna, file, name="a.csv").created == 4
    found = Customer.objects.in_base(anna.base).order_by("customer_number").values_list("postal_code", flat=True)
    assert list(found) == ["+", "01067", "+", "20095"]


def test_only_the_scopes_rows_go_out(cast, anna):
    stranger = cast.scope("sven", "Zentrale", 20800)
    register_customer(customer=Customer(last_name="Fremd"), actor=stranger)
    register_customer(customer=Customer(last_name="Eigen"), actor=anna)
    content = taken_out(anna, "plain", columns=["last_name", "city"], language="en", customers=Customer.objects.all())
    assert content.decode().splitlines() == ['"Last name","City"', "Eigen,"]


def test_export_needs_its_right_before_the_first_byte(anna):
    weak = Scope(user=anna.user, location=anna.location, rights=frozenset({Right.VIEW_CUSTOMERS}))
    with pytest.raises(MissingRight):
        Making(weak, ORDER)


def test_columns_stand_in_our_order_whatever_is_asked():
    assert list(CustomerResource().export_columns(["city", "customer_number", "search_text"])) == [
        "customer_number",
        "city",
    ]


def test_every_field_of_a_customer_has_a_column():
    given = {"id", "uid", "organization", "base", "search_text", "sort_name"}
    fields = {field.name for field in Customer._meta.concrete_fields} - given
    assert fields <= set(CustomerResource().export_columns())


def test_workbook_says_who_took_what(anna):
    register_customer(customer=Customer(last_name="Eigen"), actor=anna)
    content = taken_out(anna, "xlsx")
    with open_table(io.BytesIO(content), name="a.xlsx") as table:
        _customers, about = table.dialect.sheets
    with open_table(io.BytesIO(content), name="a.xlsx", overrules=Overrules(sheet=about)) as table:
        values = [table.headings[1], *(row.cells[1] for row in table)]
    assert values[:2] == ["Anna Andresen", "Nordlicht Bäckereien · Zentrale"]
    assert values[3:5] == ["1", "–"]
    assert str(values[5]).startswith("Kundennummer, Frühere Kundennummern, Anrede")


def test_direct_export_is_on_record_and_logged_without_the_words_of_the_filter(anna, caplog):
    register_customer(customer=Customer(last_name="Eigen"), actor=anna)
    with caplog.at_level(logging.INFO, "stammhaus.export"):
        export, file = make_now(order=ORDER, query="q=eig", customers=Customer.objects.all(), actor=anna)
    with file:
        content = file.read()
    [record] = caplog.records
    assert str(anna.user) in record.getMessage()
    assert "eig" not in record.getMessage()  # who was looked for is nothing for a log
    assert "exported 1 customers" in record.getMessage()
    assert record.getMessage().endswith("filter 'q'")
    assert (export.total, export.size, export.sha256) == (1, len(content), hashlib.sha256(content).hexdigest())
    assert list(export.downloads.values_list("user_name", flat=True)) == ["Anna Andresen"]


@pytest.mark.parametrize("look", ["excel-de", "plain"])
def test_database_writes_cells_as_the_writer_does(anna, look):
    """The SQL of the columns against their Python, on rows that hold something in every column."""
    take_in(anna, GERMAN.read_bytes())
    northwind(anna)
    Customer.objects.in_base(anna.base).filter(customer_number=1).update(
        discount="5.50", credit_limit="1000", payment_term=14, birthday=date(1931, 2, 1), is_favourite=True
    )
    columns = {name: one for name, one in CustomerResource().export_columns().items() if one.widget.kind != "moment"}
    file = io.BytesIO()
    with open_writer(file, profile=look) as writer:
        writer.write_headings([column.german for column in columns.values()])
        held = held_by(Customer.objects.in_base(anna.base).values_list("pk", flat=True), anna, at=timezone.now())
        customers: list[Any] = list(Customer.objects.in_base(anna.base).order_by("customer_number"))
        phones = {name: database_shows([getattr(customer, name) for customer in customers]) for name in PHONES}
        for at, customer in enumerate(customers):
            customer.held = held.get(customer.pk, {})
            row = {name: column.export(customer) for name, column in columns.items()}
            row |= {name: shown[at] for name, shown in phones.items()}
            writer.write_row(list(row.values()))
    assert taken_out(anna, look, columns=list(columns)).splitlines() == file.getvalue().splitlines()


def database_shows(phones: list[str]) -> list[str]:
    query = SQL("SELECT {} FROM unnest({}::text[]) WITH ORDINALITY AS given(phone, at) ORDER BY at")
    with connection.cursor() as cursor:
        cursor.execute(query.format(displayed_phone(Identifier("phone")), Literal(phones)))
        return [shown for (shown,) in cursor.fetchall()]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("+49401000001", "+49 401000001"),
        ("+4366412345678", "+43 66412345678"),
        ("+35312345678", "+353 12345678"),
        ("+12125550123", "+1 2125550123"),
        ("+390612345678", "+39 0612345678"),
        ("+49401000001;ext=12", "+49401000001;ext=12"),
        ("+4940/1000-1", "+4940/1000-1"),
        ("+99912345678", "+99912345678"),
        ("+4900123456", "+4900123456"),
        ("040 1234", "040 1234"),
        ("+", "+"),
        ("", ""),
    ],
)
def test_phone_is_shown_with_a_blank_where_it_surely_comes_back(stored, shown):
    assert database_shows([stored]) == [shown]


@pytest.mark.django_db
def test_phone_of_every_country_comes_back_from_what_is_shown():
    chance = random.Random(7)
    stored = [
        f"+{code}{''.join(chance.choices('0123456789', k=length))}"
        for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        for length in range(3, 16 - len(str(code)))
        for _time in range(8)
    ]
    shown = database_shows(stored)
    assert sum(" " in one for one in shown) > len(stored) // 5
    assert [formats.normalize_phone(one) for one in shown if " " in one] == [
        one.replace(" ", "") for one in shown if " " in one
    ]
    assert [one.replace(" ", "") for one in shown] == stored
    assert not any(is_dangerous(one) for one in shown)


def test_word_null_of_our_own_file_is_a_word(anna):
    register_customer(customer=Customer(last_name="NULL"), actor=anna)
    assert take_in(anna, taken_out(anna), reading=Reading()).unchanged == 1


@pytest.mark.parametrize(
    "choice", ["group=7", "home=7", "tag=Stammgast", "birthday=13", "archived=x", "changed_since=x"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_page_narrowed_by_what_does_not_exist_here_is_not_found(log_in, choice, method):
    page = getattr(log_in("anna"), method)(f"/10400/2/customers/customer/export/?{choice}")
    assert page.status_code == 404
