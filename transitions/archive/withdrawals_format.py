"""The format of a list of withdrawals: that of a package, with one table, and signed.

Its manifest says size and SHA-256 of the other files; the signature (Ed25519) is of the manifest, byte for byte.
"""

from __future__ import annotations

from typing import Final, NotRequired, TypedDict

from customers.choices import TRANSFER, TRANSFER_ANY
from transitions.archive.package_format import FileFacts, Receiver

FORMAT, VERSION = "stammhaus-withdrawals", 2
READ = frozenset({1, VERSION})
"""As for packages: version 1 knew fewer ways in which a customer can have said something."""
TABLE, README, MANIFEST, SIGNATURE = "withdrawals.csv", "LIESMICH.txt", "manifest.json", "signature.txt"
HASHED = (TABLE, README)
MEMBERS = (*HASHED, MANIFEST, SIGNATURE)
COLUMNS = ("Kundennummer", "Zweck", "Erklärung", "Zeitpunkt", "Weg", "Fassung", "Empfänger", "Nachweis", "Erfasst von")
"""Those of consents.csv, but for where and to whom: all of it was said to the sender."""
KEY: Final = "withdrawals_key"
"""In the manifest of a package: by what the receiver knows that a list of withdrawals comes from the same sender."""
PURPOSES = (TRANSFER, TRANSFER_ANY)
"""Who takes one of these back does not want to be where he was handed over to."""


class Sender(TypedDict):
    """The business that was told of the withdrawals."""

    account_number: int
    name: str


class Counts(TypedDict):
    """How many customers have withdrawn, by how many statements."""

    customers: int
    statements: int


ListManifest = TypedDict(
    "ListManifest",
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
        "counts": Counts,
        "files": NotRequired[dict[str, FileFacts]],
    },
)
"""manifest.json of a list. Moments are texts in ISO 8601 with their offset; `files` comes last."""
