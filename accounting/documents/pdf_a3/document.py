"""The whole PDF. Equal content and XML give equal bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from django.utils.translation import gettext as _
from django.utils.translation import override

from accounting.documents.contents import InvoiceContent, Issuer
from accounting.documents.formats import in_fours
from accounting.documents.pdf_a3.fonts import faces_for
from accounting.documents.pdf_a3.letter import put_letter
from accounting.documents.pdf_a3.lines import put_lines
from accounting.documents.pdf_a3.metadata import xml_name
from accounting.documents.pdf_a3.sheets import Foot, Sheets
from accounting.documents.pdf_a3.sums import put_payment, put_sums


def as_pdf(content: InvoiceContent, xml: bytes) -> bytes:
    """The invoice as PDF/A-3b in the language of the content, with this XML (of `cii.as_xml`) inside."""
    with override(content.language):
        sheets = Sheets(content, faces_for("".join(_texts(content))), _foot(content.issuer))
        sheets.add_page()
        y = put_letter(sheets, content)
        y = put_lines(sheets, content, y + 4)
        y = put_sums(sheets, content, y)
        put_payment(sheets, content, y)
        sheets.embed_file(
            bytes=xml,
            basename=xml_name(content),
            desc=_("The invoice as XML"),
            mime_type="text/xml",
            associated_file_relationship="Alternative",
            modification_date=sheets.creation_date,
            compress=True,
        )
        return bytes(sheets.output())


def _texts(part: object) -> Iterator[str]:
    """Each text somewhere in the content."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from _texts(one)
    elif is_dataclass(part):
        for field in fields(part):
            yield from _texts(getattr(part, field.name))


def _foot(issuer: Issuer) -> Foot:
    """Below each page: who, how to reach them, the bank, taxes; then what the law wants of a company."""
    address = issuer.address
    columns = (
        (issuer.name, address.street, address.addition, f"{address.postcode} {address.city}"),
        (issuer.phone, issuer.email),
        (
            issuer.bank,
            f"IBAN {in_fours(issuer.iban)}" if issuer.iban else "",
            f"BIC {issuer.bic}" if issuer.bic else "",
        ),
        (
            _("VAT ID %(number)s") % {"number": issuer.vat_id} if issuer.vat_id else "",
            _("Tax number %(number)s") % {"number": issuer.tax_number} if issuer.tax_number else "",
        ),
    )
    return Foot(tuple(tuple(line for line in column if line) for column in columns), issuer.legal_details)
