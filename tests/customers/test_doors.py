"""The doors of imports and exports: what a floor above brings in, and what it takes out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from customers import exports, imports
from customers.choices import ConsentSource, MatchBy, UploadState
from customers.field_groups import FieldGroup
from customers.imports import Statement
from customers.models import Consent, Customer, ImportUpload
from customers.table import Reading
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.customers.people import customer
from tests.customers.transfer import applied, taken_out
from tests.worker import jobs

CONTENT = b"Kundennummer,Nachname,IBAN\n7,Meier,\n8,Schulz,\n"
TARGETS = ["customer_number", "last_name", "iban"]


@pytest.fixture
def anna(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Zentrale")
    return scope


def brought(actor: Scope, **more: Any) -> ImportUpload:
    given = {
        "name": "andere.csv", "content": [CONTENT], "targets": TARGETS, "reading": Reading(), "statements": [],
        "match": MatchBy.NOTHING, "is_numbered_by_sender": False, "groups": {},
        "origin": {"name": "Andere", "taken": []},
    }  # fmt: skip
    return imports.take_in(**{**given, **more}, actor=actor)


def without(scope: Scope, right: Right) -> Scope:
    return Scope(user=scope.user, location=scope.location, rights=scope.rights - {right})


def test_upload_is_made_in_which_everything_is_decided(anna):
    at = timezone.now() - timedelta(days=3)
    said = Statement(7, "newsletter", True, at, ConsentSource.FORM, "1", None, "Blatt 4", "Berta", 40200, False)
    upload = brought(anna, statements=[said])
    assert (upload.state, upload.choices["targets"], upload.choices["is_of_package"]) == (
        UploadState.UPLOADED, TARGETS, True,
    )  # fmt: skip
    imports.check(upload, anna)
    applied(ImportUpload.objects.get(pk=upload.pk), anna)
    assert sorted(Customer.objects.in_base(anna.base).values_list("customer_number", "last_name")) == [
        (7, "Meier"), (8, "Schulz"),
    ]  # fmt: skip
    kept = Consent.objects.get(base=anna.base)
    assert (kept.customer.last_name, kept.evidence, kept.at, kept.given_to) == ("Meier", "Blatt 4", at, 40200)


def test_worker_checks_what_was_brought(anna):
    upload = brought(anna)
    imports.have_checked(upload=upload, actor=anna)
    upload.refresh_from_db()
    assert upload.state == UploadState.CHECKING
    assert len(jobs("customers.imports.tasks.check_upload")) == 1


@pytest.mark.parametrize("right", [Right.IMPORT_CUSTOMERS, FieldGroup.BANK.right])
def test_who_brings_in_needs_the_rights_of_what_is_in_it(anna, right):
    with pytest.raises(MissingRight):
        brought(without(anna, right))
    assert not ImportUpload.objects.exists()


def test_what_the_contents_raise_keeps_nothing(anna):
    def broken() -> Any:
        yield from ()
        raise OSError("torn off")

    with pytest.raises(OSError, match="torn off"):
        brought(anna, statements=broken())
    assert not ImportUpload.objects.exists()


def test_copy_is_what_an_export_of_these_columns_is(anna, cast):
    customer(anna, last_name="Meier")
    customer(anna, last_name="Schulz")
    customer(cast.scope("sven", "Zentrale", 20800), last_name="Fremd")
    columns = ("customer_number", "last_name")
    with connection.cursor() as cursor:
        copied = exports.copy(customers=Customer.objects.all(), columns=columns, cursor=cursor, actor=anna)
        content = b"".join(copied)
        copied.close()
    assert (content, copied.rows) == (taken_out(anna, "plain", columns=columns), 2)
    assert "newsletter" not in exports.own_columns(anna)
    assert {"customer_number", "last_name", "iban"} <= set(exports.own_columns(anna))


def test_copy_needs_the_rights_of_what_is_in_it(anna):
    for right in (Right.EXPORT_CUSTOMERS, FieldGroup.BANK.right):
        with pytest.raises(MissingRight), connection.cursor() as cursor:
            exports.copy(customers=Customer.objects.all(), columns=("iban",), cursor=cursor, actor=without(anna, right))
