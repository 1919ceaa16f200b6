"""What the database keeps about consents, whoever writes and by whatever path."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, transaction
from django.utils import timezone

from customers.choices import TRANSFER, ConsentSource, UploadState
from customers.models import Consent, ConsentPurpose, Customer, ImportUpload
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.customers.people import customer, purpose, says
from tests.locations.refusals import refused_by, run
from tests.states import in_state

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def scope(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def row(scope):
    return customer(scope)


def statement(scope, row, **changes):
    values = {
        "organization": scope.organization, "base": scope.base, "location": scope.location, "customer": row,
        "purpose": "newsletter", "is_given": True, "at": NOON, "source": ConsentSource.FORM, "recorded_by": "Anna",
    }  # fmt: skip
    return Consent(**{**values, **changes})


def upload(scope, state):
    place = {"organization": scope.organization, "base": scope.base, "location": scope.location, "user": scope.user}
    return in_state(ImportUpload, **place, name="kunden.csv", state=state)


BROKEN: dict[str, Callable[[Any], dict[str, Any]]] = {
    "consent_receiver_of_transfer": lambda cast: {"receiver": 40200},
    "consent_source_known": lambda cast: {"source": "pigeon"},
    "consent_not_ahead_of_time": lambda cast: {"at": timezone.now() + timedelta(hours=1)},
    "consent_purpose_of_organization": lambda cast: {"purpose": "nirgends"},
    "consent_location_of_organization": lambda cast: {"location": cast.location("München", 20800)},
    "consent_base_of_organization": lambda cast: {"organization": cast.organization(20800), "location": None},
    "consent_customer_in_base": lambda cast: {"customer": customer(cast.scope("sven", "München", 20800))},
    "consent_upload_in_base": lambda cast: {
        "upload": upload(Scope.of_system(cast.location("Lübeck"), name="test"), UploadState.UPLOADED)
    },
}


@pytest.mark.parametrize("constraint", BROKEN)
def test_rule_holds_on_every_path(cast, scope, row, constraint):
    broken = statement(scope, row, **BROKEN[constraint](cast))
    with refused_by(constraint):
        Consent.objects.bulk_create([broken])


@pytest.mark.parametrize("receiver", [0, 1_000_000_000, -1])
def test_receiver_is_an_account_number(scope, row, receiver):
    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.bulk_create([statement(scope, row, purpose=TRANSFER, receiver=receiver)])


def test_purpose_of_another_business_is_unknown(cast, scope, row):
    foreign = purpose(cast.scope("sven", "München", 20800), "kantine")
    with refused_by("consent_purpose_of_organization"):
        Consent.objects.bulk_create([statement(scope, row, purpose=foreign.code)])


@pytest.mark.parametrize("receiver", [None, 40200])
def test_same_statement_is_there_once(scope, row, receiver):
    twice = [statement(scope, row, purpose=TRANSFER, receiver=receiver) for _time in range(2)]
    with refused_by("consent_said_once"):
        Consent.objects.bulk_create(twice)


CHANGES = ({"is_given": False}, {"evidence": "nachgetragen"}, {"at": NOON}, {"upload": None})


@pytest.mark.usefixtures("as_owner")
def test_statement_is_never_changed_by_the_owner_of_the_table_either(scope, row):
    with row_scope.rows_of(scope):
        says(scope, row, "newsletter", True)
        for change in CHANGES:
            with refused_by("consent_stays"):
                Consent.objects.update(**change)


def test_web_role_may_not_even_try_to_change_a_statement(scope, row):
    says(scope, row, "newsletter", True)
    for change in CHANGES:
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Consent.objects.update(**change)


@pytest.mark.parametrize("state", [None, UploadState.APPLIED, UploadState.UNDONE])
def test_statement_is_never_deleted(scope, row, state):
    Consent.objects.bulk_create([statement(scope, row, upload=upload(scope, state) if state else None)])
    with refused_by("consent_stays"):
        Consent.objects.all().delete()
    with refused_by("consent_stays"):
        run("DELETE FROM customers_consent")


def test_statement_of_an_import_goes_when_it_is_undone(scope, row):
    Consent.objects.bulk_create([statement(scope, row, upload=upload(scope, UploadState.UNDOING))])
    says(scope, row, "newsletter", True)
    Consent.objects.exclude(upload=None).delete()
    assert Consent.objects.count() == 1


def test_customer_with_a_statement_stays(scope, row):
    says(scope, row, "newsletter", True)
    with refused_by("customer_not_deleted"):
        run("DELETE FROM customers_customer WHERE id = %s", row.pk)
    assert Customer.objects.filter(pk=row.pk).exists()


def test_purpose_keeps_its_code_and_its_business(cast, scope):
    made = purpose(scope, "post")
    for change in ({"code": "brief"}, {"organization": cast.organization(20800)}):
        with refused_by("customers_consentpurpose_immutable"):
            ConsentPurpose.objects.filter(pk=made.pk).update(**change)


def test_purpose_that_was_used_is_not_deleted(scope, row):
    made = purpose(scope, "post")
    says(scope, row, made.code, True)
    with refused_by("consent_purpose_of_organization"):
        run("DELETE FROM customers_consentpurpose WHERE id = %s", made.pk)


def test_statements_stand_in_the_history(scope, row):
    says(scope, row, "newsletter", True)
    event = apps.get_model("customers", "ConsentEvent").objects.get()
    assert (event.pgh_label, event.customer_id, event.purpose, event.is_given) == ("insert", row.pk, "newsletter", True)
