"""E-invoices of others: read as they stand, doubted where they do not fit, refused with a reason where they harm."""

from __future__ import annotations

import io
import re
import time
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils.translation import override
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from accounting.documents.cii import as_xml
from accounting.documents.pdf_a3 import as_pdf
from accounting.documents.received import MOST_BYTES, Unreadable, doubts_about, read
from accounting.documents.received.safe_xml import MOST_DEEP, MOST_ELEMENTS, MOST_XML_BYTES
from tests.accounting.documents.expected import told
from tests.accounting.documents.invoices import STANDARD, any_invoice, cancellation, invoice
from tests.accounting.documents.ubl import as_ubl
from tests.proofs.sampling import examples

XML = as_xml(invoice())
PDF = as_pdf(invoice(), XML)


def refused(data: bytes) -> str:
    with pytest.raises(Unreadable) as refusal:
        read(data)
    with override("de"):
        assert str(refusal.value.messages[0])
    assert refusal.value.code
    return refusal.value.code


def ubl(seed: int) -> tuple[bytes, object]:
    content = any_invoice(seed)
    expected = told(content, syntax="UBL")
    if content.cancels:  # a credit note of UBL has no day by which to pay of its own
        content = replace(content, due_on=None)
    return as_ubl(content, terms=expected.terms, notes=expected.content.notes), expected


@pytest.mark.sample("UBL of invoices", most=8)
@pytest.mark.parametrize("seed", range(80))
def test_ubl_is_read_as_cii_is(seed):
    xml, expected = ubl(seed)
    assert read(xml) == expected
    assert doubts_about(read(xml)) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_xml_is_read_in_each_encoding(encoding):
    text = XML.decode().replace("encoding='UTF-8'", f"encoding='{encoding}'").replace("€", "EUR")
    assert read(text.encode(encoding)).content == told(invoice()).content


def test_spaces_and_a_mark_before_the_xml_do_no_harm():
    assert read(b"\xef\xbb\xbf" + XML) == told(invoice())


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"Rechnung 17: 28,50 Euro", "not_xml"),
        (b"PK\x03\x04 a spreadsheet", "not_xml"),
        (XML[:-20], "not_xml"),
        (b"<a xmlns:b='c'><d:e/></a>", "not_xml"),
        (b"<?xml version='1.0' encoding='nothing'?><a/>", "not_xml"),
        (b"<html><body>Rechnung</body></html>", "not_an_invoice"),
        (b"<CrossIndustryInvoice/>", "not_an_invoice"),
        (b"<x:CrossIndustryDocument xmlns:x='urn:ferd:CrossIndustryDocument:invoice:1p0'/>", "too_old"),
        (b"%PDF-1.7\nno more", "broken_pdf"),
        (PDF[:400], "broken_pdf"),
        (b" " * (MOST_BYTES + 1), "too_large"),
        (b"<a>" + b" " * MOST_XML_BYTES + b"</a>", "too_large"),
        (XML.replace(b"GrandTotalAmount>28.50", b"GrandTotalAmount>28,50"), "bad_value"),
        (XML.replace(b"GrandTotalAmount>28.50", b"GrandTotalAmount>NaN"), "bad_value"),
        (XML.replace(b"GrandTotalAmount>28.50", b"GrandTotalAmount>1e99"), "bad_value"),
        (XML.replace(b'"102">20260331', b'"102">20261331'), "bad_value"),
        (XML.replace(b"CategoryCode>S", b"CategoryCode>Q"), "bad_value"),
        (re.sub(rb"<ram:IssueDateTime>.*?</ram:IssueDateTime>", b"", XML, flags=re.DOTALL), "no_value"),
    ],
    ids=(
        "empty", "blank", "text", "zip", "cut", "prefix", "encoding", "html", "no namespace", "ZUGFeRD 1", "no PDF",
        "cut PDF", "large", "large XML", "comma", "NaN", "exponent", "day", "category", "no day",
    ),
)  # fmt: skip
def test_what_is_no_invoice_is_refused_with_its_reason(data, code):
    assert refused(data) == code


LAUGHS = "".join(f"<!ENTITY l{at} '{f'&l{at - 1};' * 10}'>" for at in range(1, 10))


@pytest.mark.parametrize(
    "kind",
    [
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/evil.dtd'>",
        f"<!DOCTYPE a [<!ENTITY l0 'ha'>{LAUGHS}]>",
        "<!DOCTYPE a [<!ENTITY % x SYSTEM 'file:///etc/passwd'> %x;]>",
    ],
    ids=("a file", "the network", "many laughs", "a parameter"),
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_and_document_types_are_refused_before_they_have_an_effect(kind, encoding):
    body = XML.decode().partition("?>")[2].replace("2026-17", "&x;")
    assert refused(f"<?xml version='1.0' encoding='{encoding}'?>{kind}{body}".encode(encoding)) == "forbidden"


@pytest.mark.parametrize("xml", [b"<a>" * (MOST_DEEP + 1), b"<a>" + b"<b/>" * MOST_ELEMENTS], ids=("deep", "wide"))
def test_xml_beyond_what_an_invoice_is_stops_early(xml):
    began = time.process_time()
    assert refused(xml) == "too_deep"
    assert time.process_time() - began < 5


def test_a_pdf_without_an_invoice_says_so():
    paper = FPDF()
    paper.add_page()
    assert refused(bytes(paper.output())) == "plain_pdf"
    paper.embed_file(bytes=b"a", basename="a.xml")
    paper.embed_file(bytes=b"b", basename="b.xml")
    assert refused(bytes(paper.output())) == "plain_pdf", "which of them is the invoice cannot be known"


@pytest.mark.parametrize("megabytes", [11, 80])
def test_an_xml_that_grows_when_it_is_unpacked_is_refused(megabytes):
    paper = FPDF()
    paper.add_page()
    paper.embed_file(bytes=b" " * megabytes * 1024 * 1024, basename="factur-x.xml", compress=True)
    assert refused(bytes(paper.output())) == "too_large"


def test_an_encrypted_pdf_says_so():
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(PDF)))
    writer.encrypt("secret", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    assert refused(out.getvalue()) == "encrypted"


def test_the_only_xml_of_a_pdf_is_taken_whatever_its_name():
    paper = FPDF()
    paper.add_page()
    paper.embed_file(bytes=XML, basename="Rechnung 17.XML")
    received = read(bytes(paper.output()))
    assert received.attachment == "Rechnung 17.XML"
    assert received.content == told(invoice()).content


@given(st.integers(0, len(XML) - 1), st.binary(max_size=4), st.integers(0, 8))
@settings(max_examples=examples(300))
def test_a_damaged_xml_is_read_or_refused(at, other, gone):
    _read_or_refuse(XML[:at] + other + XML[at + gone :])


@given(st.integers(0, len(PDF) - 1), st.binary(max_size=4), st.integers(0, 200))
@settings(max_examples=examples(200))
def test_a_damaged_pdf_is_read_or_refused(at, other, gone):
    _read_or_refuse(PDF[:at] + other + PDF[at + gone :])


def _read_or_refuse(data: bytes) -> None:
    with suppress(Unreadable):
        doubts_about(read(data))


# --- what is doubted --------------------------------------------------------------------------------------------------


def doubts(xml: bytes) -> str:
    with override("en"):
        return " ".join(str(sentence) for sentence in doubts_about(read(xml)))


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("LineTotalAmount>16.82", "LineTotalAmount>16.85", "The lines sum to 25.67"),
        ("LineTotalAmount>25.64", "LineTotalAmount>25.65", "but their sum says 25.65"),
        ("CalculatedAmount>1.18", "CalculatedAmount>1.28", "1.28\u00a0€ is not 7 % of 16.82"),
        ('EUR">2.86', 'EUR">2.87', "The VAT of the rates sums to 2.86"),
        ("GrandTotalAmount>28.50", "GrandTotalAmount>28.60", "the gross sum says 28.60"),
        ("DuePayableAmount>28.50", "DuePayableAmount>82.50", "the invoice asks for 82.50"),
        ("BasisAmount>16.82", "BasisAmount>16.84", "The net amounts of the rates sum to 25.66"),
        ("ChargeAmount>0.4205", "ChargeAmount>4.2050", "Line 1: quantity and price"),
        ("ApplicablePercent>19", "ApplicablePercent>7", "VAT of 7 % (S) stands there more than once"),
        ("ram:ID>2026-17", "ram:ID>", "no number"),
    ],
)
def test_what_does_not_fit_is_said(before, after, sentence):
    xml = XML.decode()
    assert before in xml
    assert sentence in doubts(xml.replace(before, after).encode())


@pytest.mark.parametrize(
    ("element", "sentence"),
    [
        ("SpecifiedTaxRegistration", "neither VAT ID nor tax number"),
        ("IncludedSupplyChainTradeLineItem", "no lines"),
        ("(BillingSpecifiedPeriod|ActualDeliverySupplyChainEvent)", "when the goods were delivered"),
    ],
)
def test_what_an_invoice_needs_and_lacks_is_said(element, sentence):
    bare = re.sub(rf"<ram:{element}>.*?</ram:{element}>", "", XML.decode(), flags=re.DOTALL)
    assert sentence in doubts(bare.encode())


def test_allowances_charges_and_rounding_of_others_are_counted():
    """Lines of 25.64 less 1.00, rounded up by 0.05."""
    taxed = (
        "<ram:CategoryTradeTax><ram:TypeCode>VAT</ram:TypeCode><ram:CategoryCode>S</ram:CategoryCode>"
        "<ram:RateApplicablePercent>19</ram:RateApplicablePercent></ram:CategoryTradeTax>"
    )
    allowance = (
        "<ram:SpecifiedTradeAllowanceCharge><ram:ChargeIndicator><udt:Indicator>false</udt:Indicator>"
        f"</ram:ChargeIndicator><ram:ActualAmount>1.00</ram:ActualAmount><ram:Reason>Rabatt</ram:Reason>{taxed}"
        "</ram:SpecifiedTradeAllowanceCharge>"
    )
    xml = XML.decode()
    for before, after in (
        ("<ram:SpecifiedTradePaymentTerms>", f"{allowance}<ram:SpecifiedTradePaymentTerms>"),
        ("TaxBasisTotalAmount>25.64", "TaxBasisTotalAmount>24.64"), ("BasisAmount>8.82", "BasisAmount>7.82"),
        ("CalculatedAmount>1.68", "CalculatedAmount>1.49"), ('EUR">2.86', 'EUR">2.67'),
        ("<ram:GrandTotalAmount>28.50", "<ram:RoundingAmount>0.05</ram:RoundingAmount><ram:GrandTotalAmount>27.31"),
        ("GrandTotalAmount>28.50", "GrandTotalAmount>27.31"), ("DuePayableAmount>28.50", "DuePayableAmount>27.36"),
    ):  # fmt: skip
        xml = xml.replace(before, after)
    received = read(xml.encode())
    assert [(one.reason, one.amount, one.rate) for one in received.adjustments] == [
        ("Rabatt", Decimal("-1.00"), STANDARD)
    ]
    assert received.rounding == Decimal("0.05")
    assert doubts_about(received) == []


@pytest.mark.parametrize("status", ["GROUP", "INFORMATION"])
def test_lines_that_head_or_explain_others_are_not_counted(status):
    """The profile EXTENDED has them: the first line stands once more above itself."""
    xml = XML.decode()
    item = re.search(
        r"<ram:IncludedSupplyChainTradeLineItem>.*?</ram:IncludedSupplyChainTradeLineItem>", xml, re.DOTALL
    )
    assert item
    marked = item[0].replace(
        "</ram:LineID>", f"</ram:LineID><ram:LineStatusReasonCode>{status}</ram:LineStatusReasonCode>"
    )
    assert doubts(xml.replace(item[0], marked + item[0]).encode()) == ""
    assert "The lines sum to" in doubts(xml.replace(item[0], marked.replace(status, "DETAIL") + item[0]).encode())


def test_a_charge_for_transport_is_counted():
    """The profile EXTENDED says it beside the other charges."""
    transport = (
        "<ram:SpecifiedLogisticsServiceCharge><ram:Description>Transport</ram:Description>"
        "<ram:AppliedAmount>3.00</ram:AppliedAmount><ram:AppliedTradeTax><ram:TypeCode>VAT</ram:TypeCode>"
        "<ram:CategoryCode>S</ram:CategoryCode><ram:RateApplicablePercent>7</ram:RateApplicablePercent>"
        "</ram:AppliedTradeTax></ram:SpecifiedLogisticsServiceCharge>"
    )
    xml = XML.decode().replace("<ram:SpecifiedTradePaymentTerms>", f"{transport}<ram:SpecifiedTradePaymentTerms>")
    received = read(xml.encode())
    assert [(one.reason, one.amount, one.rate) for one in received.adjustments] == [
        ("Transport", Decimal(3), Decimal(7))
    ]
    assert "The lines sum to 28.64" in doubts(xml.encode())


def test_a_credit_note_is_known_by_its_type():
    assert read(as_xml(cancellation(invoice()))).is_credit
    assert not read(XML).is_credit
