"""A content as UBL, as the program of somebody else would write it: what `received` reads must be the content again."""

from __future__ import annotations

from datetime import date
from xml.sax.saxutils import escape

from accounting.documents.cii.names import EN_16931, XRECHNUNG
from accounting.documents.contents import Address, DocumentKind, InvoiceContent, Line, PaymentKind, VatGroup
from accounting.documents.formats import plain
from accounting.documents.received.ubl_names import NAMESPACES

NAME = "urn:oasis:names:specification:ubl:schema:xsd:{root}-2"


def as_ubl(content: InvoiceContent, *, terms: str, notes: tuple[str, ...]) -> bytes:
    is_credit = content.kind is DocumentKind.CANCELLATION
    root = "CreditNote" if is_credit else "Invoice"
    parts = [
        cbc("CustomizationID", XRECHNUNG if content.is_xrechnung else EN_16931),
        cbc("ID", content.number), day("IssueDate", content.issued_on),
        "" if is_credit else day("DueDate", content.due_on),
        cbc(f"{root}TypeCode", content.kind.type_code), *(cbc("Note", note) for note in notes),
        cbc("DocumentCurrencyCode", content.currency), cbc("BuyerReference", content.buyer.leitweg_id),
        cac("InvoicePeriod", day("StartDate", content.delivered_from), day("EndDate", content.delivered_until)),
        _cancelled(content), _supplier(content), _customer(content), _means(content),
        cac("PaymentTerms", cbc("Note", terms)),
        cac("TaxTotal", cbc("TaxAmount", f"{content.totals.tax:.2f}"), *map(_subtotal, content.vat_groups)),
        _sums(content), *(_line(line, is_credit=is_credit) for line in content.lines),
    ]  # fmt: skip
    spaces = "".join(f' xmlns:{prefix}="{name}"' for prefix, name in NAMESPACES.items())
    return f'<{root} xmlns="{NAME.format(root=root)}"{spaces}>{"".join(parts)}</{root}>'.encode()


def cbc(name: str, text: str, **attributes: str) -> str:
    said = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<cbc:{name}{said}>{escape(text)}</cbc:{name}>" if text else ""


def cac(name: str, *parts: str) -> str:
    return f"<cac:{name}>{''.join(parts)}</cac:{name}>" if any(parts) else ""


def day(name: str, when: date | None) -> str:
    return cbc(name, when.isoformat() if when else "")


def _cancelled(content: InvoiceContent) -> str:
    if content.cancels is None:
        return ""
    before = cac(
        "InvoiceDocumentReference", cbc("ID", content.cancels.number), day("IssueDate", content.cancels.issued_on)
    )
    return cac("BillingReference", before)


def _address(address: Address, third: str = "") -> str:
    return cac(
        "PostalAddress",
        cbc("StreetName", address.street), cbc("AdditionalStreetName", address.addition), cbc("CityName", address.city),
        cbc("PostalZone", address.postcode), cac("AddressLine", cbc("Line", third)),
        cac("Country", cbc("IdentificationCode", address.country)),
    )  # fmt: skip


def _tax(number: str, scheme: str) -> str:
    return cac("PartyTaxScheme", cbc("CompanyID", number), cac("TaxScheme", cbc("ID", scheme))) if number else ""


def _supplier(content: InvoiceContent) -> str:
    issuer, is_debit = content.issuer, content.payment.kind is PaymentKind.DEBIT
    party = cac(
        "Party",
        cac("PartyIdentification", cbc("ID", issuer.creditor_id if is_debit else "", schemeID="SEPA")),
        cac("PartyName", cbc("Name", issuer.trading_name)), _address(issuer.address),
        _tax(issuer.vat_id, "VAT"), _tax(issuer.tax_number, "FC"),
        cac("PartyLegalEntity", cbc("RegistrationName", issuer.name), cbc("CompanyLegalForm", issuer.legal_details)),
        cac(
            "Contact",
            cbc("Name", issuer.contact), cbc("Telephone", issuer.phone), cbc("ElectronicMail", issuer.email),
        ),
    )  # fmt: skip
    return cac("AccountingSupplierParty", party)


def _customer(content: InvoiceContent) -> str:
    buyer = content.buyer
    party = cac(
        "Party",
        cac("PartyIdentification", cbc("ID", buyer.customer_number)), _address(buyer.address, buyer.member_of),
        _tax(buyer.vat_id, "VAT"), cac("PartyLegalEntity", cbc("RegistrationName", buyer.name)),
        cac("Contact", cbc("Name", buyer.contact), cbc("ElectronicMail", buyer.email)),
    )  # fmt: skip
    return cac("AccountingCustomerParty", party)


def _means(content: InvoiceContent) -> str:
    payment, issuer = content.payment, content.issuer
    paid_to = cac(
        "PayeeFinancialAccount", cbc("ID", issuer.iban), cac("FinancialInstitutionBranch", cbc("ID", issuer.bic))
    )
    mandate = cac(
        "PaymentMandate",
        cbc("ID", payment.mandate_reference), cac("PayerFinancialAccount", cbc("ID", payment.debtor_iban)),
    )  # fmt: skip
    return cac(
        "PaymentMeans",
        cbc("PaymentMeansCode", payment.kind), cbc("PaymentID", payment.reference or content.number),
        paid_to if payment.kind is PaymentKind.TRANSFER else "", mandate if payment.kind is PaymentKind.DEBIT else "",
    )  # fmt: skip


def _subtotal(group: VatGroup) -> str:
    category = cac(
        "TaxCategory",
        cbc("ID", group.category), cbc("Percent", plain(group.rate)), cbc("TaxExemptionReason", group.reason),
    )  # fmt: skip
    return cac("TaxSubtotal", cbc("TaxableAmount", f"{group.net:.2f}"), cbc("TaxAmount", f"{group.tax:.2f}"), category)


def _sums(content: InvoiceContent) -> str:
    totals = content.totals
    amounts = {
        "LineExtensionAmount": totals.net, "TaxExclusiveAmount": totals.net, "TaxInclusiveAmount": totals.gross,
        "PrepaidAmount": totals.paid, "PayableAmount": totals.to_pay,
    }  # fmt: skip
    return cac("LegalMonetaryTotal", *(cbc(name, f"{amount:.2f}") for name, amount in amounts.items()))


def _line(line: Line, *, is_credit: bool) -> str:
    quantity = cbc("CreditedQuantity" if is_credit else "InvoicedQuantity", plain(line.quantity), unitCode=line.unit)
    said = (("Bruttobetrag", f"{line.gross_amount:.2f}"), ("Standort", line.location))
    item = cac(
        "Item",
        cbc("Name", line.text),
        cac("ClassifiedTaxCategory", cbc("ID", line.vat_category), cbc("Percent", plain(line.vat_rate))),
        *(cac("AdditionalItemProperty", cbc("Name", name), cbc("Value", value)) for name, value in said if value),
    )  # fmt: skip
    order = cac("DocumentReference", cbc("ID", line.order_number), cbc("DocumentTypeCode", "130"))
    return cac(
        "CreditNoteLine" if is_credit else "InvoiceLine",
        cbc("ID", str(line.position)), quantity, cbc("LineExtensionAmount", f"{line.net_amount:.2f}"),
        cac("InvoicePeriod", day("EndDate", line.delivered_on)), order if line.order_number else "", item,
        cac("Price", cbc("PriceAmount", plain(line.unit_price))),
    )  # fmt: skip
