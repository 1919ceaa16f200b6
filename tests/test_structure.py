"""What every table and every file has to keep, looked up in the database and in the sources themselves."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection, models

from locations.constraints import CompositeForeignKey

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = (
    "locations",
    "mcp",
    "files",
    "customers",
    "clearing",
    "accounting",
    "transitions",
    "api",
    "privacy",
    "spreadsheets",
    "launch",
)
MOST_LINES = 400


def _sources(*folders: str, ending: str = "*.py") -> list[Path]:
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob(ending))
        if "migrations" not in path.parts and "__pycache__" not in path.parts
    ]


def test_every_reference_to_customer_data_goes_over_the_base(db):
    referring = 0
    for model in apps.get_models():
        if model.__name__.endswith("Event"):
            continue  # a history refers to rows that may be gone, by no constraint at all
        keys = [c for c in model._meta.constraints if isinstance(c, CompositeForeignKey)]
        for field in _foreign_keys(model):
            if field.related_model._meta.label in {"customers.Customer", "customers.CustomerGroup", "customers.Tag"}:
                referring += 1
                assert not field.db_constraint, f"{field} has a plain constraint beside the one over the base"
                assert ("base", field.name) in {key.fields for key in keys}, f"{field} can refer to another base"
    assert referring >= 1


def _foreign_keys(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]


def test_references_between_tables_of_a_business_cannot_leave_it(db):
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT conname FROM pg_constraint
            WHERE contype = 'f' AND array_length(conkey, 1) = 2 AND NOT (condeferrable AND condeferred)
        """)
        assert cursor.fetchall() == []


def test_an_import_inside_a_function_has_its_reason_beside_it():
    bare = []
    for path in _sources(*PRODUCT, "tests", "bench"):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for function in ast.walk(ast.parse(text)):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom) and "#" not in lines[node.lineno - 1]:
                    bare.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert bare == []


def test_no_file_is_longer_than_the_limit():
    files = _sources(*PRODUCT, "tests", "bench") + _sources("templates", ending="*.html")
    long = {path.relative_to(ROOT).as_posix(): _lines(path) for path in files if _lines(path) > MOST_LINES}
    assert long == {}


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_template_holds_a_script_or_an_event_handler_of_its_own():
    """The content security policy would refuse them: scripts stand in files under static/."""
    guilty = []
    for path in _sources("templates", ending="*.html"):
        text = path.read_text(encoding="utf-8")
        if re.search(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", text, re.IGNORECASE):
            guilty.append(f"{path.name}: <script>")
        if re.search(r"<[^>]*\son[a-z]+\s*=", text):
            guilty.append(f"{path.name}: event handler")
        if "javascript:" in text:
            guilty.append(f"{path.name}: javascript:")
    assert guilty == []


def test_no_test_is_skipped_or_expected_to_fail():
    guilty = [
        path.name
        for path in _sources("tests")
        if path != Path(__file__) and re.search(r"mark\.(skip|xfail)|pytest\.(skip|xfail)\(", path.read_text("utf-8"))
    ]
    assert guilty == []
