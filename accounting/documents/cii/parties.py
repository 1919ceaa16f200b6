"""Who issues the invoice and who pays it (BG-4, BG-7)."""

from __future__ import annotations

from lxml import etree

from accounting.documents.cii.elements import part, text
from accounting.documents.cii.names import EMAIL, LEITWEG, TAX_NUMBER, VAT_ID
from accounting.documents.contents import Address, Buyer, Issuer


def add_issuer(agreement: etree._Element, issuer: Issuer) -> None:
    party = part(agreement, "ram:SellerTradeParty")
    if not issuer.vat_id:  # the rules want one identifier of the issuer, and do not count the tax number as one
        text(party, "ram:ID", issuer.tax_number)
    text(party, "ram:Name", issuer.name)
    text(party, "ram:Description", issuer.legal_details)
    if issuer.trading_name:
        text(part(party, "ram:SpecifiedLegalOrganization"), "ram:TradingBusinessName", issuer.trading_name)
    _contact(party, issuer.contact, issuer.phone, issuer.email)
    _address(party, issuer.address)
    _electronic(party, issuer.email, EMAIL)
    _registered(party, issuer.tax_number, TAX_NUMBER)
    _registered(party, issuer.vat_id, VAT_ID)


def add_buyer(agreement: etree._Element, buyer: Buyer) -> None:
    party = part(agreement, "ram:BuyerTradeParty")
    text(party, "ram:ID", buyer.customer_number)
    text(party, "ram:Name", buyer.name)
    _contact(party, buyer.contact, "", buyer.email)
    _address(party, buyer.address, third=buyer.member_of)
    if buyer.leitweg_id:
        _electronic(party, buyer.leitweg_id, LEITWEG)
    else:
        _electronic(party, buyer.email, EMAIL)
    _registered(party, buyer.vat_id, VAT_ID)


def _contact(party: etree._Element, person: str, phone: str, email: str) -> None:
    if not (person or phone or email):
        return
    contact = part(party, "ram:DefinedTradeContact")
    text(contact, "ram:PersonName", person)
    if phone:
        text(part(contact, "ram:TelephoneUniversalCommunication"), "ram:CompleteNumber", phone)
    if email:
        text(part(contact, "ram:EmailURIUniversalCommunication"), "ram:URIID", email)


def _address(party: etree._Element, address: Address, *, third: str = "") -> None:
    found = part(party, "ram:PostalTradeAddress")
    text(found, "ram:PostcodeCode", address.postcode)
    text(found, "ram:LineOne", address.street)
    text(found, "ram:LineTwo", address.addition)
    text(found, "ram:LineThree", third)
    text(found, "ram:CityName", address.city)
    text(found, "ram:CountryID", address.country)


def _electronic(party: etree._Element, address: str, scheme: str) -> None:
    if address:
        text(part(party, "ram:URIUniversalCommunication"), "ram:URIID", address, schemeID=scheme)


def _registered(party: etree._Element, number: str, scheme: str) -> None:
    if number:
        text(part(party, "ram:SpecifiedTaxRegistration"), "ram:ID", number, schemeID=scheme)
