"""Files made to fill memory or time, and a process of its own that opens one and measures itself."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.spreadsheets.tables import deep, repository, workbook

CPU_SECONDS = 20
"""Whoever is busy for longer is killed. A refusal takes a fraction of a second; `make bench` measures it."""
_PROBE = r"""
import json, re, resource, sys, time
from spreadsheets import UnreadableFile, open_table
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[3]), int(sys.argv[3])))
begin = time.perf_counter()
try:
    with open_table(sys.argv[1]) as table:
        rows = sum(len(block.rows) for block in table.blocks()) if sys.argv[2] == "blocks" else sum(1 for row in table)
    code = f"{rows} rows"
except UnreadableFile as refused:
    code = refused.problem.code
seconds = time.perf_counter() - begin
# Not ru_maxrss: it begins with what the parent process used.
peak = int(re.search(r"VmHWM:\s*(\d+)", open("/proc/self/status").read())[1]) / 1024
print(json.dumps([code, seconds, peak]))
"""


class Opened(NamedTuple):
    """What came of a file: the code of the refusal, and what that took."""

    code: str
    seconds: float
    megabytes: float


def opened(content: bytes, folder: Path, *, reading: str) -> Opened:
    """Open a file by rows or by blocks. Raises CalledProcessError where it keeps the processor busy for too long."""
    is_archive, is_json = content.startswith(b"PK"), content.startswith(b"{")
    path = folder / ("bomb.xlsx" if is_archive else "bomb.jsonl" if is_json else "bomb.csv")
    path.write_bytes(content)
    command = [sys.executable, "-c", _PROBE, str(path), reading, str(CPU_SECONDS)]
    answer = subprocess.run(command, cwd=repository(), capture_output=True, check=True)
    return Opened(*json.loads(answer.stdout))


HEAD = '<row r="1"><c t="inlineStr"><is><t>Nr</t></is></c></row>'
NESTED = "<!DOCTYPE x [<!ENTITY a0 'a'>" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 9)) + "]>"


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def lying_about_its_size() -> bytes:
    """The directory says one byte; the member unpacks to 50 MB."""
    content = bytearray(workbook(HEAD + "<row/>" * 8_000_000))
    at = content.rfind(b"PK\x01\x02", 0, content.rfind(b"xl/worksheets/sheet1.xml"))
    content[at + 24 : at + 28] = struct.pack("<L", 1)
    return bytes(content)


def many_members(*, lying: bool) -> bytes:
    content = bytearray(zipped({f"xl/{number}": b"" for number in range(60_000)}))
    if lying:
        content[-14:-10] = struct.pack("<HH", 3, 3)
    return bytes(content)


BOMBS: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "zeros": (lambda: zipped({"xl/workbook.xml": b"\0" * 200_000_000}), {"suspicious_ratio"}),
    "rows without cells": (lambda: workbook(HEAD + "<row/>" * 8_000_000), {"suspicious_ratio"}),
    "rows beyond Excel": (
        lambda: workbook(HEAD + "".join(f'<row r="{n}"/>' for n in range(2, 200_000)) + '<row r="9999999"/>'),
        {"too_many_rows"},
    ),
    "one long cell": (
        lambda: workbook(f'{HEAD}<row><c t="inlineStr"><is><t>{"a" * 90_000_000}</t></is></c></row>'),
        {"suspicious_ratio"},
    ),
    "one long tag": (
        lambda: zipped({"xl/workbook.xml": b'<workbook a="' + b"a" * 30_000_000 + b'"/>'}, method=zipfile.ZIP_STORED),
        {"broken_archive"},
    ),
    "one wide row": (
        lambda: workbook(HEAD + '<row r="2"><c r="ZZZZZZZ2"><v>1</v></c></row>'),
        {"broken_archive", "too_many_columns"},
    ),
    "entities": (lambda: workbook(HEAD, prologue=NESTED), {"broken_archive"}),
    "many members": (lambda: many_members(lying=False), {"too_many_members"}),
    "many members and a lie": (lambda: many_members(lying=True), {"too_many_members"}),
    "lie about the size": (lying_about_its_size, {"broken_archive"}),
    "deep rows": (lambda: workbook(HEAD + deep("row")), {"broken_archive"}),
    "many styles": (
        lambda: workbook(
            HEAD, styles="<cellXfs>" + "".join(f'<xf numFmtId="{n}"/>' for n in range(100_000)) + "</cellXfs>"
        ),
        {"too_many_styles"},
    ),
    "one endless line": (lambda: b"Nr;Name\n" + b"a" * 60_000_000, {"row_too_long"}),
    "one endless heading": (lambda: b"a" * 60_000_000, {"row_too_long"}),
    "one endless quote": (lambda: b'Nr;Name\n1;"' + b"a;b\n" * 15_000_000, {"unclosed_quote"}),
    "delimiters only": (lambda: b";" * 60_000_000, {"row_too_long"}),
    "one endless object": (lambda: b'{"a":"' + b"a" * 60_000_000, {"row_too_long"}),
    "deep object": (lambda: b'{"a":' + b"[" * 200_000, {"broken_json", "wrong_name"}),
}
