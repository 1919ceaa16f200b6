"""An invoice as it was issued: everything that its XML and its PDF say, and nothing else.

Amounts are Decimal with two places in `currency`, rates are percent (Decimal("19")), dates are days. The names BT-… and
BG-… are those of EN 16931. Nothing is checked when one of these is made, since a received invoice may be wrong:
`checks.missing` and `checks.wrong_sums` say what an invoice lacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum


class DocumentKind(StrEnum):
    """What the document is.

    A cancellation (German: Stornorechnung) is a credit note, type 381, with the positive amounts of the invoice that
    it cancels, and refers to it (BT-25, BT-26). EN 16931 reads the amounts of a credit note as the other way round, so
    the sign is told by the type alone. The other way, type 384 with negative amounts, is a *corrected invoice*: it
    would replace the old one instead of cancelling it, has no counterpart in UBL's CreditNote, and needs negative
    quantities, since a price may not be negative (BR-27). On paper its title is "Stornorechnung", never "Gutschrift":
    § 14 UStG keeps that word for an invoice which the buyer writes.
    """

    INVOICE = "invoice"
    CANCELLATION = "cancellation"

    @property
    def type_code(self) -> str:
        """BT-3."""
        return {"invoice": "380", "cancellation": "381"}[self.value]


class VatCategory(StrEnum):
    """BT-118 and BT-151. We issue the first three: standard (any rate above zero), zero rated, exempt (with a
    reason).
    """

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    WITHIN_EUROPE = "K"
    EXPORT = "G"
    NO_VAT = "O"
    CANARIES = "L"
    CEUTA = "M"
    SPLIT_PAYMENT = "B"


class PaymentKind(StrEnum):
    """BT-81: transfer, SEPA debit, or settled with the account of the buyer, as a cancellation is."""

    TRANSFER = "58"
    DEBIT = "59"
    CLEARING = "97"


@dataclass(frozen=True, kw_only=True)
class Address:
    street: str = ""
    addition: str = ""
    postcode: str = ""
    city: str = ""
    country: str = "DE"
    """Two letters, ISO 3166-1."""


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """Who issues the invoice. `vat_id` or `tax_number` is needed.

    `trading_name` is the name over the door where it is another than the legal one (BT-28).
    """

    name: str
    address: Address
    vat_id: str = ""
    tax_number: str = ""
    trading_name: str = ""
    contact: str = ""
    phone: str = ""
    email: str = ""
    iban: str = ""
    """Without spaces, as all IBANs here."""
    bic: str = ""
    bank: str = ""
    """For the PDF alone: the XML has no place for it."""
    creditor_id: str = ""
    """Of SEPA debits; in the XML only where one pays that way (BT-90)."""
    legal_details: str = ""
    """Register, court, managers: at the foot of the letter, and BT-33."""


@dataclass(frozen=True, kw_only=True)
class Buyer:
    """Who pays. `name` is the company, or the person where there is none; `contact` is the person at the company."""

    name: str
    address: Address
    contact: str = ""
    member_of: str = ""
    """Whose member the buyer is here, such as a club or a company: a line of the address (BT-163)."""
    vat_id: str = ""
    leitweg_id: str = ""
    """Of a public authority (BT-10); with it the XML is an XRechnung."""
    customer_number: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line. `quantity` is not zero, and negative where something was given back; the amounts have its sign."""

    position: int
    text: str
    quantity: Decimal
    net_amount: Decimal
    """BT-131. Those of a rate sum to the net amount of its VAT group (see `vat.net_of_lines`)."""
    gross_amount: Decimal
    vat_rate: Decimal
    vat_category: VatCategory = VatCategory.STANDARD
    unit: str = "C62"
    """A code of UN/ECE recommendation 20: C62 piece, H87 piece, KGM, LTR, HUR, DAY, MTR."""
    delivered_on: date | None = None
    location: str = ""
    order_number: str = ""
    exemption_reason: str = ""
    """For category E: the reason of its VAT group (BT-120). The XML says it once for each group."""

    @property
    def unit_price(self) -> Decimal:
        """The net price of one (BT-146), never negative: with as many decimals as it takes for quantity × price to be
        the net amount to the cent.
        """
        if not self.quantity:
            return abs(self.net_amount)
        exact = abs(self.net_amount / self.quantity)
        for places in range(2, 12):
            price = exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
            cents = abs(price * self.quantity).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
            if cents == abs(self.net_amount):
                return price
        return exact


@dataclass(frozen=True, kw_only=True)
class VatGroup:
    """The sums of one rate (BG-23)."""

    rate: Decimal
    net: Decimal
    tax: Decimal
    category: VatCategory = VatCategory.STANDARD
    reason: str = ""
    """Why nothing is charged, for category E (BT-120)."""


@dataclass(frozen=True, kw_only=True)
class Totals:
    net: Decimal
    tax: Decimal
    gross: Decimal
    to_pay: Decimal
    """gross − paid (BT-115)."""
    paid: Decimal = Decimal("0.00")
    """What was paid before the invoice (BT-113)."""


@dataclass(frozen=True, kw_only=True)
class Payment:
    """How it is paid. A transfer goes to the IBAN of the issuer; a debit uses its creditor id."""

    kind: PaymentKind = PaymentKind.TRANSFER
    mandate_reference: str = ""
    debtor_iban: str = ""
    debtor_name: str = ""
    """Whose account is debited, where it is not the buyer's: for the PDF alone."""
    reference: str = ""
    """What the payer writes into a transfer (BT-83); the invoice's number if empty."""


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    """The invoice that a cancellation cancels (BG-3)."""

    number: str
    issued_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class InvoiceContent:
    """An invoice, or the cancellation of one. `due_on` is None only for a cancellation or where nothing is to pay."""

    number: str
    issued_on: date
    issuer: Issuer
    buyer: Buyer
    lines: tuple[Line, ...]
    vat_groups: tuple[VatGroup, ...]
    totals: Totals
    kind: DocumentKind = DocumentKind.INVOICE
    cancels: Cancelled | None = None
    due_on: date | None = None
    delivered_from: date | None = None
    delivered_until: date | None = None
    payment: Payment = Payment()
    notes: tuple[str, ...] = ()
    currency: str = "EUR"
    language: str = "de"
    """de or en: the language of the PDF and of the sentences in the XML."""

    @property
    def is_xrechnung(self) -> bool:
        """Whether its XML follows XRechnung: the buyer is a public authority."""
        return bool(self.buyer.leitweg_id)
