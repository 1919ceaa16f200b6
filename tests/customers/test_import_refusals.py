"""What the pages of an import refuse, and how they say so."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from customers.choices import UploadState
from customers.imports import lifecycle
from customers.models import Customer, ImportChunk, ImportUpload
from customers.numbers import exhausted
from customers.operations import change_customer, register_customer
from tests.customers.import_browser import (
    CONTENT,
    IMPORT,
    _delete_one_staged_row,
    choose,
    confirm,
    imported,
    people,
    previewed,
    rejected_file,
    stored,
    undo,
    upload,
    work,
)
from tests.customers.transfer import events_of, table


def test_unknown_step_is_404(anna):
    assert anna.post(upload(anna), {"step": "delete"}).status_code == 404


@pytest.mark.parametrize("fingerprint", ["", "0" * 64])
def test_wrong_fingerprint_is_refused(anna, fingerprint):
    page = previewed(anna)
    confirm(anna, page, fingerprint)
    assert stored().state == UploadState.CHECKED
    assert people() == set()


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "0" * 64},
        {"choices": {"targets": ["customer_number", "city", "last_name"]}},
        {"preview": {"created": 2, "changed": 0}},
        {"new_rows": "{[2,3)}"},
    ],
)
def test_confirm_takes_only_what_was_previewed(anna, change):
    page = previewed(anna)
    fingerprint = anna.get(page).context["fingerprint"]
    ImportUpload.objects.update(**change)
    confirm(anna, page, fingerprint)
    assert stored().state == UploadState.CHECKED
    assert people() == set()


def test_altered_bytes_are_refused(anna):
    page = previewed(anna)
    ImportChunk.objects.update(content=CONTENT.replace(b"Meier", b"Geier"))
    confirm(anna, page)
    assert stored().state == UploadState.CHECKED
    assert people() == set()


def test_row_that_is_gone_is_refused(anna):
    page = previewed(anna)
    _delete_one_staged_row(stored())
    confirm(anna, page)
    assert people() == set()


def test_confirm_works_once(anna):
    page = previewed(anna)
    fingerprint = anna.get(page).context["fingerprint"]
    confirm(anna, page, fingerprint)
    Customer.objects.filter(customer_number=7).update(city="Lübeck")
    confirm(anna, page, fingerprint)
    assert Customer.objects.get(customer_number=7).city == "Lübeck"


def test_applied_upload_takes_no_other_choices(anna):
    page = imported(anna)
    choose(anna, page, ["customer_number", "city", "last_name"])
    anna.post(page, {"step": "back"})
    anna.post(page, {"step": "dialect", "encoding": "cp1252"})
    assert stored().state == UploadState.APPLIED


def test_customer_changed_after_the_preview_is_left_alone(anna, cast):
    scope = cast.scope("anna", "Zentrale")
    customer = register_customer(customer=Customer(customer_number=7, last_name="Maier"), actor=scope)
    page = previewed(anna)
    customer.city = "Lübeck"
    change_customer(customer=customer, actor=scope)
    confirm(anna, page)
    shown = anna.get(page).context
    assert (shown["figures"]["created"], shown["figures"]["rejected"]) == (1, 1)
    assert shown["shown"].rows[0].problems[0]["code"] == "changed_meanwhile"
    assert Customer.objects.get(pk=customer.pk).city == "Lübeck"


def test_customer_registered_after_the_preview_is_left_alone(anna, cast):
    page = previewed(anna)
    register_customer(customer=Customer(customer_number=7, last_name="Neu"), actor=cast.scope("anna", "Zentrale"))
    confirm(anna, page)
    assert anna.get(page).context["shown"].rows[0].problems[0]["code"] == "changed_meanwhile"
    assert Customer.objects.get(customer_number=7).last_name == "Neu"


def test_refusal_while_it_is_applied_leaves_the_preview_to_be_confirmed_again(log_in, cast, monkeypatch):
    client = log_in("anna")
    page = previewed(client)

    def refuse(**given):
        raise exhausted(cast.location("Zentrale"))

    monkeypatch.setattr(lifecycle, "apply_upload", refuse)
    confirm(client, page)
    assert stored().state == UploadState.CHECKED
    assert "used up" in client.get(page, headers={"accept-language": "en"}).content.decode()


def test_file_that_cannot_be_read_says_why_and_is_not_kept(anna):
    response = anna.post(IMPORT, {"file": SimpleUploadedFile("kunden.xlsx", CONTENT)})
    assert response.status_code == 200
    assert response.context["form"].errors["file"].as_data()[0].code == "wrong_name"
    assert not ImportUpload.objects.exists()
    assert not ImportChunk.objects.exists()


def test_file_of_another_format_is_named_in_the_language_of_the_reader(anna):
    response = anna.post(
        IMPORT, {"file": SimpleUploadedFile("kunden.csv", b"PK\x03\x04")}, headers={"accept-language": "de"}
    )
    assert "enthält aber eine Excel-Arbeitsmappe" in response.context["form"].errors["file"][0]


def test_file_that_is_too_large_is_refused_with_the_limit(anna, monkeypatch):
    monkeypatch.setattr("customers.imports.forms.LIMITS", type("Limits", (), {"file_bytes": 10}))
    response = anna.post(IMPORT, {"file": SimpleUploadedFile("kunden.csv", CONTENT)})
    assert response.context["form"].errors["file"].as_data()[0].code == "file_too_large"


def test_large_file_is_stored_in_pieces(anna):
    page = upload(anna, table(["Name"], *[["x" * 200]] * 16_000))
    assert anna.get(page).status_code == 200
    assert ImportChunk.objects.count() == 4
    assert stored().size > 3_000_000


def test_encoding_and_delimiter_can_be_overruled(anna):
    page = upload(anna)
    anna.post(page, {"step": "dialect", "encoding": "cp1252", "delimiter": ","})
    shown = anna.get(page).context
    assert (shown["seen"]["encoding"], shown["seen"]["delimiter"]) == ("cp1252", ",")
    assert len(shown["columns"]) == 1
    anna.post(page, {"step": "dialect", "encoding": "klingon", "delimiter": ";"})
    assert len(anna.get(page).context["columns"]) == 1


def test_file_that_is_broken_further_down_tells_where_and_leads_back_to_the_columns(anna):
    page = upload(anna, b"Name;Ort\n" + b"Meier;Kiel\n" * 300 + b'"offen;Kiel\n')
    choose(anna, page, ["last_name", "city"])
    assert stored().state == UploadState.FAILED
    shown = anna.get(page, headers={"accept-language": "de"})
    assert "columns" in shown.context
    assert "302" in str(shown.context["upload"].failure)


def test_rejected_rows_come_in_the_format_of_the_file(anna):
    page = previewed(
        anna, table(["Name", "Geburtsdatum"], ["Meier", "gestern"], ["Müller", ""]), ["last_name", "birthday"]
    )
    headings, row = rejected_file(anna, page).decode().splitlines()
    assert headings == '"Name";"Geburtsdatum";"Grund der Ablehnung"'
    assert row.startswith("Meier;gestern;Geburtsdatum: ")


def test_rejected_rows_can_be_imported_again_when_they_are_corrected(anna):
    content = table(["Name", "Geburtsdatum"], ["Meier", "gestern"], ["Müller", ""])
    page = imported(anna, content, ["last_name", "birthday"])
    corrected = rejected_file(anna, page).replace(b"gestern", b"24.12.1990")
    again = upload(anna, corrected)
    assert [column.target for column in anna.get(again).context["columns"]] == ["last_name", "birthday", "-"]
    choose(anna, again, ["last_name", "birthday", "-"])
    confirm(anna, again)
    assert sorted(Customer.objects.values_list("last_name", flat=True)) == ["Meier", "Müller"]


def test_file_without_rejected_rows_has_none_to_download(anna):
    assert anna.get(previewed(anna) + "rejected/").status_code == 404
    assert anna.get(upload(anna) + "rejected/").status_code == 404


def test_large_file_is_checked_applied_and_undone_by_the_worker(anna, deferred):
    page = previewed(anna)
    assert "progress" in anna.get(page).context
    work(deferred)
    assert stored().state == UploadState.CHECKED
    confirm(anna, page)
    assert stored().state == UploadState.APPLYING
    work(deferred)
    assert stored().state == UploadState.APPLIED
    assert people() == {(7, "Meier", "Kiel"), (8, "Müller", "Bremen")}
    event = events_of(Customer.objects.get(customer_number=7)).get()
    assert event.pgh_context.metadata["user_name"] == "Anna Andresen"
    assert undo(anna, page).context["upload"].state == UploadState.UNDOING
    work(deferred)
    assert stored().state == UploadState.UNDONE
    assert people() == set()
