"""What a package holds, how the worker makes it, and who can fetch it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from customers.choices import TRANSFER
from customers.models import Customer
from customers.operations import archive_customers, change_customer
from files import chunks
from files.choices import FileState
from files.lifecycle import delete_expired, fetch, is_ready, is_under_way, make
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.customers.people import customer, group, tag
from tests.states import set_back
from tests.transitions.carrying import consent, content_of, executed, made, members
from tests.transitions.moving import ACCOUNT as NEW
from tests.transitions.moving import GROUND, exit_in, named, second
from transitions import operations
from transitions.archive.package_format import CONSENT_COLUMNS, MEMBERS
from transitions.choices import FieldGroup, Reason, TransitionState
from transitions.models import Package, PackageChunk, PackageDownload, Transition
from transitions.package import lifecycle
from transitions.package.lifecycle import PACKAGES, packages_of, request_package

ALLOWED, MOMENT = "Erlaubt", datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def people(anna):
    """One who allows the transfer, and one for each reason against."""
    kind = group(anna, "Stammgast")
    kind.price_level, kind.discount = 3, "7.50"
    kind.save()
    tag(anna, "VIP")
    tag(anna, "Ungenutzt")
    allowed = customer(
        anna, last_name=ALLOWED, first_name="Zoë", memo="Erste\nZweite", customer_group=kind, tags=["VIP"]
    )
    consent(allowed, at=MOMENT, wording_version="2026-1", evidence="=Ordner 7")
    consent(allowed, purpose="newsletter", given=False, source="till")
    consent(customer(anna, last_name="Widerrufen"), given=False)
    consent(customer(anna, last_name="Anderer"), receiver=77777)
    consent(customer(anna, last_name="Blockade", is_blocked=True))
    gone = customer(anna, last_name="Altkunde")
    consent(gone)
    archive_customers(customers=[gone.pk], reason="Verzogen", actor=anna)
    customer(anna, last_name="Stumm")
    return allowed


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode())))


def test_package_holds_who_allows_it_and_what_belongs_to_him(cast, anna, people):
    files = members(content_of(made(executed(cast), anna)))
    assert sorted(files) == sorted(MEMBERS)
    headings, *customers = rows_of(files["customers.csv"])
    assert [row[headings.index("Nachname")] for row in customers] == [ALLOWED]
    assert customers[0][headings.index("Notiz")] == "Erste\nZweite"
    by, said = "Anna Andresen", rows_of(files["consents.csv"])
    assert said == [
        list(CONSENT_COLUMNS),
        ["1", TRANSFER, "erteilt", "2026-03-01T12:30:15.123456+00:00", "form", "2026-1", "", "'=Ordner 7", by, "6", ""],
        ["1", "newsletter", "widerrufen", said[2][3], "till", "", "", "", by, "6", ""],
    ]
    assert rows_of(files["groups.csv"]) == [["Kundengruppe", "Preisebene", "Rabatt %"], ["Stammgast", "3", "7.50"]]
    assert rows_of(files["tags.csv"]) == [["Schlagwort"], ["VIP"]]


def test_manifest_says_everything_that_is_to_be_known(cast, anna, people):
    transition = executed(cast)
    files = members(content_of(made(transition, anna)))
    manifest = json.loads(files["manifest.json"])
    assert (manifest["format"], manifest["version"]) == ("stammhaus-package", 4)
    assert manifest["transition"] == str(transition.pk)
    assert manifest["from"] == {
        "account_number": 10400, "name": "Nordlicht Bäckereien", "location": {"client_number": 6, "name": "Flensburg"},
    }  # fmt: skip
    assert manifest["to"] == {"account_number": NEW, "client_number": 2, "name": "Flensburger Backstube"}
    assert (manifest["basis"], manifest["ground"], manifest["confirmed_by"], manifest["made_by"]) == (
        "consent", GROUND, "Zoe Zweite", "Anna Andresen",
    )  # fmt: skip
    assert manifest["field_groups"] == ["bank", "memo", "loss", "credit"]
    assert manifest["counts"] == {"customers": 1, "consents": 2, "groups": 1, "tags": 1}
    assert manifest["files"] == {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in files.items()
        if name != "manifest.json"
    }


def test_readme_tells_in_both_languages_what_to_do(cast, anna, people):
    text = members(content_of(made(executed(cast), anna)))["LIESMICH.txt"].decode()
    assert "Enthalten sind 1 Kunden und 2 Erklärungen" in text
    assert "It holds 1 customers and 2 statements" in text
    assert text.count("40200") == 4


def test_nothing_of_the_others_is_in_it(cast, anna, people):
    whole = b"".join(members(content_of(made(executed(cast), anna))).values()).decode()
    assert not [
        name for name in ("Widerrufen", "Anderer", "Blockade", "Altkunde", "Stumm", "Ungenutzt") if name in whole
    ]


def test_whom_the_group_has_left_out_and_why_stays_with_the_group(cast, anna, people):
    """Neither numbers nor how many: who was left out is of no concern to the receiver."""
    transition = executed(cast)
    assert (transition.result or {})["left_out"] == 5
    files = members(content_of(made(transition, anna)))
    manifest = json.loads(files["manifest.json"])
    assert "left_out" not in str(manifest)
    assert not {"2", "3", "4", "5", "6"} & {row[0] for row in rows_of(files["customers.csv"])}
    for name in ("LIESMICH.txt", "manifest.json"):
        text = files[name].decode()
        reasons = set(Reason.values) - {Reason.OTHER_LOCATION}  # the word stands for the place that has left
        assert not [reason for reason in reasons if f'"{reason}"' in text]
        assert "nicht enthalten" not in text


@pytest.mark.parametrize(
    ("chosen", "there"),
    [
        ([], set()),
        (["bank"], {"IBAN", "BIC", "Bank"}),
        (["memo"], {"Notiz"}),
        (["loss", "credit"], {"Verlustgrund", "Kreditlimit"}),
        (FieldGroup.values, {"IBAN", "BIC", "Bank", "Notiz", "Verlustgrund", "Kreditlimit"}),
    ],
)
def test_fields_go_along_that_were_chosen(cast, anna, people, chosen, there):
    asked = exit_in(cast, TransitionState.REVIEWED)
    named(asked, anna, field_groups=chosen)
    operations.confirm(transition=asked, actor=second(anna))
    operations.execute(transition=asked, at=timezone.now(), actor=anna)
    headings = set(rows_of(members(content_of(made(asked, anna)))["customers.csv"])[0])
    assert headings & {"IBAN", "BIC", "Bank", "Notiz", "Verlustgrund", "Kreditlimit"} == there
    assert {"Kundennummer", "Nachname", "E-Mail", "Zahlungsart"} <= headings


def test_who_withdraws_after_the_execution_is_left_out_and_who_agrees_then_does_not_come_in(cast, anna, people):
    transition = executed(cast)
    consent(people, given=False, at=timezone.now())
    consent(Customer.objects.get(last_name="Stumm"), at=timezone.now())
    files = members(content_of(made(transition, anna)))
    assert [len(rows_of(files[name])) for name in ("customers.csv", "consents.csv")] == [1, 1]


# --- the worker -----------------------------------------------------------------------------------------------------


def ordered(transition: Transition) -> Package:
    return Package.objects.get(transition=transition, state=FileState.WAITING)


@pytest.mark.django_db(transaction=True)
def test_worker_makes_it_in_pieces_and_the_same_again(cast, anna, people, monkeypatch):
    monkeypatch.setattr(chunks, "PIECE", 500)
    row = ordered(executed(cast))
    make(PACKAGES, pk=str(row.pk), actor=Scope.of_system(anna.location, name="the worker"))
    row.refresh_from_db()
    first = content_of(row)
    assert (row.state, row.total, row.done, row.size) == (FileState.DONE, 1, 1, len(first))
    assert row.sha256 == hashlib.sha256(first).hexdigest()
    assert row.chunks.count() > 2
    set_back(row, state=FileState.RUNNING, sha256="")
    PackageChunk.objects.filter(file=row, position__gt=0).delete()  # as a killed worker leaves it
    make(PACKAGES, pk=str(row.pk), actor=Scope.of_system(anna.location, name="the worker"))
    assert content_of(row) == first
    request_package(transition=row.transition, actor=anna)
    again = ordered(row.transition)
    make(PACKAGES, pk=str(again.pk), actor=Scope.of_system(anna.location, name="the worker"))
    assert (again.chunks.exists(), row.chunks.exists()) == (True, False)


@pytest.mark.django_db(transaction=True)
def test_worker_that_was_overtaken_writes_nothing_more(cast, anna, people, monkeypatch):
    row, pieces = ordered(executed(cast)), chunks.of_size

    def slowly(content):
        for piece in pieces(content):
            Package.objects.filter(pk=row.pk).update(state_since=timezone.now() + timedelta(seconds=5))
            yield piece

    monkeypatch.setattr(chunks, "of_size", slowly)
    make(PACKAGES, pk=str(row.pk), actor=Scope.of_system(anna.location, name="the worker"))
    row.refresh_from_db()
    assert (row.state, row.chunks.count()) == (FileState.RUNNING, 0)


@pytest.mark.django_db(transaction=True)
def test_what_breaks_off_is_told(cast, anna, people, monkeypatch):
    row = ordered(executed(cast))
    monkeypatch.setattr(lifecycle, "Packing", lambda *given: 1 / 0)
    make(PACKAGES, pk=str(row.pk), actor=Scope.of_system(anna.location, name="the worker"))
    row.refresh_from_db()
    assert (row.state, str(row.failure)) == (
        FileState.FAILED, "The package could not be made. Have it made anew; if it happens again, tell support.",
    )  # fmt: skip


# --- ordering and fetching ------------------------------------------------------------------------------------------


def test_package_is_made_anew_until_the_process_is_closed(cast, anna, people):
    transition = executed(cast)
    with pytest.raises(ValidationError, match="is being made already"):
        request_package(transition=transition, actor=anna)
    first = made(transition, anna)
    before = members(content_of(first))["customers.csv"]
    request_package(transition=transition, actor=anna)
    again = made(transition, anna)
    assert members(content_of(again))["customers.csv"] == before
    assert not first.chunks.exists()  # whoever has withdrawn since would still be in it
    assert [is_ready(PACKAGES, one, now=timezone.now()) for one in packages_of(transition)] == [True, False]
    Transition.objects.filter(pk=transition.pk).update(state=TransitionState.CLOSED)
    with pytest.raises(ValidationError, match="until the process is closed"):
        request_package(transition=transition, actor=anna)


def test_only_whoever_may_carry_over_orders_and_fetches(cast, anna, people):
    row = made(executed(cast), anna)
    weak = Scope(user=anna.user, location=anna.location, rights=frozenset(Right) - {Right.CARRY_OVER})
    for call in (
        lambda: request_package(transition=row.transition, actor=weak),
        lambda: fetch(PACKAGES, row, actor=weak),
    ):
        with pytest.raises(MissingRight):
            call()
    assert not PackageDownload.objects.exists()


def test_download_is_noted_and_logged(cast, anna, people, caplog):
    row = made(executed(cast), anna)
    caplog.clear()
    caplog.set_level(logging.INFO, logger="stammhaus.package")
    with fetch(PACKAGES, row, actor=anna) as file:
        assert hashlib.sha256(file.read()).hexdigest() == row.sha256
    [download] = PackageDownload.objects.all()
    assert (download.file, download.user_id, download.user_name) == (row, anna.user.pk, "Anna Andresen")
    assert caplog.messages == [
        f"'Anna Andresen' fetched package {row.pk} of transition {row.transition_id}: 1 customers, sha256 {row.sha256}"
    ]


def test_package_expires_after_fourteen_days(cast, anna, people):
    row = made(executed(cast), anna)
    now = timezone.now()
    assert is_ready(PACKAGES, row, now=now)
    assert not is_ready(PACKAGES, row, now=now + timedelta(days=14, minutes=1))
    assert delete_expired(PACKAGES, now=now + timedelta(days=13)) == 0
    assert delete_expired(PACKAGES, now=now + timedelta(days=15)) > 0
    again: Any = packages_of(row.transition).get(pk=row.pk)
    assert (again.is_kept, again.sha256) == (False, row.sha256)
    with pytest.raises(ValidationError, match="made anew"):
        fetch(PACKAGES, again, actor=anna)


def test_later_edits_do_not_reach_into_a_made_package(cast, anna, people):
    row = made(executed(cast), anna)
    before = content_of(row)
    people.city = "Anderswo"
    change_customer(customer=people, actor=anna)
    assert content_of(row) == before


def test_package_whose_task_was_given_up_is_made_anew(cast, anna, people):
    transition = executed(cast)
    left = ordered(transition)
    assert is_under_way(PACKAGES, left)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE task_name = %s", [PACKAGES.task])
    assert not is_under_way(PACKAGES, left)
    request_package(transition=transition, actor=anna)
    states = Package.objects.filter(transition=transition).order_by("created_at").values_list("state", flat=True)
    assert list(states) == [FileState.FAILED, FileState.WAITING]
