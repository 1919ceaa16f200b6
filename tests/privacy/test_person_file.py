"""The file of a person holds everything about him, column by column, and nothing about anybody else."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from pypdf import PdfReader

from customers.models import Customer
from locations.inventory import tables
from locations.personal import About, Category, Declaration, said
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from privacy.contents import content_of
from privacy.documents import archive_of
from privacy.reading import parts_about, told_of
from tests.planted import PREFIX, Person, Planting, planting

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def opened(archive: bytes) -> tuple[dict[str, Any], str, dict[str, bytes]]:
    """The part for programs, the text of the part for readers, and what is attached."""
    with zipfile.ZipFile(io.BytesIO(archive)) as held:
        files = {name: held.read(name) for name in held.namelist()}
    pages = PdfReader(io.BytesIO(files.pop("person.pdf"))).pages
    return json.loads(files.pop("person.json")), "".join(page.extract_text() for page in pages), files


def archive_about(garden: Planting, person: Person) -> bytes:
    """As the worker makes it: with the role of the product, in the rows of the location."""
    garden.as_product()
    scope = Scope.of_system(garden.location, name="test")
    with row_scope.rows_of(scope), translation.override("de"):
        return archive_of(content_of(Customer.objects.get(pk=person.customer.pk), at=NOW, actor=scope))


def as_told(value: Any, attached: dict[str, bytes]) -> Any:
    """What JSON says of a value that was stored; a function, so that no code of the product is asked."""
    match value:
        case Sentences():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case bytes():
            return next(name for name, content in attached.items() if content == value)
    return value


def expected(person: Person) -> dict[tuple[str, str], Any]:
    """By table and column what has to be told of him."""
    found = {}
    for table in tables():
        model: Any = table.model
        for column in table.columns if table.of else ():
            field = model._meta.get_field(column.name)
            is_told = column.about == About.CUSTOMER and column.category != Category.KEYS
            if is_told and not field.generated and not field.is_relation:
                found[table.name, column.name] = person.values[table.name, column.name]
    return found


def test_all_of_him_is_told_and_nothing_of_others(db):
    with planting() as garden:
        others = [garden.person() for _at in range(2)]
        him = garden.person()
        others.append(garden.person())
        told, text, attached = opened(archive_about(garden, him))
    rows = {part["table"]: part["rows"] for part in told["tables"]}
    every = expected(him)
    assert len(every) > 250
    wrong = {}
    for (table, column), value in every.items():
        values = [row.get(column) for row in rows.get(table, [])]
        wanted = as_told(value, attached)
        is_there = any(
            Decimal(str(one)) == wanted if isinstance(wanted, Decimal) and one else one == wanted for one in values
        )
        if not is_there:
            wrong[table, column] = (wanted, values)
    assert wrong == {}
    whole = json.dumps(told, ensure_ascii=False) + text + repr(attached)
    of_others = {word for other in others for word in words_of(other)}
    assert {word for word in of_others if word in whole} == set()
    assert len(of_others) > 300
    on_paper = {word for word in words_of(him) if word in "".join(text.split())}
    assert len(on_paper) > 100


def words_of(person: Person) -> set[str]:
    """The words that stand of him and of nobody else."""
    return {value for value in person.values.values() if isinstance(value, str) and value.startswith(PREFIX)}


def test_column_that_is_said_to_be_about_him_is_told(monkeypatch):
    """Whoever adds a column says what it is, and nothing else: no list has to be changed."""
    [customers] = [table for table in tables() if table.model is Customer]
    assert "uid" not in {column.name for column in told_of(customers)}
    before: Declaration = vars(Customer)["_personal"]
    words = {name: category for name, category in before.categories.items() if name != "uid"}
    changed = said(of="pk", erased=before.erased, identity="uid").over(Declaration(categories=words))
    monkeypatch.setattr(Customer, "_personal", changed)
    [customers] = [table for table in tables() if table.model is Customer]
    assert "uid" in {column.name for column in told_of(customers)}


def test_each_row_is_found_by_a_key(db):
    """No table is read whole: each column by which one is asked begins an index, behind the base at most."""
    with planting() as garden:
        him = garden.person()
        scope = Scope.of_system(garden.location, name="test")
        with row_scope.rows_of(scope), CaptureQueriesContext(connection) as captured:
            customer = Customer.objects.get(pk=him.customer.pk)
            assert len(list(parts_about(customer))) > 30
        known = indexed()
        asked = [compared(query["sql"]) for query in captured.captured_queries]
    assert len([pairs for pairs in asked if pairs & known]) > 40
    unknown = [pairs for pairs in asked if not pairs & known]
    assert [pairs for pairs in unknown if any(not table.startswith(SMALL) for table, _column in pairs)] == []


SMALL = ("transitions_transition", "transitions_baseswitch", "locations_", "customers_consentpurpose")
"""Of which a business has few."""
_COMPARED = re.compile(r'"(\w+)"\."(\w+)" (?:= |IN )')
_OF_ALL = {"base_id", "organization_id", "pgh_label"}


def compared(sql: str) -> set[tuple[str, str]]:
    """Table and column of each comparison that narrows the question, but for those that are true of many rows."""
    return {pair for pair in _COMPARED.findall(sql.partition(" WHERE ")[2]) if pair[1] not in _OF_ALL}


def indexed() -> set[tuple[str, str]]:
    """Table and column of each index that begins with this column, or with the base and this column."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT relname, array(
                SELECT attname FROM unnest(indkey) WITH ORDINALITY AS part (number, place)
                JOIN pg_attribute ON attrelid = indrelid AND attnum = number ORDER BY place
            ) FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
        """)
        keys = cursor.fetchall()
    return {(table, key[0]) for table, key in keys if key} | {
        (table, key[1]) for table, key in keys if len(key) > 1 and key[0] == "base_id"
    }


def test_planted_columns_are_those_of_the_inventory(db):
    """What the other tests look for is not empty: each kind of column was planted."""
    with planting() as garden:
        him = garden.person()
    kinds = {type(value) for value in him.values.values()}
    assert kinds >= {str, int, bool, Decimal, date, datetime, dict, list, bytes}
    assert issubclass(Customer, models.Model)
