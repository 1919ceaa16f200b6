"""Who issues and who pays, from UBL."""

from __future__ import annotations

from accounting.documents.contents import Address, Buyer, Issuer
from accounting.documents.received.nodes import Node

_SEPA = "SEPA"


def issuer_of(whole: Node) -> Issuer:
    party, account = whole.one("cac:AccountingSupplierParty/cac:Party"), whole.one("cac:PaymentMeans")
    contact, trading = party.one("cac:Contact"), party.text("cac:PartyName/cbc:Name")
    return Issuer(
        name=party.text("cac:PartyLegalEntity/cbc:RegistrationName") or trading,
        address=_address(party),
        vat_id=_registered(party, is_vat=True),
        tax_number=_registered(party, is_vat=False),
        trading_name=trading,
        contact=contact.text("cbc:Name"),
        phone=contact.text("cbc:Telephone"),
        email=contact.text("cbc:ElectronicMail"),
        iban=account.text("cac:PayeeFinancialAccount/cbc:ID"),
        bic=account.text("cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID"),
        creditor_id=party.text(f"cac:PartyIdentification/cbc:ID[@schemeID='{_SEPA}']"),
        legal_details=party.text("cac:PartyLegalEntity/cbc:CompanyLegalForm"),
    )


def buyer_of(whole: Node) -> Buyer:
    party = whole.one("cac:AccountingCustomerParty/cac:Party")
    return Buyer(
        name=party.text("cac:PartyLegalEntity/cbc:RegistrationName") or party.text("cac:PartyName/cbc:Name"),
        address=_address(party),
        contact=party.text("cac:Contact/cbc:Name"),
        member_of=party.text("cac:PostalAddress/cac:AddressLine/cbc:Line"),
        vat_id=_registered(party, is_vat=True),
        leitweg_id=whole.text("cbc:BuyerReference"),
        customer_number=party.text("cac:PartyIdentification/cbc:ID"),
        email=party.text("cac:Contact/cbc:ElectronicMail"),
    )


def _address(party: Node) -> Address:
    found = party.one("cac:PostalAddress")
    return Address(
        street=found.text("cbc:StreetName"),
        addition=found.text("cbc:AdditionalStreetName"),
        postcode=found.text("cbc:PostalZone"),
        city=found.text("cbc:CityName"),
        country=found.text("cac:Country/cbc:IdentificationCode"),
    )


def _registered(party: Node, *, is_vat: bool) -> str:
    schemes = party.every("cac:PartyTaxScheme")
    own = [one for one in schemes if (one.text("cac:TaxScheme/cbc:ID") == "VAT") is is_vat]
    return own[0].text("cbc:CompanyID") if own else ""
