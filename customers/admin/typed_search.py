"""Which field of a new customer the words of a search belong into that has found nobody."""

from __future__ import annotations

import itertools
import re

import phonenumbers

from customers.formats import without_invisible

LONGEST = 100
_SHORTEST_PHONE = 6
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_PHONE = re.compile(r"\+?[0-9 ()/.\u2010-\u2015-]+")
_COMPANY = re.compile(
    r"(?i:\b(?:g?gmbh|mbh|ohg|gbr|kgaa|partg|ltd|inc|e\.\s?[kvg])\b|& co\b)|\b(?:AG|KG|UG|SE|eG|eV|eK)\b"
)
_SALUTATION = re.compile(r"(?i:frau|herrn?|familie|mrs?|ms|mx|miss)\.?")
_TITLE = re.compile(
    r"(?i:prof|dr|pd|dipl|ing|med|mag|rer|nat|phil|jur|h|c)\.(?:[-\w.]+\.?)*|(?i:professor(?:in)?|dr|prof)"
)
_PARTICLES = frozenset({"von", "vom", "van", "de", "del", "della", "di", "da", "dos", "zu", "zum", "zur", "ter", "el"})


def fields_of(text: str) -> dict[str, str]:
    """The field that the text fills, or the two parts of a name, as {field: value}.

    Empty for a customer number, and for what holds neither letter nor digit.
    """
    typed = " ".join(without_invisible(text.replace("\0", " ")).split())[:LONGEST]
    if not any(character.isalnum() for character in typed):
        return {}
    if _EMAIL.fullmatch(typed):
        return {"email": typed}
    if _PHONE.fullmatch(typed):
        return _phone(typed)
    if _COMPANY.search(typed):
        return {"company": typed}
    return _name(typed)


def _phone(typed: str) -> dict[str, str]:
    digits = re.sub(r"[^0-9]", "", typed)
    is_dialled = typed[0] in "+(0"
    if len(digits) < _SHORTEST_PHONE or not (is_dialled or len(digits) > len("9999999")):
        return {}
    return {"mobile" if _is_mobile(typed) else "phone_private": typed}


def _is_mobile(typed: str) -> bool:
    try:
        number = phonenumbers.parse(typed, "DE")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


def _name(typed: str) -> dict[str, str]:
    """First and last name of a text such as “Anna Meier”, “Meier, Anna”, “Anna von der Heide” or “Frau Dr. Meier”.

    One word alone is the last name.
    """
    words = typed.split()
    salutation = words.pop(0) if len(words) > 1 and _SALUTATION.fullmatch(words[0]) else ""
    titles = list(itertools.takewhile(_TITLE.fullmatch, words[:-1]))
    before = {"salutation": "Herr" if salutation.lower() == "herrn" else salutation, "title": " ".join(titles)}
    parts = before | _names(" ".join(words[len(titles) :]))
    return {name: value for name, value in parts.items() if value}


def _names(typed: str) -> dict[str, str]:
    last, comma, first = (part.strip() for part in typed.partition(","))
    if comma:
        return {"last_name": last, "first_name": first}
    words = typed.split()
    behind = next((at for at, word in enumerate(words) if _begins_last_name(at, word)), len(words) - 1)
    return {"first_name": " ".join(words[:behind]), "last_name": " ".join(words[behind:])}


def _begins_last_name(at: int, word: str) -> bool:
    """Whether a word is a particle, such as “von”, with which the last name begins.

    As the first word only in small letters, since Van and Di are first names as well.
    """
    return word in _PARTICLES or (at > 0 and word.lower() in _PARTICLES)
