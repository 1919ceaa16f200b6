"""Large files of the bank are read by the worker: whole or not at all, once, and told on the page of statements."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from accounting.models import BankEntry, BankFile, BankFileChunk, BankStatement
from accounting.payments import ReadFile, bank_files
from accounting.payments.bank_files import files_of, is_small, take_statement
from accounting.tasks import read_bank_file
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import OrganizationGrant
from tests.accounting.accounts import on_its_own
from tests.accounting.bank_files import file_of, own_account, paid
from tests.accounting.test_account_pages import german
from tests.customers.test_cards_at_once import at_once

TASK = "accounting.tasks.read_bank_file"
PAGE = "/10400/1/accounting/accountterms/bank/"
CONTENT = file_of(paid("2.00"), paid("3.00"))


@pytest.fixture
def anna(cast, monkeypatch) -> Scope:
    monkeypatch.setattr(bank_files, "DIRECT_XML", 10)
    scope: Scope = cast.scope("anna", "Zentrale")
    own_account(scope)
    return scope


def jobs() -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = %s ORDER BY id", [TASK])
        return [json.loads(args) if isinstance(args, str) else args for (args,) in cursor.fetchall()]


def sent(scope: Scope, content: bytes = CONTENT) -> ReadFile | BankFile:
    return take_statement(file=io.BytesIO(content), name="auszug.xml", actor=scope)


def packed(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", True), (b"<a>" + b" " * 1024**2, False), (b"<a>" + b" " * 1024, True), (b"a;b\n" * 100, True),
        (b"a;b\n" * 100_000, False), (packed(b"<a>" + b" " * 2 * 1024**2), False), (packed(b"<a/>"), True),
        (b"PK no archive", True), (b"\xef\xbb\xbf<a>" + b" " * 300 * 1024, True),
    ],
)  # fmt: skip
def test_a_file_is_large_by_what_is_in_it(content, expected):
    file = io.BytesIO(content)
    assert is_small(file) is expected
    assert file.read() == content


@pytest.mark.django_db
def test_large_file_waits_for_the_worker_and_is_read_once(anna):
    kept = sent(anna)
    assert isinstance(kept, BankFile)
    assert (kept.state, BankStatement.objects.count(), BankFileChunk.objects.count()) == ("waiting", 0, 1)
    with pytest.raises(ValidationError) as refused:
        sent(anna)
    assert refused.value.code == "bank_file_under_way"
    [job] = jobs()
    read_bank_file(**job)
    kept.refresh_from_db()
    assert (kept.state, kept.new, kept.known) == ("done", 2, 0)
    assert (BankEntry.objects.count(), BankFileChunk.objects.count()) == (2, 0)
    read_bank_file(**job)  # a job that comes twice does nothing
    again = sent(anna)
    assert isinstance(again, BankFile)
    read_bank_file(**jobs()[-1])
    again.refresh_from_db()
    assert (again.state, again.new, again.known, BankEntry.objects.count()) == ("done", 0, 2, 2)


@pytest.mark.django_db
def test_small_file_is_read_at_once(anna, monkeypatch):
    monkeypatch.setattr(bank_files, "DIRECT_XML", 1024**2)
    done = sent(anna)
    assert isinstance(done, ReadFile)
    assert (done.new, jobs(), BankFile.objects.count()) == (2, [], 0)


@pytest.mark.django_db
def test_what_is_wrong_with_a_file_is_told_and_nothing_of_it_stays(anna):
    sent(anna, file_of(paid("1.00"), iban="DE02120300000000202051"))
    [job] = jobs()
    read_bank_file(**job)
    kept = BankFile.objects.get()
    assert (kept.state, BankStatement.objects.count(), BankFileChunk.objects.count()) == ("failed", 0, 0)
    assert "DE02120300000000202051" in str(kept.failure)


@pytest.mark.django_db
def test_rights_are_asked_when_it_is_sent_and_when_it_is_read(anna):
    poor = Scope(user=anna.user, location=anna.location, rights=anna.rights - {Right.COLLECT_PAYMENTS})
    with pytest.raises(MissingRight):
        sent(poor)
    sent(anna)
    OrganizationGrant.objects.filter(permission__codename=Right.COLLECT_PAYMENTS).delete()
    [job] = jobs()
    read_bank_file(**job)
    assert (BankFile.objects.get().state, BankEntry.objects.count()) == ("failed", 0)


@pytest.mark.django_db
def test_file_of_a_location_with_accounts_of_its_own_is_seen_there_alone(anna, cast):
    on_its_own(cast, "Bremen")
    bremen, stranger = cast.scope("anna", "Bremen"), cast.scope("sven", "Zentrale", 20800)
    own_account(bremen)
    sent(bremen)
    for scope, many in ((bremen, 1), (anna, 0), (stranger, 0)):
        with row_scope.rows_of(scope):
            assert (files_of(scope).count(), BankFileChunk.objects.count()) == (many, many)
    [job] = jobs()
    read_bank_file(**job)
    with row_scope.rows_of(bremen):
        assert set(BankEntry.objects.values_list("owner_key", flat=True)) == {bremen.location.pk}


@pytest.mark.django_db
def test_page_says_how_far_it_is_and_then_what_it_has_brought(anna, log_in):
    client = german(log_in("anna"))
    file = SimpleUploadedFile("auszug.xml", CONTENT)
    page = client.post(f"{PAGE}read/", {"file": file}, follow=True).content.decode()
    assert "auszug.xml: wird gelesen" in page
    assert 'hx-trigger="every 2s"' in page
    read_bank_file(**jobs()[0])
    assert client.get(PAGE, headers={"hx-request": "true"})["HX-Refresh"] == "true"
    page = client.get(PAGE).content.decode()
    assert "auszug.xml: 2 Umsätze sind neu." in page
    assert 'hx-trigger="every 2s"' not in page


@pytest.mark.django_db(transaction=True)
def test_two_who_send_the_same_file_at_once_have_it_read_once(anna):
    told = at_once(anna, *(lambda: sent(anna) for _person in range(3)))
    assert told == ["", "bank_file_under_way", "bank_file_under_way"]
    [job] = jobs()
    read_bank_file(**job)
    assert BankEntry.objects.count() == 2
