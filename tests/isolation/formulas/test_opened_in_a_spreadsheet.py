"""Customers whose every text is a formula, exported and opened by LibreOffice, which shall evaluate what it can."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from django.db import models

from customers.models import Customer
from customers.operations import register_customer
from launch import debian
from mcp.isolation.scope import Scope
from tests.customers.transfer import file_name, taken_out

pytestmark = pytest.mark.isolation

PAYLOADS = (
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "=cmd|' /C calc'!A0", '=HYPERLINK("x")', "\uff1d1+1", "=A1&A2", "+49-40-1234",
    "-2+3+A1", "=1+1;=2+2", "'=1+1",
)  # fmt: skip
CHECKED = {"country", "email", "website", "payment_method", "language", "birthday_without_year"}
"""Columns of which the database or a form holds the shape; in the others anything can stand."""
LANGUAGE, QUOTED, DETECT, SHOWN, TRIMMED, SHEET, EVALUATE = "1033", "false", "true", "false", "false", "0", "true"
DELIMITERS = {"excel-de": 59, "plain": 44}


@pytest.fixture(scope="module")
def soffice() -> str:
    return debian.ensure("soffice", package="libreoffice-calc", needed_by="The test of formulas")


def opened(soffice: str, file: Path, *, delimiter: int | None) -> str:
    """What LibreOffice has made of a file, as its own XML, in which a cell that it evaluates names its formula."""
    options = [str(delimiter), "34", "76", "1", "", LANGUAGE, QUOTED, DETECT, SHOWN, TRIMMED, SHEET, EVALUATE]
    how = [f"--infilter=Text - txt - csv (StarCalc):{','.join(options)}"] if delimiter else []
    profile = f"-env:UserInstallation=file://{file.parent}/profile"
    command = [soffice, profile, "--headless", *how, "--convert-to", "fods", "--outdir", str(file.parent), str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return file.with_suffix(".fods").read_text(encoding="utf-8")


def cells_with(found: str, word: str) -> int:
    """Equal cells beside one another are written once, with their number."""
    cells = re.findall(rf"<table:table-cell([^>]*)>\s*<text:p>[^<]*{word}", found)
    repeated = [re.search(r'columns-repeated="(\d+)"', attributes) for attributes in cells]
    return sum(int(one[1]) if one else 1 for one in repeated)


@pytest.fixture
def anna(cast) -> Scope:
    scope: Scope = cast.scope("anna", "Zentrale")
    texts = [
        field
        for field in Customer._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField) and field.editable and field.name not in CHECKED
    ]
    for payload in PAYLOADS:
        row = {field.name: payload for field in texts if not field.max_length or len(payload) <= field.max_length}
        register_customer(customer=Customer(**row, is_blocked=True), actor=scope)
    return scope


@pytest.mark.sample("long proofs in turns", most=3)
@pytest.mark.parametrize("profile", ["excel-de", "plain", "xlsx"])
def test_no_cell_of_an_export_is_evaluated(anna, soffice, tmp_path, profile):
    file = tmp_path / file_name(profile)
    file.write_bytes(taken_out(anna, profile))
    found = opened(soffice, file, delimiter=DELIMITERS.get(profile))
    assert cells_with(found, "HYPERLINK") >= 15  # nearly every text column holds one so long
    # A truth value of a workbook is one of these two wherever LibreOffice reads it.
    assert set(re.findall(r'table:formula="([^"]*)"', found)) <= {"of:=TRUE()", "of:=FALSE()"}


@pytest.mark.sample("long proofs in turns", most=3)
def test_formula_without_our_guard_is_evaluated(soffice, tmp_path):
    file = tmp_path / "open.csv"
    file.write_text("Name\n=1+1\n", encoding="utf-8")
    assert "table:formula=" in opened(soffice, file, delimiter=44)
