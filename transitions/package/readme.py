"""LIESMICH.txt of a package: what it is, for whoever finds the file, in German and English."""

from __future__ import annotations

from datetime import datetime

from transitions.archive.package_format import Manifest
from transitions.choices import LegalBasis

ARTICLES: dict[str, str] = {LegalBasis.CONSENT: "a", LegalBasis.CONTRACT: "b", LegalBasis.INTERESTS: "f"}
_GERMAN = """\
ÜBERNAHME VON KUNDEN
====================

Diese Datei gehört zur Übernahme von Kunden von
    {sender} (Betrieb {sender_number}), Standort {location}
an
    {receiver} (Betrieb {receiver_number}).

Ausgeführt am {day}. Enthalten sind {customers} Kunden und {consents} Erklärungen zu Einwilligungen.
Einwilligungen galten dem abgebenden Betrieb: Sie belegen die Weitergabe an Sie. Für eigene Zwecke, etwa einen
Newsletter, fragen Sie Ihre Kunden selbst.

Rechtsgrundlage ({article_german}), bestätigt von {confirmed_by}:
    {ground}

So geht es weiter
    Melden Sie sich beim Betrieb {receiver_number} an, am Standort {receiver_place}, öffnen Sie die Seite „Übernahme“
    und laden Sie dort diese ZIP-Datei hoch, so wie sie ist. Sie sehen vorher, was geschieht, und können es danach
    rückgängig machen.
    Eine veränderte Datei wird abgelehnt.

Was in der Datei steht
    customers.csv   Kunden, eine Zeile je Kunde
    consents.csv    was diese Kunden erlaubt oder widerrufen haben, wann und wie
    groups.csv      ihre Kundengruppen mit Preisebene und Rabatt
    tags.csv        ihre Schlagwörter
    manifest.json   von wem, an wen, wann, warum, wie viele; Größe und SHA-256 jeder Datei

Die Datei enthält personenbezogene Daten. Bewahren Sie sie geschützt auf und löschen Sie sie nach der Übernahme.
"""
_ENGLISH = """\
CARRYING OVER CUSTOMERS
=======================

This file carries customers over from
    {sender} (business {sender_number}), location {location}
to
    {receiver} (business {receiver_number}).

Executed on {day}. It holds {customers} customers and {consents} statements about consents.
Consents were given to the business that hands over: they are evidence of the transfer to you. For purposes of your own,
such as a newsletter, ask your customers yourself.

Legal ground ({article}), confirmed by {confirmed_by}:
    {ground}

What to do next
    Log in to the business {receiver_number}, at its location {receiver_place}, open the page "Carry over" and upload
    this ZIP file as it is. You see what will happen before it does, and it can be undone afterwards. A changed file
    is refused.

What is in it
    customers.csv   customers, one row each
    consents.csv    what these customers have allowed or withdrawn, when and how
    groups.csv      their customer groups with price level and discount
    tags.csv        their tags
    manifest.json   from whom, to whom, when, why, how many; size and SHA-256 of each file

The file holds personal data. Keep it protected, and delete it when the customers have been carried over.
"""


def readme(manifest: Manifest) -> str:
    """The text for a package that the manifest describes, with the line ends of Windows."""
    counts, sender, receiver = manifest["counts"], manifest["from"], manifest["to"]
    executed = datetime.fromisoformat(manifest["executed_at"])
    facts = {
        "sender": sender["name"],
        "sender_number": sender["account_number"],
        "location": sender["location"]["name"],
        "receiver": receiver["name"],
        "receiver_number": receiver["account_number"],
        "receiver_place": receiver["client_number"],
        "confirmed_by": manifest["confirmed_by"],
        "article": f"Art. 6 (1) {ARTICLES[manifest['basis']]} GDPR",
        "article_german": f"Art. 6 Abs. 1 Buchst. {ARTICLES[manifest['basis']]} DSGVO",
        "ground": " ".join(manifest["ground"].split()),
        **counts,
    }
    german = _GERMAN.format(day=f"{executed:%d.%m.%Y, %H:%M Uhr}", **facts)
    english = _ENGLISH.format(day=f"{executed:%Y-%m-%d %H:%M}", **facts)
    return f"{german}\n\n{english}".replace("\n", "\r\n")
