"""E-invoices of others, read to be shown: CII and UBL, by themselves or inside of a PDF. Nothing is stored."""

from accounting.documents.received.doubts import doubts_about
from accounting.documents.received.invoice import Adjustment, LineFigures, ReceivedInvoice
from accounting.documents.received.problems import Unreadable
from accounting.documents.received.reading import MOST_BYTES, read

__all__ = ["MOST_BYTES", "Adjustment", "LineFigures", "ReceivedInvoice", "Unreadable", "doubts_about", "read"]
