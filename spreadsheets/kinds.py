"""Recognises the kind of a file by its first bytes, and checks whether that fits its name."""

import json
from pathlib import PurePath

from spreadsheets.dialects import FileKind
from spreadsheets.problems import gettext_noop, unreadable

CSV_ENDINGS = frozenset({".csv", ".txt", ".tsv", ".tab", ".asc"})
XLSX_ENDINGS = frozenset({".xlsx", ".xlsm", ".xltx", ".xltm"})
JSON_ENDINGS = frozenset({".jsonl", ".ndjson", ".json"})
VCARD_ENDINGS = frozenset({".vcf", ".vcard"})
ENDINGS: dict[FileKind, frozenset[str]] = {
    "csv": CSV_ENDINGS, "xlsx": XLSX_ENDINGS, "jsonl": JSON_ENDINGS, "vcard": VCARD_ENDINGS
}  # fmt: skip
NAMES: dict[FileKind, str] = {
    "csv": gettext_noop("text (CSV)"),
    "xlsx": gettext_noop("an Excel workbook"),
    "jsonl": "JSON Lines",
    "vcard": "vCard",
}

ARCHIVE = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FOREIGN = (
    (b"%PDF-", gettext_noop("a PDF document")),
    (b"{\\rtf", gettext_noop("a text document (RTF)")),
    (b"\x1f\x8b", gettext_noop("a compressed file (gzip)")),
    (b"BZh91AY&SY", gettext_noop("a compressed file (bzip2)")),
    (b"7z\xbc\xaf", gettext_noop("a compressed file (7z)")),
    (b"Rar!\x1a\x07", gettext_noop("a compressed file (RAR)")),
    (b"\x89PNG", gettext_noop("an image")),
    (b"\xff\xd8\xff", gettext_noop("an image")),
    (b"GIF89a", gettext_noop("an image")),
    (b"SQLite format 3", gettext_noop("a database")),
    (b"PK\x05\x06", gettext_noop("an empty archive")),
)
MARKUP = (b"<!doctype", b"<html", b"<head", b"<body", b"<table", b"<meta", b"<?xml", b"<workbook", b"<!--")
CARD = b"BEGIN:VCARD"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def kind_of(head: bytes, *, name: str = "") -> FileKind:
    """The kind by the first few kilobytes.

    Raises UnreadableFile for a file that is no table, or that has a wrong extension.
    """
    found = _foreign(head)
    if found is not None:
        raise _refused(found, head=head, name=name)
    kind = _kind(head)
    ending = PurePath(name).suffix.lower()
    known = ending == ".xls" or any(ending in endings for endings in ENDINGS.values())
    if known and ending not in ENDINGS[kind]:
        raise unreadable("wrong_name", name=PurePath(name).name, found=NAMES[kind])
    return kind


def _kind(head: bytes) -> FileKind:
    if head.startswith(ARCHIVE):
        return "xlsx"
    if head.removeprefix(BYTE_ORDER_MARK).lstrip()[: len(CARD)].upper() == CARD:
        return "vcard"
    return "jsonl" if _is_json_line(head) else "csv"


def _foreign(head: bytes) -> str | None:
    if head.startswith(OLE):
        return gettext_noop("an old Excel workbook (.xls)")
    start = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    markup = start[:2048].lstrip(b"\xff\xfe").replace(b"\0", b"").lower()
    if markup.startswith(MARKUP):
        is_page = any(tag in markup for tag in (b"<html", b"<table", b"<body", b"<head", b"<!doctype html"))
        return gettext_noop("a web page (HTML)") if is_page else "XML"
    if start[:1] == b"[" and start[1:].lstrip()[:1] in (b"{", b"["):
        return gettext_noop("a JSON array")
    return next((found for magic, found in FOREIGN if head.startswith(magic)), None)


def _refused(found: str, *, head: bytes, name: str) -> Exception:
    ending = PurePath(name).suffix.lower()
    if head.startswith(OLE) and "EncryptedPackage".encode("utf-16-le") in head:
        return unreadable("encrypted")
    if any(ending in endings for endings in ENDINGS.values()):
        return unreadable("wrong_name", name=PurePath(name).name, found=found)
    return unreadable("unsupported_format", found=found)


def _is_json_line(head: bytes) -> bool:
    line = head.removeprefix(BYTE_ORDER_MARK).lstrip().split(b"\n", 1)[0].strip()
    if line[:1] != b"{":
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return b'":' in line
