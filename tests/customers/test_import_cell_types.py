"""What each type of cell of a workbook or of JSON Lines becomes in each kind of column."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import override

from customers.models import Customer
from customers.table.columns import PartField
from customers.table.conversion import Converter
from customers.table.options import Reading
from customers.table.resources import CustomerResource
from mcp.isolation.scope import Scope
from spreadsheets import Cell, Structure
from spreadsheets.rows import Block
from tests.customers.people import customer
from tests.customers.transfer import reasons, table, take_in
from tests.spreadsheets.tables import written

CELLS: dict[str, Cell] = {
    "truth": True,
    "whole": 12,
    "fraction": Decimal("12.5"),
    "day": date(1990, 5, 17),
    "time": datetime(1990, 5, 17, 8, 30),  # noqa: DTZ001  a workbook knows no time zone
    "list": Structure('["34", "12, 5"]'),
    "list of one": Structure('["12"]'),
    "object": Structure('{"a": "12"}'),
}
TEXT = {
    "truth": "truth_value", "whole": "12", "fraction": "12.5", "day": "mangled_date", "time": "mangled_date",
    "list": "several_values", "list of one": "12", "object": "object",
}  # fmt: skip
NO_LIST = {"list": "several_values", "object": "object"}
TABLE: dict[str, dict[str, str]] = {
    "company": TEXT,
    "house_number": TEXT,
    "position": TEXT,
    "customer_group": TEXT,
    "postal_code": TEXT,
    "vat_id": TEXT | dict.fromkeys(("whole", "fraction", "list of one"), "invalid_vat_id"),
    "phone_private": TEXT | dict.fromkeys(("whole", "list of one"), "invalid_phone"),
    "phone_number": TEXT | dict.fromkeys(("whole", "list of one", "list"), "invalid_phone"),
    "email": TEXT | dict.fromkeys(("whole", "fraction", "list of one"), "invalid_email"),
    "payment_method": TEXT | dict.fromkeys(("whole", "fraction", "list of one"), "invalid_payment_method"),
    "memo": TEXT | {"day": "1990-05-17", "time": "1990-05-17 08:30:00"},
    "memo_line": TEXT | {"day": "1990-05-17", "time": "1990-05-17 08:30:00"},
    "tags": TEXT | {"whole": '{"12"}', "fraction": '{"12.5"}', "list": '{"12, 5","34"}', "list of one": '{"12"}'},
    "more_tags": TEXT | {"whole": '{"12"}', "fraction": '{"12.5"}', "list": '{"12, 5","34"}', "list of one": '{"12"}'},
    "former_numbers": TEXT
    | {"whole": '{"12"}', "fraction": '{"12.5"}', "list": '{"12, 5","34"}', "list of one": '{"12"}'},
    "customer_number": TEXT | {"fraction": "invalid_whole_number"},
    "payment_term": TEXT | {"fraction": "invalid_whole_number"},
    "discount": TEXT,
    "is_favourite": TEXT | {"truth": "t"} | dict.fromkeys(("whole", "fraction", "list of one"), "invalid_boolean"),
    "newsletter": TEXT | {"truth": "t"} | dict.fromkeys(("whole", "fraction", "list of one"), "invalid_boolean"),
    "birthday": NO_LIST
    | {"truth": "truth_value", "day": "1990-05-17", "time": "invalid_date"}
    | dict.fromkeys(("whole", "fraction", "list of one"), "invalid_date"),
    "newsletter_on": NO_LIST
    | {"truth": "truth_value", "day": "1990-05-17", "time": "invalid_date"}
    | dict.fromkeys(("whole", "fraction", "list of one"), "invalid_date"),
    "birthday_without_year": NO_LIST
    | {"truth": "truth_value"}
    | {"fraction": "invalid_date"}
    | dict.fromkeys(("whole", "list of one", "day", "time"), "invalid_day"),
}


def converted(target: str, cell: Cell, reading: Reading | None = None) -> tuple[str, str]:
    """The code of the refusal, or the text for COPY of what the column fills; and the column that it is told of."""
    fields = CustomerResource().fields
    main = fields[target].part_of if isinstance(fields[target], PartField) else "alias"
    converter = Converter(
        fields=fields, headings=["Name", "Haupt", "Spalte"], targets=["last_name", main, target],
        reading=reading or Reading(),
    )  # fmt: skip
    line = converter.lines(Block(range(2, 3), [["Meier", "", cell]], {}), prefix="1").decode()
    _upload, _row, told, *values = line.removesuffix("\n").split("\t")
    if told != r"\N":
        [problem] = json.loads(told.replace(r"\\", "\\"))
        return problem["code"], problem["column"]
    filled = dict(zip(converter.columns, values, strict=True))
    names = [name for name in filled if name not in ("last_name", "cells") and filled[name] not in ("", r"\N")]
    return (filled[names[0]].removeprefix("Spalte: ") if names else ""), "Spalte"


@pytest.mark.parametrize("target", TABLE)
@pytest.mark.parametrize("kind", CELLS)
def test_cell_of_a_type_becomes_what_the_column_takes_or_is_refused(kind: str, target: str) -> None:
    assert converted(target, CELLS[kind]) == (TABLE[target][kind], "Spalte")


@pytest.mark.parametrize("target", TABLE)
def test_empty_cell_of_json_is_empty_in_each_column(target: str) -> None:
    assert converted(target, None) == (converted(target, "")[0], "Spalte")


def test_every_kind_of_column_that_is_read_is_in_the_table() -> None:
    fields = CustomerResource().fields
    kinds = {type(field.widget) for field in fields.values() if not field.readonly}
    assert {type(fields[target].widget) for target in TABLE} == kinds


def test_date_in_a_text_is_taken_by_whoever_accepts_doubts() -> None:
    assert converted("house_number", CELLS["day"], Reading(accept_doubts=True)) == ("1990-05-17", "Spalte")
    assert converted("house_number", CELLS["truth"], Reading(accept_doubts=True))[0] == "truth_value"


@pytest.fixture
def anna(cast: Any) -> Scope:
    scope: Scope = cast.scope("anna", "Zentrale")
    return scope


def book(*rows: list[Any]) -> bytes:
    return written(["Altnummer", "Name", "Straße", "Hausnummer", "Favorit"], rows, profile="xlsx")


def test_house_number_that_became_a_date_gets_into_no_street(anna: Scope) -> None:
    content = book(["K1", "Meier", "Weg", date(2026, 4, 3), True], ["K2", "Huber", "Weg", 3, False])
    outcome = take_in(anna, content, name="a.xlsx")
    assert reasons(outcome) == [(2, "Hausnummer", "3 Apr 2026", "mangled_date")]
    assert list(Customer.objects.values_list("last_name", "street", "is_favourite")) == [("Huber", "Weg 3", False)]


def test_what_cannot_be_meant_is_left_out_where_somebody_says_so_and_takes_nothing(anna: Scope) -> None:
    known = customer(anna, last_name="Meier", street="Allee 5", former_numbers=["K1"])
    content = book(["K1", "Meier", "Weg", date(2026, 4, 3), True], ["K2", "Huber", "Weg", False, ""])
    outcome = take_in(anna, content, name="a.xlsx", reading=Reading(leave_unreadable=True))
    assert (outcome.created, outcome.changed, outcome.rejected) == (1, 1, 0)
    known.refresh_from_db()
    assert (known.street, known.is_favourite) == ("Allee 5", True)
    assert Customer.objects.get(last_name="Huber").street == ""


def test_truth_value_is_told_as_it_stands_in_the_sheet(anna: Scope) -> None:
    content = written(["Name", "Ort"], [[True, "Kiel"]], profile="xlsx")
    with override("de"):
        [told] = take_in(anna, content, name="a.xlsx", dry_run=True).rejections
    assert (told.column, told.value, told.code) == ("Name", "WAHR", "truth_value")
    assert "WAHR" in told.reason


def lines(*objects: dict[str, Any]) -> bytes:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects).encode()


def test_lists_and_late_keys_of_json_lines_are_taken_in(anna: Scope) -> None:
    content = lines(
        {"Name": "Meier", "Schlagwörter": ["VIP, alt", "Stamm"]},
        {"Name": "Huber", "Frühere Kundennummern": ["17", 4], "Ort": "Kiel"},
        {"Name": "Adam", "Telefon": ["040 1000001", "040 1000002"]},
        {"Name": "Ost", "Adresse": {"Ort": "Bonn"}},
        {"Ort": "Bonn"},
    )
    outcome = take_in(anna, content, name="a.jsonl")
    assert reasons(outcome) == [
        (4, "Telefon", '["040 1000001", "040 1000002"]', "several_values"),
        (5, "Adresse", '{"Ort": "Bonn"}', "object"),
        (6, "", "", "customer_has_name"),
    ]
    meier, huber = (Customer.objects.get(last_name=name) for name in ("Meier", "Huber"))
    assert (meier.tags, huber.former_numbers, huber.city) == (["Stamm", "VIP, alt"], ["17", "4"], "Kiel")
    assert Customer.objects.count() == 2


def test_list_of_numbers_goes_where_their_kinds_say(anna: Scope) -> None:
    content = lines({"Name": "Meier", "Nummern": ["040 1000001", "0171 1000001"]})
    take_in(anna, content, name="a.jsonl", targets=["last_name", "phone_number"])
    assert list(Customer.objects.values_list("phone_private", "mobile")) == [("+49401000001", "+491711000001")]


def test_column_that_is_left_out_may_hold_anything(anna: Scope) -> None:
    content = lines({"Name": "Meier", "Bestellungen": [{"Nr": 1}]})
    assert take_in(anna, content, name="a.jsonl", targets=["last_name", "-"]).created == 1


def test_damaged_cell_is_told_once(anna: Scope) -> None:
    content = table(["Name", "E-Mail", "Geburtsdatum"], ["Meier", "JÃ¤ger", "01.02.03"], ["Huber", "=1+1", ""])
    assert reasons(take_in(anna, content, dry_run=True)) == [
        (2, "E-Mail", "JÃ¤ger", "double_encoded"),
        (2, "Geburtsdatum", "01.02.03", "short_year"),
        (3, "E-Mail", "=1+1", "formula_cell"),
        (3, "E-Mail", "=1+1", "invalid_email"),
    ]
