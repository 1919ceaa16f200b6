"""Finds references in a purpose text into which a bank has packed all that it has no column for."""

from __future__ import annotations

import re
from typing import NamedTuple

from accounting.banking.return_reasons import REASONS


class Tags(NamedTuple):
    """The references in a text, "" where there is none."""

    end_to_end_id: str
    mandate_id: str
    creditor_id: str


_MARKS = {
    "end_to_end_id": r"EREF\+|EREF:|END-TO-END-REF\.?:|End-to-End-Ref\.?:",
    "mandate_id": r"MREF\+|MREF:|Mandatsref\.?:|MANDATSREF\.?:",
    "creditor_id": r"CRED\+|CRED:|Gläubiger-ID:|Glaeubiger-ID:|GLÄUBIGER-ID:",
    "": r"SVWZ\+|SVWZ:|KREF\+|KREF:|ABWA\+|ABWA:|ABWE\+|ABWE:|IBAN:|BIC:|IBAN\+|BIC\+|COAM\+|OAMT\+|DEBT\+|PURP\+"
    r"|SEPA-BASISLASTSCHRIFT|SEPA-FIRMENLASTSCHRIFT",
}
_ANY = re.compile("|".join(f"(?P<{name or 'other'}>{marks})" for name, marks in _MARKS.items()))
_WORDS = frozenset({"CURR", "TECH", "UPAY", "FRAD", "NARR", "DUPL", "ARDT"})
"""Codes that stand in texts for something else as well."""
_RETURN = re.compile(rf"\b({'|'.join(sorted(REASONS.keys() - _WORDS))})\b")


def tags_of(text: str) -> Tags:
    """What stands behind the marks EREF, MREF and CRED (and their longer forms), each up to the next mark."""
    found = {"end_to_end_id": "", "mandate_id": "", "creditor_id": ""}
    marks = list(_ANY.finditer(text))
    for at, mark in enumerate(marks):
        end = marks[at + 1].start() if at + 1 < len(marks) else len(text)
        name, value = mark.lastgroup or "other", text[mark.end() : end].strip()
        if name in found and not found[name]:
            found[name] = _reference(value)
    return Tags(**found)


def _reference(value: str) -> str:
    """The first word: behind the last reference the text may go on without a mark."""
    first = value.split(maxsplit=1)[0] if value else ""
    return "" if first.upper() in ("NOTPROVIDED", "NONREF") else first


def return_reason(text: str) -> str:
    """The ISO code of a reason in the text of a returned debit, or ""."""
    found = _RETURN.search(text)
    return found[1] if found else ""
