"""The XML inside of a PDF (ZUGFeRD, Factur-X, XRechnung)."""

from __future__ import annotations

import io
import logging
from typing import Final

from pypdf import PdfReader
from pypdf.errors import LimitReachedError, PyPdfError

from accounting.documents.received.problems import Unreadable
from accounting.documents.received.safe_xml import MOST_XML_BYTES

KNOWN: Final = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml", "order-x.xml")
MOST_ATTACHMENTS = 100
_DEFECTS = (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError)
"""What the library raises for the many ways in which a PDF can be broken."""
logging.getLogger("pypdf").setLevel(logging.ERROR)  # it would log each oddity of a file of a stranger


def xml_of_pdf(data: bytes) -> tuple[str, bytes]:
    """Name and bytes of the XML. Raises Unreadable for a PDF that is broken, encrypted or holds none."""
    try:
        reader = PdfReader(io.BytesIO(data))
        is_encrypted = reader.is_encrypted
        found = None if is_encrypted else _chosen(reader)
    except LimitReachedError as error:  # what is packed in it would not end
        raise Unreadable("too_large", most=MOST_XML_BYTES // 1024 // 1024) from error
    except _DEFECTS as error:
        raise Unreadable("broken_pdf") from error
    if is_encrypted:
        raise Unreadable("encrypted")
    if found is None:
        raise Unreadable("plain_pdf")
    return found


def _chosen(reader: PdfReader) -> tuple[str, bytes] | None:
    """The attachment with one of the known names, or else the only XML."""
    files = {}
    for at, attachment in enumerate(reader.attachment_list):
        if at >= MOST_ATTACHMENTS:
            break
        files[attachment.name] = attachment
    by_name = {name.lower(): name for name in files}
    known = [by_name[name] for name in KNOWN if name in by_name]
    others = [name for low, name in by_name.items() if low.endswith(".xml")]
    if not known and len(others) != 1:
        return None
    name = (known or others)[0]
    return name, bytes(files[name].content)
