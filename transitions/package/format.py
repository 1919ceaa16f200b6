"""The format of a package: its files, their columns, and the words in them. docs/package.md says the same for people.

Writing and reading take everything from here. What changes here needs another version.
"""

from __future__ import annotations

from typing import Any

FORMAT, VERSION = "stammhaus-package", 2
CUSTOMERS, CONSENTS, GROUPS, TAGS = "customers.csv", "consents.csv", "groups.csv", "tags.csv"
README, MANIFEST = "LIESMICH.txt", "manifest.json"
TABLES = (CUSTOMERS, CONSENTS, GROUPS, TAGS)
HASHED = (*TABLES, README)
"""The files of which the manifest says size and SHA-256: all but itself."""
MEMBERS = (*HASHED, MANIFEST)

CONSENT_COLUMNS = (
    "Kundennummer", "Zweck", "Erklärung", "Zeitpunkt", "Weg", "Fassung", "Empfänger", "Nachweis", "Erfasst von",
)  # fmt: skip
GROUP_COLUMNS = ("Kundengruppe", "Preisebene", "Rabatt %")
TAG_COLUMNS = ("Schlagwort",)
COLUMNS: dict[str, tuple[str, ...]] = {CONSENTS: CONSENT_COLUMNS, GROUPS: GROUP_COLUMNS, TAGS: TAG_COLUMNS}
"""The headings of the tables but the customers', which are those of the export in German."""
GIVEN, WITHDRAWN = "erteilt", "widerrufen"

GONE = "gone"
"""In the manifest, beside the reasons of the execution: who was to be carried over and is not in the base any more."""


def figures_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest for the record: as it is, but how many were left out instead of their numbers."""
    left_out = {reason: len(numbers) for reason, numbers in manifest["left_out"].items()}
    return {**manifest, "left_out": left_out}
