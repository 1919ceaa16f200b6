"""One word for one thing, in both languages: what may not be said, and what is said instead.

What files of others call a column is another matter: customers/table/resources.py knows all names that mean the same.
What we write ourselves, on screen and as the heading of a column, uses the one word.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from django.utils import translation

from customers.models import Customer
from customers.table.added_columns import AddedField
from customers.table.headings import is_our_own, match_columns
from customers.table.resources import CustomerResource
from tests import catalogue
from transitions.archive.package_reader import _known_headings


@dataclass(frozen=True)
class Word:
    """A word that is not said, what is said instead, and the sentences in which it means something else."""

    pattern: str
    instead: str
    but_in: tuple[str, ...] = ()


GERMAN = [
    Word(r"Rufname|Spitzname|Kosename", "Alias"),
    Word(
        r"Geburtstag(?!sgr)",
        "Geburtsdatum; a Geburtstag is celebrated each year and has none",
        (
            "birthday without year",
            "A birthday without year is a day and a month, such as 17.05.",
            "Enter the birthday with its year or without it, not both.",
            "Birthdays of the next seven days",
            "Nobody has a birthday in the next seven days.",
            "next birthday",
            "Birthdays",
        ),
    ),
    Word(r"Mandant(?!ennummer)", "Standort"),
    Word(r"\bRechte?n?\b", "Berechtigung"),
    Word(r"\b[Ee]rfass|[Rr]egistrier", "anlegen"),
    Word(r"Nutzer|Anwender|Leute des Anbieters", "Benutzer, Mitarbeiter des Anbieters"),
    Word(r"Kennw[oö]rt|Pa(?:ss|ß)code", "Passwort"),
    Word(r"\bLogin\b|[Ee]inlogg|[Aa]uslogg|Log-in", "Anmeldung, anmelden"),
    Word(r"Anschrift", "Adresse"),
    Word(r"ausgeschieden|ausscheid|[Aa]ustritt|[Aa]ustret|Verbund verlassen", "aussteigen, Ausstieg"),
    Word(r"Bemerkung|Anmerkung|Kommentar|\bMemo\b", "Notiz"),
    Word(
        r"[Zz]ustimm|zugestimmt",
        "Einwilligung, einwilligen; to a joining a business agrees",
        ("%(name)s has agreed on %(day)s.", "%(business)s wants to join the group: say yes or no"),
    ),
    Word(r"Historie|Chronik", "Verlauf"),
    Word(r"Handy|Mobiltelefon|Mobilnummer", "Mobil"),
    Word(r"(?<!-)\bMails?\b|Mailadresse|\be-mail|\bEmail", "E-Mail"),
    Word(r"Etikett|Stichw[oö]rt|Merkmal|Label|\bTags\b", "Schlagwort"),
    Word(r"Dublette|Duplikat|Doublette", "doppelter Kunde"),
    Word(r"Unternehmen", "Betrieb; of a customer Firma"),
    Word(r"Preisgruppe|Preisstufe|Preisliste", "Preisebene"),
    Word(r"Grund der (?:Sperre|Archivierung)", "Sperrgrund, Archivierungsgrund"),
    Word(r"Rabatt in|Zahlungsziel in", "Rabatt %, Zahlungsziel (Tage)"),
    Word(r"\bStadt\b|Wohnort", "Ort"),
    Word(r"Dashboard|Startseite", "Übersicht"),
    Word(r"\bGast\b|\bGäste\b|\bKlient", "Kunde"),
    Word(r"Zurückziehen|zurückgezogen", "Widerruf, widerrufen"),
    Word(r"\bTokens?\b|API-Schlüssel", "Zugangsschlüssel"),
    Word(r"Endgerät|Kassenterminal|\bPOS\b", "Gerät, Kasse"),
    Word(
        r"\bBeleg",
        "Bestellung, for what a till has sold; a Beleg is the document of a booking, or evidence",
        (
            "%(word)s, as evidence only",
            "Only where the wording says so: a business that gets the customer may rely on what he has agreed to by "
            "this version. Otherwise it gets it as evidence, and asks him itself.",
            "Document",
            "Document of the payment",
            "Document of the item",
            "document",
            "The file needs a column “Customer number” and one of “Open amount” and “Credit”; “Credit limit” and "
            "“Document” are taken as well. Its headings are: %(headings)s.",
            "CSV or Excel (XLSX) with the columns “Customer number”, “Open amount” and “Credit”; “Credit limit” and "
            "“Document” are taken as well.",
            "evidence only",
        ),
    ),
    Word(r"Kaufbeleg|Kassenzettel|Kassenbeleg|\bAuftrags?\b(?! gegeben)", "Bestellung"),
]
ENGLISH = [
    Word(r"nickname", "alias"),
    Word(r"date of birth|birth ?date", "birthday"),
    Word(r"\bclients?\b(?! number)", "location"),
    Word(r"[Ss]ign(?:ed)? (?:in|up|out)\b|\blog-?in name", "log in"),
    Word(r"\busername", "user name", ("Forgotten your password or username?",)),
    Word(r"\bemail|\bEmail|\bE-Mail|\be-mails\b", "e-mail"),
    Word(r"\b[Zz]ip code|post ?code", "postal code"),
    Word(r"telephone|cell ?phone|\bmobile phone", "phone, mobile"),
    Word(r"[Oo]rgani[sz]ation", "business"),
    Word(r"\b[Kk]eyword|\blabels?\b", "tag"),
    Word(r"\b[Rr]emarks?\b|\b[Cc]omments?\b", "memo; for others a note"),
    Word(r"\bfilial|\bshops?\b|\bstores\b|\boutlets?\b", "location, branch"),
    Word(r"\bstreet address|\btown\b", "street, city"),
    Word(r"\bdashboard\b", "overview"),
    Word(r"\bfavorite", "favourite"),
    Word(r"[Pp]ayment order|\btill slip", "order"),
]

HEADINGS_OF_BEFORE = {
    "birthday": ("Geburtsdatum", "Geburtstag", "Birthday"),
    "alias": ("Alias", "Spitzname"),
    "mobile": ("Mobil", "Mobiltelefon", "Mobile"),
    "postal_code": ("PLZ", "Postleitzahl", "Postal code"),
    "discount": ("Rabatt %", "Rabatt in %", "Discount %", "Discount in %"),
    "payment_term": ("Zahlungsziel (Tage)", "Zahlungsziel in Tagen", "Payment term (days)", "Payment term in days"),
    "home_location": ("Registriert in", "Angelegt am Standort", "Registered at"),
    "blocked_reason": ("Sperrgrund", "Reason of the block"),
    "memo": ("Notiz", "Bemerkung", "Memo"),
}
"""What we write or have ever written above a column, by its field: files and packages of then are read as well."""
SHORTER = {"postal_code": "PLZ"}
"""Headings that are the short form of the word on screen: columns are narrow."""


@cache
def german() -> list[tuple[list[str], list[str]]]:
    """The sentences of the catalogue, each with its German; both in the singular and the plural."""
    return [(_all(message.id), _all(message.string)) for message in catalogue.read_german() if message.id]


def _all(text: Any) -> list[str]:
    return list(text) if isinstance(text, tuple) else [text]


@cache
def sentences_of_ours() -> set[str]:
    found: set[str] = set()
    for _name, _line, message, _context in catalogue.our_messages():
        found |= set(message) if isinstance(message, tuple) else {message}
    return found


@pytest.mark.parametrize("word", GERMAN, ids=lambda word: word.pattern)
def test_german_calls_one_thing_by_one_word(word):
    said = [
        text for ids, texts in german() if ids[0] not in word.but_in for text in texts if re.search(word.pattern, text)
    ]
    assert said == [], f"say {word.instead}"


@pytest.mark.parametrize("word", ENGLISH, ids=lambda word: word.pattern)
def test_english_calls_one_thing_by_one_word(word):
    without_names = {sentence: re.sub(r"%\(\w+\)s", "", sentence) for sentence in sentences_of_ours()}
    said = [sentence for sentence, text in without_names.items() if re.search(word.pattern, text)]
    assert [sentence for sentence in said if sentence not in word.but_in] == [], f"say {word.instead}"


@pytest.mark.parametrize("word", [*GERMAN, *ENGLISH], ids=lambda word: word.pattern)
def test_exceptions_are_still_said(word):
    known = {ids[0] for ids, _texts in german()}
    assert [sentence for sentence in word.but_in if sentence not in known | sentences_of_ours()] == []


def plain(label: str) -> str:
    """Without capital letters, and without the word that says of a day that it is one."""
    return label.casefold().removesuffix(" am")


@pytest.mark.parametrize("language", ["de", "en"])
def test_columns_are_called_in_files_as_on_screen(language):
    differing = {}
    names = {field.name for field in Customer._meta.get_fields()}
    with translation.override(language):
        for name, column in CustomerResource().export_columns().items():
            if name not in names or column.heading(language) == SHORTER.get(name):
                continue
            field: Any = Customer._meta.get_field(name)
            label = str(field.verbose_name)
            if plain(label) != plain(column.heading(language)):
                differing[name] = (label, column.heading(language))
    assert differing == {}


@pytest.mark.parametrize(
    ("name", "heading"), [(name, heading) for name, found in HEADINGS_OF_BEFORE.items() for heading in found]
)
def test_headings_of_before_are_still_recognised(name, heading):
    assert match_columns(["Kundennummer", heading], CustomerResource().fields)[1] == name


def test_packages_of_before_are_still_taken():
    columns = CustomerResource().export_columns().items()
    german = {name: field.german for name, field in columns if not isinstance(field, AddedField)}  # no package has them
    known = _known_headings()
    assert set(german.values()) <= known
    assert {"Geburtsdatum", "Rabatt %", "Zahlungsziel (Tage)", "Registriert in", "Sperrgrund", "Mobil"} <= known


def test_files_of_before_are_still_known_as_our_own():
    fields = CustomerResource().fields
    assert is_our_own(["Kundennummer", "Geburtsdatum", "Registriert in"], fields)
    assert is_our_own(["Customer number", "Discount %", "Payment term (days)"], fields)
    assert not is_our_own(["Kundennummer", "Handy"], fields)
