"""What an import leaves as it is, and says so before: archived customers, differing values, later imports."""

from __future__ import annotations

import pghistory
import pytest

from customers.choices import UploadState
from customers.imports import preview
from customers.imports.undo import later_imports
from customers.models import Customer
from customers.operations import archive_customers
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.customers.import_browser import IMPORT, previewed
from tests.customers.people import customer
from tests.customers.transfer import applied, checked, state, table, take_in, undone

HEADINGS = ["Kundennummer", "Name", "Ort", "E-Mail"]


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


def by_hand(anna: Scope, **values) -> Customer:
    with pghistory.context(**anna.history()):
        return customer(anna, **values)


def without_times(scope: Scope) -> list[dict]:
    return [{**row, "changed_at": None} for row in state(scope)]


def figures(upload) -> dict:
    return {
        name: upload.preview[name] for name in ("created", "changed", "unchanged", "archived", "differs", "similar")
    }


@pytest.mark.parametrize("known", ["overwrite", "fill", "skip"])
def test_archived_customers_of_the_file_are_told_and_stay_that(anna, known):
    gone, there = by_hand(anna, last_name="Weg"), by_hand(anna, last_name="Da")
    archive_customers(customers=[gone.pk], reason="Verzogen", actor=anna)
    rows = [[one.customer_number, "Neu", "Kiel", ""] for one in (gone, there)]
    upload = checked(anna, table(HEADINGS, *rows), known=known)
    assert figures(upload)["archived"] == 1
    with row_scope.rows_of(anna):
        [told] = preview.archived(upload, anna)
    assert (told.number, told.customer, told.reason) == (2, gone, "Verzogen")
    applied(upload, anna)
    gone.refresh_from_db()
    assert gone.archived_at is not None


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ("overwrite", []),
        ("skip", [(2, [("City (Ort)", "Kiel", "Bonn")]), (3, [("E-mail", "", "neu@example.com")])]),
        ("fill", [(2, [("City (Ort)", "Kiel", "Bonn")])]),
    ],
)
def test_what_stays_though_the_file_says_otherwise_is_told(anna, known, told):
    one = by_hand(anna, last_name="A", city="Kiel", email="a@example.com")
    two, same = by_hand(anna, last_name="B", city="Kiel"), by_hand(anna, last_name="C", city="Kiel")
    content = table(
        HEADINGS,
        [one.customer_number, "A", "Bonn", ""],
        [two.customer_number, "B", "Kiel", "neu@example.com"],
        [same.customer_number, "C", "", ""],
    )
    upload = checked(anna, content, known=known)
    assert figures(upload)["differs"] == len(told)
    with row_scope.rows_of(anna):
        found = preview.differing(upload, anna)
    assert [(row.row, [(d.label, d.old, d.new) for d in row.differences]) for row in found] == told


@pytest.mark.parametrize(
    ("headings", "row", "code"),
    [
        (["Name", "Vorname"], ["Meier", "Ute"], "same_details"),
        (["Firma"], ["Meier GmbH"], "same_details"),
        (["Name", "Straße", "PLZ"], ["Meier", "Weg 1", "20095"], "same_name_and_address"),
        (["Name", "Mobil"], ["Meier", "+49 171 1234567"], "same_name_and_phone"),
        (["Name", "Geburtstag"], ["Meier", "01.02.1990"], "same_name_and_birthday"),
        (["Name", "E-Mail"], ["Meier", "m@example.com"], "same_email"),
    ],
)
def test_same_file_again_says_that_all_are_there_already(anna, headings, row, code):
    content = table(headings, row)
    take_in(anna, content, match="nothing")
    upload = checked(anna, content, match="nothing")
    assert (figures(upload)["created"], figures(upload)["similar"]) == (1, 1)
    with row_scope.rows_of(anna):
        [told] = preview.similar(upload, anna)
    assert (told.code, told.customer) == (code, Customer.objects.in_base(anna.base).get())


def test_who_is_somebody_else_of_the_same_name_is_not_told(anna):
    by_hand(anna, last_name="Meier", city="Kiel")
    upload = checked(anna, table(["Name", "Ort"], ["Meier", "Bonn"], ["", "Kiel"]), match="nothing")
    assert figures(upload)["similar"] == 0


def test_of_two_who_look_alike_the_one_who_is_not_archived_is_named(anna):
    gone, there = by_hand(anna, last_name="Meier"), by_hand(anna, last_name="Meier")
    archive_customers(customers=[gone.pk], reason="Doppelt", actor=anna)
    upload = checked(anna, table(["Name"], ["Meier"]))
    with row_scope.rows_of(anna):
        assert [row.customer for row in preview.similar(upload, anna)] == [there]


def test_pages_show_what_is_left_alone(anna, log_in):
    gone, there = by_hand(anna, last_name="Weg"), by_hand(anna, last_name="Da", city="Kiel")
    archive_customers(customers=[gone.pk], reason="Verzogen", actor=anna)
    rows = [[one.customer_number, "Neu", "Bonn"] for one in (gone, there)]
    client = log_in("anna")
    page = previewed(client, table(HEADINGS[:3], *rows), known="skip")
    shown = {name: client.get(f"{page}?show={name}", headers={"accept-language": "en"}).content.decode()
             for name in ("archived", "differs")}  # fmt: skip
    assert "Verzogen" in shown["archived"]
    assert "The file says something else about 2 customers" in shown["differs"]
    assert '<td>Kiel</td><td class="transfer-old">Bonn</td>' in shown["differs"]
    assert "<strong>Da</strong>" in shown["differs"]
    assert "and you have chosen to leave them as they are" in shown["differs"]


def test_imports_undone_out_of_order_end_as_those_undone_in_order(anna, log_in):
    meier, other = by_hand(anna, last_name="Meier", city="Kiel"), by_hand(anna, last_name="Other", city="Kiel")
    before = without_times(anna)
    rows = [[one.customer_number, one.last_name] for one in (meier, other)]
    first = take_in(anna, table(HEADINGS[:3], *[[*row, "Bonn"] for row in rows])).upload
    second = take_in(anna, table(HEADINGS[:3], [*rows[0], "Ulm"]), name="zweite.csv").upload
    assert later_imports(first) == [(second, 1)]
    assert later_imports(second) == []
    page = log_in("anna").get(f"{IMPORT}{first.pk}/undo/", headers={"accept-language": "en"}).content.decode()
    assert "One of these customers was changed afterwards by the import “zweite.csv” at Zentrale" in page
    assert undone(first, anna) == {"restored": 1, "removed": 0, "kept": 1, "stuck": 0}
    assert undone(second, anna) == {"restored": 1, "removed": 0, "kept": 0, "stuck": 0}
    assert without_times(anna) == before
    assert (first.state, second.state) == (UploadState.UNDONE, UploadState.UNDONE)


def test_what_could_not_be_reversed_before_another_import_stays_what_that_one_found(anna):
    """The first import was undone before the second was applied: what it left is what was there."""
    meier = by_hand(anna, last_name="Meier", city="Kiel")
    first = take_in(anna, table(HEADINGS[:3], [meier.customer_number, "Meier", "Bonn"])).upload
    with pghistory.context(**anna.history()):
        Customer.objects.filter(pk=meier.pk).update(memo="Von Hand")
    assert undone(first, anna)["kept"] == 1
    second = take_in(anna, table(HEADINGS[:3], [meier.customer_number, "Meier", "Ulm"])).upload
    assert undone(second, anna)["restored"] == 1
    meier.refresh_from_db()
    assert (meier.city, meier.memo) == ("Bonn", "Von Hand")
