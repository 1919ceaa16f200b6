"""A workbook as an archive: it is checked for its size before anything is unpacked, and parsed in chunks."""

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO
from xml.parsers.expat import ExpatError, ParserCreate, XMLParserType

from spreadsheets.limits import Limits
from spreadsheets.problems import UnreadableFile, gettext_noop, shortened, unreadable

CHUNK = 64 * 1024
LONGEST_TOKEN = 1024 * 1024
SMALL_MEMBER = 1024 * 1024
DEEPEST = 1_000
END_RECORD = b"PK\x05\x06"
BYTES_PER_ENTRY = 512
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})

# NotImplementedError, KeyError and RuntimeError are what zipfile raises for odd archives, ValueError what odd
# attributes of a sheet raise.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    ExpatError,
    EOFError,
    struct.error,
    ValueError,
    NotImplementedError,
    KeyError,
    RuntimeError,
)

type Attributes = dict[str, str]
type StartHandler = Callable[[str, Attributes], None]
type EndHandler = Callable[[str], None]
type TextHandler = Callable[[str], None]


@contextmanager
def damage_reported() -> Iterator[None]:
    """Turn exceptions of a damaged archive or damaged XML into UnreadableFile."""
    try:
        yield
    except _DAMAGE as error:
        raise unreadable("broken_archive", reason=shortened(error)) from error


def open_archive(file: BinaryIO, *, limits: Limits) -> zipfile.ZipFile:
    """Open and check an archive without unpacking anything. Raises UnreadableFile."""
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
    """Check the size of the directory before it is read: it may itself be made to fill the memory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    at = tail.rfind(END_RECORD)
    if at < 0 or len(tail) < at + 22:
        raise unreadable("broken_archive", reason="its end is missing")
    entries, directory_size = struct.unpack_from("<HL", tail, at + 10)
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
    """Parses one member with expat; names are given without the prefix of their namespace.

    Document types are refused (they could define entities), and so are a tag of more than a mebibyte and elements
    nested deeper than DEEPEST. Handlers for millions of elements count the depth themselves, which is quicker, and say
    so with `counts_depth`.
    """

    def __init__(
        self,
        *,
        start: StartHandler,
        end: EndHandler | None = None,
        text: TextHandler | None = None,
        counts_depth: bool = False,
    ) -> None:
        self._start, self._end = (start, end) if counts_depth else _counting_depth(start, end)
        self._parser: XMLParserType = ParserCreate()
        self._parser.buffer_text = True
        self._parser.buffer_size = CHUNK
        self._parser.StartElementHandler = self._on_root
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        if text is not None:
            self._parser.CharacterDataHandler = text

    def chunks(self, archive: zipfile.ZipFile, member: str) -> Iterator[None]:
        """Parse chunk by chunk; after each one the caller may take what its handlers have collected."""
        with damage_reported(), archive.open(member) as stream:
            fed = 0
            while chunk := stream.read(CHUNK):
                fed += len(chunk)
                self._parser.Parse(chunk, False)
                if fed - self._parser.CurrentByteIndex > LONGEST_TOKEN:
                    raise unreadable("broken_archive", reason=gettext_noop("a tag is too long"))
                yield
            self._parser.Parse(b"", True)
            yield

    def read(self, archive: zipfile.ZipFile, member: str) -> None:
        """Parse to the end."""
        for _chunk in self.chunks(archive, member):
            pass

    def _on_root(self, name: str, attributes: Attributes) -> None:
        """Most workbooks use no prefix: then the handlers of millions of elements are called directly."""
        start, end = self._start, self._end
        if ":" in name:
            start, end = _without_prefix(self._start), end and _end_without_prefix(end)
        self._parser.StartElementHandler = start
        if end is not None:
            self._parser.EndElementHandler = end
        start(name, attributes)


def too_deep() -> UnreadableFile:
    """The exception for elements that are nested deeper than DEEPEST."""
    return unreadable("broken_archive", reason="its parts are nested too deeply")


def _counting_depth(start: StartHandler, end: EndHandler | None) -> tuple[StartHandler, EndHandler]:
    depth = 0

    def counting_start(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise too_deep()
        start(name, attributes)

    def counting_end(name: str) -> None:
        nonlocal depth
        depth -= 1
        if end is not None:
            end(name)

    return counting_start, counting_end


def _without_prefix(handler: StartHandler) -> StartHandler:
    return lambda name, attributes: handler(name.rpartition(":")[2], attributes)


def _end_without_prefix(handler: EndHandler) -> EndHandler:
    return lambda name: handler(name.rpartition(":")[2])


def _refuse_doctype(*_declaration: object) -> None:
    raise unreadable("broken_archive", reason=gettext_noop("a document type declaration"))


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether the archive has the parts of an .xlsx."""
    return any(re.fullmatch(r"xl/workbook\d*\.xml", name) for name in archive.namelist())


def foreign_archive(archive: zipfile.ZipFile) -> UnreadableFile:
    """The exception for an archive that is no .xlsx, which says what it is."""
    names = archive.namelist()
    if "xl/workbook.bin" in names:
        return unreadable("unsupported_format", found=gettext_noop("a binary Excel workbook (.xlsb)"))
    if "content.xml" in names:
        return unreadable("unsupported_format", found=gettext_noop("an OpenDocument file"))
    if any(name.startswith("word/") for name in names):
        return unreadable("unsupported_format", found=gettext_noop("a Word document"))
    return unreadable("unsupported_format", found=gettext_noop("an archive (ZIP)"))
