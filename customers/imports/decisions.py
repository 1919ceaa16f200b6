"""Decisions about new rows that look like a known customer: made one by one, for all at once, or in a file.

They are stored beside the rows and are applied when the file is checked again (see Plan.by_decision): a row of the same
person is treated as that of any other known customer, a row that is to be left out is rejected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.utils.translation import get_language, gettext_lazy, gettext_noop, override
from django.utils.translation import gettext as _

from customers.choices import Decision, UploadState, Verdict
from customers.field_groups import withheld
from customers.formats import display_day
from customers.imports.frozen_decisions import count_decisions
from customers.imports.lifecycle import demand_own
from customers.imports.merge_sql import DECIDED
from customers.imports.similar_rows import LIKE_ERASED, OTHER_NAME, SAME_EMAIL
from customers.models import Customer, ImportDecision, ImportUpload, ImportVerdict
from customers.table.birthday_cells import DAY
from customers.table.headings import folded, refusal_of
from locations.permissions import Right
from mcp.isolation.scope import Scope
from spreadsheets import Limits, UnreadableFile, open_table, open_writer

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MOST_BYTES = 50 * 1024**2
ROW, DECISION = gettext_noop("Row"), gettext_noop("Decision")
REASON, KNOWN_AS = gettext_noop("Looks alike by"), gettext_noop("Known as")
_FIELDS = (
    "last_name", "first_name", "company", "email", "birthday", "birthday_without_year", "street", "postal_code", "city",
    "mobile",
)  # fmt: skip
_LANGUAGES = ("de", "en")
_MOST_TOLD = 5
_BLOCK = 2_000


@transaction.atomic
def decide(
    *, upload: ImportUpload, decisions: Mapping[int, str], actor: Scope, shown: Mapping[int, str] | None = None
) -> int:
    """Store decisions by the number of their row. Returns how many; a blank one is none.

    `shown` is the customer number that each row was said to look like, where it was said. Where it is another one now,
    somebody has decided about another customer.

    Raises MissingRight, or ValidationError for a row about which there is nothing to decide; nothing is stored then.
    """
    _demand(upload, actor)
    if not (wanted := {row: word for row, word in decisions.items() if word}):
        return 0
    if unknown := [row for row, word in wanted.items() if word not in Decision.values]:
        raise _refused(
            gettext_lazy("Say what shall become of these rows with one of the given words: %(rows)s."), unknown
        )
    customers = _open_to_decision(upload, list(wanted))
    if unknown := [row for row in wanted if row not in customers]:
        raise _refused(
            gettext_lazy("These rows look like nobody who is known, there is nothing to decide: %(rows)s."), unknown
        )
    alone = [row for row, word in wanted.items() if word == Decision.SAME and customers[row] is None]
    if alone:
        raise _refused(
            gettext_lazy(
                "These rows look like a row of the file, who is no customer yet. Leave one of the two out: %(rows)s."
            ),
            alone,
        )
    _demand_as_shown(upload, customers, shown or {})
    _demand_once(upload, wanted, customers)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""{_KEEP} FROM unnest(%(rows)s::int[], %(words)s::text[]) AS decided (row_number, word)
                {_ABOUT} {_ANEW}""",
            {**_params(upload), "rows": list(wanted), "words": list(wanted.values())},
        )
    _count(upload)
    return len(wanted)


@transaction.atomic
def decide_all(*, upload: ImportUpload, decision: str, actor: Scope) -> int:
    """Store one decision for all rows about which there is none. Returns how many.

    If the decision is that they are the same person, some rows stay open: those that look only like another row of the
    file, all but one of those that look like one customer, and those that share only an e-mail address with somebody of
    another name. If it is that they are somebody else, those stay open that may be people who were erased for good.
    """
    _demand(upload, actor)
    if decision not in Decision.values:
        raise ValidationError(gettext_lazy("Choose from the lists."), code="invalid_choice")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""{_KEEP} FROM (
                    SELECT DISTINCT ON (CASE WHEN %(word)s = 'same' THEN customer_id ELSE row_number END)
                        row_number, %(word)s::text AS word {_OPEN}
                      AND (%(word)s <> 'same' OR customer_id IS NOT NULL AND NOT EXISTS ({_MEANT})
                        AND problems->0->>'code' <> '{OTHER_NAME}')
                      AND (%(word)s <> 'new' OR problems->0->>'code' <> '{LIKE_ERASED}')
                    ORDER BY CASE WHEN %(word)s = 'same' THEN customer_id ELSE row_number END, row_number
                ) AS decided {_ABOUT} {_ANEW}""",
            {**_params(upload), "word": str(decision)},
        )
        count = cursor.rowcount
    _count(upload)
    return int(count)


@transaction.atomic
def take_back(*, upload: ImportUpload, actor: Scope) -> None:
    """Delete all decisions, and save the upload."""
    _demand(upload, actor)
    forget(upload)
    upload.save(update_fields=["choices"])


def forget(upload: ImportUpload) -> None:
    """Delete all decisions of an upload, as when its columns were chosen anew. The upload is not saved."""
    if upload.choices.pop(DECIDED, None):
        ImportDecision.objects.filter(base=upload.base_id, file=upload.pk).delete()


_KEEP = """INSERT INTO customers_importdecision (base_id, file_id, row_number, decision, customer_id, looks)
    SELECT %(base)s, %(upload)s, decided.row_number, decided.word, about.customer_id, about.looks"""
_OPEN = """FROM customers_importverdict v WHERE v.base_id = %(base)s AND v.file_id = %(upload)s
    AND v.verdict = 'similar' AND NOT EXISTS (SELECT FROM customers_importdecision d WHERE d.base_id = %(base)s
        AND d.file_id = %(upload)s AND d.row_number = v.row_number)"""
"""Rows that look like somebody, and about which nobody has decided."""
_MEANT = """SELECT FROM customers_importdecision d WHERE d.base_id = %(base)s AND d.file_id = %(upload)s
    AND d.decision = 'same' AND d.customer_id = v.customer_id"""
"""Another row is that customer already."""
_ABOUT = f"""JOIN (
        SELECT row_number, customer_id, problems->0 AS looks {_OPEN}
        UNION ALL
        SELECT row_number, customer_id, looks FROM customers_importdecision
        WHERE base_id = %(base)s AND file_id = %(upload)s
    ) AS about ON about.row_number = decided.row_number"""
_ANEW = "ON CONFLICT (base_id, file_id, row_number) DO UPDATE SET decision = excluded.decision"


def _demand(upload: ImportUpload, actor: Scope) -> None:
    """Raise unless the actor may decide about this upload and its preview is there.

    It takes the right to see customers, since a row shows whom it looks like.
    """
    actor.demand(Right.IMPORT_CUSTOMERS)
    actor.demand(Right.VIEW_CUSTOMERS)
    demand_own(upload, actor)
    if upload.state != UploadState.CHECKED:
        raise ValidationError(
            gettext_lazy("Look at the preview first: decisions are about what it shows."), code="no_preview"
        )


def _demand_as_shown(upload: ImportUpload, customers: Mapping[int, int | None], shown: Mapping[int, str]) -> None:
    """Raise ValidationError where a row looks like another customer now than the one that was shown."""
    numbers = dict(
        Customer.objects.filter(base=upload.base_id, pk__in=[pk for pk in customers.values() if pk]).values_list(
            "pk", "customer_number"
        )
    )
    other = [
        row for row, number in shown.items() if row in customers and str(numbers.get(customers[row] or 0, "")) != number
    ]
    if other:
        raise _refused(
            gettext_lazy(
                "These rows look like somebody else now than when you have decided. Look at the list again: %(rows)s."
            ),
            other,
        )


def _demand_once(upload: ImportUpload, wanted: Mapping[int, str], customers: Mapping[int, int | None]) -> None:
    """Raise ValidationError where two rows of a package would be the same customer.

    One of them would be rejected, and its statements about consents with it.
    """
    if not upload.choices.get("is_of_package"):
        return
    meant = {row: customers[row] for row, word in wanted.items() if word == Decision.SAME}
    others = ImportDecision.objects.filter(base=upload.base_id, file=upload.pk, decision=Decision.SAME)
    before = list(others.exclude(row_number__in=wanted).values_list("customer_id", flat=True))
    every = Counter([*before, *meant.values()])
    if twice := [row for row, pk in meant.items() if every[pk] > 1]:
        raise _refused(
            gettext_lazy(
                "Only one row of a package can be the same person as a customer. Choose one of them: %(rows)s."
            ),
            twice,
        )


def _params(upload: ImportUpload) -> dict[str, Any]:
    return {"base": upload.base_id, "upload": upload.pk}


def _refused(message: str | _StrPromise, rows: Sequence[int]) -> ValidationError:
    shown = ", ".join(map(str, sorted(rows)[:_MOST_TOLD])) + (" …" if len(rows) > _MOST_TOLD else "")
    return ValidationError(message, code="decision_refused", params={"rows": shown})


def _open_to_decision(upload: ImportUpload, rows: Sequence[int]) -> dict[int, int | None]:
    """The rows among these that look like somebody, with the id of that customer."""
    asked = {"base": upload.base_id, "file": upload.pk, "row_number__in": rows}
    found = dict(
        ImportVerdict.objects.filter(**asked, verdict=Verdict.SIMILAR).values_list("row_number", "customer_id")
    )
    return found | dict(ImportDecision.objects.filter(**asked).values_list("row_number", "customer_id"))


def _count(upload: ImportUpload) -> None:
    with connection.cursor() as cursor:
        count_decisions(cursor, upload)
    upload.save(update_fields=["choices"])


# --- as a file --------------------------------------------------------------------------------------------------


def write_similar(*, upload: ImportUpload, file: BinaryIO, actor: Scope) -> int:
    """Write the rows that look like somebody as a workbook, with a column for the decision. Returns how many.

    Decisions that were made are filled in. Raises MissingRight.
    """
    actor.demand(Right.IMPORT_CUSTOMERS)
    actor.demand(Right.VIEW_CUSTOMERS)
    count = 0
    with open_writer(file, profile="xlsx", sheet=_("Perhaps known already")) as writer:
        fields = [name for name in _FIELDS if name not in withheld(actor)]
        names = [str(_field(name).verbose_name) for name in fields]
        in_file = [_("%(field)s in the file") % {"field": name} for name in names]
        known = [_("%(field)s of the known customer") % {"field": name} for name in names]
        writer.write_headings([_(ROW), _(DECISION), _(REASON), _(KNOWN_AS), *in_file, *known])
        for cells in _similar_rows(upload, fields):
            writer.write_row(cells)
            count += 1
        words = ", ".join(_("“%(heading)s”") % {"heading": label} for label in Decision.labels)
        writer.write_notes(
            _("About this file"),
            [(_(DECISION), _("Write into it one of: %(words)s. Rows without a word stay open.") % {"words": words})],
        )
    return count


def _field(name: str) -> models.Field[Any, Any]:
    field: models.Field[Any, Any] = Customer._meta.get_field(name)  # type: ignore[assignment]
    return field


def _similar_rows(upload: ImportUpload, fields: Sequence[str]) -> Iterator[list[Any]]:
    given = frozenset((upload.preview or {}).get("given", ()))
    in_file = ", ".join(f"r.{name}" if name in given else "NULL" for name in fields)
    of_known = ", ".join(f"k.{name}" for name in fields)
    last = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"""SELECT about.row_number, decision, looks->>'code', k.customer_number, looks->>'first',
                        {in_file}, {of_known}
                    FROM (
                        SELECT row_number, customer_id, problems->0 AS looks, '' AS decision {_OPEN}
                          AND row_number > %(last)s
                        UNION ALL
                        SELECT row_number, customer_id, looks, decision FROM customers_importdecision
                        WHERE base_id = %(base)s AND file_id = %(upload)s AND row_number > %(last)s
                        ORDER BY row_number LIMIT {_BLOCK}
                    ) AS about
                    JOIN customers_import_rows r ON r.upload = %(upload)s AND r.row_number = about.row_number
                    LEFT JOIN customers_customer k ON k.base_id = %(base)s AND k.id = about.customer_id
                    ORDER BY about.row_number""",
                {**_params(upload), "last": last},
            )
            rows = cursor.fetchall()
            if not rows:
                return
            for row, decision, code, number, first, *values in rows:
                word = str(Decision(decision).label) if decision else ""
                in_this_file = _("row %(row)s of this file") % {"row": first} if first else ""
                yield [row, word, alike(code), number or in_this_file, *map(_cell, (*fields, *fields), values)]
            last = rows[-1][0]


def _cell(name: str, value: Any) -> Any:
    if value is None:
        return ""
    return display_day(value) if name == DAY else value


def alike(code: str) -> str:
    """The reason for which two people look alike, in words."""
    words = {
        SAME_EMAIL: _("the same e-mail address"),
        OTHER_NAME: _("the same e-mail address, but another name"),
        LIKE_ERASED: _("the e-mail address or phone number of somebody who was erased for good"),
        "same_name_and_birthday": _("the same name and birthday"),
        "same_name_and_phone": _("the same name and phone number"),
        "same_name_and_address": _("the same name and address"),
        "same_name_and_postal_code": _("the same name and postal code"),
    }
    return words.get(code) or _("the same name, and nothing in the file that differs")


def read_decisions(*, name: str, file: BinaryIO) -> tuple[dict[int, str], dict[int, str]]:
    """Read a file as `write_similar` makes it. Returns the decisions, and the customer numbers shown, by row.

    The number is blank for a row that looks like another row of the file. Headings and words may be German or English.
    Raises ValidationError for a file that cannot be read, that lacks these columns, or that holds another word.
    """
    try:
        with open_table(file, name=name, limits=Limits(file_bytes=MOST_BYTES)) as table:
            headings = [folded(heading) for heading in table.headings]
            at_row, at_word = (_column(headings, wanted) for wanted in (ROW, DECISION))
            at_known = next(
                (headings.index(folded(one)) for one in _in_all_languages(KNOWN_AS) if folded(one) in headings), None
            )
            words, found, shown, unknown = _words(), {}, {}, []
            for row in table:
                text = str(row.cells[at_word] or "").strip()
                number = str(row.cells[at_row] or "").strip().removesuffix(".0")
                if not text:
                    continue
                if not (number.isascii() and number.isdigit() and len(number) <= 9) or folded(text) not in words:
                    unknown.append(row.number)
                    continue
                found[int(number)] = words[folded(text)]
                if at_known is not None:
                    known = str(row.cells[at_known] or "").strip().removesuffix(".0")
                    shown[int(number)] = known if known.isdigit() else ""
    except UnreadableFile as error:
        raise refusal_of(error.problem) from error
    if unknown:
        raise _refused(
            gettext_lazy("Rows of this file whose decision or row number cannot be understood: %(rows)s."), unknown
        )
    return found, shown


def _column(headings: Sequence[str], wanted: str) -> int:
    for heading in _in_all_languages(wanted):
        if folded(heading) in headings:
            return headings.index(folded(heading))
    message = gettext_lazy("The file has no column “%(heading)s”. Take the one that you have downloaded here.")
    raise ValidationError(message, code="column_missing", params={"heading": gettext_lazy(wanted)})


def _words() -> dict[str, str]:
    """The decisions by each way to write them, folded."""
    found = {}
    for decision in Decision:
        for language in _LANGUAGES:
            with override(language):
                found[folded(str(decision.label))] = str(decision)
        found[folded(str(decision))] = str(decision)
    return found


def _in_all_languages(text: str) -> Iterator[str]:
    for language in (get_language() or "de", *_LANGUAGES):
        with override(language):
            yield _(text)
