"""The PDF says what the XML says, is built as PDF/A-3b asks, and other programs find the XML in it."""

from __future__ import annotations

import io
import logging
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import facturx
import pytest
from django.utils.translation import override
from lxml import etree
from pypdf import PdfReader

from accounting.documents.cii import as_xml
from accounting.documents.contents import InvoiceContent, VatCategory
from accounting.documents.formats import day, figure, in_fours, money
from accounting.documents.pdf_a3 import as_pdf, xml_name
from accounting.documents.pdf_a3.fonts import LATIN, WHOLE, faces_for, letters_of
from accounting.documents.pdf_a3.giro_code import giro_code
from accounting.documents.received import read
from tests.accounting.documents.expected import told
from tests.accounting.documents.invoices import (
    AUTHORITY,
    BUYER,
    DEBIT,
    EXEMPT,
    ISSUER,
    ITEMS,
    NOTHING,
    any_invoice,
    cancellation,
    invoice,
    line,
)

XMP = {
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "fx": "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#",
    "schema": "http://www.aiim.org/pdfa/ns/schema#",
    "property": "http://www.aiim.org/pdfa/ns/property#",
}


def opened(content: InvoiceContent) -> PdfReader:
    return PdfReader(io.BytesIO(as_pdf(content, as_xml(content))))


def words(reader: PdfReader) -> str:
    """What stands on its pages, with single spaces."""
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def of_lines(number: int) -> InvoiceContent:
    return invoice(*[line(at + 1, ITEMS[at % 6], "2", f"{at + 1}.40") for at in range(number)])


# --- it says the same -------------------------------------------------------------------------------------------------


@pytest.mark.sample("PDF of invoices", most=3)
@pytest.mark.parametrize("seed", range(60))
def test_pdf_says_the_same_numbers_as_the_xml_inside(seed):
    content = any_invoice(seed)
    xml = as_xml(content)
    pdf = as_pdf(content, xml)
    received = read(pdf)
    assert replace(received, attachment="") == told(content)
    assert received.attachment == xml_name(content)
    with override(content.language):
        found, shown = words(PdfReader(io.BytesIO(pdf))), _figures(received.content)
    assert [text for text in shown if " ".join(text.split()) not in found] == []


def _figures(content: InvoiceContent) -> list[str]:
    lines = [figure(amount) for line in content.lines for amount in (line.net_amount, line.gross_amount)]
    groups = [figure(amount) for group in content.vat_groups for amount in (group.net, group.tax)]
    totals = content.totals
    sums = [money(amount, content.currency) for amount in (totals.net, totals.tax, totals.gross, totals.to_pay)]
    paid = [money(-totals.paid, content.currency)] if totals.paid else []
    days = [day(when) for when in (content.issued_on, content.due_on) if when and totals.to_pay > 0]
    return [*lines, *groups, *sums, *paid, *days, content.number, content.buyer.name]


def test_a_german_invoice_says_how_to_pay():
    found = words(opened(invoice(paid="8.50")))
    for text in (
        "Rechnung 2026-17", "Bitte überweisen Sie 20,00 € bis zum 14.04.2026", in_fours(ISSUER.iban),
        "Bereits bezahlt", "-8,50", "USt-IdNr. DE123456789", "Amtsgericht Hamburg", "Seite 1 von 1",
    ):  # fmt: skip
        assert text in found, text


def test_an_english_invoice_is_in_english():
    found = words(opened(replace(invoice(payment=DEBIT), language="en")))
    assert "We debit 28.50 € from your account on 14 Apr 2026" in found
    assert DEBIT.debtor_iban not in found, "the last four digits are enough on paper"
    assert "… 0402" in found


def test_a_cancellation_is_called_one_and_asks_for_nothing():
    found = words(opened(cancellation(invoice())))
    assert "Stornorechnung S-2026-17 zur Rechnung 2026-17 vom 31.03.2026" in found
    assert "mit Ihrem Kundenkonto verrechnet" in found
    assert "Gutschrift" not in found
    assert "überweisen" not in found


def test_why_no_vat_is_charged_stands_below_the_sums():
    free = line(1, "Kurs", "1", "9.00", NOTHING, vat_category=VatCategory.EXEMPT, exemption_reason=EXEMPT)
    assert EXEMPT in words(opened(invoice(free)))


@pytest.mark.parametrize(("lines", "pages"), [(1, 1), (40, 2), (400, 13)])
def test_a_long_invoice_repeats_its_headings_on_each_page(lines, pages):
    content = of_lines(lines)
    texts = [page.extract_text() for page in opened(content).pages]
    assert len(texts) == pages
    for at, text in enumerate(texts, start=1):
        assert f"Seite {at} von {len(texts)}" in text
        assert "Rechnung 2026-17" in text
        assert ("Bezeichnung" in text) == bool(re.search(r"Brötchen|Croissant|Pfand|Catering|Milch|Mittag", text))
    prices = set(re.findall(r"[\d.]+,40", " ".join(texts)))
    with override("de"):
        assert {figure(one.gross_amount) for one in content.lines} <= prices


def test_texts_that_are_too_long_are_wrapped_and_an_iban_is_never_cut():
    long = invoice(line(1, "Torte " + "Sahne" * 60, "1", "9.00"), buyer=replace(BUYER, name="Gesellschaft " * 20))
    found = words(opened(replace(long, issuer=replace(ISSUER, iban="MT84MALT011000012345MTLCAST001S"))))
    assert found.replace(" ", "").count("Sahne") == 60
    assert found.count(in_fours("MT84MALT011000012345MTLCAST001S")) == 2


def test_a_text_that_is_higher_than_a_page_goes_on_on_the_next():
    texts = [page.extract_text() for page in opened(invoice(line(1, "Wort " * 2_000, "1", "9.00"))).pages]
    assert sum(text.count("Wort") for text in texts) == 2_000
    assert len(texts) >= 4
    assert all("Bezeichnung" in text for text in texts if "Wort" in text)


def test_letters_beyond_latin_take_the_whole_font():
    cyrillic = invoice(buyer=replace(BUYER, name="Пекарня Север"))
    assert faces_for("Bäckerei Łódź ș ẞ € – „“") == LATIN
    assert faces_for("Пекарня") == WHOLE
    assert faces_for("麺") == LATIN, "no font of ours has it"
    assert "Пекарня Север" in words(opened(cyrillic))
    assert letters_of(LATIN[0]) == letters_of(LATIN[1]) < letters_of(WHOLE[0])


def test_the_code_to_scan_holds_the_transfer():
    assert giro_code(invoice()) is not None
    for content in (invoice(payment=DEBIT), invoice(paid="28.50"), cancellation(invoice()), invoice(currency="CHF")):
        assert giro_code(content) is None


# --- it is PDF/A-3b ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [invoice(), invoice(buyer=AUTHORITY)], ids=("ZUGFeRD", "XRechnung"))
def test_pdf_is_built_as_pdf_a_3b_asks(content):
    reader = opened(content)
    root: Any = reader.trailer["/Root"]
    assert "/Encrypt" not in reader.trailer
    assert len(reader.trailer["/ID"]) == 2  # type: ignore[arg-type]
    intent = root["/OutputIntents"][0].get_object()
    assert intent["/S"] == "/GTS_PDFA1"
    assert intent["/DestOutputProfile"].get_object()["/N"] == 3
    assert not {"/AA", "/AcroForm"} & set(root)
    assert isinstance(root["/OpenAction"], list), "a place to begin at, and no action"
    assert root["/Lang"] in {"de", "de-DE"}
    for page in reader.pages:
        assert not {"/AA", "/Annots"} & set(page)
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            whole = font.get_object()
            assert "/ToUnicode" in whole
            descriptor = whole["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert descriptor["/FontFile2"].get_object().get_data()[:4] == b"\x00\x01\x00\x00"


@pytest.mark.parametrize("content", [invoice(), invoice(buyer=AUTHORITY)], ids=("ZUGFeRD", "XRechnung"))
def test_pdf_associates_the_xml(content):
    root: Any = opened(content).trailer["/Root"]
    (one,) = root["/AF"]
    file = one.get_object()
    assert (file["/Type"], file["/AFRelationship"]) == ("/Filespec", "/Alternative")
    assert file["/F"] == file["/UF"] == xml_name(content)
    embedded = file["/EF"]["/F"].get_object()
    assert embedded["/Subtype"] == "/text/xml"
    assert embedded["/Params"]["/ModDate"].startswith("D:20260331")
    assert embedded.get_data() == as_xml(content)
    names = root["/Names"]["/EmbeddedFiles"]["/Names"]
    assert names[0] == xml_name(content)


@pytest.mark.parametrize(
    ("content", "level", "name"),
    [(invoice(), "EN 16931", "factur-x.xml"), (invoice(buyer=AUTHORITY), "XRECHNUNG", "xrechnung.xml")],
    ids=("ZUGFeRD", "XRechnung"),
)
def test_metadata_names_the_profile_and_describes_its_own_schema(content, level, name):
    root: Any = opened(content).trailer["/Root"]
    metadata = root["/Metadata"].get_object()
    assert "/Filter" not in metadata, "it has to be readable without unpacking"
    tree = etree.fromstring(re.sub(rb"<\?xpacket.*?\?>", b"", metadata.get_data()).strip())

    def said(path: str) -> list[str | None]:
        return [element.text for element in tree.iterfind(f".//{path}", XMP)]

    assert (said("pdfaid:part"), said("pdfaid:conformance")) == (["3"], ["B"])
    assert (said("fx:DocumentFileName"), said("fx:ConformanceLevel")) == ([name], [level])
    assert said("fx:DocumentType") == ["INVOICE"]
    assert said("schema:namespaceURI") == [XMP["fx"]]
    used = {etree.QName(element).localname for element in tree.iter(f"{{{XMP['fx']}}}*")}
    assert set(said("property:name")) == used


def test_the_same_content_gives_the_same_bytes_and_another_one_others():
    content = of_lines(3)
    xml = as_xml(content)
    with override("en"):
        first = as_pdf(content, xml)
    assert as_pdf(content, xml) == first
    assert as_pdf(replace(content, notes=("Danke",)), xml) != first


def test_texts_of_strangers_cannot_break_out_of_the_metadata():
    odd = replace(invoice(issuer=replace(ISSUER, name="A & B <GmbH> {title}")), number="1<2>&{x}")
    root: Any = opened(odd).trailer["/Root"]
    assert b"A &amp; B &lt;GmbH&gt; {title}" in root["/Metadata"].get_object().get_data()


# --- another program reads it -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [invoice(), of_lines(40)], ids=("plain", "long"))
def test_another_program_finds_the_xml_and_checks_it(content, caplog):
    caplog.set_level(logging.CRITICAL)
    name, xml = facturx.get_xml_from_pdf(io.BytesIO(as_pdf(content, as_xml(content))), check_xsd=True)
    assert (name, xml) == ("factur-x.xml", as_xml(content))
    assert facturx.get_level(etree.fromstring(xml)) == "en16931"
    assert Decimal(etree.fromstring(xml).findtext(".//{*}DuePayableAmount") or "") == content.totals.to_pay
