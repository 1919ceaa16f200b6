"""What one person may upload in a day, at whichever location, and also with many files at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django.utils.formats import date_format

from customers.imports.receive import receive_upload
from customers.models import ImportChunk, ImportUpload
from files.quota import DAY, QuotaUsedUp
from mcp.isolation import row_scope

pytestmark = pytest.mark.django_db
HERE = "/10400/1/customers/customer/import/"
FILE = b"Kundennummer;Name\r\n" + b";Gast\r\n" * 100
MEGABYTE = 1024**2


def sent(client, content: bytes = FILE):
    return client.post(HERE, {"file": SimpleUploadedFile("gaeste.csv", content)}, headers={"Accept-Language": "en"})


def test_so_many_files_and_no_more(log_in, settings):
    settings.UPLOADS_A_DAY = {"files": 2, "megabytes": 100}
    anna = log_in("anna")
    assert [sent(anna).status_code for _ in range(2)] == [302, 302]
    refused = sent(anna)
    assert refused.status_code == 200
    assert "at most 2 files with 100 MB together in 24 hours" in refused.content.decode()


def test_so_many_bytes_and_nothing_of_what_is_too_much_is_kept(cast, log_in, settings):
    settings.UPLOADS_A_DAY = {"files": 100, "megabytes": 1}
    anna = log_in("anna")
    assert sent(anna, FILE * 1000).status_code == 302
    with row_scope.rows_of(cast.scope("anna", "Zentrale")):
        before = (ImportUpload.objects.count(), ImportChunk.objects.count())
        assert 0.6 * MEGABYTE < ImportUpload.objects.get().size < MEGABYTE
    assert sent(anna, FILE * 1000).status_code == 200
    assert sent(anna).status_code == 302
    with row_scope.rows_of(cast.scope("anna", "Zentrale")):
        assert (ImportUpload.objects.count(), ImportChunk.objects.count()) == (before[0] + 1, before[1] + 1)


def test_other_people_have_room_of_their_own(cast, settings):
    settings.UPLOADS_A_DAY = {"files": 1, "megabytes": 1}
    for who, where, business in (("anna", "Zentrale", 10400), ("sven", "Zentrale", 20800), ("ines", "Dresden", 30100)):
        scope = cast.scope(who, where, business)
        with row_scope.rows_of(scope):
            receive_upload(name="a.csv", content=FILE, actor=scope)


def test_second_location_is_the_same_day(cast, settings):
    settings.UPLOADS_A_DAY = {"files": 1, "megabytes": 1}
    first, second = cast.scope("anna", "Zentrale"), cast.scope("anna", "Hamburg")
    with row_scope.rows_of(first):
        receive_upload(name="a.csv", content=FILE, actor=first)
    with row_scope.rows_of(second), pytest.raises(QuotaUsedUp):
        receive_upload(name="a.csv", content=FILE, actor=second)


def test_a_day_later_there_is_room_and_the_sentence_says_when(cast, settings):
    settings.UPLOADS_A_DAY = {"files": 1, "megabytes": 1}
    scope = cast.scope("anna", "Zentrale")
    with row_scope.rows_of(scope):
        upload = receive_upload(name="a.csv", content=FILE, actor=scope)
        began = timezone.now() - timedelta(hours=23)
        ImportUpload.objects.filter(pk=upload.pk).update(created_at=began)
        with pytest.raises(QuotaUsedUp) as refusal:
            receive_upload(name="a.csv", content=FILE, actor=scope)
        assert date_format(timezone.localtime(began + DAY), "SHORT_DATETIME_FORMAT") in " ".join(refusal.value.messages)
        ImportUpload.objects.filter(pk=upload.pk).update(created_at=timezone.now() - DAY)
        receive_upload(name="a.csv", content=FILE, actor=scope)
