"""What the tests of consents in files share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pghistory

from customers.choices import ConsentSource
from customers.imports import lifecycle, preview, receive
from customers.models import Consent, Customer, ImportConsent, ImportUpload
from customers.operations import change_customer, register_customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope

MAY = datetime(2024, 5, 1, 10, tzinfo=UTC)
JUNE = datetime(2024, 6, 1, 10, tzinfo=UTC)
HEADINGS = ["Kundennummer", "Name", "Newsletter", "Newsletter am", "Weitergabe erlaubt", "Weitergabe erlaubt am"]


def known(anna: Scope, **values: Any) -> Customer:
    with pghistory.context(**anna.history()):
        return register_customer(customer=Customer(last_name="Meier", **values), actor=anna)


def said(customer: Customer, purpose: str = "newsletter", *, is_given: bool = True, at: datetime = MAY, **more: Any):
    """Recorded by somebody, whoever it is."""
    place = {"organization_id": customer.organization_id, "base_id": customer.base_id, "customer": customer}
    more = {"source": ConsentSource.FORM, "recorded_by": "Anna", **more}
    return Consent.objects.create(**place, purpose=purpose, is_given=is_given, at=at, **more)


def edited(customer: Customer, anna: Scope) -> None:
    customer = Customer.objects.get(pk=customer.pk)
    customer.city = "Bonn"
    with pghistory.context(**anna.history()):
        change_customer(customer=customer, seen_at=customer.changed_at, actor=anna)


def recorded(**which: Any) -> list[tuple[int, str, bool, int | None]]:
    return list(
        Consent.objects.filter(**which)
        .order_by("customer__customer_number", "purpose", "at", "is_given")
        .values_list("customer__customer_number", "purpose", "is_given", "receiver")
    )


def besides(
    anna: Scope, content: bytes, *statements: tuple[int, str, bool, datetime, int | None], targets: Any = None,
    **choices: str,
) -> ImportUpload:  # fmt: skip
    """A checked file with statements besides its rows."""
    upload = receive.receive_upload(name="customers.csv", content=content, actor=anna)
    for number, purpose, is_given, at, receiver in statements:
        ImportConsent.objects.create(
            base=anna.base, file=upload, customer_number=number, purpose=purpose, is_given=is_given, at=at,
            receiver=receiver, source=ConsentSource.TILL, wording_version="3", evidence="Kasse 1", recorded_by="Bodo",
        )  # fmt: skip
    receive.choose_columns(
        upload=upload, targets=targets or upload.choices["targets"], reading=lifecycle.reading_of(upload), actor=anna,
        **choices,
    )  # fmt: skip
    lifecycle.check_upload(upload=upload, actor=anna)
    return upload


def figures(upload: ImportUpload) -> dict[str, Any]:
    names = ("created", "changed", "unchanged", "rejected", "consents")
    return {name: (upload.result or upload.preview or {})[name] for name in names}


def shown(upload: ImportUpload, scope: Scope) -> list[list[tuple[str, str, str]]]:
    """The differences of each changed row."""
    with row_scope.rows_of(scope):
        rows = preview.changed(upload, scope)
    return [[(one.label, one.old, one.new) for one in row.differences] for row in rows]
