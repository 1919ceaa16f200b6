"""What was read: the content in our own terms, and what our own invoices never have."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from accounting.amounts import ZERO
from accounting.documents.contents import DocumentKind, InvoiceContent, VatCategory


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """An allowance (negative) or a charge of the whole invoice (BG-20, BG-21)."""

    reason: str
    amount: Decimal
    category: VatCategory
    rate: Decimal


@dataclass(frozen=True, kw_only=True)
class LineFigures:
    """What a line says of its price: so much net for `base` of its unit, and charges less allowances of the line."""

    price: Decimal
    base: Decimal = Decimal(1)
    besides: Decimal = ZERO
    is_counted: bool = True
    """Whether its amount is a part of the sum. In the profile EXTENDED some lines only head or explain others."""


@dataclass(frozen=True, kw_only=True)
class ReceivedInvoice:
    """An e-invoice as it stands in the file. Amounts are as they stand there, right or wrong.

    Gross amounts of lines are worked out where the invoice says none: only ours do.
    """

    content: InvoiceContent
    syntax: str
    """CII or UBL."""
    profile: str
    """BT-24."""
    type_code: str
    """BT-3: 380 invoice, 381 credit note, 384 corrected invoice, and others."""
    payment_code: str = ""
    """BT-81, of which the content knows three."""
    figures: tuple[LineFigures, ...] = ()
    """One for each line."""
    adjustments: tuple[Adjustment, ...] = ()
    line_total: Decimal = ZERO
    """BT-106."""
    rounding: Decimal = ZERO
    """BT-114."""
    terms: str = ""
    """BT-20."""
    attachment: str = ""
    """The name of the XML inside of a PDF."""

    @property
    def is_credit(self) -> bool:
        """Whether its amounts are owed to the buyer, which the type alone says."""
        return self.content.kind is DocumentKind.CANCELLATION
