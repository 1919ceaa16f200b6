"""The invoices of a run that are printed, because they are not mailed: one PDF of all of them, in parts."""

from __future__ import annotations

import io
from collections.abc import Sequence

from accounting.choices import DocumentFormat, InvoiceKind
from accounting.invoicing.making import document_of
from accounting.models import Invoice, InvoiceRun
from accounting.querysets import InvoiceQuerySet
from accounting.unmailed import not_mailed

AT_ONCE = 100
"""So many invoices are in a PDF; of a larger run there are several."""


def to_print(run: InvoiceRun) -> InvoiceQuerySet:
    """The invoices of the run that stand and are not mailed."""
    standing = Invoice.objects.filter(base=run.base_id, run=run, kind=InvoiceKind.INVOICE, is_cancelled=False)
    return standing.filter(not_mailed())


def printed_in_part(run: InvoiceRun, part: int) -> Sequence[Invoice]:
    """Those in this part, the first one of which is 1, by their numbers."""
    return list(to_print(run).order_by("year", "sequence")[(part - 1) * AT_ONCE : part * AT_ONCE])


def merged(invoices: Sequence[Invoice]) -> bytes:
    """Their PDFs behind one another, without the XML in them."""
    from pypdf import PdfReader, PdfWriter  # noqa: PLC0415 - only for this page

    writer = PdfWriter()
    for one in invoices:
        for page in PdfReader(io.BytesIO(document_of(one, DocumentFormat.PDF))).pages:
            writer.add_page(page)
    content = io.BytesIO()
    writer.write(content)
    return content.getvalue()
