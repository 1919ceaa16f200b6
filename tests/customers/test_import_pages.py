"""An import in the browser, from the upload to the result."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from customers.choices import UploadState
from customers.imports import preview
from customers.imports.reserved_numbers import Shortage
from customers.models import Customer, HeadingChoice, ImportUpload
from customers.operations import register_customer
from locations.permissions import Right
from mcp.stored_sentences import Sentences
from tests.customers.import_browser import (
    EXPORT,
    IMPORT,
    TARGETS,
    choose,
    confirm,
    imported,
    people,
    person,
    previewed,
    stored,
    upload,
)
from tests.customers.transfer import NORTHWIND, events_of, table, with_numbers
from tests.states import store


def test_import_goes_from_upload_over_preview_to_result(anna):
    page = upload(anna)
    assert [column.target for column in anna.get(page).context["columns"]] == TARGETS
    choose(anna, page, TARGETS)
    shown = anna.get(page)
    assert shown.context["figures"]["created"] == 2
    assert people() == set()
    confirm(anna, page)
    assert anna.get(page).context["figures"]["created"] == 2
    assert people() == {(7, "Meier", "Kiel"), (8, "Müller", "Bremen")}


def test_page_says_beforehand_how_many_numbers_are_free(anna, cast):
    scope = cast.scope("anna", "Zentrale")
    first, last = scope.location.first_number, scope.location.last_number
    register_customer(customer=Customer(last_name="Muster"), actor=scope)
    assert f"({first} to {last}) at least {last - first:,} are free" in anna.get(IMPORT).content.decode()
    few = with_numbers(cast, "Zentrale", 3)
    assert f"({first} to {few.last_number}) 2 are free" in anna.get(IMPORT).content.decode()


def test_preview_says_that_the_free_numbers_do_not_suffice(anna, cast):
    central = with_numbers(cast, "Zentrale", 2)
    page = previewed(anna, table(["Name"], ["A"], ["B"], ["C"]), ["last_name"])
    sentence = (
        f"3 new customers need a number of this location ({central.first_number} to {central.last_number}), and only "
        "2 are free."
    )
    shown = anna.get(page).content.decode()
    assert sentence in shown
    assert 'value="confirm"' not in shown  # nobody is offered what would be refused
    german = anna.get(page, headers={"accept-language": "de"}).content.decode()
    assert "3 neue Kunden brauchen eine Nummer dieses Standorts" in german
    confirm(anna, page)
    assert not Customer.objects.exists()
    with_numbers(cast, "Zentrale", 3)
    shown = anna.get(page).content.decode()
    assert "new customers need a number" not in shown
    assert 'value="confirm"' in shown


def test_preview_counts_numbers_that_new_rows_bring(anna, cast):
    first = with_numbers(cast, "Zentrale", 2).first_number
    rows: list[list[object]] = [[first, "A"], ["", "B"], ["", "C"]]
    page = previewed(anna, table(["Kundennummer", "Name"], *rows), ["customer_number", "last_name"])
    assert anna.get(page).context["shortage"] == Shortage(wanted=2, free=1)
    page = previewed(anna, table(["Kundennummer", "Name"], *rows[:2]), ["customer_number", "last_name"])
    assert anna.get(page).context["shortage"] is None


def test_history_says_who_imported_what(anna):
    imported(anna)
    event = events_of(Customer.objects.get(customer_number=7)).get()
    assert event.pgh_context.metadata["user_name"] == "Anna Andresen"
    assert "kunden.csv" in str(Sentences(event.pgh_context.metadata["reason"]))
    assert event.pgh_context_id == stored().context


def test_columns_are_remembered_for_the_business(anna):
    content = table(["Kundin", "Lieblingsfarbe"], ["Meier", "blau"])
    page = upload(anna, content)
    assert anna.get(page).context["undecided"] == ["Kundin", "Lieblingsfarbe"]
    choose(anna, page, ["last_name", "-"])
    again = anna.get(upload(anna, content))
    assert [column.target for column in again.context["columns"]] == ["last_name", "-"]
    assert set(HeadingChoice.objects.values_list("heading", "target")) == {
        ("kundin", "last_name"),
        ("lieblingsfarbe", "-"),
    }


def test_first_filled_values_of_each_column_are_shown(anna):
    page = upload(anna, table(["Name", "Ort"], ["Meier", ""], ["Müller", "Kiel"], ["x" * 60, ""]))
    name, city = anna.get(page).context["columns"]
    assert name.examples == ["Meier", "Müller", "x" * 39 + "…"]
    assert city.examples == ["Kiel"]


def test_northwind_needs_no_choice(anna):
    shown = anna.get(upload(anna, NORTHWIND.read_bytes(), "northwind.csv")).context
    assert shown["undecided"] == []
    assert shown["form"].initial["null_is_empty"] is True


@pytest.mark.parametrize(
    ("known", "figures", "after"),
    [
        ("overwrite", (1, 0), ("Maier", "Kiel")),
        ("fill", (1, 0), ("Meier", "Kiel")),
        ("skip", (0, 1), ("Meier", "")),
    ],
)
def test_known_customer_becomes_what_was_chosen(anna, cast, known, figures, after):
    scope = cast.scope("anna", "Zentrale")
    register_customer(customer=Customer(customer_number=7, last_name="Meier"), actor=scope)
    page = previewed(anna, table(["Kundennummer", "Name", "Ort"], [7, "Maier", "Kiel"]), known=known)
    shown = anna.get(page).context["figures"]
    assert (shown["changed"], shown["unchanged"]) == figures
    if shown["changed"]:
        confirm(anna, page)
    customer = Customer.objects.get(customer_number=7)
    assert (customer.last_name, customer.city) == after


def test_row_can_mean_a_customer_by_e_mail_address(anna, cast):
    scope = cast.scope("anna", "Zentrale")
    register_customer(customer=Customer(last_name="Meier", email="m@example.com"), actor=scope)
    content = table(["Name", "E-Mail"], ["Maier", "M@example.com"])
    for match, figures in (("email", (0, 1)), ("number", (1, 0)), ("nothing", (1, 0))):
        shown = anna.get(previewed(anna, content, ["last_name", "email"], match=match)).context["figures"]
        assert (shown["created"], shown["changed"]) == figures


def test_way_that_is_not_offered_is_refused(anna):
    for name, wrong in (("known", "delete"), ("match", "birthday"), ("known", "")):
        page = upload(anna)
        choose(anna, page, TARGETS, **{name: wrong})
        assert ImportUpload.objects.get(pk=page.rstrip("/").rpartition("/")[2]).state == UploadState.UPLOADED


def test_preview_shows_each_kind_of_row(anna, cast):
    scope = cast.scope("anna", "Zentrale")
    register_customer(customer=Customer(customer_number=7, last_name="Meier", email="m@example.com"), actor=scope)
    content = table(
        ["Kundennummer", "Name", "E-Mail", "Kundengruppe", "Schlagwörter", "Geburtsdatum"],
        [7, "Maier", "m@example.com", "", "", ""],
        [8, "Neu", "m@example.com", "Gast", "VIP", ""],
        [9, "Falsch", "", "", "", "gestern"],
    )
    targets = ["customer_number", "last_name", "email", "customer_group", "tags", "birthday"]
    page = previewed(anna, content, targets)
    opened = {name: anna.get(f"{page}?show={name}").context for name in ("changed", "new", "rejected", "similar")}
    [changed] = opened["changed"]["shown"].rows
    assert (changed.number, [(one.label, one.old, one.new) for one in changed.differences]) == (
        7,
        [("Last name (Name)", "Meier", "Maier")],
    )
    [new] = opened["new"]["shown"].rows
    assert (new.row, new.number, new.name) == (3, 8, "Neu")
    [rejected] = opened["rejected"]["shown"].rows
    assert (rejected.row_number, rejected.problems[0]["column"], rejected.problems[0]["value"]) == (
        4,
        "Geburtsdatum",
        "gestern",
    )
    [similar] = opened["similar"]["shown"].rows
    assert (similar.row, similar.customer.customer_number) == (3, 7)
    assert [tab.name for tab in opened["new"]["shown"].tabs] == ["rejected", "changed", "new", "similar"]
    text = anna.get(page).content.decode()
    assert "“Gast”" in text or "„Gast“" in text
    assert "VIP" in text


def test_preview_shows_numbers_and_dates_in_the_language_of_the_reader(anna):
    page = upload(anna, table(["Name", "Rabatt", "Geburtstag"], ["Meier", "5,50", "31.12.1990"]))
    choose(anna, page, ["last_name", "discount", "birthday"])
    [new] = anna.get(f"{page}?show=new", headers={"accept-language": "de"}).context["shown"].rows
    assert [one.new for one in new.differences] == ["Meier", "5,50", "31.12.1990"]


def test_long_lists_have_pages(anna, monkeypatch):
    monkeypatch.setattr(preview, "PAGE", 2)
    monkeypatch.setattr("customers.console.tabbed_lists.PAGE", 2)
    page = previewed(anna, table(["Name"], *[[f"Meier {n}"] for n in range(5)]), ["last_name"])
    found = {
        asked: [row.row for row in anna.get(f"{page}?show=new&page={asked}").context["shown"].rows]
        for asked in ("1", "2", "3", "4", "0", "-1", "x", "²")
    }
    assert found == {"1": [2, 3], "2": [4, 5], "3": [6], "4": [6], "0": [2, 3], "-1": [2, 3], "x": [2, 3], "²": [2, 3]}
    assert anna.get(f"{page}?show=new&page=2").context["shown"].links == [
        ("first", "show=new&page=1"),
        ("before", "show=new&page=1"),
        ("next", "show=new&page=3"),
        ("last", "show=new&page=3"),
    ]


@pytest.mark.parametrize("show", ["", "nothing", "rejected"])
def test_list_that_is_not_there_is_the_first_that_is(anna, show):
    assert anna.get(f"{previewed(anna)}?show={show}").context["shown"].tab.name == "new"


def test_staff_without_the_right_gets_403(log_in):
    client = log_in("bodo")
    for address in (IMPORT, f"{IMPORT}list/", EXPORT):
        assert client.get(address.replace("/10400/1/", "/10400/2/")).status_code == 403
    assert client.post(IMPORT.replace("/10400/1/", "/10400/2/")).status_code == 403


def test_stranger_gets_404(log_in):
    for address in (IMPORT, f"{IMPORT}list/"):
        assert log_in("sven").get(address).status_code == 404


def test_upload_of_somebody_else_is_404(anna, cast):
    page = previewed(anna, table(["Name", "Geburtsdatum"], ["Meier", "gestern"]), ["last_name", "birthday"])
    assert anna.get(page + "rejected/").status_code == 200
    row = ImportUpload.objects.get()
    own, row.pk, row.user = str(row.pk), uuid4(), cast.user("bodo")
    store(row)
    page = page.replace(own, str(row.pk))
    for address in (page, page + "rejected/", page + "undo/"):
        assert anna.get(address).status_code == 404
    for step in ("dialect", "columns", "back", "confirm", "cancel"):
        assert anna.post(page, {"step": step, "fingerprint": ""}).status_code == 404


def test_upload_is_404_at_another_location(anna):
    page = upload(anna)
    assert anna.get(page.replace("/10400/1/", "/10400/2/")).status_code == 404


@pytest.mark.parametrize(
    ("rights", "figures"),
    [
        ((), (0, 0, 2)),
        ((Right.ADD_CUSTOMERS,), (1, 0, 1)),
        ((Right.CHANGE_CUSTOMERS,), (0, 1, 1)),
        ((Right.ADD_CUSTOMERS, Right.CHANGE_CUSTOMERS), (1, 1, 0)),
    ],
)
def test_rows_need_the_right_to_register_and_to_change(cast, log_in, rights, figures):
    register_customer(customer=Customer(customer_number=7, last_name="Alt"), actor=cast.scope("anna", "Zentrale"))
    person(cast, "importeur", Right.IMPORT_CUSTOMERS, *rights)
    client = log_in("importeur")
    page = previewed(client)
    shown = client.get(page).context["figures"]
    assert (shown["created"], shown["changed"], shown["rejected"]) == figures
    if shown["created"] + shown["changed"]:
        confirm(client, page)
        assert client.get(page).context["figures"]["created"] == figures[0]


def test_undoing_needs_the_rights_of_what_it_does(anna, cast, log_in):
    page = imported(anna)
    person(cast, "importeur", Right.IMPORT_CUSTOMERS, Right.CHANGE_CUSTOMERS)
    client = log_in("importeur")
    assert client.get(f"{page}undo/").status_code == 200
    assert client.post(f"{page}undo/", {"step": "undo"}).status_code == 403
    assert Customer.objects.count() == 2


def test_column_that_nobody_decided_on_stops_the_import(anna):
    page = upload(anna, table(["Name", "Lieblingsfarbe"], ["Meier", "blau"]))
    choose(anna, page, ["last_name", ""])
    assert stored().state == UploadState.UPLOADED
    choose(anna, page, ["last_name", "-"])
    assert stored().state == UploadState.CHECKED


@pytest.mark.parametrize(
    "targets", [["customer_number", "last_name", "last_name"], ["customer_number", "last_name", "base"], ["last_name"]]
)
def test_targets_that_make_no_sense_are_refused(anna, targets):
    choose(anna, upload(anna), targets)
    assert stored().state == UploadState.UPLOADED


def test_error_of_a_file_belongs_to_its_field(cast, log_in):
    """Whoever hears the page is told what is wrong where the focus is."""
    page = log_in("anna").post(IMPORT, {"file": SimpleUploadedFile("leer.csv", b"")}).content.decode()
    field = re.search(r'<input type="file"[^>]*>', page)
    assert field is not None
    assert 'aria-invalid="true"' in field[0]
    assert 'aria-describedby="id_file_helptext id_file_error"' in field[0]
    assert page.index('type="file"') < page.index('id="id_file_helptext"') < page.index('id="id_file_error"')
