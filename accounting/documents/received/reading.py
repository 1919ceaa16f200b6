"""A file of somebody as an invoice."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from accounting.documents.received.cii_reading import ROOT as CII
from accounting.documents.received.cii_reading import read_cii
from accounting.documents.received.invoice import ReceivedInvoice
from accounting.documents.received.problems import Unreadable
from accounting.documents.received.safe_xml import tree_of
from accounting.documents.received.ubl_names import CREDIT_NOTE, INVOICE
from accounting.documents.received.ubl_reading import read_ubl

MOST_BYTES = 20 * 1024 * 1024
_ZUGFERD_1 = "{urn:ferd:CrossIndustryDocument:invoice:1p0}CrossIndustryDocument"


def read(data: bytes) -> ReceivedInvoice:
    """The invoice in an XML or a PDF. Raises Unreadable with the reason."""
    if len(data) > MOST_BYTES:
        raise Unreadable("too_large", most=MOST_BYTES // 1024 // 1024)
    if not data.strip():
        raise Unreadable("empty")
    if b"%PDF-" in data[:1024]:
        from accounting.documents.received.pdf import xml_of_pdf  # noqa: PLC0415 - its library loads for a PDF alone

        name, xml = xml_of_pdf(data)
        return replace(_read_xml(xml), attachment=name)
    return _read_xml(data)


def _read_xml(xml: bytes) -> ReceivedInvoice:
    root = tree_of(xml)
    if root.tag == CII:
        return read_cii(root)
    if root.tag in {INVOICE, CREDIT_NOTE}:
        return read_ubl(root)
    if root.tag == _ZUGFERD_1:
        raise Unreadable("too_old")
    raise Unreadable("not_an_invoice", name=etree.QName(root).localname[:40])
