"""Where a customer stands besides his own tables: files, imports, bulk changes, saved filters, hand-overs."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.choices import DisclosureKind, UploadState
from customers.erasure.person import Person, typed_in
from customers.erasure.places import Place, register
from customers.exports.files import EXPORTS
from customers.imports.former_number_sql import OF_SENDER
from customers.imports.lifecycle import UNDER_WAY, delete_expired, hold
from customers.models import (
    BulkChange,
    Card,
    Consent,
    Customer,
    CustomerExport,
    CustomerMembership,
    Disclosure,
    ExportChunk,
    FormerNumber,
    ImportChunk,
    ImportDecision,
    ImportUpload,
    ImportVerdict,
    SavedFilter,
)
from customers.models.narrowing import Narrowing
from customers.tombstones import PHONES
from files import lifecycle
from files.choices import FileState
from mcp.stored_sentences import stored_sentence

_Event: Any = Customer._meta.get_field("history").related_model
_SavedFilterEvent: Any = SavedFilter._meta.get_field("history").related_model
STOPPED = stored_sentence(
    "export_stopped_by_erasure",
    _("A customer was erased for good while this file was being made. Order it again."),
)


def _of(customer: Customer) -> dict[str, Any]:
    return {"base": customer.base_id, "customer": customer.pk}


# --- exports ----------------------------------------------------------------------------------------------------


def _unfinished(customer: Customer) -> Q:
    """Of whom an export is that is not done nobody knows. What is there of it goes."""
    return Q(base=customer.base_id) & ~Q(state=FileState.DONE)


def _exports_with(customer: Customer) -> Q:
    handed = Disclosure.objects.of_customer(customer).filter(kind=DisclosureKind.EXPORT)
    return Q(base=customer.base_id, pk__in=handed.order_by().values("source"))


def _count_exports(customer: Customer) -> int:
    chunks = ExportChunk.objects.filter(base=customer.base_id).values("file")
    return CustomerExport.objects.filter(_exports_with(customer) | _unfinished(customer), pk__in=chunks).count()


def _empty_exports(customer: Customer) -> None:
    """The bytes go of each file in which he is. One that is being made is stopped; its record stays, and its hash."""
    lifecycle.stop(EXPORTS, CustomerExport.objects.filter(_unfinished(customer), state=FileState.RUNNING),
                   state=FileState.FAILED, reason=STOPPED())  # fmt: skip
    with_him = CustomerExport.objects.filter(_exports_with(customer) | _unfinished(customer))
    ExportChunk.objects.filter(base=customer.base_id, file__in=with_him.values("pk")).delete()


# --- imports ----------------------------------------------------------------------------------------------------


def _uploads_with(customer: Customer) -> list[ImportUpload]:
    """Stored files in which he is, and those of which nobody knows: not read yet or not whole, or applied already.

    One that is being read or waits to be applied is like one that comes later: he is rejected from it, and it is gone
    within a day.
    """
    stored = ImportUpload.objects.filter(base=customer.base_id, cleared_at=None).exclude(state__in=UNDER_WAY)
    person = Person(customer)
    return [upload for upload in stored if upload.state != UploadState.CHECKED or _is_in(upload, person)]


_IN_ROWS = f"""
    SELECT EXISTS (
        SELECT FROM customers_import_rows r WHERE r.upload = %(upload)s AND (
            r.problems IS NOT NULL OR r.uid = %(uid)s OR r.email = ANY(%(emails)s) OR r.iban = ANY(%(ibans)s)
            OR r.former_numbers && %(former)s::text[]
            OR NOT %(is_of_sender)s AND r.customer_number = %(number)s
            OR r.last_name = ANY(%(last_names)s) OR r.company = ANY(%(companies)s) OR r.alias = ANY(%(aliases)s)
            OR {" OR ".join(f"r.{name} = ANY(%(phones)s)" for name in PHONES)}
        )
    )
"""
"""Whether a row says something that he has or had; his name alone is enough. One that could not be read may be his."""


def _is_in(upload: ImportUpload, person: Person) -> bool:
    customer = person.customer
    about = {"base": upload.base_id, "file": upload, "customer_id": customer.pk}
    if ImportVerdict.objects.filter(**about).exists() or ImportDecision.objects.filter(**about).exists():
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            _IN_ROWS,
            {
                "upload": upload.pk, "uid": customer.uid, "number": customer.customer_number,
                "is_of_sender": bool(upload.choices.get(OF_SENDER)), "emails": list(person.said["email"]),
                "ibans": list(person.said["iban"]), "former": [*person.former_numbers, str(customer.customer_number)],
                "last_names": list(person.said["last_name"]), "companies": list(person.said["company"]),
                "aliases": list(person.said["alias"]), "phones": list(person.phones),
            },
        )  # fmt: skip
        return bool(cursor.fetchone()[0])


def _count_uploads(customer: Customer) -> int:
    chunks = set(ImportChunk.objects.filter(base=customer.base_id).values_list("file", flat=True).distinct())
    return sum(upload.pk in chunks for upload in _uploads_with(customer))


def _clear_uploads(customer: Customer) -> None:
    for upload in _uploads_with(customer):
        if (held := hold(upload)) is not None:
            delete_expired(upload=held)


# --- what somebody has typed ------------------------------------------------------------------------------------


def filters_naming(customer: Customer) -> set[int]:
    """Saved filters that name him, those that are deleted as well: their history has what was typed."""
    person = Person(customer)
    rows = [
        *SavedFilter.objects.filter(base=customer.base_id).values_list("pk", "name", "query"),
        *_SavedFilterEvent.objects.filter(base=customer.base_id).values_list("pgh_obj_id", "name", "query").distinct(),
    ]
    return {pk for pk, name, query in rows if person.is_named_in(name, *typed_in(query))}


def _changes_naming(customer: Customer) -> set[Any]:
    person = Person(customer)
    rows = BulkChange.objects.filter(base=customer.base_id).exclude(query="", word="")
    return {
        pk for pk, query, word in rows.values_list("pk", "query", "word") if person.is_named_in(word, *typed_in(query))
    }


def _exports_naming(customer: Customer) -> set[Any]:
    person = Person(customer)
    rows = CustomerExport.objects.filter(base=customer.base_id).exclude(choices__query="")
    found = rows.values_list("pk", "choices__query")
    return {pk for pk, query in found if person.is_named_in(*typed_in(query or ""))}


def _count_searches(customer: Customer) -> int:
    return len(filters_naming(customer)) + len(_changes_naming(customer)) + len(_exports_naming(customer))


def _forget_searches(customer: Customer) -> None:
    """What was searched for goes from the records of exports and bulk changes; the records stay."""
    exports = CustomerExport.objects.filter(base=customer.base_id, pk__in=_exports_naming(customer))
    for export in exports:
        export.choices, export.narrowed_by = {**export.choices, "query": ""}, Narrowing()
        export.save(update_fields=["choices", "narrowed_by"])
    changes = BulkChange.objects.filter(base=customer.base_id, pk__in=_changes_naming(customer))
    # One that is held waits for its turn, which is ours.
    free = changes.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True)
    changes.filter(pk__in=list(free)).update(query="", word="", narrowed_by=Narrowing())


# --- to whom he belongs, and who belongs to him -----------------------------------------------------------------


def _count_memberships(customer: Customer) -> int:
    either = Q(member=customer.pk) | Q(of=customer.pk)
    return CustomerMembership.objects.filter(either, base=customer.base_id).count()


def _forget_memberships(customer: Customer) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT customers_forget_memberships(%s, %s)", [customer.base_id, customer.pk])


# --- all of them, in the order in which they are told -----------------------------------------------------------

register(Place(name="cards", label=_("Cards"), count=lambda one: Card.objects.filter(**_of(one)).count()))
register(Place(name="consents", label=_("Statements about consents"),
               count=lambda one: Consent.objects.filter(**_of(one)).count()))  # fmt: skip
register(Place(name="former_numbers", label=_("Former customer numbers"),
               count=lambda one: FormerNumber.objects.filter(**_of(one)).count()))  # fmt: skip
register(Place(name="memberships", label=_("Memberships, his own and those of his members"),
               count=_count_memberships, remove=_forget_memberships))  # fmt: skip
register(Place(name="history", label=_("Entries of the history"),
               count=lambda one: _Event.objects.filter(base=one.base_id, pgh_obj_id=one.pk).count()))  # fmt: skip
register(Place(name="disclosures", label=_("Hand-overs that forget his number"),
               count=lambda one: Disclosure.objects.of_customer(one).count()))  # fmt: skip
register(Place(name="exports", label=_("Exported files that lose their content"),
               count=_count_exports, remove=_empty_exports))  # fmt: skip
register(Place(name="imports", label=_("Imported files that lose their content"),
               count=_count_uploads, remove=_clear_uploads))  # fmt: skip
register(Place(name="searches", label=_("Saved filters and searches that name him"),
               count=_count_searches, remove=_forget_searches))  # fmt: skip
