"""The XML follows the official rules, says the content exactly, and no amount in it can be a cent off."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from lxml import etree

from accounting.documents.cii import BrokenXml, Incomplete, as_xml, check_schema, schema
from accounting.documents.contents import DocumentKind, InvoiceContent, Issuer, VatCategory
from accounting.documents.received import Unreadable, doubts_about, read
from tests.accounting.documents.expected import told
from tests.accounting.documents.invoices import (
    AUTHORITY,
    BUYER,
    DEBIT,
    EXEMPT,
    ISSUER,
    NOTHING,
    any_invoice,
    cancellation,
    invoice,
    line,
)
from tests.accounting.documents.official_rules import XRECHNUNG, ZUGFERD, Rules

BLOCKS, OF = 25, 40
"""1,000 invoices."""
MUTANTS = 200


def broken(rules: Rules, content: InvoiceContent, xml: bytes) -> list[str]:
    found = rules.broken(xml, XRECHNUNG if content.is_xrechnung else ZUGFERD)
    return [f"{rule}: {sentence}" for rule, _flag, sentence in found]


@pytest.mark.sample("invoices under the official rules", most=1)
@pytest.mark.parametrize("block", range(BLOCKS))
def test_each_invoice_keeps_the_official_rules_and_is_read_back_as_it_was(rules, block):
    for seed in range(block * OF, (block + 1) * OF):
        content = any_invoice(seed)
        xml = as_xml(content)
        assert broken(rules, content, xml) == [], seed
        assert read(xml) == told(content), seed
        assert doubts_about(read(xml)) == [], seed
        assert as_xml(any_invoice(seed)) == xml, seed


@pytest.mark.parametrize(
    "content",
    [
        invoice(),
        invoice(buyer=AUTHORITY),
        invoice(buyer=AUTHORITY, payment=DEBIT),
        invoice(payment=DEBIT),
        cancellation(invoice(buyer=AUTHORITY)),
        cancellation(invoice(payment=DEBIT)),
        invoice(paid="28.50"),
        invoice(line(1, "Pfand zurück", "-4", "-1.00")),
        invoice(issuer=replace(ISSUER, vat_id="", tax_number="48/123/45678", trading_name="Backhaus am Hafen")),
        invoice(buyer=replace(BUYER, vat_id="DE987654321", email="", customer_number="")),
    ],
    ids=(
        "plain", "authority", "authority debit", "debit", "authority cancelled", "cancelled", "paid", "returned",
        "tax number", "business",
    ),
)  # fmt: skip
def test_each_kind_of_invoice_keeps_the_official_rules(rules, content):
    xml = as_xml(content)
    assert broken(rules, content, xml) == []
    assert read(xml) == told(content)


def test_the_official_rules_notice_what_is_wrong(rules):
    """Without this, rules that say nothing would pass for invoices without an error."""
    content = invoice(buyer=AUTHORITY)
    xml = as_xml(content)
    assert any(
        "BR-CO-15" in one
        for one in broken(rules, content, xml.replace(b"GrandTotalAmount>28.50", b"GrandTotalAmount>28.51"))
    )
    assert any(
        "BR-DE-15" in one for one in broken(rules, content, xml.replace(b"BuyerReference>", b"BuyerReferenceX>"))
    )
    assert any(
        "BR-CO-15" in one
        for one in broken(
            rules, invoice(), as_xml(invoice()).replace(b"GrandTotalAmount>28.50", b"GrandTotalAmount>28.51")
        )
    )


def mutants(xml: bytes) -> list[tuple[str, bytes]]:
    """The XML with one cent more, and with one less, at each of its amounts and prices."""
    found = []
    tree = etree.fromstring(xml)
    for element in tree.iter():
        name, before = etree.QName(element).localname, (element.text or "").strip()
        if (name.endswith("Amount") or name == "Value") and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", before):
            for cent in (Decimal("0.01"), Decimal("-0.01")):
                element.text = str(Decimal(before) + cent)
                found.append((f"{name} {before} {cent}", etree.tostring(tree, encoding="UTF-8")))
            element.text = before
    return found


@pytest.mark.sample("mutants of invoices", most=3)
@pytest.mark.parametrize("seed", range(MUTANTS))
def test_each_mutant_of_one_cent_is_caught(seed):
    """Reading it back and comparing it with the content catches each; most break the sums as well."""
    content = any_invoice(seed)
    expected, found = told(content), mutants(as_xml(content))
    sums = 6 if content.totals.paid else 5
    assert len(found) == 2 * (sums + 2 * len(content.vat_groups) + 3 * len(content.lines))
    assert [name for name, xml in found if _same(xml, expected)] == []


def _same(xml: bytes, expected: object) -> bool:
    try:
        return read(xml) == expected
    except Unreadable:
        return False


def test_mutants_of_sums_are_caught_by_the_rules_alone(rules):
    content = invoice(line(1, "Brot", "1", "4.00"), line(2, "Kaffee", "1", "3.00"), paid="2.00")
    escaped = {name.split()[0] for name, xml in mutants(as_xml(content)) if not broken(rules, content, xml)}
    assert escaped == {"ChargeAmount", "Value"}, "prices and our own attribute are in no sum of EN 16931"


def test_schema_is_the_one_that_was_kept():
    for row in (schema.SCHEMAS / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, name = row.split()
        assert hashlib.sha256((schema.SCHEMAS / name).read_bytes()).hexdigest() == digest, name


def test_xml_that_breaks_the_schema_is_not_given():
    xml = as_xml(invoice())
    check_schema(xml)
    with pytest.raises(BrokenXml, match="TypeCod"):
        check_schema(
            xml.replace(b"ram:TypeCode>380<", b"ram:TypeCod>380<").replace(b"380</ram:TypeCode", b"380</ram:TypeCod")
        )


def test_what_is_missing_is_named():
    bare = replace(
        invoice(issuer=Issuer(name="", address=BUYER.address), buyer=replace(AUTHORITY, name=""), due_on=None),
        number="",
    )
    with pytest.raises(Incomplete) as refusal:
        as_xml(bare)
    said = str(refusal.value)
    for word in (
        "number",
        "name of the issuer",
        "VAT ID",
        "name of the buyer",
        "day by which",
        "IBAN",
        "phone",
        "e-mail",
    ):
        assert word in said, word


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (invoice(payment=replace(DEBIT, mandate_reference="")), "mandate"),
        (invoice(line(1, "Kurs", "1", "9.00", NOTHING, vat_category=VatCategory.EXEMPT)), "no VAT"),
        (replace(invoice(), kind=DocumentKind.CANCELLATION), "cancelled"),
        (replace(invoice(), lines=()), "no line"),
        (replace(invoice(), delivered_from=None, delivered_until=None), "day of delivery"),
        (invoice(line(1, "Kurs", "1", "9.00", NOTHING)), "does not fit its category"),
        (replace(invoice(), totals=replace(invoice().totals, to_pay=Decimal("28.49"))), "28.50"),
        (replace(invoice(), totals=replace(invoice().totals, gross=Decimal("28.49"))), "28.49"),
        (replace(invoice(), vat_groups=invoice().vat_groups[:1] * 2), "more than once"),
    ],
    ids=("mandate", "reason", "cancelled", "lines", "delivery", "category", "to pay", "gross", "double group"),
)  # fmt: skip
def test_an_incomplete_invoice_is_not_written(content, sentence):
    with pytest.raises(Incomplete, match=sentence):
        as_xml(content)


def test_characters_that_xml_cannot_hold_become_spaces():
    found = read(as_xml(invoice(line(1, "Brot\x00\x0bmit\ud800 \U0001f950 <Käse> & Co", "1", "4.00"))))
    assert found.content.lines[0].text == "Brot  mit  \U0001f950 <Käse> & Co"


def test_exemption_has_its_reason_in_the_group(rules):
    content = invoice(line(1, "Kurs", "1", "9.00", NOTHING, vat_category=VatCategory.EXEMPT, exemption_reason=EXEMPT))
    assert broken(rules, content, as_xml(content)) == []
    assert read(as_xml(content)).content.vat_groups[0].reason == EXEMPT
