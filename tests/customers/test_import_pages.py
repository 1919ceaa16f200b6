"""The import in the browser: what was previewed, by whom it was previewed, is what is applied."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from customers import tasks
from customers.choices import UploadState
from customers.models import Customer, ImportUpload
from customers.operations import change_customer, register_customer
from customers.resources import CustomerResource
from customers.transfer import uploads
from customers.transfer.numbering import exhausted
from spreadsheets import Limits
from tests.customers.transfer import NORTHWIND, events_of, table

IMPORT = "/10400/1/customers/customer/import/"
EXPORT = "/10400/1/customers/customer/export/"
CONTENT = table(["Kundennummer", "Name", "Ort"], [7, "Meier", "Kiel"], [8, "Müller", "Bremen"])


def upload(client, content: bytes = CONTENT, name: str = "kunden.csv", address: str = IMPORT) -> str:
    """Upload a file; gives the address of its page."""
    response = client.post(address, {"file": SimpleUploadedFile(name, content)})
    assert response.status_code == 302, response.content.decode()
    return response["Location"]


def choose(client, page: str, targets: list[str], **more: str) -> None:
    assert client.post(page, {"step": "columns", "target": targets, **more}).status_code == 302


def previewed(client, content: bytes = CONTENT) -> str:
    page = upload(client, content)
    choose(client, page, ["customer_number", "last_name", "city"])
    return page


def confirm(client, page: str, fingerprint: str | None = None) -> None:
    shown = client.get(page).context["fingerprint"] if fingerprint is None else fingerprint
    client.post(page, {"step": "confirm", "fingerprint": shown})


def stored() -> ImportUpload:
    return ImportUpload.objects.get()


def test_import_goes_from_upload_over_preview_to_result(log_in):
    client = log_in("anna")
    page = upload(client)
    assert [column.target for column in client.get(page).context["columns"]] == ["customer_number", "last_name", "city"]
    choose(client, page, ["customer_number", "last_name", "city"])
    shown = client.get(page)
    assert shown.context["outcome"]["created"] == 2
    assert not Customer.objects.filter(customer_number__in=[7, 8]).exists()
    confirm(client, page)
    assert client.get(page).context["outcome"]["created"] == 2
    assert set(Customer.objects.values_list("last_name", "city")) == {("Meier", "Kiel"), ("Müller", "Bremen")}


def test_history_says_who_imported(log_in):
    client = log_in("anna")
    confirm(client, previewed(client))
    event = events_of(Customer.objects.get(customer_number=7)).get()
    assert event.pgh_context.metadata["user_name"] == "Anna Andresen"


def test_staff_without_the_right_gets_403(log_in):
    client = log_in("bodo")
    for address in (IMPORT, EXPORT):
        assert client.get(address.replace("/10400/1/", "/10400/2/")).status_code == 403
    assert client.post(IMPORT.replace("/10400/1/", "/10400/2/")).status_code == 403


def test_stranger_gets_404(log_in):
    assert log_in("sven").get(IMPORT).status_code == 404


def test_upload_of_somebody_else_is_404(log_in, cast):
    page = upload(log_in("anna"))
    ImportUpload.objects.update(user=cast.user("bodo"))
    client = log_in("anna")
    for address in (page, page + "rejected/"):
        assert client.get(address).status_code == 404
    assert client.post(page, {"step": "confirm", "fingerprint": ""}).status_code == 404


def test_upload_is_404_at_another_location(log_in):
    client = log_in("anna")
    page = upload(client)
    assert client.get(page.replace("/10400/1/", "/10400/2/")).status_code == 404


def test_expired_upload_is_404_and_deleted(log_in):
    client = log_in("anna")
    page = upload(client)
    now = timezone.now()
    ImportUpload.objects.update(created_at=now - timedelta(hours=24))
    assert client.get(page).status_code == 404
    assert uploads.delete_expired_uploads(now=now) == 1
    assert not ImportUpload.objects.exists()


def test_column_that_nobody_decided_on_stops_the_import(log_in):
    client = log_in("anna")
    page = upload(client, table(["Name", "Lieblingsfarbe"], ["Meier", "blau"]))
    assert client.get(page).context["undecided"] == ["Lieblingsfarbe"]
    choose(client, page, ["last_name", ""])
    assert stored().state == UploadState.UPLOADED
    choose(client, page, ["last_name", "-"])
    assert stored().state == UploadState.CHECKED


def test_two_columns_for_one_field_are_refused(log_in):
    client = log_in("anna")
    page = upload(client)
    choose(client, page, ["customer_number", "last_name", "last_name"])
    assert stored().state == UploadState.UPLOADED


def test_target_that_is_not_offered_is_refused(log_in):
    client = log_in("anna")
    page = upload(client)
    choose(client, page, ["customer_number", "last_name", "base"])
    assert stored().state == UploadState.UPLOADED


@pytest.mark.parametrize(
    "change",
    [
        {"content": table(["Kundennummer", "Name", "Ort"], [7, "Böse", "Kiel"])},
        {"choices": {"targets": ["customer_number", "city", "last_name"]}},
        {"preview": {"created": 2, "changed": 0, "seen": {}}},
    ],
)
def test_confirm_takes_only_what_was_previewed(log_in, change):
    client = log_in("anna")
    page = previewed(client)
    fingerprint = client.get(page).context["fingerprint"]
    ImportUpload.objects.update(**change)
    confirm(client, page, fingerprint)
    assert stored().state == UploadState.CHECKED
    assert not Customer.objects.filter(customer_number=7).exists()


def test_altered_bytes_are_refused_even_with_their_own_fingerprint(log_in):
    client = log_in("anna")
    page = previewed(client)
    ImportUpload.objects.update(content=CONTENT.replace(b"Meier", b"Geier"))
    confirm(client, page, uploads.fingerprint(stored()))
    assert not Customer.objects.filter(customer_number=7).exists()


def test_confirm_works_once(log_in):
    client = log_in("anna")
    page = previewed(client)
    fingerprint = client.get(page).context["fingerprint"]
    confirm(client, page, fingerprint)
    Customer.objects.filter(customer_number=7).update(city="Lübeck")
    confirm(client, page, fingerprint)
    assert Customer.objects.get(customer_number=7).city == "Lübeck"


def test_customer_changed_after_the_preview_is_left_alone(log_in, cast):
    anna = cast.scope("anna", "Zentrale")
    customer = register_customer(customer=Customer(customer_number=7, last_name="Maier"), actor=anna)
    client = log_in("anna")
    page = previewed(client)
    customer.city = "Lübeck"
    change_customer(customer=customer, actor=anna)
    confirm(client, page)
    outcome = client.get(page).context["outcome"]
    assert (outcome["created"], outcome["rejected"]) == (1, 1)
    assert outcome["rejections"][0]["code"] == "changed_meanwhile"
    assert Customer.objects.get(pk=customer.pk).city == "Lübeck"


def test_customer_registered_after_the_preview_is_left_alone(log_in, cast):
    client = log_in("anna")
    page = previewed(client)
    register_customer(customer=Customer(customer_number=7, last_name="Neu"), actor=cast.scope("anna", "Zentrale"))
    confirm(client, page)
    assert client.get(page).context["outcome"]["rejections"][0]["code"] == "changed_meanwhile"
    assert Customer.objects.get(customer_number=7).last_name == "Neu"


def test_file_that_cannot_be_read_says_why(log_in):
    response = log_in("anna").post(IMPORT, {"file": SimpleUploadedFile("kunden.xlsx", CONTENT)})
    assert response.status_code == 200
    assert response.context["form"].errors["file"].as_data()[0].code == "wrong_name"


def test_too_many_rows_name_the_command(log_in, monkeypatch):
    monkeypatch.setattr(uploads, "LIMITS", Limits(rows=1))
    response = log_in("anna").post(IMPORT, {"file": SimpleUploadedFile("kunden.csv", CONTENT)})
    [error] = response.context["form"].errors["file"].as_data()
    assert error.code == "too_many_rows"
    assert "import_customers" in error.messages[0]


def test_encoding_can_be_overruled(log_in):
    client = log_in("anna")
    page = upload(client)
    client.post(page, {"step": "dialect", "encoding": "cp1252", "delimiter": ";"})
    assert client.get(page).context["dialect"].encoding == "cp1252"


def test_rejected_rows_can_be_downloaded(log_in):
    client = log_in("anna")
    page = upload(client, table(["Name", "Geburtsdatum"], ["Meier", "gestern"], ["Müller", ""]))
    choose(client, page, ["last_name", "birthday"])
    lines = b"".join(client.get(page + "rejected/").streaming_content).decode("utf-8-sig").splitlines()
    assert lines[1].startswith("2;Geburtsdatum;gestern;")
    assert len(lines) == 2


def test_refusal_while_it_is_applied_leaves_the_preview_to_be_confirmed_again(log_in, cast, monkeypatch):
    client = log_in("anna")
    page = previewed(client)

    def refuse(**given):
        raise exhausted(cast.location("Zentrale"))

    monkeypatch.setattr(uploads, "apply_upload", refuse)
    confirm(client, page)
    assert stored().state == UploadState.CHECKED
    assert "used up" in client.get(page, headers={"accept-language": "en"}).content.decode()


def test_large_file_is_checked_and_applied_by_the_worker(log_in, monkeypatch):
    monkeypatch.setattr(uploads, "DIRECT_ROWS", 1)
    deferred = []
    for task in (tasks.check_upload, tasks.apply_upload):
        monkeypatch.setattr(task, "defer", lambda task=task, **given: deferred.append((task, given)))
    client = log_in("anna")
    page = previewed(client)
    assert client.get(page)["Refresh"] == "1"
    _work(deferred)
    confirm(client, page)
    assert stored().state == UploadState.APPLYING
    _work(deferred)
    assert stored().state == UploadState.APPLIED
    assert Customer.objects.filter(customer_number__in=[7, 8]).count() == 2
    event = events_of(Customer.objects.get(customer_number=7)).get()
    assert event.pgh_context.metadata["user_name"] == "Anna Andresen"


def _work(deferred) -> None:
    while deferred:
        task, given = deferred.pop()
        task.func(**given)


def test_right_taken_away_stops_the_worker(log_in, cast):
    client = log_in("anna")
    previewed(client)
    row = stored()
    uploads.start(upload=row, state=UploadState.APPLYING)
    somebody = tasks.for_somebody(cast.scope("anna", "Zentrale"))
    user = cast.user("anna")
    user.is_active = False
    user.save()
    tasks.apply_upload.func(upload=str(row.pk), **somebody)
    assert stored().state == UploadState.FAILED
    assert not Customer.objects.filter(customer_number=7).exists()


def test_northwind_needs_no_choice(log_in):
    client = log_in("anna")
    page = upload(client, NORTHWIND.read_bytes(), "northwind.csv")
    shown = client.get(page).context
    assert shown["undecided"] == []
    assert shown["form"].initial["null_is_empty"] is True


def test_list_is_exported_as_it_is_filtered(log_in, cast):
    anna = cast.scope("anna", "Zentrale")
    for name in ("Eins", "Zwei"):
        register_customer(customer=Customer(last_name=name), actor=anna)
    response = log_in("anna").post(EXPORT + "?q=zwei", {"format": "plain", "column": ["last_name"]})
    assert b"".join(response.streaming_content).decode().splitlines()[1:] == ['"Zwei"']


def test_selection_is_exported_without_rows_of_others(log_in, cast):
    own = register_customer(customer=Customer(last_name="Eigen"), actor=cast.scope("anna", "Zentrale"))
    register_customer(customer=Customer(last_name="Auch"), actor=cast.scope("anna", "Zentrale"))
    foreign = register_customer(customer=Customer(last_name="Fremd"), actor=cast.scope("sven", "Zentrale", 20800))
    client = log_in("anna")
    address = f"{EXPORT}?id={own.pk}&id={foreign.pk}"
    assert client.get(address).context["count"] == 1
    response = client.post(address, {"format": "plain", "column": ["last_name", "search_text"]})
    assert b"".join(response.streaming_content).decode().splitlines()[1:] == ['"Eigen"']


def test_export_page_offers_every_column(log_in):
    shown = log_in("anna").get(EXPORT).context["columns"]
    assert [name for name, _label in shown] == list(CustomerResource().export_columns())


def test_file_of_another_format_is_named_in_the_language_of_the_reader(log_in):
    response = log_in("anna").post(
        IMPORT, {"file": SimpleUploadedFile("kunden.csv", b"PK\x03\x04")}, headers={"accept-language": "de"}
    )
    assert "enthält aber eine Excel-Arbeitsmappe" in response.context["form"].errors["file"][0]


def test_preview_shows_numbers_and_dates_in_the_language_of_the_reader(log_in):
    client = log_in("anna")
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    page = upload(client, table(["Name", "Rabatt", "Geburtstag"], ["Meier", "5,50", "31.12.1990"]))
    choose(client, page, ["last_name", "discount", "birthday"])
    shown = (stored().preview or {})["new_customers"][0]["differences"]
    assert [one["new"] for one in shown] == ["Meier", "31.12.1990", "5,50"]
