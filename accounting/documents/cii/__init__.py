"""The XML of an invoice: UN/CEFACT Cross Industry Invoice as EN 16931 and XRechnung use it."""

from accounting.documents.cii.schema import BrokenXml, check_schema
from accounting.documents.cii.writing import Incomplete, as_xml

__all__ = ["BrokenXml", "Incomplete", "as_xml", "check_schema"]
