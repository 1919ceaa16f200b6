"""The format of a package: its files, their columns, and the words in them. docs/package.md says the same for people.

Writing and reading take everything from here. What changes here needs another version.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NotRequired, TypedDict

from customers.field_groups import FIELDS as SHARED
from customers.field_groups import FieldGroup as Shared
from transitions.choices import FieldGroup

FORMAT, VERSION = "stammhaus-package", 4
READ = frozenset({2, 3, VERSION})
"""Version 2 knew fewer ways in which a customer can have said something; up to 3 there was no uid."""
CUSTOMERS, CONSENTS, GROUPS, TAGS = "customers.csv", "consents.csv", "groups.csv", "tags.csv"
README, MANIFEST = "LIESMICH.txt", "manifest.json"
NUMBER, UID = "Kundennummer", "UID"
WITH_UID = 4
"""Since this version each customer has his uid."""
TABLES = (CUSTOMERS, CONSENTS, GROUPS, TAGS)
HASHED = (*TABLES, README)
"""The files of which the manifest says size and SHA-256: all but itself."""
MEMBERS = (*HASHED, MANIFEST)

CONSENT_COLUMNS = (
    "Kundennummer", "Zweck", "Erklärung", "Zeitpunkt", "Weg", "Fassung", "Empfänger", "Nachweis", "Erfasst von",
    "Gegeben in", "Gegeben an",
)  # fmt: skip
GROUP_COLUMNS = ("Kundengruppe", "Preisebene", "Rabatt %")
TAG_COLUMNS = ("Schlagwort",)
COLUMNS: dict[str, tuple[str, ...]] = {CONSENTS: CONSENT_COLUMNS, GROUPS: GROUP_COLUMNS, TAGS: TAG_COLUMNS}
"""The headings of the tables but the customers', which are those of the export in German."""
GIVEN, WITHDRAWN = "erteilt", "widerrufen"

FIELDS: dict[str, tuple[str, ...]] = {
    FieldGroup.BANK: SHARED[Shared.BANK],
    FieldGroup.MEMO: ("memo",),
    FieldGroup.LOSS: ("loss_reason",),
    FieldGroup.CREDIT: ("credit_limit",),
}
"""The columns of the customers that are there only where their group was chosen."""


class Place(TypedDict):
    """A location at the sender."""

    client_number: int
    name: str


class Sender(TypedDict):
    """The business from which customers are handed over."""

    account_number: int
    name: str
    location: Place


class Receiver(TypedDict):
    """The business, and its location, to which they are handed over."""

    account_number: int
    client_number: int
    name: str


class Counts(TypedDict):
    """The rows of each table."""

    customers: int
    consents: int
    groups: int
    tags: int


class Purpose(TypedDict):
    """A purpose of which consents.csv speaks, as the sender has worded it."""

    code: str
    name: str
    wording: str
    wording_version: str
    holds_for_receiver: bool


class FileFacts(TypedDict):
    """A file of the archive: its bytes, and its SHA-256 in hex."""

    size: int
    sha256: str


Manifest = TypedDict(
    "Manifest",
    {
        "format": str,
        "version": int,
        "transition": str,
        "kind": str,
        "from": Sender,
        "to": Receiver,
        "executed_at": str,
        "made_at": str,
        "made_by": str,
        "basis": str,
        "ground": str,
        "confirmed_by": str,
        "withdrawals_key": str,
        "field_groups": list[str],
        "counts": Counts,
        "purposes": list[Purpose],
        "files": NotRequired[dict[str, FileFacts]],
    },
)
"""manifest.json. Moments are texts in ISO 8601 with their offset; `files` comes last, when the others are written."""


def left_behind(chosen: Iterable[str]) -> frozenset[str]:
    """The columns that do not go along where these groups of fields were chosen."""
    return frozenset(name for group, names in FIELDS.items() if group not in chosen for name in names)
