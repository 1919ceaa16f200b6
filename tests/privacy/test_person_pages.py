"""Ordering, making and fetching the file of a person."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.db import connection

from customers.disclosures import disclosures_of
from customers.erasure import erase_customer
from customers.models import Customer
from customers.operations import change_customer
from files import lifecycle
from files.choices import FileState
from locations.permissions import Right
from mcp.isolation.scope import MissingRight
from mcp.worker.somebody import for_somebody
from privacy import tasks
from privacy.models import PersonFile, PersonFileChunk, PersonFileDownload
from privacy.person_files import PERSON_FILES, order_person_file, person_files_of
from tests.customers.people import customer, purpose, says

PAGE = "/10400/2/privacy/personfile/"


@pytest.fixture
def hamburg(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def meier(hamburg) -> Customer:
    return customer(hamburg, last_name="Meier", iban="DE89370400440532013000", memo="Mag Mohn")


def made(scope, row: Customer) -> PersonFile:
    file = order_person_file(customer=row, actor=scope)
    tasks.make_person_file(person_file=str(file.pk), **for_somebody(scope))
    return PersonFile.objects.get(pk=file.pk)


def told(answer) -> dict[str, list[dict[str, object]]]:
    """By table the rows of the file."""
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert sorted(archive.namelist()) == ["person.json", "person.pdf"]
        assert archive.read("person.pdf").startswith(b"%PDF")
        return {part["table"]: part["rows"] for part in json.loads(archive.read("person.json"))["tables"]}


def test_file_is_ordered_made_and_fetched(log_in, hamburg, meier):
    anna = log_in("anna")
    page = f"{PAGE}{meier.pk}/"
    assert page in anna.get(f"/10400/2/customers/customer/{meier.pk}/change/").content.decode()
    assert anna.post(page).headers["Location"] == page
    [waiting] = PersonFile.objects.all()
    answer = anna.get(page)
    assert answer.headers["Refresh"] == "1"
    tasks.make_person_file(person_file=str(waiting.pk), **for_somebody(hamburg))
    answer = anna.get(page)
    assert "Refresh" not in answer.headers
    assert f"{PAGE}file/{waiting.pk}/" in answer.content.decode()
    fetched = anna.post(f"{PAGE}file/{waiting.pk}/")
    assert fetched.headers["Content-Type"] == "application/zip"
    rows = told(fetched)
    assert [row["memo"] for row in rows["customers_customer"]] == ["Mag Mohn"]
    assert [row["iban"] for row in rows["customers_customer"]] == ["DE89370400440532013000"]
    [download] = PersonFileDownload.objects.all()
    assert (download.file_id, download.user_name) == (waiting.pk, str(hamburg.user))


def test_that_it_was_made_is_a_hand_over(hamburg, meier):
    file = made(hamburg, meier)
    [told_of] = disclosures_of(meier)
    assert (told_of.kind, told_of.total, told_of.source) == ("person", 1, file.pk)
    assert told_of.receiver_name == hamburg.actor_name


def test_earlier_states_are_told_with_who_has_made_them(log_in, hamburg, meier):
    meier.memo = "Mag Sesam"
    change_customer(customer=meier, actor=hamburg)
    file = made(hamburg, meier)
    rows = told(log_in("anna").post(f"{PAGE}file/{file.pk}/"))
    assert {row["memo"] for row in rows["customers_customerevent"]} == {"Mag Mohn", "Mag Sesam"}


def test_consents_are_told_with_their_wording(log_in, hamburg, meier):
    asked = purpose(hamburg, "stammtisch", name="Stammtisch")
    type(asked).objects.filter(pk=asked.pk).update(wording="Ich komme gern.", wording_version="1")
    says(hamburg, meier, "stammtisch", True, wording_version="1")
    type(asked).objects.filter(pk=asked.pk).update(wording="Ich komme immer.", wording_version="2")
    rows = told(log_in("anna").post(f"{PAGE}file/{made(hamburg, meier).pk}/"))
    assert [row["wording"] for row in rows["customers_consent"]] == ["Ich komme gern."]


@pytest.mark.parametrize(("who", "status"), [("bodo", 403), ("carla", 403), ("sven", 404)])
def test_who_has_no_right_gets_nothing(log_in, hamburg, meier, who, status):
    file = made(hamburg, meier)
    browser = log_in(who)
    assert browser.get(f"{PAGE}{meier.pk}/").status_code == status
    assert browser.post(f"{PAGE}{meier.pk}/").status_code == status
    assert browser.post(f"{PAGE}file/{file.pk}/").status_code == status
    assert PersonFile.objects.count() == 1
    assert not PersonFileDownload.objects.exists()


def test_customer_of_another_base_has_no_page(log_in, cast):
    other = customer(cast.system("München", 20800), last_name="Fremd")
    assert log_in("anna").get(f"{PAGE}{other.pk}/").status_code == 404
    assert log_in("anna").post(f"{PAGE}{other.pk}/").status_code == 404


def test_right_is_asked_for_by_the_operation(cast, meier):
    with pytest.raises(MissingRight):
        order_person_file(customer=meier, actor=cast.scope("bodo", "Hamburg"))
    assert Right.PROTECT_DATA not in cast.scope("bodo", "Hamburg").rights


def test_erasure_takes_the_content_and_leaves_the_record(cast, hamburg, meier):
    file, waiting = made(hamburg, meier), order_person_file(customer=meier, actor=hamburg)
    with connection.cursor() as cursor:
        erase_customer(customer=meier.pk, reason="Wunsch", actor=cast.scope("anna", "Zentrale"))
        cursor.execute("SELECT 1")
    assert not PersonFileChunk.objects.filter(file=file).exists()
    states = dict(PersonFile.objects.values_list("pk", "state"))
    assert states == {file.pk: FileState.DONE, waiting.pk: FileState.FAILED}
    assert set(PersonFile.objects.values_list("customer", flat=True)) == {None}
    tasks.make_person_file(person_file=str(waiting.pk), **for_somebody(hamburg))
    assert not PersonFileChunk.objects.exists()


def test_files_of_another_location_are_its_own(cast, hamburg, meier):
    file = made(hamburg, meier)
    assert [one.pk for one in person_files_of(meier, hamburg)] == [file.pk]
    assert list(person_files_of(meier, cast.scope("anna", "Zentrale"))) == []
    assert lifecycle.is_under_way(PERSON_FILES, file) is False
