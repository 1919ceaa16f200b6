"""The archive with the file of a person: person.json for programs, person.pdf for readers, and stored documents."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from files.paper_pdf import as_pdf
from files.papers import Paper
from files.papers import Section as PaperSection
from privacy.contents import Cell, PersonContent, Section

JSON_NAME, PDF_NAME = "person.json", "person.pdf"
MOST_ON_PAPER = 300
"""Rows of one table on paper: the others are in the JSON. So many take about two seconds."""


def archive_of(content: PersonContent) -> bytes:
    """The archive. The same content gives the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, held in _members(content):
            archive.writestr(zipfile.ZipInfo(name, content.made_at.timetuple()[:6]), held, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _members(content: PersonContent) -> Iterator[tuple[str, bytes]]:
    yield JSON_NAME, as_json(content)
    yield PDF_NAME, as_pdf(paper_of(content))
    yield from sorted(content.attached.items())


def as_json(content: PersonContent) -> bytes:
    """All of it, each table with its rows as they are stored."""
    whole = {
        "customer_number": content.customer.customer_number,
        "stored_at": content.place,
        "made_at": content.made_at.isoformat(),
        "made_by": content.made_by,
        "tables": [
            {
                "table": section.table,
                "title": section.title,
                "kept": section.kept,
                "rows": [{cell.name: cell.value for cell in row} for row in section.rows],
            }
            for section in content.sections
        ],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def paper_of(content: PersonContent) -> Paper:
    """What a reader gets: the same, in words, without what is empty."""
    named = {"customer": str(content.customer), "place": content.place}
    return Paper(
        title=_("What is stored about you"),
        subtitle=_("%(customer)s · %(place)s") % named,
        as_of=content.made_at,
        sections=tuple(part for section in content.sections for part in _on_paper(section)),
    )


def _on_paper(section: Section) -> Iterator[PaperSection]:
    title = f"{section.title} · {_('kept %(how_long)s') % {'how_long': section.kept}}"
    rows = section.rows[:MOST_ON_PAPER]
    filled = _changes(rows) if section.is_history else [[cell for cell in row if cell.text] for row in rows]
    left = len(section.rows) - len(rows)
    for at, cells in enumerate(filled):
        facts = tuple((cell.label, cell.text) for cell in cells)
        number = f"{section.title} {at + 1}" if len(filled) > 1 and at else title
        yield PaperSection(title=number, facts=facts, empty=_("Nothing is filled in."))
    if left:
        sentence = _("%(count)s more are in the file for programs.") % {"count": left}
        yield PaperSection(title=section.title, empty=sentence)


def _changes(rows: Sequence[tuple[Cell, ...]]) -> list[list[Cell]]:
    """Of a history what is new in each state; of the first one all."""
    before: dict[str, str] = {}
    told = []
    for row in rows:
        always = {"changed_by", "pgh_created_at", "pgh_label"}
        told.append([cell for cell in row if cell.text and (cell.name in always or before.get(cell.name) != cell.text)])
        before = {cell.name: cell.text for cell in row}
    return told
