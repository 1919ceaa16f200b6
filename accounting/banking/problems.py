"""What can be wrong with a bank file: each refusal has a code and a sentence that says what, where, and what to do.

Nothing of a refused file is taken.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from locations.text import LazyText

LONGEST_SHOWN, LONGEST_LIST = 60, 300

UNREADABLE: dict[str, LazyText] = {
    # The file as a whole.
    "empty": _("The file is empty. Fetch it from the bank again."),
    "too_large": _("The file has %(size)s bytes; at most %(limit)s are read at once. Fetch a shorter period."),
    "unknown_kind": _(
        "The file is neither a CAMT.053 statement, nor a ZIP of them, nor a CSV table. Fetch one of these from the "
        "bank."
    ),
    # An archive.
    "archive_damaged": _("The ZIP archive is damaged (%(reason)s). Fetch it from the bank again."),
    "archive_encrypted": _("The ZIP archive is protected with a password. Unpack it and choose the files in it."),
    "archive_too_large": _("Unpacked, the ZIP archive is larger than %(limit)s bytes. Fetch a shorter period."),
    "archive_too_many": _("The ZIP archive holds more than %(limit)s files. Fetch a shorter period."),
    "archive_suspicious": _("%(file)s in the ZIP archive is packed too tightly to be a statement. Leave it out."),
    "archive_without_statement": _(
        "The ZIP archive holds no statement (a file that ends in .xml). Choose another one, or unpack it first."
    ),
    # XML.
    "broken_xml": _(
        "%(file)s cannot be read in line %(line)s: it ends too early or is no XML there. Fetch it from the bank again."
    ),
    "document_type": _("%(file)s declares a document type, which no statement does. Fetch it from the bank again."),
    "too_deep": _("%(file)s is nested too deeply in line %(line)s to be a statement. Fetch it from the bank again."),
    "too_many_elements": _("%(file)s has more than %(limit)s elements. Fetch a shorter period."),
    "other_message": _(
        "%(file)s is %(found)s, not a statement of booked entries (camt.053). Fetch the statements in the format "
        "CAMT.053."
    ),
    # A statement.
    "no_statement": _("%(file)s holds no statement. Fetch it from the bank again."),
    "missing": _("In line %(line)s of %(file)s there is no %(element)s. Fetch the file from the bank again."),
    "bad_value": _(
        "In line %(line)s of %(file)s, %(element)s is “%(value)s”, which cannot be read. Fetch the file from the bank "
        "again."
    ),
    "other_currency": _(
        "In line %(line)s of %(file)s there is an amount in %(found)s on an account in %(expected)s. Ask the bank for "
        "statements in one currency for each account."
    ),
    "no_balance": _(
        "Statement %(statement)s in %(file)s has no opening or no closing balance, so nobody can tell whether it is "
        "whole. Fetch it from the bank as CAMT.053 of a closed day."
    ),
    "wrong_sum": _(
        "Statement %(statement)s in %(file)s does not add up: the opening balance of %(opening)s and the entries give "
        "%(sum)s, but the closing balance is %(closing)s. The difference is %(difference)s. Fetch it from the bank "
        "again."
    ),
    # A table.
    "no_headings": _(
        "The table has no line with headings that a bank uses, such as Buchungstag, Betrag and Verwendungszweck. "
        "Choose the CSV file as the bank has delivered it."
    ),
    "missing_columns": _(
        "The table has no column for: %(missing)s. It has: %(found)s. Choose a format with more columns at the bank, "
        "or CAMT.053."
    ),
    "undecodable": _(
        "Line %(line)s contains characters that cannot be read as %(encoding)s. Choose the CSV file as the bank has "
        "delivered it, not one that another program has saved."
    ),
    "nul": _("Line %(line)s contains a NUL character. Fetch the file from the bank again."),
    "broken_row": _("Line %(line)s cannot be divided into columns: %(reason)s. Fetch the file from the bank again."),
    "cut_off": _("The file ends in the middle of line %(line)s. Fetch it from the bank again."),
    "short_row": _("Line %(line)s has %(found)s columns, but the headings are %(expected)s. Fetch the file again."),
    "bad_cell": _(
        "In line %(line)s, %(column)s is “%(value)s”, which cannot be read. Correct it, or fetch the file again."
    ),
    "too_many_rows": _("The table has more than %(limit)s lines. Fetch a shorter period."),
    "no_entries": _("Below the headings there is no entry. Fetch a longer period from the bank."),
}


class UnreadableBankFile(ValidationError):
    """The file cannot be read as what a bank delivers; `code` is one of UNREADABLE."""

    def __init__(self, code: str, **params: object) -> None:
        most = {"found": LONGEST_LIST}
        shown = {
            name: shortened(value, most=most.get(name, LONGEST_SHOWN)) if isinstance(value, str) else value
            for name, value in params.items()
        }
        super().__init__(UNREADABLE[code], code=code, params=shown)


def shortened(text: str, *, most: int = LONGEST_SHOWN) -> str:
    """The text, cut for a sentence, without characters that cannot be stored or shown."""
    plain = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"
