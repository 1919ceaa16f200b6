"""The invoice to be read by people: a PDF/A-3b with its XML inside (ZUGFeRD, Factur-X)."""

from accounting.documents.pdf_a3.document import as_pdf
from accounting.documents.pdf_a3.metadata import xml_name

__all__ = ["as_pdf", "xml_name"]
