"""What the heading of a column means, by its words: for files of systems that nobody has described.

A heading is known as it is, or without what stands around it: a number ("Telefon 1"), a prefix ("Address 1: City",
"billing_city"), an ending ("E-mail 1 - Value") or the side that it is of ("Straße privat"). The customer number is
never found that way: it decides who is meant, and only an unmistakable heading, or a person, says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

type Fold = Callable[[str], str]

NEVER_GUESSED = frozenset({"customer_number", "former_numbers", "more_former_numbers"})
"""Fields of which only the very heading counts."""
FIRST = frozenset({"", "1"})
_NUMBERS = frozenset({"nr", "nummer", "number", "no", "num"})
_PREFIX = re.compile(
    r"^(?:(?:default|primary|billing)[ _]address|rechnungsadresse|rechnungsanschrift|address|adresse|anschrift|"
    r"kunden?|customer|client|gast|guest|kontakt|contact|person|billing|rechnungs?|default|primary|haupt)"
    r"[ _]?(?P<number>[0-9]?)[ _]*[:./\-]?[ _]+(?=\S)",
    re.IGNORECASE,
)
_ENDING = re.compile(r"\s*[-:]\s*(?:value|wert)$", re.IGNORECASE)
_NUMBER = re.compile(r"[ _#.(\-]*(?P<number>[0-9])\)?$")
_INNER_NUMBER = re.compile(r"(?<=[A-Za-zäöüß])[ _]+(?P<number>[0-9])(?=\s*[-:])")
_PRIVATE = re.compile(
    r"[ _(\-]*\b(?:privat|private|persönlich|home)\b\)?|^(?:home|private|privat)[ _\-]+", re.IGNORECASE
)
_BUSINESS = re.compile(
    r"[ _(\-]*\b(?:geschäftlich|gesch\.|dienstlich|firma|business|work|office|arbeit)\b\)?"
    r"|^(?:business|work|office)[ _\-]+",
    re.IGNORECASE,
)
_PHONES = frozenset({"phone_private", "phone_business"})
_WITH_SIDES = frozenset(
    {"street", "address_extra", "po_box", "postal_code", "city", "country", "region", "mobile", "fax", "email"}
)


def words_of(heading: str) -> str:
    """The heading with blanks between its words, also where it is written in one: defaultAddressCity."""
    spaced = re.sub(r"(?<=[a-zäöüß0-9])(?=[A-ZÄÖÜ][a-zäöüß])", " ", heading.strip())
    return re.sub(r"[\s_]+", " ", spaced)


def meaning(heading: str, known: Mapping[str, str], fold: Fold) -> str:
    """The field that a heading means by its words, or "". `known` has the headings as `fold` leaves them."""
    text = words_of(heading)
    text = _ENDING.sub("", text)
    text, inner = _without(_INNER_NUMBER, text)
    found = ""
    for stripped, number in _readings(text):
        if number not in FIRST or inner not in FIRST:
            continue
        found = _field_of(stripped, known, fold)
        if found == "last_name" and fold(stripped) == "name":
            found = ""  # whose name it is, and how much of it, the rest of the heading would have to say
        if found:
            break
    return "" if found in NEVER_GUESSED else found


def _readings(text: str) -> list[tuple[str, str]]:
    """The text without number, prefix or ending, the fullest first, each with the number that was removed."""
    found = [(text, "")]
    bare, prefixed = _without(_PREFIX, text)
    if bare != text:
        found.append((bare, prefixed))
    for one, number in list(found):
        ending, last = _without(_NUMBER, one)
        if ending != one:
            found.append((ending, number if number not in FIRST else last))
    return found


def _field_of(text: str, known: Mapping[str, str], fold: Fold) -> str:
    found = known.get(fold(text), "")
    if found:
        return found
    for pattern, phone in ((_PRIVATE, "phone_private"), (_BUSINESS, "phone_business")):
        bare = pattern.sub("", text).strip(" -_:")
        if bare != text and bare:
            found = known.get(fold(bare), "")
            if found in _PHONES:
                return phone
            if found in _WITH_SIDES:
                return found
    return ""


def _without(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    found = pattern.search(text)
    return (pattern.sub("", text, count=1).strip(), found["number"]) if found else (text, "")


def is_house_number(heading: str, before: str) -> bool:
    """Whether a number that stands behind a street is the number of the house."""
    plain = re.sub(r"[^a-z]", "", heading.casefold())
    return before == "street" and plain in _NUMBERS
