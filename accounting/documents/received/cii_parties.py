"""Who issues and who pays, from CII."""

from __future__ import annotations

from accounting.documents.cii.names import TAX_NUMBER, VAT_ID
from accounting.documents.contents import Address, Buyer, Issuer
from accounting.documents.received.nodes import Node

_MEANS = "ram:SpecifiedTradeSettlementPaymentMeans"


def issuer_of(party: Node, settlement: Node) -> Issuer:
    contact = party.one("ram:DefinedTradeContact")
    account = settlement.one(f"{_MEANS}/ram:PayeePartyCreditorFinancialAccount")
    return Issuer(
        name=party.text("ram:Name"),
        address=_address(party),
        vat_id=_registered(party, VAT_ID),
        tax_number=_registered(party, TAX_NUMBER),
        trading_name=party.text("ram:SpecifiedLegalOrganization/ram:TradingBusinessName"),
        contact=contact.text("ram:PersonName") or contact.text("ram:DepartmentName"),
        phone=contact.text("ram:TelephoneUniversalCommunication/ram:CompleteNumber"),
        email=contact.text("ram:EmailURIUniversalCommunication/ram:URIID"),
        iban=account.text("ram:IBANID") or account.text("ram:ProprietaryID"),
        bic=settlement.text(f"{_MEANS}/ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID"),
        creditor_id=settlement.text("ram:CreditorReferenceID"),
        legal_details=party.text("ram:Description"),
    )


def buyer_of(agreement: Node) -> Buyer:
    party = agreement.one("ram:BuyerTradeParty")
    contact = party.one("ram:DefinedTradeContact")
    return Buyer(
        name=party.text("ram:Name"),
        address=_address(party),
        contact=contact.text("ram:PersonName") or contact.text("ram:DepartmentName"),
        member_of=party.text("ram:PostalTradeAddress/ram:LineThree"),
        vat_id=_registered(party, VAT_ID),
        leitweg_id=agreement.text("ram:BuyerReference"),
        customer_number=party.text("ram:ID"),
        email=contact.text("ram:EmailURIUniversalCommunication/ram:URIID"),
    )


def _address(party: Node) -> Address:
    found = party.one("ram:PostalTradeAddress")
    return Address(
        street=found.text("ram:LineOne"),
        addition=found.text("ram:LineTwo"),
        postcode=found.text("ram:PostcodeCode"),
        city=found.text("ram:CityName"),
        country=found.text("ram:CountryID"),
    )


def _registered(party: Node, scheme: str) -> str:
    return party.text(f"ram:SpecifiedTaxRegistration/ram:ID[@schemeID='{scheme}']")
