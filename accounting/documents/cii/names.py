"""Namespaces, identifiers and code lists that writing and reading have in common."""

from __future__ import annotations

RSM = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
RAM = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
UDT = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"
QDT = "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"
NAMESPACES = {"rsm": RSM, "ram": RAM, "udt": UDT, "qdt": QDT}

EN_16931 = "urn:cen.eu:en16931:2017"
XRECHNUNG = f"{EN_16931}#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
"""BT-24."""
BILLING = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
"""BT-23, the business process; XRechnung asks for one."""

EMAIL, LEITWEG = "EM", "0204"
"""Schemes of electronic addresses (BT-34, BT-49)."""
VAT_ID, TAX_NUMBER = "VA", "FC"
"""Schemes of tax registrations (BT-31 and BT-48, BT-32)."""
OBJECT_OF_LINE = "130"
"""The type of a reference that names the order of a line (BT-128)."""
DAY_FORMAT = "102"
"""Days as YYYYMMDD."""

GROSS_NAMES = {"de": "Bruttobetrag", "en": "Gross amount"}
PLACE_NAMES = {"de": "Standort", "en": "Location"}
"""Names of the attributes of an item (BG-32) for what EN 16931 has no term for, by the language of the content."""
