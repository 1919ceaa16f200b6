"""A large package, or a large base: the worker takes it in, all of it or nothing, and the page says how far it is."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from customers.choices import UploadState
from customers.imports import lifecycle
from customers.models import Consent, ImportUpload
from files.choices import FileState
from files.tasks import delete_expired_files
from locations.permissions import Right
from mcp.isolation import access, row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import User
from mcp.worker.queueing import tell_given_up
from mcp.worker.somebody import for_somebody
from mcp.worker.task_frame import Stopped
from tests.conftest import Browser
from tests.customers.people import customer
from tests.transitions.carrying import consent, content_of, executed, imported, made, receiver
from tests.transitions.moving import ACCOUNT
from tests.worker import empty_queue, jobs, work
from transitions.archive import encrypting
from transitions.incoming import taking, tasks
from transitions.models import Arrival, IncomingChunk, IncomingFile, Transition
from transitions.withdrawals.making import make_list

pytestmark = pytest.mark.django_db(transaction=True)
ARRIVALS = f"/{ACCOUNT}/2/transitions/transition/arrivals/"


@pytest.fixture(autouse=True)
def _own_queue(cast):
    empty_queue()
    yield
    empty_queue()


@pytest.fixture
def transition(cast, monkeypatch) -> Transition:
    """Two are carried over; every file is a large one."""
    monkeypatch.setattr(taking, "DIRECT_BYTES", 0)
    anna = cast.scope("anna", "Zentrale")
    for name in ("Meier", "Schulz"):
        consent(customer(anna, last_name=name))
    return executed(cast)


@pytest.fixture
def content(cast, transition) -> bytes:
    return content_of(made(transition, cast.scope("anna", "Zentrale")))


@pytest.fixture
def there(cast, content) -> Scope:
    return receiver(cast)


@pytest.fixture
def frida(there) -> Browser:
    client = Browser()
    client.force_login(there.user)
    return client


def send(client: Browser, content: bytes, **more: str) -> Any:
    return client.post(ARRIVALS, {"file": SimpleUploadedFile("paket.zip", content), **more})


def keep(content: bytes, actor: Scope, **more: Any) -> IncomingFile:
    with row_scope.rows_of(actor):
        return taking.keep_file(file=io.BytesIO(content), name="paket.zip", actor=actor, **more)


def nothing_is_left() -> bool:
    return not (Arrival.objects.exists() or ImportUpload.objects.exists() or IncomingChunk.objects.exists())


def test_large_package_is_left_to_the_worker_whose_progress_the_page_shows(frida, content):
    kept = send(frida, content)
    file = IncomingFile.objects.get()
    assert kept["Location"] == f"{ARRIVALS}{file.pk}/"
    assert not Arrival.objects.exists()
    shown = frida.get(kept["Location"]).content.decode()
    assert f'hx-get="{ARRIVALS}{file.pk}/"' in shown
    assert "<noscript>" in shown
    assert kept["Location"] in frida.get(ARRIVALS).content.decode()
    work()
    arrival = Arrival.objects.select_related("upload").get()
    assert arrival.upload.state == UploadState.CHECKED
    assert (arrival.upload.preview or {})["created"] == 2
    assert arrival.received_by == file.user_name
    assert frida.get(kept["Location"])["Location"] == f"/{ACCOUNT}/2/customers/customer/import/{arrival.upload.pk}/"
    polled = frida.get(kept["Location"], headers={"hx-request": "true"})
    assert polled["HX-Redirect"].endswith(f"/import/{arrival.upload.pk}/")
    file.refresh_from_db()
    assert (file.state, 0 < file.done <= file.total) == (FileState.DONE, True)
    assert not IncomingChunk.objects.exists()


def test_small_one_at_a_large_base_is_left_to_the_worker_as_well(frida, there, content, monkeypatch):
    monkeypatch.setattr(taking, "DIRECT_BYTES", 1_000_000)
    monkeypatch.setattr(taking, "DIRECT_CUSTOMERS", -1)
    send(frida, content)
    assert IncomingFile.objects.count() == 1


def test_small_one_is_taken_in_while_one_waits(frida, content, monkeypatch):
    monkeypatch.setattr(taking, "DIRECT_BYTES", 1_000_000)
    assert "/import/" in send(frida, content)["Location"]
    assert not IncomingFile.objects.exists()


def test_password_is_asked_at_once_and_stored_nowhere(frida, content):
    word = "ein langes Kennwort"
    locked = b"".join(encrypting.encrypted(io.BytesIO(content), name="x.zip", password=word, at=timezone.now()))
    assert "Ask the sender for it." in send(frida, locked, password="falsches Kennwort").content.decode()
    assert not IncomingFile.objects.exists()
    send(frida, locked, password=word)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE args::text LIKE %s", [f"%{word}%"])
        assert cursor.fetchone() == (0,)
    work()
    assert Arrival.objects.count() == 1


def test_what_is_no_package_is_told_on_its_page_in_the_language_of_whoever_looks(frida, there):
    User.objects.filter(pk=there.user.pk if there.user else 0).update(language="de")
    address = send(frida, b"PK nothing")["Location"]
    work()
    assert "Diese Datei ist kein Paket." in frida.get(address, headers={"accept-language": "de"}).content.decode()
    assert "This file is no package." in frida.get(address, headers={"accept-language": "en"}).content.decode()
    assert frida.get(address, headers={"hx-request": "true"})["HX-Refresh"] == "true"
    assert nothing_is_left()
    assert jobs(taking.INCOMING.task) == [("succeeded", 1)]


def test_same_file_twice_at_once_is_taken_in_once_and_again_afterwards(frida, there, content):
    keep(content, there)
    with pytest.raises(ValidationError, match="is taking in this very file"):
        keep(content, there)
    assert "is taking in this very file" in send(frida, content).content.decode()
    assert IncomingFile.objects.count() == 1
    work()
    keep(content, there)
    work()
    assert Arrival.objects.count() == 2


def test_database_knows_a_file_that_is_under_way(there, content, monkeypatch):
    monkeypatch.setattr(taking, "_demand_first", lambda *_facts: None)
    keep(content, there)
    with pytest.raises(ValidationError, match="being taken in already"):
        keep(content, there)


def test_who_waits_is_cancelled_at_once(frida, content):
    address = send(frida, content)["Location"]
    assert frida.post(address)["Location"] == address
    assert "It was cancelled." in frida.get(address).content.decode()
    work()
    assert nothing_is_left()


def test_worker_hears_that_he_shall_stop(there, content, monkeypatch):
    """He has begun; the wish comes while he verifies."""
    file = keep(content, there)
    begin = taking._begin

    def begin_and_cancel(pk: str) -> IncomingFile | None:
        begun = begin(pk)
        with row_scope.rows_of(there):
            IncomingFile.objects.filter(pk=pk).update(is_cancelled=True)
        return begun

    monkeypatch.setattr(taking, "_begin", begin_and_cancel)
    tasks.take_in_file.func(incoming=str(file.pk), **for_somebody(there))
    file.refresh_from_db()
    assert file.state == FileState.CANCELLED
    assert nothing_is_left()


def test_worker_that_dies_in_the_middle_leaves_nothing_and_the_next_begins_anew(there, content, monkeypatch):
    file = keep(content, there)

    def die(**_facts: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(lifecycle, "start_check", die)
        with pytest.raises(SystemExit):
            tasks.take_in_file.func(incoming=str(file.pk), **for_somebody(there))
    file.refresh_from_db()
    assert (file.state, Arrival.objects.count()) == (FileState.RUNNING, 0)
    work()  # the job that still waits
    file.refresh_from_db()
    assert (file.state, Arrival.objects.count()) == (FileState.DONE, 1)
    tasks.take_in_file.func(incoming=str(file.pk), **for_somebody(there))
    assert Arrival.objects.count() == 1


def test_file_that_another_worker_has_begun_anew_is_left_to_him(there, content):
    file = keep(content, there)
    with row_scope.rows_of(there):
        mine = taking._begin(str(file.pk))
        assert mine is not None
        taking._begin(str(file.pk))
    with pytest.raises(Stopped):
        taking._take_in(mine, there)
    assert not Arrival.objects.exists()


@pytest.mark.parametrize("reason", ["broke", "given up", "nobody"])
def test_what_goes_wrong_is_told_in_the_language_of_whoever_reads_it(frida, there, content, monkeypatch, reason):
    """A German has sent it, and an English one looks."""
    User.objects.filter(pk=there.user.pk if there.user else 0).update(language="de")
    address = send(frida, content)["Location"]
    file = IncomingFile.objects.get()
    if reason == "given up":
        tell_given_up(taking.INCOMING.task, {"incoming": str(file.pk), **for_somebody(there)})
    else:
        if reason == "nobody":
            User.objects.filter(pk=file.user_id).update(is_active=False)
        monkeypatch.setattr(taking, "receive_package", lambda **_facts: 1 / 0)
        tasks.take_in_file.func(incoming=str(file.pk), **for_somebody(there))
        User.objects.filter(pk=file.user_id).update(is_active=True)
    frida.force_login(User.objects.get(pk=file.user_id))
    words = {"broke": "It broke off", "given up": "has given it up", "nobody": "may not work at this location"}[reason]
    assert words in frida.get(address).content.decode()
    assert nothing_is_left()


def test_rights_are_those_when_the_worker_comes(there, content):
    file = keep(content, there)
    with row_scope.without_scope(reason="a test takes a right", actor="a test"), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM mcp_organizationgrant USING auth_permission WHERE permission_id = auth_permission.id"
            " AND codename = %s AND organization_id = %s",
            [Right.IMPORT_CUSTOMERS.value, there.organization.pk],
        )
    work()
    file.refresh_from_db()
    assert file.state == FileState.FAILED
    assert nothing_is_left()
    fresh = access.scope_at(User.objects.get(pk=file.user_id), account_number=ACCOUNT, client_number=2)
    with pytest.raises(MissingRight):
        keep(content, fresh)


def test_nobody_else_sees_or_stops_the_file_of_another(cast, there, content, log_in):
    file = keep(content, there)
    assert log_in("sven").get(f"/20800/1/transitions/transition/arrivals/{file.pk}/").status_code == 404
    assert log_in("sven").post(f"{ARRIVALS}{file.pk}/").status_code == 404
    sven = cast.scope("sven", "Zentrale", 20800)
    with row_scope.rows_of(sven):
        taking.cancel(file=file, actor=sven)
    file.refresh_from_db()
    assert (file.state, file.is_cancelled) == (FileState.WAITING, False)


def test_list_of_withdrawals_takes_the_same_way(cast, frida, there, transition, content):
    imported(content, there)
    anna = cast.scope("anna", "Zentrale")
    consent(Consent.objects.filter(base=anna.base)[0].customer, given=False, at=timezone.now())
    said = make_list(transition=transition, actor=anna).read()
    address = send(frida, said)["Location"]
    assert IncomingFile.objects.get().is_list
    assert not Consent.objects.filter(base=there.base, is_given=False).exists()
    work()
    assert Consent.objects.filter(base=there.base, is_given=False).count() == 1
    assert frida.get(address, headers={"hx-request": "true"})["HX-Redirect"] == address
    followed = frida.get(address, follow=True)
    assert "The withdrawal of one customer is noted." in followed.content.decode()


def test_what_is_over_or_was_left_goes_after_a_day(there, content):
    keep(content, there)
    delete_expired_files.func(timestamp=0)
    assert IncomingFile.objects.count() == 1
    IncomingFile.objects.update(created_at=timezone.now() - taking.INCOMING.lifetime - timedelta(minutes=1))
    delete_expired_files.func(timestamp=0)
    assert not IncomingFile.objects.exists()
    assert nothing_is_left()


def test_queue_takes_the_files_of_a_base_one_after_the_other(there, content):
    keep(content, there)
    assert ProcrastinateJob.objects.get(task_name=taking.INCOMING.task).lock == f"incoming {there.base.pk}"


def test_large_files_count_as_uploads_of_the_person(cast, content, settings):
    settings.UPLOADS_A_DAY = {"files": 1, "megabytes": 100}
    ines = receiver(cast)
    with row_scope.rows_of(ines):
        taking.keep_file(file=io.BytesIO(content), name="a.zip", actor=ines)
        with pytest.raises(ValidationError) as refusal:
            taking.keep_file(file=io.BytesIO(content + b" "), name="b.zip", actor=ines)
    assert refusal.value.code == "quota_used_up"
    assert IncomingFile.objects.count() == 1
