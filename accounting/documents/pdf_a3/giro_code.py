"""The code that a banking app reads: recipient, IBAN, amount and reference of a transfer (EPC 069-12)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import segno
from django.utils.translation import gettext as _

from accounting.documents.contents import InvoiceContent, PaymentKind
from accounting.documents.pdf_a3.lengths import Length
from accounting.documents.pdf_a3.sheets import Sheets

SIZE = 26
"""Millimetres."""
_MOST = Decimal("999999999.99")


@dataclass(frozen=True)
class GiroCode:
    rows: tuple[bytes, ...]
    """1 is dark."""

    def put(self, sheets: Sheets, x: Length, y: Length) -> None:
        """Draws it; dark fields of a row that touch are one rectangle."""
        field = SIZE / len(self.rows)
        sheets.set_fill_color(0)
        for row, fields in enumerate(self.rows):
            at = 0
            while (at := fields.find(1, at)) >= 0:
                end = fields.find(0, at)
                end = len(fields) if end < 0 else end
                sheets.rect(x + at * field, y + row * field, (end - at) * field, field + 0.01, style="F")
                at = end
        sheets.face(6.5, grey=True)
        sheets.put(x, y + SIZE + 3, _("Scan to pay"))


def giro_code(content: InvoiceContent) -> GiroCode | None:
    """The code; None where nothing is transferred to us, or not in euros."""
    amount, issuer = content.totals.to_pay, content.issuer
    if content.payment.kind is not PaymentKind.TRANSFER or content.cancels or content.currency != "EUR":
        return None
    if not 0 < amount <= _MOST:
        return None
    reference = (content.payment.reference or content.number)[:140]
    lines = ("BCD", "002", "1", "SCT", issuer.bic, issuer.name[:70], issuer.iban, f"EUR{amount:.2f}", "", "", reference)
    code = segno.make("\n".join(lines), error="m", micro=False, boost_error=False, encoding="utf-8")
    return GiroCode(tuple(bytes(row) for row in code.matrix))
