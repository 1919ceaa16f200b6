"""Files made to fill memory or to pass for something else, and files that are damaged."""

from __future__ import annotations

import io
import struct
import time
from contextlib import suppress
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounting.banking import camt053
from accounting.banking.camt053 import read_camt053
from accounting.banking.problems import UnreadableBankFile
from accounting.banking.safe_xml import elements
from accounting.banking.statements import BankEntry
from tests.accounting.banking.files import example, read, refusal, zipped

CAMT = example("camt053_02.xml")
START = b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"'


def with_doctype(declarations: str) -> bytes:
    head, _declaration, rest = CAMT.partition(b"?>")
    return head + b"?><!DOCTYPE Document [" + declarations.encode() + b"]>" + rest


BOMB = "<!ENTITY a0 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY a{number} '{f'&a{number - 1};' * 10}'>" for number in range(1, 10)
)
HOSTILE = {
    "entity bomb": (with_doctype(BOMB).replace(b"Entgelte 12/2025", b"&a9;"), "document_type"),
    "file of the server": (
        with_doctype("<!ENTITY x SYSTEM 'file:///etc/passwd'>").replace(b"Entgelte 12/2025", b"&x;"),
        "document_type",
    ),
    "address elsewhere": (with_doctype("<!ENTITY % x SYSTEM 'http://127.0.0.1:9/x'> %x;"), "document_type"),
    "quadratic entity": (with_doctype(f"<!ENTITY a '{'a' * 100_000}'>"), "document_type"),
    "deep nesting": (CAMT.replace(b"<GrpHdr>", b"<GrpHdr>" + b"<a>" * 100_000), "too_deep"),
    "deep and closed": (CAMT.replace(b"<GrpHdr>", b"<GrpHdr>" + b"<a>" * 900 + b"</a>" * 900), "too_deep"),
    "one endless tag": (START + b' a="' + b"a" * 8_000_000, "broken_xml"),
    "undefined entity": (CAMT.replace(b"Entgelte 12/2025", b"&x;"), "broken_xml"),
    "NUL": (CAMT.replace(b"Entgelte", b"Ent\0gelte"), "broken_xml"),
    "NULs only": (b"\0" * 1000, "nul"),
    "wrong encoding": (CAMT.decode().encode("cp1252"), "broken_xml"),
    "unknown encoding": (CAMT.replace(b"UTF-8", b"UTF-99"), "broken_xml"),
    "two roots": (CAMT + CAMT.partition(b"?>")[2], "broken_xml"),
    "nothing": (b"", "empty"),
    "a paper": (b"%PDF-1.7\n" + b"a" * 100, "unknown_kind"),
    "MT940": (b":20:STARTUMS\r\n:25:10020030/1234567\r\n", "unknown_kind"),
    "a page": (b"<html><body>Please log in</body></html>", "no_statement"),
    "bytes of chance": (bytes(range(256)) * 40, "nul"),
    "zeros in an archive": (zipped({"a.xml": b"\0" * 30_000_000}), "archive_suspicious"),
    "many files": (zipped({f"{number}.xml": b"" for number in range(1001)}), "archive_too_many"),
    "archive in an archive": (zipped({"a.zip": zipped({"a.xml": CAMT})}), "archive_without_statement"),
    "half an archive": (zipped({"a.xml": CAMT})[:-30], "archive_damaged"),
}


@pytest.mark.parametrize(("content", "code"), HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_file_is_refused_with_a_sentence(content, code):
    refused = refusal(content, "file.xml")
    assert refused.code == code
    assert "%(" not in refused.messages[0]


def test_archive_that_declares_more_than_is_allowed_is_not_unpacked():
    content = bytearray(zipped({f"{number}.xml": b"a" * 500 for number in range(2)}))
    for number in range(2):
        at = [at for at in range(len(content)) if content[at : at + 4] == b"PK\x01\x02"][number]
        content[at + 20 : at + 28] = struct.pack("<LL", 180 * 1024**2, 200 * 1024**2)
    assert refusal(bytes(content)).code == "archive_too_large"


class Endless(io.RawIOBase):
    """200 MB of blanks within an element, made when they are read."""

    at = 0

    def seek(self, at: int, _whence: int = 0) -> int:
        self.at = at
        return at

    def read(self, size: int = -1) -> bytes:
        begin = START + b">" if not self.at else b""
        self.at += size
        return begin + b" " * size if self.at < 200_000_000 else b""


def test_large_file_is_refused_before_it_is_in_memory():
    endless = Endless()
    with pytest.raises(UnreadableBankFile) as refused:
        read_camt053(cast(BinaryIO, endless), name="large.xml")
    assert refused.value.code == "too_large"
    assert endless.at < 70_000_000


def test_file_that_ends_too_early_is_refused_wherever_it_ends():
    """Each tenth byte: no part of a statement passes for a whole one."""
    end = CAMT.rindex(b"</Document>") + len(b"</Document>")
    codes = {refusal(CAMT[:at]).code for at in range(0, end, 10)}
    assert codes <= {"broken_xml", "empty", "no_headings", "missing_columns"}


def test_table_that_ends_too_early_gives_no_more_than_its_whole_lines():
    """Where it ends with a line, nobody can tell; in the middle of one it is refused."""
    content = example("sparkasse_camt.csv")
    whole = read(content)[0].entries
    for at in range(len(content)):
        found = entries_or_none(content[:at])
        assert found is None or found == whole[: len(found)]


def entries_or_none(content: bytes) -> tuple[BankEntry, ...] | None:
    try:
        return read(content)[0].entries
    except UnreadableBankFile:
        return None


def test_long_statement_is_read_in_seconds_and_its_entries_are_forgotten(monkeypatch):
    one = CAMT[CAMT.index(b"<Ntry>") : CAMT.index(b"</Ntry>") + 7]
    count = 3_000
    long = CAMT.replace(one, one * count).replace(b"2663.05", f"{1563 + 1100 * count}.05".encode())
    kept = []

    def watched(*args, **options):
        for element in elements(*args, **options):
            yield element
            above = element.getparent()
            kept.append(0 if above is None else len(above))

    monkeypatch.setattr(camt053, "elements", watched)
    start = time.process_time()
    assert len(read(long)[0].entries) == count + 4
    assert time.process_time() - start < 3
    assert len(kept) > count
    assert max(kept) < 100  # lxml reads some ahead


CHANGES = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 40), st.binary(max_size=6)), min_size=1, max_size=8)
FILES = [CAMT, *(example(name) for name in ("camt053_08.xml", "sparkasse_camt.csv", "ing.csv", "n26.csv"))]


@given(content=st.sampled_from([*FILES, zipped({"a.xml": CAMT})]), changes=CHANGES)
@settings(max_examples=150, deadline=None)
def test_damaged_file_is_read_or_refused_and_nothing_else(content, changes):
    """Some bytes are taken out and others put in, anywhere."""
    for at, count, put in changes:
        at %= len(content) + 1
        content = content[:at] + put + content[at + count :]
    with suppress(UnreadableBankFile):
        assert read(content) != ()
