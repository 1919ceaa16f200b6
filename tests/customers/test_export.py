"""What goes out comes back equal, and nothing else goes out."""

import io
import logging

import pytest

from customers.models import Customer, Tag
from customers.operations import register_customer
from customers.resources import CustomerResource
from customers.transfer.exporting import export_chunks
from customers.transfer.reading import Reading
from locations.permissions import Right
from mcp.scope import MissingRight, Scope
from spreadsheets import Overrules, open_table
from tests.customers.transfer import GERMAN, file_name, northwind, state, take_in, taken_out

PROFILES = ["excel-de", "plain", "xlsx", "jsonl"]
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
    own = {"id", "organization_id", "base_id", "home_location_id", "created_at", "changed_at"}
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


def test_only_the_scopes_rows_go_out(cast, anna):
    stranger = cast.scope("sven", "Zentrale", 20800)
    register_customer(customer=Customer(last_name="Fremd"), actor=stranger)
    register_customer(customer=Customer(last_name="Eigen"), actor=anna)
    resource = CustomerResource(scope=anna)
    columns = resource.export_columns(["last_name"])
    everybody = Customer.objects.all()
    content = b"".join(export_chunks(resource, everybody, profile="plain", columns=columns, language="en"))
    assert content.decode().splitlines() == ['"Last name"', '"Eigen"']


def test_export_needs_its_right_before_the_first_byte(anna):
    weak = Scope(user=anna.user, location=anna.location, rights=frozenset({Right.VIEW_CUSTOMERS}))
    resource = CustomerResource(scope=weak)
    with pytest.raises(MissingRight):
        export_chunks(
            resource, Customer.objects.all(), profile="plain", columns=resource.export_columns(), language="de"
        )


def test_columns_stand_in_our_order_whatever_is_asked():
    assert list(CustomerResource().export_columns(["city", "customer_number", "search_text"])) == [
        "customer_number",
        "city",
    ]


def test_every_field_of_a_customer_has_a_column():
    given = {"id", "organization", "base", "search_text", "sort_name"}
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
    assert values[3:] == ["1", "–"]


def test_export_is_logged_with_user_count_and_filter(anna, caplog):
    register_customer(customer=Customer(last_name="Eigen"), actor=anna)
    resource = CustomerResource(scope=anna)
    with caplog.at_level(logging.INFO, "stammhaus.export"):
        list(
            export_chunks(
                resource, resource.get_queryset(), profile="plain", columns=resource.export_columns(["city"]),
                language="de", narrowed_by="q=eig",
            )
        )  # fmt: skip
    [record] = caplog.records
    assert str(anna.user) in record.getMessage()
    assert "eig" not in record.getMessage()  # who was looked for is nothing for a log
    assert "exported 1 customers" in record.getMessage()
    assert record.getMessage().endswith("filter 'q'")


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
