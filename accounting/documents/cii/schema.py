"""The XML schema of the profile EN 16931, which lies beside this file (see schemas/README.md)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lxml import etree

SCHEMAS = Path(__file__).parent / "schemas"
MAIN = SCHEMAS / "Factur-X_EN16931.xsd"


class BrokenXml(Exception):
    """An XML that we wrote breaks the schema: a defect of this program."""


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(MAIN, etree.XMLParser(no_network=True, resolve_entities=False)))


def check_tree(root: etree._Element) -> None:
    """Raises BrokenXml with the place at which the tree breaks the schema."""
    try:
        _schema().assertValid(root)
    except etree.DocumentInvalid as error:
        raise BrokenXml(str(error)) from error


def check_schema(xml: bytes) -> None:
    """The same for bytes."""
    check_tree(etree.fromstring(xml, etree.XMLParser(no_network=True, resolve_entities=False)))
