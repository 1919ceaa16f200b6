"""Of somebody who stands in every column nothing is left: the whole database is dumped and searched, unpacked."""

from __future__ import annotations

import gzip
import io
import os
import re
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pghistory
import pytest
from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from customers.cards.operations import assign_card, block_card, replace_card
from customers.choices import TRANSFER, BulkKind, CardReason, ConsentSource
from customers.erasure.erasing import erase_customer
from customers.exports import files
from customers.exports.writer import Order
from customers.models import BulkChange, Customer, CustomerExport, ExportChunk, SavedFilter
from customers.operations import change_customer, register_customer
from files import chunks, lifecycle
from launch import init_cluster
from tests.customers.people import bears, customer, says
from tests.customers.transfer import applied, checked, table
from tests.transitions.moving import exit_in
from transitions.choices import TransitionState
from transitions.models import Package
from transitions.package.lifecycle import PACKAGES

pytestmark = pytest.mark.django_db(transaction=True)
CANARY = "quarzvogel"
"""Stands in every text of his, in small letters and without anything that one would have to fold."""
NUMBER = 8_712_345
_OF_THE_DATABASE = {"organization", "base", "home_location", "customer_group", "search_text", "sort_name"}


def text_of(field: Any) -> str:
    """The canary in a column, in its format."""
    if isinstance(field, models.EmailField):
        return f"{CANARY}@example.com"
    if isinstance(field, models.URLField):
        return f"https://{CANARY}.example.com/"
    return f"{CANARY} {field.name}"[: field.max_length or 200]


def person() -> Customer:
    shaped = {
        "country": "DE", "language": "de", "payment_method": "cash", "iban": "DE89370400440532013000", "vat_id": "",
        "bic": "COBADEFFXXX", "postal_code": "20095", "is_blocked": True, "birthday_without_year": "",
        "mobile": "+491708712345", "phone_private": "+49408712345", "phone_business": "+49408712346",
        "fax": "+49408712347", "archived_reason": "", "customer_number": NUMBER,
    }  # fmt: skip
    texts = {
        field.name: text_of(field)
        for field in Customer._meta.concrete_fields
        if isinstance(field, (models.CharField, models.TextField)) and field.name not in shaped | dict.fromkeys(
            _OF_THE_DATABASE
        )
    }  # fmt: skip
    return Customer(**texts, **shaped)


@pytest.fixture
def flensburg(cast):
    """Where he is registered; all numbers are given there."""
    scope = cast.scope("anna", "Flensburg")
    connection.cursor().execute(
        "UPDATE locations_location SET number_range = '[8000000, 9000000)' WHERE id = %s", [scope.location.pk]
    )
    return cast.scope("anna", "Flensburg")


@pytest.fixture
def vogel(cast, flensburg, monkeypatch):
    """He stands everywhere: his own tables, files of every kind, imports, bulk changes, filters, and a package."""
    anna = cast.scope("anna", "Zentrale")
    with pghistory.context(**flensburg.history()):
        row = register_customer(customer=person(), actor=flensburg)
        row.memo, row.email = f"{CANARY} wieder", f"{CANARY}@example.org"
        row.is_blocked = False  # else he would not be carried over
        row.former_numbers = [f"{CANARY}-1"]
        change_customer(customer=row, actor=flensburg)
        card = assign_card(customer=row.pk, number="VOGEL-1", actor=flensburg)
        block_card(card=card.pk, reason=CardReason.LOST, actor=flensburg)
        replace_card(card=assign_card(customer=row.pk, number="VOGEL-2", actor=flensburg).pk, number="VOGEL-3",
                     actor=flensburg)  # fmt: skip
        bears(row, f"{CANARY}-2")
        yesterday = timezone.now() - timedelta(days=1)
        says(flensburg, row, TRANSFER, True, at=yesterday, evidence=f"{CANARY} Ordner 3", source=ConsentSource.FORM)
    _imports(flensburg, row)
    _typed(flensburg, row)
    export = files.demand_export(order=Order(profile="xlsx", columns=("customer_number", "last_name")), query="",
                                 total=1, actor=flensburg)  # fmt: skip
    lifecycle.make(files.EXPORTS, pk=str(export.pk), actor=flensburg)
    customer(flensburg, last_name="Bleibt")
    exit_in(cast, TransitionState.EXECUTED)
    package = Package.objects.get()
    lifecycle.make(PACKAGES, pk=str(package.pk), actor=cast.system("Zentrale"))
    return anna, Customer.objects.get(pk=row.pk)


def _imports(scope: Any, row: Customer) -> None:
    """He was changed by a file, stands in one that waits, and in one that nobody has read yet."""
    changing = table(["Kundennummer", "Nachname", "Memo"], [row.customer_number, f"{CANARY} Datei", f"{CANARY} m"])
    applied(checked(scope, changing, name="a.csv"), scope)
    checked(scope, table(["Nachname", "E-Mail"], [f"{CANARY} anders", f"{CANARY}@example.com"]), name="b.csv")
    checked(scope, table(["Kundennummer", "Nachname", "E-Mail"], [NUMBER, CANARY, f"{CANARY} at"]), name="c.csv")


def _typed(scope: Any, row: Customer) -> None:
    owner = {"organization": scope.organization, "base": scope.base, "user": scope.user}
    SavedFilter.objects.create(**owner, name=f"{CANARY} last_name", query=f"q={CANARY}+last_name")
    gone = SavedFilter.objects.create(**owner, name="Fort", query=f"q={CANARY}%40example.org")
    gone.delete()
    BulkChange.objects.create(**owner, location=scope.location, kind=BulkKind.ARCHIVE, customers=[row.pk],
                              query=f"q={CANARY}%40example.org")  # fmt: skip
    export, file = files.make_now(order=Order(profile="plain", columns=("last_name",)), query=f"q={NUMBER}",
                                  customers=Customer.objects.filter(pk=row.pk), actor=scope)  # fmt: skip
    chunks.store(ExportChunk, file=export, content=[gzip.compress(file.read())])
    file.close()


# --- the dump ---------------------------------------------------------------------------------------------------


def dumped() -> dict[str, str]:
    """Each table as pg_dump writes it, with what is packed in it unpacked."""
    to: Any = connection.get_connection_params()
    program = init_cluster.programs() / "bin" / "pg_dump"
    environment = {**os.environ, "PGPASSWORD": str(to.get("password") or "")}
    superuser = os.environ.get("TEST_SUPERUSER", "postgres")
    command = [str(program), "--data-only", "-h", to["host"], "-p", str(to["port"]), "-U", superuser, to["dbname"]]
    text = subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode()
    found: dict[str, str] = {}
    for part in re.finditer(r"^COPY public\.(\w+) .*? FROM stdin;\n(.*?)^\\\.$", text, re.M | re.S):
        found[part[1]] = part[2] + "".join(_unpacked(part[2]))
    return found


def _unpacked(text: str) -> Iterator[str]:
    for packed in re.findall(r"\\\\x([0-9a-f]{8,})", text):
        yield from _texts(bytes.fromhex(packed))


def _texts(content: bytes) -> Iterator[str]:
    yield content.decode("utf-8", "replace")
    if content[:2] == b"\x1f\x8b":
        yield from _texts(gzip.decompress(content))
    elif zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from _texts(archive.read(name))


def hits(row_id: int, uid: UUID) -> dict[str, list[str]]:
    """By table what of him is there."""
    sought = [CANARY, str(NUMBER), "708712345", "40871234", "DE89370400440532013000", "VOGEL-", str(uid)]
    return {
        name: there
        for name, text in dumped().items()
        if (there := [one for one in sought if one.lower() in text.lower()])
    }


def test_nothing_of_him_is_left_in_a_dump(vogel):
    anna, row = vogel
    before = hits(row.pk, row.uid)
    assert before.keys() >= {
        "customers_customer", "customers_customerevent", "customers_card", "customers_cardevent", "customers_consent",
        "customers_consentevent", "customers_formernumber", "customers_formernumberevent", "customers_disclosednumbers",
        "customers_customerexport", "customers_exportchunk", "customers_importupload", "customers_importchunk",
        "customers_importrow", "customers_importverdict", "customers_bulkchange", "customers_savedfilterevent",
        "transitions_transitioncustomer", "transitions_packagechunk",
    }  # fmt: skip
    made = CustomerExport.objects.filter(sha256__gt="").count()
    erase_customer(customer=row.pk, reason="Wunsch", actor=anna)
    assert hits(row.pk, row.uid) == {}
    assert CustomerExport.objects.filter(sha256__gt="").count() == made
    assert settings.TOMBSTONE_KEY not in str(dumped())
