"""XML of strangers as a tree: without a document type, entities and the network, and no deeper than an invoice is."""

from __future__ import annotations

from xml.parsers import expat

from lxml import etree

from accounting.documents.received.problems import Unreadable

MOST_XML_BYTES = 10 * 1024 * 1024
MOST_DEEP, MOST_ELEMENTS = 40, 500_000
"""An invoice of 5,000 lines has some 150,000 elements, 8 deep."""


def tree_of(xml: bytes) -> etree._Element:
    """The root element. Raises Unreadable."""
    if len(xml) > MOST_XML_BYTES:
        raise Unreadable("too_large", most=MOST_XML_BYTES // 1024 // 1024)
    _look_through(xml)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable("not_xml") from error


def _look_through(xml: bytes) -> None:
    """Stops at the first thing that is not wanted, before a tree of it is made."""
    parser = expat.ParserCreate()
    deep = elements = 0

    def begin(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal deep, elements
        deep, elements = deep + 1, elements + 1
        if deep > MOST_DEEP or elements > MOST_ELEMENTS:
            raise Unreadable("too_deep")

    def end(_name: str) -> None:
        nonlocal deep
        deep -= 1

    def refuse(*_arguments: object) -> None:
        raise Unreadable("forbidden")

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # the latter two: an encoding that is none
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("not_xml") from error
