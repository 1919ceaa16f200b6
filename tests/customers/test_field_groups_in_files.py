"""Exports and imports by somebody who may not see all of a customer."""

from __future__ import annotations

import io

import pytest

from customers.choices import UploadState
from customers.exports import files, tasks
from customers.exports.writer import Making, Order
from customers.field_groups import MASK, FieldGroup
from customers.imports import decisions, lifecycle, preview, receive
from customers.models import Customer, CustomerExport, HeadingChoice
from customers.operations import archive_customers
from customers.table.headings import IGNORE
from customers.table.resources import CustomerResource
from files.choices import FileState
from files.lifecycle import fetch
from mcp.isolation import grants, row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import UserGroup
from mcp.worker.somebody import for_somebody
from spreadsheets import open_table
from tests.customers.people import HAMBURG, customer, person_without
from tests.customers.test_field_groups import GROUPS, VALUES, scope_without, told
from tests.customers.transfer import applied, checked, kept_export, table, taken_out, undone

EXPORT = f"{HAMBURG}/customers/customer/export/"
COLUMN = {FieldGroup.CONTACT: "email", FieldGroup.BANK: "iban", FieldGroup.MEMO: "memo"}
"""One column of each group."""
NEW = {"email": "neu@example.com", "iban": "DE02120300000000202051", "memo": "Ganz neu"}


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def vera(anna) -> Customer:
    return customer(anna, first_name="Vera", last_name="Verborgen", city="Hamburg", is_blocked=True, **VALUES)


def take_away(group: FieldGroup) -> None:
    """The right of a group from `teilsicht`, who held it until now."""
    mine = UserGroup.objects.get(name="teilsicht")
    grants.remove_grants(mine, {(group.right, None)})


# --- export -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", GROUPS)
def test_export_offers_and_holds_no_such_column(cast, vera, log_in, group):
    scope = scope_without(cast, group)
    client = log_in("teilsicht")
    offered = {name for name, _heading in client.get(EXPORT).context["columns"]}
    about = {CustomerResource().fields[name].about for name in offered}
    assert about & set(group.fields) == set()
    everything = {"format": "plain", "column": list(CustomerResource().export_columns())}
    content = b"".join(client.post(EXPORT, everything)).decode()
    assert "Verborgen" in content
    assert told(content, [group]) == []
    assert told(taken_out(scope).decode(), [group]) == []


@pytest.mark.parametrize("profile", ["excel-de", "plain", "xlsx", "jsonl"])
def test_order_that_holds_one_is_refused(cast, vera, profile):
    scope = scope_without(cast, FieldGroup.BANK)
    for name in ("iban", "bic", "bank"):
        with pytest.raises(MissingRight) as refusal:
            Making(scope, Order(profile=profile, columns=("last_name", name)))
        assert refusal.value.right == FieldGroup.BANK.right


@pytest.mark.parametrize("column", ["memo", "position", "region", "blocked_reason", "loss_reason", "archived_reason"])
def test_parts_of_the_memo_and_other_free_texts_are_of_one_group(cast, column):
    with pytest.raises(MissingRight):
        Making(scope_without(cast, FieldGroup.MEMO), Order(profile="plain", columns=(column,)))


def test_worker_makes_no_file_for_who_has_lost_the_right(cast, vera):
    person_without()
    holder = cast.scope("teilsicht", "Hamburg")
    order = Order(profile="plain", columns=("last_name", "iban"))
    export = files.demand_export(order=order, query="", total=1, actor=holder)
    take_away(FieldGroup.BANK)
    tasks.make_export(str(export.pk), **for_somebody(holder))
    made = CustomerExport.objects.get(pk=export.pk)
    assert made.state == FileState.FAILED
    assert "bank data" in str(made.failure)
    assert not made.chunks.exists()


def test_worker_finds_nobody_by_what_may_not_be_seen(cast, vera):
    """The list filters the export again, with the rights of that moment."""
    person_without()
    holder = cast.scope("teilsicht", "Hamburg")
    order = Order(profile="plain", columns=("last_name",))
    export = files.demand_export(order=order, query="q=vera.verborgen%40", total=1, actor=holder)
    take_away(FieldGroup.CONTACT)
    tasks.make_export(str(export.pk), **for_somebody(holder))
    assert CustomerExport.objects.get(pk=export.pk).total == 0


@pytest.mark.parametrize("group", GROUPS)
def test_stored_file_is_not_handed_to_who_has_lost_the_right(cast, vera, log_in, group):
    person_without()
    holder = cast.scope("teilsicht", "Hamburg")
    kept = kept_export(holder, b"geheim\n1\n", columns=("last_name", COLUMN[group]))
    address, client = f"{EXPORT}files/{kept.pk}/", log_in("teilsicht")
    assert client.post(f"{address}download/").status_code == 200
    take_away(group)
    for answer in (client.post(f"{address}download/"), client.get(address), client.get(f"{address}facts/")):
        assert answer.status_code == 403
        assert str(group.right.label) in answer.content.decode()
    with pytest.raises(MissingRight):
        fetch(files.EXPORTS, kept, actor=cast.scope("teilsicht", "Hamburg"))
    assert client.get(f"{EXPORT}files/").status_code == 200
    assert client.post(address).status_code == 302  # to delete it


def test_file_of_somebody_else_does_not_exist(cast, vera, anna, log_in):
    kept = kept_export(anna, b"geheim\n1\n")
    person_without(FieldGroup.BANK.right)
    assert log_in("teilsicht").post(f"{EXPORT}files/{kept.pk}/download/").status_code == 404


# --- import -----------------------------------------------------------------------------------------------------


def file_about(vera: Customer, group: FieldGroup, *, alias: str = "Vroni") -> bytes:
    column = COLUMN[group]
    heading = CustomerResource().fields[column].german
    return table(
        ["Kundennummer", "Nachname", "Alias", heading],
        [vera.customer_number, "Verborgen", alias, NEW[column]],
        ["", "Neu", "", NEW[column]],
    )


@pytest.mark.parametrize("group", GROUPS)
def test_import_neither_writes_nor_shows_them(cast, vera, log_in, group):
    scope = scope_without(cast, group)
    upload = checked(scope, file_about(vera, group))
    assert upload.choices["targets"][-1] == IGNORE
    with row_scope.rows_of(scope):
        [changed], [created] = preview.changed(upload, scope), preview.created(upload, scope)
    assert [(one.label, one.old, one.new) for one in changed.differences] == [("Alias", "", "Vroni")]
    assert NEW[COLUMN[group]] not in [one.new for one in created.differences]
    page = log_in("teilsicht").get(f"{HAMBURG}/customers/customer/import/{upload.pk}/?show=changed")
    assert told(page.content.decode(), [group]) == []
    applied(upload, scope)
    stored = Customer.objects.get(pk=vera.pk)
    assert stored.alias == "Vroni"
    assert {name: getattr(stored, name) for name in VALUES} == VALUES
    assert getattr(Customer.objects.get(last_name="Neu"), COLUMN[group]) == ""


@pytest.mark.parametrize("group", GROUPS)
def test_page_says_why_a_column_is_left_out(cast, vera, log_in, group):
    scope = scope_without(cast, group)
    upload = receive.receive_upload(name="neu.csv", content=file_about(vera, group), actor=scope)
    page = log_in("teilsicht").get(
        f"{HAMBURG}/customers/customer/import/{upload.pk}/", headers={"accept-language": "en"}
    )
    labels = dict(page.context["choices"])
    assert labels[COLUMN[group]].endswith("(not imported: you may not see it)")
    assert page.context["undecided"] == []
    lifecycle.go_back(upload=upload, actor=scope)
    assert not HeadingChoice.objects.exists()


def test_mark_of_a_block_is_not_imported_without_its_reason(cast, vera):
    scope = scope_without(cast, FieldGroup.MEMO)
    content = table(["Kundennummer", "Nachname", "Gesperrt"], [vera.customer_number, "Verborgen", "nein"])
    upload = checked(scope, content)
    assert upload.preview is not None
    assert upload.preview["changed"] == 0
    applied(upload, scope)
    assert Customer.objects.get(pk=vera.pk).is_blocked


def test_nobody_is_matched_by_an_address_that_may_not_be_seen(cast, vera):
    scope = scope_without(cast, FieldGroup.CONTACT)
    content = table(["Nachname", "E-Mail"], ["Fremd", VALUES["email"]])
    upload = checked(scope, content, match="email")
    assert upload.preview is not None
    assert (upload.preview["created"], upload.preview["changed"], upload.preview["similar"]) == (1, 0, 0)


def test_import_that_fills_them_is_not_applied_by_who_has_lost_the_right(cast, vera):
    person_without()
    holder = cast.scope("teilsicht", "Hamburg")
    upload = checked(holder, file_about(vera, FieldGroup.BANK))
    take_away(FieldGroup.BANK)
    with pytest.raises(MissingRight) as refusal:
        applied(upload, cast.scope("teilsicht", "Hamburg"))
    assert refusal.value.right == FieldGroup.BANK.right
    assert Customer.objects.get(pk=vera.pk).iban == VALUES["iban"]


def test_checked_again_it_fills_them_no_more(cast, vera):
    person_without()
    holder = cast.scope("teilsicht", "Hamburg")
    upload = checked(holder, file_about(vera, FieldGroup.BANK))
    take_away(FieldGroup.BANK)
    scope = cast.scope("teilsicht", "Hamburg")
    lifecycle.check_upload(upload=upload, actor=scope)
    with row_scope.rows_of(scope):
        [changed] = preview.changed(upload, scope)
    assert [(one.label, one.new) for one in changed.differences] == [("Alias", "Vroni")]


def test_import_that_has_filled_them_is_not_undone_without_the_right(cast, vera, anna):
    upload = applied(checked(anna, file_about(vera, FieldGroup.BANK)), anna)
    assert Customer.objects.get(pk=vera.pk).iban == NEW["iban"]
    with pytest.raises(MissingRight) as refusal:
        undone(upload, scope_without(cast, FieldGroup.BANK))
    assert refusal.value.right == FieldGroup.BANK.right
    upload.refresh_from_db()
    assert upload.state == UploadState.APPLIED
    undone(upload, anna)
    assert Customer.objects.get(pk=vera.pk).iban == VALUES["iban"]


def test_file_for_decisions_has_no_such_columns(cast, vera):
    scope = scope_without(cast, FieldGroup.CONTACT)
    content = table(["Vorname", "Nachname", "E-Mail", "Ort"], ["Vera", "Verborgen", "x@example.com", "Hamburg"])
    upload = checked(scope, content)
    assert upload.preview is not None
    file = io.BytesIO()
    with row_scope.rows_of(scope):
        assert decisions.write_similar(upload=upload, file=file, actor=scope) == 1
    with open_table(file, name="list.xlsx") as read:
        [row] = list(read)
    assert VALUES["email"] not in row.cells
    assert VALUES["street"] not in row.cells
    assert "Hamburg" in row.cells


def test_preview_shows_no_reason_of_archiving(cast, vera, anna):
    archive_customers(customers=[vera.pk], reason="Verstorben im Mai", actor=anna)
    scope = scope_without(cast, FieldGroup.MEMO)
    upload = checked(scope, table(["Kundennummer", "Nachname"], [vera.customer_number, "Verborgen"]))
    assert [one.reason for one in preview.archived(upload, scope)] == [MASK]
    assert [one.reason for one in preview.archived(upload, anna)] == ["Verstorben im Mai"]
