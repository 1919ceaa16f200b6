"""All sentences for people, read out of the code and the templates: `python -m tests.catalogue` updates locale/de.

Babel reads Python, and Django turns a template into Python first, so no other program is needed.
The look (unfold) ships no German: what it shows and nobody translates yet is part of our catalogue.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages import pofile
from babel.messages.catalog import Catalog
from babel.messages.extract import extract

from spreadsheets import MESSAGES

ROOT = Path(__file__).resolve().parent.parent
GERMAN = ROOT / "locale" / "de" / "LC_MESSAGES" / "django.po"
PACKAGES = (
    "locations",
    "mcp",
    "spreadsheets",
    "files",
    "customers",
    "clearing",
    "accounting",
    "transitions",
    "api",
    "privacy",
)
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "npgettext": ((1, "c"), 2, 3),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
DJANGO: tuple[str | tuple[str, str], ...] = (
    " By %(filter_title)s ",
    "Save and add another",
    "Save and continue editing",
    "Save and view",
    "The {name} “{obj}” was added successfully.",
    "The {name} “{obj}” was added successfully. You may add another {name} below.",
    "The {name} “{obj}” was changed successfully.",
    "The {name} “{obj}” was changed successfully. You may add another {name} below.",
    "The {name} “{obj}” was changed successfully. You may edit it again below.",
    "Please enter your old password, for security’s sake, and then enter your new password twice so we can verify "
    "you typed it in correctly.",
    "Enter the same password as before, for verification.",
    "- Select an option -",
    "%(model)s instance with %(field)s %(value)r is not a valid choice.",
    "Search %(name)s",
    "Filter by %(field_name)s",
    "Pagination %(name)s",
    "Select all",
    ("…and %(count)d more object.", "…and %(count)d more objects."),
)
"""Sentences of Django and its libraries on our pages that have no German, or one that calls our words by others."""
type Message = tuple[str, int, Any, str | None]
"""File, line, the message (two of them for a plural), and its context."""


def our_messages() -> Iterator[Message]:
    """The sentences of our packages and templates."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield from _code(path, path.relative_to(ROOT))
    for path in sorted([*(ROOT / "templates").rglob("*.html"), *(ROOT / "templates").rglob("*.txt")]):
        yield from _template(path, path.relative_to(ROOT))
    for sentence in MESSAGES.values():
        yield "spreadsheets/problems.py", 0, sentence, None


def look_messages() -> Iterator[Message]:
    """The sentences of the admin look, as far as Django's own catalogue does not know them in German."""
    import unfold  # noqa: PLC0415 - only its folder is wanted, and only here

    folder = Path(unfold.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        if "contrib" not in path.parts or {"filters", "forms"} & set(path.parts):
            yield from _foreign(_code(path, Path("unfold")))
    for path in sorted(folder.rglob("*.html")):
        if "contrib" not in path.parts or {"filters", "forms"} & set(path.parts):
            yield from _foreign(_template(path, Path("unfold")))


def catalogue() -> Catalog:
    """Every sentence once, in the order of the files."""
    found = Catalog(locale="de", project="Stammhaus", charset="utf-8", fuzzy=False)
    for name, line, message, context in [*our_messages(), *look_messages()]:
        found.add(message, locations=[(name, line)] if name != "unfold" else [], context=context)
    for message in DJANGO:
        found.add(message)
    return found


def read_german() -> Catalog:
    with GERMAN.open("rb") as file:
        return pofile.read_po(file, locale="de")


def update() -> None:
    """Bring new sentences into the German catalogue, drop those that are gone, keep every translation."""
    GERMAN.parent.mkdir(parents=True, exist_ok=True)
    german = read_german() if GERMAN.exists() else Catalog(locale="de", project="Stammhaus", fuzzy=False)
    german.update(catalogue(), no_fuzzy_matching=True, update_creation_date=False)
    out = io.BytesIO()
    pofile.write_po(out, german, width=110, ignore_obsolete=True, sort_by_file=False, include_lineno=False)
    GERMAN.write_bytes(out.getvalue())


def _foreign(messages: Iterator[Message]) -> Iterator[Message]:
    from django.utils.translation import gettext, override  # noqa: PLC0415 - needs Django set up

    known = _known()
    for name, line, message, context in messages:
        single = message[0] if isinstance(message, tuple) else message
        with override("de"):
            if gettext(single) == single or single in known:
                yield name, line, message, context


@cache
def _known() -> set[Any]:
    """What our own catalogue translates: as compiled it would pass for Django's."""
    ids = [message.id for message in read_german()] if GERMAN.exists() else []
    return {one[0] if isinstance(one, tuple) else one for one in ids}


def _code(path: Path, name: Path) -> Iterator[Message]:
    source = path.read_text(encoding="utf-8")
    yield from _python(source, name, keywords=KEYWORDS | _own_keywords(source))


def _own_keywords(source: str) -> dict[str, Any]:
    """What the file calls the functions of translation: `gettext as _text` makes `_text` a keyword."""
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    names = [alias for node in imports if node.module == "django.utils.translation" for alias in node.names]
    return {alias.asname: KEYWORDS[alias.name] for alias in names if alias.asname and alias.name in KEYWORDS}


def _python(source: str, name: Path, keywords: dict[str, Any] = KEYWORDS) -> Iterator[Message]:
    for line, message, _comments, context in extract("python", io.BytesIO(source.encode()), keywords=keywords):
        yield str(name), line, message, context


def _template(path: Path, name: Path) -> Iterator[Message]:
    from django.utils.translation.template import templatize  # noqa: PLC0415 - needs Django set up

    source = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    yield from _python("\n".join(line.lstrip() for line in source.splitlines()), name)  # indents mean nothing here


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcp.project.settings")
    os.environ.setdefault("DATABASE_URL", "postgresql://nobody@/nothing")
    os.environ.setdefault("SECRET_KEY", "only-to-read-the-catalogue")
    os.environ.setdefault("TOMBSTONE_KEY", "only-to-read-the-catalogue")
    django.setup()
    update()
