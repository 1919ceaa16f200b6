"""The PDF and the XML of invoices: made once from the rows, kept with their SHA-256, and the same for ever."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from accounting.choices import DocumentFormat
from accounting.documents.cii import as_xml
from accounting.invoicing.contents import content_of
from accounting.invoicing.running import running
from accounting.models import Invoice, InvoiceDocument, InvoiceRun
from mcp.isolation import access, row_scope
from mcp.isolation.scope import Scope

AT_ONCE = 20
"""Invoices in one transaction: about a second, and a few hundred kB."""
FIRST = UUID(int=0)


def document_of(invoice: Invoice, kind: DocumentFormat) -> bytes:
    """The document as it was made; it is made now where nobody has yet. The caller has entered the scope."""
    found = _kept(invoice, kind)
    if found is None:
        keep_documents([invoice])
        found = _kept(invoice, kind)
    assert found is not None  # noqa: S101 - it was kept just now, by us or by somebody else
    return found


def make_documents(run: UUID, *, after: UUID, actor: Scope, most: int = AT_ONCE) -> UUID | None:
    """Make the documents of the next invoices of a running run, in one transaction; the id of the last one of them, or
    None where there is none after `after`. Those that are made stay as they are.

    Raises Stopped where the run no longer runs, NothingThere, or ValidationError for one that cannot be made.
    """
    with row_scope.rows_of(actor):
        one = running(run, actor)
        invoices = list(Invoice.objects.filter(base=one.base_id, run=one, pk__gt=after).order_by("pk")[:most])
        keep_documents(invoices)
        made = InvoiceDocument.objects.filter(base=one.base_id, invoice__run=one, format=DocumentFormat.PDF)
        if not invoices:
            InvoiceRun.objects.filter(base=one.base_id, pk=one.pk).update(documented=made.count())
            return None
        InvoiceRun.objects.filter(base=one.base_id, pk=one.pk).update(documented=one.documented + len(invoices))
        access.demand_still(actor)
        return UUID(str(invoices[-1].pk))


def keep_documents(invoices: Sequence[Invoice]) -> None:
    """Make and keep what is missing of these invoices. Of two who do so at once one is kept."""
    of_all = [one.pk for one in invoices]
    known = InvoiceDocument.objects.filter(invoice__in=of_all, format=DocumentFormat.PDF)
    made = set(known.values_list("invoice", flat=True))
    for one in invoices:
        if one.pk not in made:
            _make(one)


def _make(invoice: Invoice) -> None:
    from accounting.documents.pdf_a3 import as_pdf  # noqa: PLC0415 - its library takes as long to load as all of ours

    content = content_of(invoice)
    xml = as_xml(content)
    with connection.cursor() as cursor:
        for kind, made in ((DocumentFormat.XML, xml), (DocumentFormat.PDF, as_pdf(content, xml))):
            cursor.execute(
                "SELECT accounting_keep_document(%s, %s, %s, %s)", [invoice.base_id, invoice.pk, kind.value, made]
            )


def _kept(invoice: Invoice, kind: DocumentFormat) -> bytes | None:
    rows = InvoiceDocument.objects.filter(base=invoice.base_id, invoice=invoice, format=kind)
    found = rows.values_list("content", flat=True).first()
    return None if found is None else bytes(found)
