"""Exports that the worker makes, and what becomes of their files."""

import hashlib
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from customers.exports import files, tasks
from customers.exports.files import delete_file, demand_export, exports_of
from customers.exports.writer import Making, Order
from customers.models import Customer, CustomerExport, ExportChunk
from files import chunks
from files.choices import FileState
from files.lifecycle import delete_expired, make
from mcp.models import Membership
from mcp.worker.somebody import for_somebody
from spreadsheets.writing import INCOMPLETE
from tests.customers.people import customer
from tests.customers.transfer import kept_export, taken_out

ORDER = Order(profile="plain", columns=("customer_number", "last_name"))
PAGE = "/10400/1/customers/customer/export/"
EXPORTS = "/10400/1/customers/customer/export/files/"


@pytest.fixture
def anna(cast):
    scope = cast.scope("anna", "Zentrale")
    for name in ("Meier", "Schulz", "Weber"):
        customer(scope, last_name=name)
    return scope


def waiting(scope, query: str = "", order: Order = ORDER) -> CustomerExport:
    return demand_export(order=order, query=query, total=3, actor=scope)


def state_of(export: CustomerExport) -> tuple[str, int]:
    """Its state, and how many pieces of it are kept."""
    export.refresh_from_db()
    return export.state, ExportChunk.objects.filter(file=export).count()


def meanwhile(monkeypatch, call) -> None:
    """Let `call` happen before each piece is kept."""
    pieces = chunks.of_size

    def slowly(content):
        for piece in pieces(content):
            call()
            yield piece

    monkeypatch.setattr(chunks, "of_size", slowly)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("profile", ["excel-de", "plain", "xlsx", "jsonl"])
def test_worker_makes_the_same_file_in_pieces(anna, monkeypatch, profile):
    monkeypatch.setattr(chunks, "PIECE", 50)
    export = waiting(anna, order=Order(profile=profile, columns=("customer_number", "last_name")))
    seen = []
    meanwhile(monkeypatch, lambda: seen.append((state_of(export)[1], export.state)))
    tasks.make_export.func(export=str(export.pk), **for_somebody(anna))
    state, pieces = state_of(export)
    content = b"".join(chunks.read(ExportChunk, file=export))
    assert (state, export.total, export.done) == (FileState.DONE, 3, 3)
    assert pieces > 1
    assert seen == [(position, FileState.RUNNING) for position in range(pieces)]
    assert (export.size, export.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    if profile != "xlsx":  # which holds the time
        assert content == taken_out(anna, profile, columns=ORDER.columns)


@pytest.mark.django_db(transaction=True)
def test_list_is_filtered_by_the_worker_as_on_the_screen(anna):
    export = waiting(anna, query="q=schulz")
    make(files.EXPORTS, pk=str(export.pk), actor=anna)
    assert b"".join(chunks.read(ExportChunk, file=export)).decode().splitlines()[1:] == ["2,Schulz"]


@pytest.mark.django_db(transaction=True)
def test_filter_that_is_gone_meanwhile_fails_the_export(anna):
    export = waiting(anna, query="group=77")
    make(files.EXPORTS, pk=str(export.pk), actor=anna)
    assert state_of(export) == (FileState.FAILED, 0)
    assert str(export.failure) == "What the list was filtered by does not exist any more."


@pytest.mark.django_db(transaction=True)
def test_cancelled_export_stops_and_leaves_nothing(anna, monkeypatch):
    monkeypatch.setattr(chunks, "PIECE", 10)
    export = waiting(anna)
    meanwhile(monkeypatch, lambda: delete_file(export=export, actor=anna))
    make(files.EXPORTS, pk=str(export.pk), actor=anna)
    assert state_of(export) == (FileState.CANCELLED, 0)


@pytest.mark.django_db(transaction=True)
def test_killed_worker_is_followed_by_one_that_begins_anew(anna):
    export = waiting(anna)
    CustomerExport.objects.filter(pk=export.pk).update(state=FileState.RUNNING, done=2)
    for position in range(3):
        ExportChunk.objects.create(base=anna.base, file=export, position=position, content=b"half")
    make(files.EXPORTS, pk=str(export.pk), actor=anna)
    assert state_of(export) == (FileState.DONE, 1)
    assert b"".join(chunks.read(ExportChunk, file=export)) == taken_out(anna, "plain", columns=ORDER.columns)
    make(files.EXPORTS, pk=str(export.pk), actor=anna)  # what is done is not made again
    assert state_of(export) == (FileState.DONE, 1)


@pytest.mark.django_db(transaction=True)
def test_worker_that_was_overtaken_writes_nothing_more(anna, monkeypatch):
    export = waiting(anna)
    later = timezone.now() + timedelta(seconds=5)
    meanwhile(monkeypatch, lambda: CustomerExport.objects.filter(pk=export.pk).update(state_since=later))
    make(files.EXPORTS, pk=str(export.pk), actor=anna)
    assert state_of(export) == (FileState.RUNNING, 0)


@pytest.mark.django_db(transaction=True)
def test_right_that_is_lost_meanwhile_fails_the_export(anna, cast, monkeypatch):
    export = waiting(anna)
    meanwhile(monkeypatch, lambda: Membership.objects.filter(user=anna.user).delete())
    make(files.EXPORTS, pk=str(export.pk), actor=cast.scope("anna", "Zentrale"))
    assert state_of(export) == (FileState.FAILED, 0)
    assert "Export customers" in str(export.failure)


@pytest.mark.django_db(transaction=True)
def test_export_of_somebody_who_was_deactivated_fails(anna):
    export = waiting(anna)
    anna.user.is_active = False
    anna.user.save()
    tasks.make_export.func(export=str(export.pk), **for_somebody(anna))
    assert state_of(export) == (FileState.FAILED, 0)


def test_file_is_its_users_at_its_location_alone_and_each_download_is_noted(anna, log_in, caplog):
    export = kept_export(anna)
    address = f"{EXPORTS}{export.pk}/download/"
    with caplog.at_level("INFO", "stammhaus.export"):
        page = log_in("anna").post(address)
    assert (page.status_code, page.getvalue()) == (200, b"a\n1\n")
    assert page["Content-Disposition"] == f'attachment; filename="{export.name}"'
    assert list(export.downloads.values_list("user_name", flat=True)) == ["Anna Andresen"]
    assert export.sha256 in caplog.messages[-1]
    for who, elsewhere in (("bodo", address), ("anna", address.replace("/10400/1/", "/10400/2/"))):
        assert log_in(who).post(elsewhere).status_code in {403, 404}
    assert export.downloads.count() == 1


def test_download_asks_for_the_right_again(anna, log_in):
    export, client = kept_export(anna), log_in("anna")
    Membership.objects.filter(user=anna.user).delete()
    assert client.post(f"{EXPORTS}{export.pk}/download/").status_code == 403


def test_bytes_are_deleted_after_a_day_and_the_record_stays(anna, log_in):
    export, now = kept_export(anna), timezone.now()
    assert delete_expired(files.EXPORTS, now=now + timedelta(hours=23)) == 0
    assert state_of(export)[1] == 1
    delete_expired(files.EXPORTS, now=now + timedelta(hours=25))
    assert state_of(export) == (FileState.DONE, 0)
    page = log_in("anna").post(f"{EXPORTS}{export.pk}/download/", follow=True)
    assert "not there any more" in page.content.decode()


def test_expired_file_is_refused_before_it_is_deleted(anna, log_in):
    export = kept_export(anna)
    CustomerExport.objects.filter(pk=export.pk).update(state_since=timezone.now() - files.LIFETIME)
    assert log_in("anna").post(f"{EXPORTS}{export.pk}/download/").status_code == 302
    assert export.downloads.count() == 0


def test_long_list_is_made_by_the_worker_and_its_page_asks_again(anna, log_in, monkeypatch):
    monkeypatch.setattr(files, "DIRECT_ROWS", 2)
    client = log_in("anna")
    answer = client.post(f"{PAGE}?q=meier&archived=all", {"format": "plain", "column": ["last_name"]})
    assert answer.status_code == 200  # one row is made at once
    answer = client.post(PAGE, {"format": "plain", "column": ["last_name"]})
    export = exports_of(anna).get(state=FileState.WAITING)
    assert (answer.status_code, answer["Location"]) == (302, f"{EXPORTS}{export.pk}/")
    page = client.get(answer["Location"])
    assert page["Refresh"] == "1"
    CustomerExport.objects.filter(pk=export.pk).update(state=FileState.RUNNING, done=1)
    assert "33 %: 1 of 3 customers" in client.get(answer["Location"]).content.decode()
    assert client.post(answer["Location"]).status_code == 302
    assert state_of(export) == (FileState.CANCELLED, 0)
    assert "Refresh" not in client.get(answer["Location"])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args ->> 'export' FROM procrastinate_jobs WHERE task_name = 'customers.exports.tasks.make_export'"
        )
        assert cursor.fetchall() == [(str(export.pk),)]


def test_list_of_exports_holds_the_own_ones_with_their_filter_in_words(anna, log_in):
    client = log_in("anna")
    client.post(f"{PAGE}?q=meier", {"format": "plain", "column": ["last_name"]})
    page = client.get(EXPORTS).content.decode()
    assert "Search: meier" in page
    assert "customers-1-" in page
    assert "customers-1-" not in log_in("anna").get(EXPORTS.replace("/1/", "/2/")).content.decode()


def test_facts_name_who_where_what_and_the_hash(anna, log_in):
    export = kept_export(anna)
    sheet = log_in("anna").get(f"{EXPORTS}{export.pk}/facts/")
    lines = dict(line.split(": ", 1) for line in sheet.content.decode().splitlines())
    assert lines["SHA-256"] == export.sha256
    assert lines["Exported by"] == "Anna Andresen"
    assert lines["Columns"] == "Kundennummer, Nachname"


def test_file_that_breaks_off_says_so_in_its_last_line(anna, monkeypatch):
    def broken(self, customers, cursor):
        yield b"1\tMeier\n"
        raise DatabaseError

    monkeypatch.setattr(Making, "_blocks", broken)
    making, written = Making(anna, ORDER), b""
    with connection.cursor() as cursor:
        parts = making.parts(Customer.objects.none(), cursor)
        with suppress(DatabaseError):
            for part in parts:
                written += part
    assert written.decode().splitlines()[1:] == ["1,Meier", f'"{INCOMPLETE}"']


def test_system_has_no_exports_of_its_own(anna, cast):
    kept_export(anna)
    assert not exports_of(cast.system("Zentrale")).exists()


# --- what the format cannot hold ----------------------------------------------------------------------------------

LONG = "x" * 32_768
SAID = "“Memo” of customer {} has 32768 characters, and a cell of an Excel workbook holds 32767."


@pytest.mark.django_db
def test_whose_text_no_cell_of_a_workbook_holds_is_named_on_the_page(anna, log_in):
    row = customer(anna, last_name="Lang", memo=LONG)
    browser = log_in("anna")
    order = {"column": ["customer_number", "memo"], "shown": "4"}
    answer = browser.post(PAGE, order | {"format": "xlsx"})
    assert (answer.status_code, SAID.format(row.customer_number) in answer.content.decode()) == (200, True)
    answer = browser.post(PAGE, {"column": ["memo"], "shown": "4", "format": "xlsx"})
    assert "“Memo” of one of the customers has 32768 characters" in answer.content.decode()
    assert not CustomerExport.objects.exists()
    assert "attachment" in browser.post(PAGE, order | {"format": "plain"})["Content-Disposition"]


@pytest.mark.django_db(transaction=True)
def test_whose_text_no_cell_of_a_workbook_holds_is_named_where_the_worker_makes_the_file(anna):
    row = customer(anna, last_name="Lang", memo=LONG)
    export = waiting(anna, order=Order(profile="xlsx", columns=("customer_number", "memo")))
    make(files.EXPORTS, pk=str(export.pk), actor=anna)
    assert state_of(export) == (FileState.FAILED, 0)
    assert f"of customer {row.customer_number} has 32768 characters" in str(export.failure)
