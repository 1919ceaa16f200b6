"""Several columns for one field, and the column of the customer number: nothing is laid over anything by itself."""

from __future__ import annotations

import io
import json
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from customers.choices import OnKnown
from customers.imports import lifecycle, preview, receive
from customers.models import Customer
from customers.operations import register_customer
from customers.table.conversion import Converter
from customers.table.headings import match_columns
from customers.table.options import Reading
from customers.table.resources import CustomerResource
from mcp.isolation import row_scope
from tests.customers.people import customer
from tests.customers.transfer import DATA, applied, checked, reasons, table, take_in

FOREIGN = DATA / "foreign"
NAMES = ("first_name", "last_name", "company")


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


def targets(*headings: str) -> list[str]:
    return list(match_columns(headings, CustomerResource().fields))


def values(customer: Customer, *names: str) -> tuple[object, ...]:
    return tuple(getattr(customer, name) for name in names)


def by_former_number(anna) -> dict[str, tuple[object, ...]]:
    return {one.former_numbers[0]: values(one, *NAMES) for one in Customer.objects.in_base(anna.base)}


CONTENT = (FOREIGN / "names_and_contact.csv").read_bytes()


def test_a_contact_person_is_the_name_where_there_is_none_and_wipes_no_other(anna):
    outcome = take_in(anna, CONTENT)
    assert by_former_number(anna) == {
        "T1": ("Erika", "Beispiel", ""), "T2": ("Max", "Muster", "Muster GmbH"),
        "T3": ("Otto", "Beispiel", "Muster2 GmbH"),
    }  # fmt: skip
    assert [(one.row, one.code) for one in outcome.rejections] == [(5, "two_values")]
    assert "Otto Beispiel" in outcome.rejections[0].reason


def test_the_first_of_two_names_counts_where_somebody_has_said_so(anna):
    outcome = take_in(anna, CONTENT, reading=Reading(several="first"))
    assert reasons(outcome) == []
    assert by_former_number(anna)["T4"] == ("Max", "Muster", "Muster3 GmbH")


def test_names_of_known_customers_are_not_wiped(anna):
    customer(anna, former_numbers=["T1"], first_name="Erika", last_name="Beispiel", city="Kiel")
    assert take_in(anna, CONTENT).unchanged == 1
    assert by_former_number(anna)["T1"] == ("Erika", "Beispiel", "")


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (["Erika Beispiel", "Erika", "Beispiel"], ("Erika", "Beispiel")),
        (["Beispiel, Erika", "Erika", "Beispiel"], ("Erika", "Beispiel")),
        (["Erika Beispiel", "", "Beispiel"], ("Erika", "Beispiel")),
        (["Erika Beispiel", "", ""], ("Erika", "Beispiel")),
        (["", "Erika", "Beispiel"], ("Erika", "Beispiel")),
    ],
)
def test_a_whole_name_beside_its_parts_does_not_double(anna, row, name):
    headings = ["Name", "Given Name", "Family Name"]
    assert targets(*headings) == ["contact_name", "first_name", "last_name"]
    assert reasons(take_in(anna, table(headings, row))) == []
    assert values(Customer.objects.get(), "first_name", "last_name") == name


NAMED = ["first_name", "last_name", "title", "company"]


@pytest.mark.parametrize(
    ("row", "person"),
    [
        (["Frau Dr. Eva Maria Sommer MBA", "Eva", "Sommer", ""], ("Eva", "Sommer", "Dr.", "")),
        (["Dr. Eva Sommer", "Eva", "", ""], ("Eva", "Sommer", "Dr.", "")),
        (["Frau Eva Maria Sommer", "", "Sommer", ""], ("Eva Maria", "Sommer", "", "")),
        (["Frau Prof. Dr. Eva Sommer", "", "", ""], ("Eva", "Sommer", "Prof. Dr.", "")),
        (["Sommer, Eva", "", "", ""], ("Eva", "Sommer", "", "")),
        (["Eva Sommer Jr.", "", "", ""], ("Eva", "Sommer Jr.", "", "")),
        (["Nur Firma OHG", "", "", "Nur Firma OHG"], ("", "", "", "Nur Firma OHG")),
        (["", "Eva", "Sommer", ""], ("Eva", "Sommer", "", "")),
    ],
)
def test_parts_of_a_name_stand_and_the_whole_says_the_rest(anna, row, person):
    assert reasons(take_in(anna, table(["Ansprechpartner", "Vorname", "Nachname", "Firma"], row))) == []
    assert values(Customer.objects.get(), *NAMED) == person


def test_a_whole_name_alone_is_divided_at_its_comma_or_last_blank(anna):
    take_in(anna, table(["Ansprechpartner"], ["Sommer, Eva"], ["Otto Karl Winter"]))
    assert list(Customer.objects.order_by("last_name").values_list("first_name", "last_name")) == [
        ("Eva", "Sommer"), ("Otto Karl", "Winter"),
    ]  # fmt: skip


def test_a_title_that_a_name_does_not_say_stays_with_whom_we_know(anna):
    known = customer(anna, former_numbers=["7"], first_name="Eva", last_name="Sommer", title="Dr.")
    take_in(anna, table(["Altnummer", "Ansprechpartner", "Nachname", "Ort"], ["7", "Eva Sommer", "Sommer", "Ulm"]))
    known.refresh_from_db()
    assert (known.title, known.city) == ("Dr.", "Ulm")


@pytest.mark.parametrize(
    ("street", "number", "joined"),
    [
        ("Musterweg 12", "12", "Musterweg 12"),
        ("Musterweg", "12 a", "Musterweg 12 a"),
        ("Am Markt 1", "2", "Am Markt 1 2"),
    ],
)
def test_a_house_number_that_stands_behind_the_street_is_not_doubled(anna, street, number, joined):
    take_in(anna, table(["Name", "Straße", "Hausnummer"], ["A", street, number]))
    assert Customer.objects.get().street == joined


def test_further_addresses_of_one_cell_go_into_the_memo(anna):
    take_in(anna, table(["Name", "E-Mail", "Notiz"], ["A", "a@example.com ::: b@example.com", "gern Kuchen"]))
    made = Customer.objects.get()
    assert (made.email, made.memo) == ("a@example.com", "gern Kuchen\nE-Mail: b@example.com")


def test_a_house_number_is_joined_to_its_street_and_means_no_customer(anna):
    known = register_customer(
        customer=Customer(customer_number=anna.location.first_number, last_name="Schon da"), actor=anna
    )
    outcome = take_in(anna, (FOREIGN / "house_number.csv").read_bytes())
    assert (outcome.created, outcome.changed) == (2, 0)
    assert Customer.objects.get(pk=known.pk).last_name == "Schon da"
    streets = Customer.objects.exclude(pk=known.pk).order_by("street").values_list("street", flat=True)
    assert list(streets) == ["Beispielstr. 12", "Musterweg 1"]


@pytest.mark.parametrize("heading", ["Nummer", "Number", "Nr.", "No.", "ID", "Kunde", "Kunden", "Referenz", "#"])
def test_no_mistakable_heading_is_the_customer_number(heading):
    assert targets(heading, "Name") == ["", "last_name"]
    assert targets("Straße", heading) in (["street", ""], ["street", "house_number"])


@pytest.mark.parametrize("heading", ["Kundennummer", "Kunden-Nr.", "KdNr", "customer number", "Customer_Number"])
def test_unmistakable_headings_are(heading):
    assert targets(heading) == ["customer_number"]


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (("Telefon 1", "Telefon 2"), ["phone_private", ""]),
        (("Address 1: City", "Address 1: ZIP/Postal Code", "Address 2: City"), ["city", "postal_code", ""]),
        (("E-mail 1 - Value", "E-mail 1 - Type"), ["email", ""]),
        (("Straße privat", "Ort privat", "Telefon geschäftlich"), ["street", "city", "phone_business"]),
        (("billing_city", "billing_postcode", "shipping_city"), ["city", "postal_code", ""]),
        (("Home Phone", "Work Phone", "Work Email"), ["phone_private", "phone_business", "email"]),
        (("Lieferort", "Shipping Street"), ["", ""]),
        (("defaultAddressCity",), ["city"]),
        (("Adresse 1", "Adresse 2", "Adresszusatz 2"), ["street", "address_extra", "address_extra_2"]),
        (("Bank Name", "Partner Name", "Contact owner"), ["bank", "", ""]),
    ],
)
def test_numbered_and_prefixed_headings(headings, expected):
    assert targets(*headings) == expected


def test_two_columns_for_one_field_are_refused_until_it_is_said_how(anna):
    upload = receive.receive_upload(
        name="a.csv", content=table(["Name", "Ort", "Filiale"], ["A", "Kiel", ""], ["B", "", "Bonn"]), actor=anna
    )
    twice = ["last_name", "city", "city"]
    with pytest.raises(ValidationError, match="same field"):
        receive.choose_columns(upload=upload, targets=twice, reading=Reading(), actor=anna)
    receive.choose_columns(upload=upload, targets=twice, reading=Reading(several="one"), actor=anna)
    lifecycle.check_upload(upload=upload, actor=anna)
    assert (upload.preview or {})["created"] == 2


def test_a_row_that_fills_both_is_rejected_or_the_first_counts(anna):
    content = table(["Name", "Ort", "Filiale"], ["A", "Kiel", "Bonn"])
    chosen = ["last_name", "city", "city"]
    refused = take_in(anna, content, targets=chosen, reading=Reading(several="one"))
    assert [one.code for one in refused.rejections] == ["two_values"]
    assert take_in(anna, content, targets=chosen, reading=Reading(several="first")).created == 1
    assert Customer.objects.get().city == "Kiel"


def test_addresses_are_taken_whole_and_not_mixed(anna):
    headings = ["Name", "Straße privat", "Ort privat", "Straße geschäftlich", "Ort geschäftlich"]
    chosen = ["last_name", "street", "city", "street", "city"]
    content = table(headings, ["A", "Weg 1", "", "Platz 2", "Kiel"], ["B", "", "", "Platz 3", "Bonn"])
    outcome = take_in(anna, content, targets=chosen, reading=Reading(several="first"))
    assert reasons(outcome) == []
    assert list(Customer.objects.order_by("last_name").values_list("street", "city")) == [
        ("Weg 1", ""), ("Platz 3", "Bonn"),
    ]  # fmt: skip


def test_no_path_reads_two_columns_for_one_field():
    """The command, a task and whoever else reads a file: the reader of the rows itself refuses."""
    with pytest.raises(ValidationError, match="same field"):
        Converter(fields=CustomerResource().fields, headings=["A", "B"], targets=["city", "city"], reading=Reading())


def test_the_command_refuses_and_names_both_columns(anna, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(table(["Name", "Ort", "Filiale"], ["A", "Kiel", ""]))
    place = ("--account", "10400", "--client", "1", "--yes", "--json")
    with pytest.raises(CommandError, match=r"“Ort” and “Filiale”"):
        call_command("import_customers", *place, "--map", "Ort=city", "--map", "Filiale=city", str(path))
    assert not Customer.objects.exists()
    out = io.StringIO()
    call_command(
        "import_customers", *place, "--map", "Ort=city", "--map", "Filiale=city", "--several", "one", str(path),
        stdout=out,
    )  # fmt: skip
    assert json.loads(out.getvalue())["created"] == 1


def test_a_part_needs_the_field_that_it_belongs_to(anna):
    upload = receive.receive_upload(name="a.csv", content=table(["Name", "Hausnummer"], ["A", "1"]), actor=anna)
    with pytest.raises(ValidationError, match="is a part of the field"):
        receive.choose_columns(upload=upload, targets=upload.choices["targets"], reading=Reading(), actor=anna)


def test_lines_of_the_memo_carry_their_heading(anna):
    content = table(["Name", "Notiz", "Hund", "Farbe"], ["A", "mag Fenster", "Rex", ""], ["B", "", "", "rot"])
    take_in(anna, content, targets=["last_name", "memo", "memo_line", "memo_line"])
    assert list(Customer.objects.order_by("last_name").values_list("memo", flat=True)) == [
        "mag Fenster\nHund: Rex", "Farbe: rot",
    ]  # fmt: skip


PHONES = ("phone_private", "phone_business", "mobile")


def test_numbers_go_where_they_fit_and_known_ones_stay(anna):
    known = customer(anna, last_name="A", mobile="+491711000009", former_numbers=["K1"])
    content = table(
        ["Altnummer", "Telefon 1", "Telefon 2", "Telefon 3"],
        ["K1", "040 1000001", "", ""], ["K2", "0171 1000001", "040 1000002", "040 1000003"],
    )  # fmt: skip
    chosen = ["former_numbers", *["phone_number"] * 3]
    outcome = take_in(anna, content, targets=chosen)
    assert [one.code for one in outcome.rejections] == ["customer_has_name"]
    assert values(Customer.objects.get(pk=known.pk), *PHONES) == ("+49401000001", "", "+491711000009")


def test_a_number_without_a_place_is_told(anna):
    headings = ["Name", *(f"Telefon {nth}" for nth in range(1, 5))]
    numbers = [f"040 100000{nth}" for nth in range(4)]
    content, chosen = table(headings, ["A", *numbers]), ["last_name", *["phone_number"] * 4]
    assert [one.code for one in take_in(anna, content, targets=chosen).rejections] == ["too_many_phones"]
    assert take_in(anna, content, targets=chosen, reading=Reading(several="first")).created == 1


UNREADABLE = table(
    ["Altnummer", "Name", "Geburtsdatum", "Land", "E-Mail", "Ort"],
    ["K1", "A", "gestern", "Nirgendwo", "kein", "Bonn"], ["K2", "B", "1.2.1990", "DE", "b@example.com", "Kiel"],
)  # fmt: skip


def test_values_that_cannot_be_read_cost_the_customer_unless_somebody_says_otherwise(anna):
    assert [one.code for one in take_in(anna, UNREADABLE, dry_run=True).rejections] == [
        "invalid_country", "invalid_date", "invalid_email",
    ]  # fmt: skip
    upload = checked(anna, UNREADABLE, reading=Reading(leave_unreadable=True))
    assert (upload.preview or {})["unread"] == 3
    with row_scope.rows_of(anna):
        told = [(one.row_number, one.problems[0]["column"], one.problems[0]["code"]) for one in preview.unread(upload)]
    assert sorted(told) == [(2, "E-Mail", "invalid_email"), (2, "Geburtsdatum", "invalid_date"),
                            (2, "Land", "invalid_country")]  # fmt: skip
    assert (applied(upload, anna).result or {})["created"] == 2
    first = Customer.objects.get(former_number_rows__number="K1")
    assert values(first, "last_name", "birthday", "country", "email", "city") == ("A", None, "", "", "Bonn")


@pytest.mark.parametrize("known", [OnKnown.OVERWRITE, OnKnown.FILL])
def test_what_cannot_be_read_takes_nothing_from_a_known_customer(anna, known):
    there = customer(
        anna, former_numbers=["K1"], last_name="A", birthday=date(1980, 1, 2), country="AT", email="a@example.com"
    )
    take_in(anna, UNREADABLE, reading=Reading(leave_unreadable=True), known=known)
    now = Customer.objects.get(pk=there.pk)
    assert values(now, "birthday", "country", "email", "city") == (date(1980, 1, 2), "AT", "a@example.com", "Bonn")


def test_whom_a_row_means_has_to_be_readable_all_the_same(anna):
    content = table(["Kundennummer", "Name"], ["zwölf", "A"])
    assert [one.code for one in take_in(anna, content, reading=Reading(leave_unreadable=True)).rejections] == [
        "invalid_whole_number"
    ]


@pytest.mark.parametrize(("file", "created"), [("comma_space_quotes.csv", 2), ("separator_only_lines.csv", 2)])
def test_files_that_other_programs_lay_out_otherwise(anna, file, created):
    outcome = take_in(anna, (FOREIGN / file).read_bytes())
    assert (outcome.read, outcome.created, reasons(outcome)) == (created, created, [])
    assert set(Customer.objects.values_list("first_name", flat=True)) == {"Erika", "Max"}


def test_what_was_chosen_is_confirmed_with_the_rest(anna):
    upload = checked(anna, CONTENT)
    shown = lifecycle.fingerprint(upload)
    upload.choices["reading"]["several"] = "first"
    assert lifecycle.fingerprint(upload) != shown
