"""A workbook as an archive: refused before unpacking if it is too large, parsed in chunks, never held as a whole."""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from struct import error as StructError
from struct import unpack_from
from typing import BinaryIO
from xml.parsers.expat import ExpatError, ParserCreate, XMLParserType

from spreadsheets.limits import Limits
from spreadsheets.problems import UnreadableFile, unreadable

CHUNK = 64 * 1024
LONGEST_TOKEN = 1024 * 1024
SMALL_MEMBER = 1024 * 1024
END_RECORD = b"PK\x05\x06"
BYTES_PER_ENTRY = 512
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})

type Attributes = dict[str, str]


@contextmanager
def damage_reported() -> Iterator[None]:
    """Whatever a damaged archive or damaged XML raises becomes UnreadableFile."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, ExpatError, EOFError, StructError, UnicodeError) as error:
        raise unreadable("broken_archive", reason=str(error)) from error
    except (NotImplementedError, KeyError, RuntimeError) as error:
        raise unreadable("broken_archive", reason=str(error)) from error


def open_archive(file: BinaryIO, *, limits: Limits) -> zipfile.ZipFile:
    """Open and check an archive without unpacking anything."""
    _check_directory(file, limits=limits)
    with damage_reported():
        archive = zipfile.ZipFile(file)
    members = archive.infolist()
    if len(members) > limits.members:
        raise unreadable("too_many_members", limit=limits.members)
    size = sum(member.file_size for member in members)
    if size > limits.unpacked_bytes:
        raise unreadable("unpacked_too_large", size=size, limit=limits.unpacked_bytes)
    for member in members:
        _check_member(member, limits=limits)
    return archive


def _check_directory(file: BinaryIO, *, limits: Limits) -> None:
    """The directory itself may be the bomb, so look at its size before it is read."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    at = tail.rfind(END_RECORD)
    if at < 0 or len(tail) < at + 22:
        raise unreadable("broken_archive", reason="its end is missing")
    entries, directory_size = unpack_from("<HL", tail, at + 10)
    if entries > limits.members or directory_size > limits.members * BYTES_PER_ENTRY:
        raise unreadable("too_many_members", limit=limits.members)


def _check_member(member: zipfile.ZipInfo, *, limits: Limits) -> None:
    if member.file_size > SMALL_MEMBER and member.file_size > limits.ratio * member.compress_size:
        raise unreadable("suspicious_ratio", member=member.filename, limit=limits.ratio)
    if member.flag_bits & 1:
        raise unreadable("encrypted")
    if member.compress_type not in METHODS:
        raise unreadable("broken_archive", reason="unknown compression")


class Reader:
    """Pushes one member through expat, names without their namespaces.

    Document types are refused (they could define entities), and so is a single tag of over a mebibyte.
    """

    def __init__(
        self,
        *,
        start: Callable[[str, Attributes], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        self._start, self._end = start, end
        self._names: dict[str, str] = {}
        self._parser: XMLParserType = ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.buffer_size = CHUNK
        self._parser.StartElementHandler = self._on_start
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        if end is not None:
            self._parser.EndElementHandler = self._on_end
        if text is not None:
            self._parser.CharacterDataHandler = text

    def chunks(self, archive: zipfile.ZipFile, member: str) -> Iterator[None]:
        """Parse chunk by chunk; after each the caller may take what its handlers have gathered."""
        with damage_reported(), archive.open(member) as stream:
            fed = 0
            while chunk := stream.read(CHUNK):
                fed += len(chunk)
                self._parser.Parse(chunk, False)
                if fed - self._parser.CurrentByteIndex > LONGEST_TOKEN:
                    raise unreadable("broken_archive", reason="a tag is too long")
                yield
            self._parser.Parse(b"", True)
            yield

    def read(self, archive: zipfile.ZipFile, member: str) -> None:
        """Parse to the end."""
        for _chunk in self.chunks(archive, member):
            pass

    def _on_start(self, name: str, attributes: Attributes) -> None:
        self._start(self._names.get(name) or self._local(name), attributes)

    def _on_end(self, name: str) -> None:
        if self._end is not None:
            self._end(self._names.get(name) or self._local(name))

    def _local(self, name: str) -> str:
        local = name.rpartition(" ")[2]
        if len(self._names) < 1000:
            self._names[name] = local
        return local


def _refuse_doctype(*_declaration: object) -> None:
    raise unreadable("broken_archive", reason="a document type declaration")


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """True if the archive has the parts of an .xlsx."""
    return any(re.fullmatch(r"xl/workbook\d*\.xml", name) for name in archive.namelist())


def foreign_archive(archive: zipfile.ZipFile) -> UnreadableFile:
    """What the archive is instead of an .xlsx."""
    names = archive.namelist()
    if "xl/workbook.bin" in names:
        return unreadable("unsupported_format", found="a binary Excel workbook (.xlsb)")
    if "content.xml" in names:
        return unreadable("unsupported_format", found="an OpenDocument file")
    if any(name.startswith("word/") for name in names):
        return unreadable("unsupported_format", found="a Word document")
    return unreadable("unsupported_format", found="an archive (ZIP)")
