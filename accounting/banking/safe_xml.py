"""Reads XML of strangers: without entities, without network, within limits, and element by element.

The file is read twice. The first reading, by expat, only looks: it refuses document types (and with them every entity),
depth and number of elements, and says in which line XML ends to be XML. The second one, by lxml, gives the elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from xml.parsers.expat import ExpatError, ParserCreate

from lxml import etree

from accounting.banking.problems import UnreadableBankFile

CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """`file_bytes` is the size of one XML file, unpacked; a statement of 10,000 entries has about 15 MB."""

    file_bytes: int = 64 * 1024**2
    elements: int = 3_000_000
    depth: int = 40
    token_bytes: int = 1024**2


LIMITS = Limits()


def elements(file: BinaryIO, *, name: str, tags: tuple[str, ...], limits: Limits = LIMITS) -> Iterator[Any]:
    """Each element with one of these local names, when it ends; the caller clears what it has read.

    The file must be seekable. Raises UnreadableBankFile.
    """
    _look(file, name=name, limits=limits)
    file.seek(0)
    walk = etree.iterparse(
        file,
        events=("end",),
        tag=[f"{{*}}{tag}" for tag in tags],
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for _event, element in walk:
            yield element
    except etree.XMLSyntaxError as error:
        raise UnreadableBankFile("broken_xml", file=name, line=error.lineno or 1) from error


def _look(file: BinaryIO, *, name: str, limits: Limits) -> None:
    file.seek(0)
    watch = _Watch(name=name, limits=limits)
    read = 0
    while chunk := file.read(CHUNK):
        read += len(chunk)
        if read > limits.file_bytes:
            raise UnreadableBankFile("too_large", size=read, limit=limits.file_bytes)
        watch.feed(chunk, read)
    if not read:
        raise UnreadableBankFile("empty")
    watch.feed(b"", read)


class _Watch:
    """Counts, and builds nothing."""

    def __init__(self, *, name: str, limits: Limits) -> None:
        self._name, self._limits = name, limits
        self._depth = self._count = 0
        self._parser = ParserCreate()
        self._parser.StartElementHandler = self._on_start
        self._parser.EndElementHandler = self._on_end
        self._parser.StartDoctypeDeclHandler = self._on_doctype

    def feed(self, chunk: bytes, read: int) -> None:
        """Look at the next bytes, none at the end; `read` is the number of those before and of these."""
        try:
            self._parser.Parse(chunk, not chunk)
        # ValueError and LookupError are what expat raises for encodings that Python does not know.
        except (ExpatError, ValueError, LookupError) as error:
            raise self._refused("broken_xml") from error
        if chunk and read - self._parser.CurrentByteIndex > self._limits.token_bytes + len(chunk):
            raise self._refused("broken_xml")

    def _on_start(self, _tag: str, _attributes: object) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > self._limits.depth:
            raise self._refused("too_deep")
        if self._count > self._limits.elements:
            raise self._refused("too_many_elements")

    def _on_end(self, _tag: str) -> None:
        self._depth -= 1

    def _on_doctype(self, *_declaration: object) -> None:
        raise self._refused("document_type")

    def _refused(self, code: str) -> UnreadableBankFile:
        line = self._parser.CurrentLineNumber
        return UnreadableBankFile(code, file=self._name, line=line, limit=self._limits.elements)
