"""LIESMICH.txt of a list of withdrawals, in German and English."""

from __future__ import annotations

from datetime import datetime

from transitions.archive.withdrawals_format import ListManifest

_TEXT = """\
WIDERRUFE NACH DER ÜBERNAHME
============================

Anzahl der Kunden, die von {sender} (Betrieb {sender_number}) an {receiver} (Betrieb {receiver_number})
übergeben wurden und danach widerrufen haben: {customers}. Stand: {day}.

So geht es weiter
    Melden Sie sich beim Betrieb {receiver_number} an, öffnen Sie die Seite „Übernahme“ und laden Sie dort diese
    ZIP-Datei hoch, so wie sie ist. Die Widerrufe werden bei den Kunden vermerkt, und Sie sehen, wer es ist. Dieselbe
    Liste noch einmal hochzuladen schadet nicht. Eine veränderte Datei wird abgelehnt: Sie ist unterschrieben.


WITHDRAWALS AFTER THE CARRY-OVER
================================

Number of customers who were handed over from {sender} (business {sender_number}) to {receiver}
(business {receiver_number}) and have withdrawn since: {customers}. As of {iso_day}.

What to do next
    Log in to the business {receiver_number}, open the page "Carry over" and upload this ZIP file as it is. The
    withdrawals are noted with the customers, and you see who they are. Uploading the same list again does no harm. A
    changed file is refused: it is signed.
"""


def readme(manifest: ListManifest) -> str:
    """The text for a list that the manifest describes, with the line ends of Windows."""
    made = datetime.fromisoformat(manifest["made_at"])
    text = _TEXT.format(
        customers=manifest["counts"]["customers"],
        sender=manifest["from"]["name"],
        sender_number=manifest["from"]["account_number"],
        receiver=manifest["to"]["name"],
        receiver_number=manifest["to"]["account_number"],
        day=f"{made:%d.%m.%Y, %H:%M Uhr}",
        iso_day=f"{made:%Y-%m-%d %H:%M}",
    )
    return text.replace("\n", "\r\n")
