"""What is stored of an import is of no language: whoever reads it reads it in his own."""

from __future__ import annotations

import io
from typing import Any

import pghistory
import pytest
from django.utils.translation import override
from openpyxl import Workbook

from customers.choices import Verdict
from customers.imports import preview, receive
from customers.imports.classifying import verdicts
from customers.models import ImportUpload
from customers.operations import archive_customers, change_customer
from customers.table.options import Reading
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.customers.import_browser import IMPORT
from tests.customers.test_import_undo import known
from tests.customers.transfer import checked, table, take_in, undone

HEADINGS = ["Kundennummer", "Name", "Geburtstag", "E-Mail", "Rabatt %", "Kundengruppe", "Newsletter", "Newsletter am"]
ROWS: list[list[Any]] = [
    [7, "Ohne Fehler", "", "", "", "", "", ""],
    [7, "Noch einmal", "", "", "", "", "", ""],
    [8, "Kein Tag", "31.02.1980", "", "", "", "", ""],
    [9, "Keine Adresse", "", "nirgends", "", "", "", ""],
    [10, "Zu viel", "", "", "120", "", "", ""],
    [11, "Fremde Gruppe", "", "", "", "Unbekannt", "", ""],
    [12, "Zu früh", "", "", "", "", "ja", "31.12.2099"],
    [13, "", "", "", "", "", "", ""],
    [9_999_999, "Zu hoch", "", "", "", "", "", ""],
    [14, "x" * 300, "", "", "", "", "", ""],
    [15, "Nur ein Tag", "", "", "", "", "", "01.05.2024"],
]
"""One problem each, by the cell, by its field, by a rule of the database, by another row, by a right."""


@pytest.fixture
def anna(cast) -> Scope:
    scope = cast.scope("anna", "Zentrale")
    return Scope(user=scope.user, location=scope.location, rights=scope.rights - {Right.MANAGE_CUSTOMER_GROUPS})


def stored_by(language: str, scope: Scope, content: bytes, **choices: Any) -> ImportUpload:
    with override(language):
        return checked(scope, content, **choices)


def told(upload: ImportUpload, scope: Scope, language: str) -> dict[int, str]:
    """What somebody reads of each row."""
    with override(language), row_scope.rows_of(scope):
        rows = [row for kind in (Verdict.REJECTED, Verdict.UNSAID, Verdict.UNREAD) for row in verdicts(upload, kind)]
        return {row.row_number: " ".join(f"{one['value']}: {one['reason']}" for one in row.problems) for row in rows}


def test_what_a_german_has_checked_is_read_in_english(anna):
    upload = stored_by("de", anna, table(HEADINGS, *ROWS))
    english = told(upload, anna, "en")
    assert english == told(stored_by("en", anna, table(HEADINGS, *ROWS)), anna, "en")
    assert english[3] == "7: Row 2 is about the same customer (7). Keep one of the two."
    assert english[7].startswith("Unbekannt: There is no customer group “Unbekannt”, and you lack the right “Manage")
    assert english[12] == "1 May 2024: No yes or no goes with this day."
    german = told(upload, anna, "de")
    assert german[12].startswith("01.05.2024: ")
    assert german.keys() == english.keys() == {3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
    assert [row for row in german if german[row] == english[row]] == []


def test_cells_left_out_and_broken_rows_are_read_in_any_language(anna):
    """What the reader of files has found, and what is left out because somebody has chosen so."""
    content = b"Kundennummer;Name;Geburtstag\r\n7;Kurz\r\n8;Kein Tag;31.02.1980\r\n"
    choices = {"reading": Reading(leave_unreadable=True)}
    upload = stored_by("de", anna, content, **choices)
    english = told(upload, anna, "en")
    assert english == told(stored_by("en", anna, content, **choices), anna, "en")
    assert english[2].endswith("The row has 2 cells, but there are 3 headings. Check its delimiters.")
    assert "Zellen" in told(upload, anna, "de")[2]


def test_what_is_odd_about_a_file_is_told_in_any_language(cast, log_in):
    """A workbook with a second sheet, uploaded by a German."""
    scope = cast.scope("anna", "Zentrale")
    book = Workbook()
    book.active.append(["Name"])
    book.active.append(["Meier"])
    book.create_sheet("Zweite").append(["x"])
    file = io.BytesIO()
    book.save(file)
    with override("de"):
        upload = receive.receive_upload(name="kunden.xlsx", content=file.getvalue(), actor=scope)
    page = f"{IMPORT}{upload.pk}/"
    client = log_in("anna")
    for language, sentence in (("en", "Only the sheet “Sheet” is read."), ("de", "Nur das Blatt")):
        assert sentence in client.get(page, headers={"accept-language": language}).content.decode()


def test_file_of_rejected_rows_is_in_the_language_of_who_fetches_it(anna):
    upload = stored_by("de", anna, table(HEADINGS, *ROWS))
    with override("en"), row_scope.rows_of(anna):
        file = io.BytesIO()
        preview.write_rejected(upload, file)
    text = file.getvalue().decode("utf-8-sig")
    assert "Reason of rejection" in text
    assert "Row 2 is about the same customer (7)" in text
    assert "denselben" not in text


def test_page_is_in_the_language_of_who_looks_at_it(anna, log_in):
    upload = stored_by("de", anna, table(HEADINGS, *ROWS))
    client = log_in("anna")
    address = f"{IMPORT}{upload.pk}/?show=rejected"
    assert (
        "Row 2 is about the same customer (7)"
        in client.get(address, headers={"accept-language": "en"}).content.decode()
    )
    german = client.get(address, headers={"accept-language": "de"}).content.decode()
    assert "Row 2 is about" not in german


def test_what_undoing_has_left_is_read_in_any_language(cast):
    """By whom a customer was edited since, and why another cannot come back."""
    anna = cast.scope("anna", "Zentrale")
    first, second = known(anna), known(anna)
    with override("de"):
        done = take_in(anna, table(HEADINGS[:2], [first.customer_number, "A"], [second.customer_number, "B"]))
        first.refresh_from_db()
        first.city = "Bonn"
        with pghistory.context():  # of nobody, and not that of the import
            change_customer(customer=first, actor=anna)
        assert undone(done.upload, anna)["kept"] == 1
    with override("en"):
        [left] = preview.left(done.upload, Verdict.KEPT, anna)
    assert left.reason == "Changed since by somebody unknown."
    with override("de"):
        [left] = preview.left(done.upload, Verdict.KEPT, anna)
    assert left.reason != "Changed since by somebody unknown."


def test_customer_archived_meanwhile_is_told_in_any_language(cast):
    anna = cast.scope("anna", "Zentrale")
    customer = known(anna)
    archive_customers(customers=[customer.pk], reason="moved", actor=anna)
    upload = stored_by("de", anna, table(["Kundennummer", "Newsletter"], [customer.customer_number, "ja"]))
    assert told(upload, anna, "en") == {2: "Yes: The customer is archived and can only withdraw."}
    assert told(upload, anna, "de")[2].startswith("Ja: ")
