"""The official rules: EN 16931 (CEN), the profile of Factur-X and ZUGFeRD (FeRD), XRechnung (KoSIT).

A file that is missing or changed fails the tests, it skips none: `RULES` says what must be there.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "data" / "invoice_rules"
PROGRAM = Path(__file__).with_name("rules_process.py")
CEN, FERD, KOSIT = "EN16931-CII-validation.xsl", "FACTUR-X_EN16931.xslt", "XRechnung-CII-validation.xsl"
ZUGFERD = (CEN, FERD)
XRECHNUNG = (CEN, KOSIT)
type Failure = tuple[str, str, str]
"""The rule, how grave it is, and what it says."""


def demand_files() -> None:
    """Raises AssertionError where a file of the rules is missing or not the one that was kept."""
    for line in (DATA / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, name = line.split()
        assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == digest, f"{name} was changed"


class Rules:
    """The program that asks them, as long as it is needed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert self._answer() == sorted((CEN, FERD, KOSIT))

    def _answer(self) -> list[Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the program that asks the rules has ended"
        found: list[Any] = json.loads(line)
        return found

    def broken(self, xml: bytes, rules: tuple[str, ...]) -> list[Failure]:
        """Which rules the invoice breaks, warnings too; not what is only information."""
        found: list[Failure] = []
        assert self._process.stdin is not None
        for name in rules:
            self._process.stdin.write(json.dumps({"rules": name, "xml": xml.decode()}) + "\n")
            self._process.stdin.flush()
            found += [(rule, flag, sentence) for rule, flag, sentence in self._answer() if flag != "information"]
        return found


@contextmanager
def official_rules() -> Iterator[Rules]:
    demand_files()
    command = [sys.executable, str(PROGRAM), *(str(DATA / name) for name in (CEN, FERD, KOSIT))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8") as asked:
        try:
            yield Rules(asked)
        finally:
            assert asked.stdin is not None
            asked.stdin.close()
            asked.wait(timeout=30)
