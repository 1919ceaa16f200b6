"""Files of customers for the bench: the same bytes at each run."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

HEADINGS = (
    "Kundennummer", "Anrede", "Vorname", "Name", "Firma", "Straße", "PLZ", "Ort", "Land", "E-Mail", "Telefon", "Mobil",
    "Geburtsdatum", "Kundengruppe", "Preisebene", "Rabatt %", "Kreditlimit", "Newsletter", "Weitergabe erlaubt",
    "Gesperrt", "Notiz",
)  # fmt: skip
_FIRST = (
    "Anna", "Björn", "Claudia", "Dieter", "Eva", "Fritz", "Günther", "Hannah", "Ingrid", "Jürgen", "Karin", "Lukas",
    "Ayşe", "Søren", "José", "Renate",
)  # fmt: skip
_LAST = (
    "Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Schulz", "Hoffmann", "Schäfer",
    "Koch", "Bauer", "Richter", "Klein", "Wolf", "Schröder", "Neumann", "Schwarz", "Zimmermann", "Braun", "Krüger",
    "Weiß", "O'Neill",
)  # fmt: skip
_CITIES = (("20095", "Hamburg"), ("10115", "Berlin"), ("80331", "München"), ("50667", "Köln"), ("23552", "Lübeck"))
_STREETS = (
    "Hauptstraße", "Bahnhofstraße", "Gartenweg", "Lindenallee", "Schulstraße", "Königstraße", "Mühlenweg",
)  # fmt: skip


_FIRST_DAY, _DAYS = date(1940, 1, 1), 24_007
"""A prime number of days: nobody has name and birthday of another one before a million people."""
GROUPS = ("Gast", "Stammgast", "Mitarbeiter", "Firma")


def write_people(path: Path, count: int, *, start: int = 1, changed_each: int = 0) -> None:
    """A file as Excel in Germany saves it, but in UTF-8; with `changed_each`, each so many people have moved."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(HEADINGS)
        numbers = range(start, start + count)
        rows.writerows(_person(n, is_moved=bool(changed_each) and n % changed_each == 0) for n in numbers)


def _person(n: int, *, is_moved: bool) -> tuple[str, ...]:
    first, last = _FIRST[n * 7 % 16], _LAST[n * 13 % 24]
    postal_code, city = _CITIES[n * 3 % 5]
    street = f"Neuer Weg {1 + n % 90}" if is_moved else f"{_STREETS[n % 7]} {1 + n % 240}"
    return (
        str(n), ("Frau", "Herr", "")[n % 3], first, last, f"{last} & Söhne GmbH" if n % 5 == 0 else "", street,
        postal_code, city, "DE", f"gast.{n}@example.com", f"+49 40 {1_000_000 + n}",
        f"+49 171 {3_000_000 + n}" if n % 3 else "", f"{_FIRST_DAY + timedelta(n * 7919 % _DAYS):%d.%m.%Y}",
        GROUPS[n % 4], str(n % 5), ("0", "0", "5", "10", "15")[n % 5],
        ("", "100,00", "1.250,00")[n % 3], _answer(n), _answer(n // 2), "nein",
        "mag Fensterplatz" if n % 20 == 0 else "",
    )  # fmt: skip


def _answer(n: int) -> str:
    """What a row says about a consent; one row in ten says something."""
    return {0: "ja", 10: "nein"}.get(n % 20, "")
