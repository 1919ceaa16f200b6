"""Recognises the columns in the CSV of a bank by their headings, and where the headings stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from accounting.banking.problems import UnreadableBankFile
from locations.text import LazyText

HEADINGS: dict[str, str] = {
    "account": "auftragskonto|ibanauftragskonto|ibankontoinhaber|kontoiban|accountiban|iban_des_kontos",
    "booked_on": "buchungstag|buchungsdatum|buchung|datum|bookingdate|date|buchungsdatumbookingdate|transactiondate",
    "valued_on": "valuta|valutadatum|wertstellung|wertstellungsdatum|wert|wertstellungvaluta|valuedate",
    "amount": "betrag|betrageur|betragineur|umsatz|umsatzeur|umsatzineur|amount|amounteur|betraginkontowaehrung",
    "debit": "soll|belastung|sollbetrag|debit|ausgaben|ausgang",
    "credit": "haben|gutschrift|habenbetrag|credit|einnahmen|eingang",
    "sign": "sollhaben|sh|sollhabenkennzeichen|sollhabenkennung|debitcredit",
    "currency": "waehrung|currency|kontowaehrung|whrg",
    "name": "beguenstigterzahlungspflichtiger|namezahlungsbeteiligter|beguenstigterauftraggeber"
    "|auftraggeberbeguenstigter|auftraggeberempfaenger|empfaengerauftraggeber|empfaengerzahlungspflichtiger|zahlungsbeteiligter|partnername"
    "|counterpartyname|counterparty|name|zahlungsempfaengerzahlungspflichtiger|nameauftraggeberempfaenger"
    "|senderempfaenger",
    "payer": "zahlungspflichtiger|auftraggeber|payer|nameauftraggeber|zahler",
    "payee": "zahlungsempfaenger|zahlungsempfaengerin|empfaenger|payee|nameempfaenger",
    "ultimate_name": "abweichenderempfaenger|abweichenderzahlungspflichtiger|abweichenderauftraggeber",
    "iban": "kontonummeriban|ibankontonummer|ibanzahlungsbeteiligter|iban|partneriban|accountnumber|kontonummer"
    "|counterpartyiban|ibandesauftraggebers|ibanauftraggeberempfaenger|ibankontonr",
    "purpose": "verwendungszweck|vorgangverwendungszweck|paymentreference|reference|purpose|description|beschreibung"
    "|remittanceinformation|zahlungsreferenz|buchungsdetails",
    "booking_text": "buchungstext|umsatzart|umsatztyp|vorgang|type|transactiontype|transaktionstyp|buchungsart",
    "end_to_end_id": "kundenreferenzendtoend|kundenreferenz|endtoendreferenz|endtoendid|endtoendref",
    "mandate_id": "mandatsreferenz|mandatsref|mandatereference|mandat",
    "creditor_id": "glaeubigerid|glaeubigeridentifikationsnummer|glaeubigeridentifikation|creditorid",
    "batch_id": "sammlerreferenz",
    "bank_reference": "bankreferenz|transaktionsid|transactionid|umsatzid",
    "status": "info|status",
    "original_amount": "lastschriftursprungsbetrag|ursprungsbetrag",
    "charges": "auslagenersatzruecklastschrift|fremdegebuehren",
    "balance": "saldo|saldonachbuchung|kontostand|balance|kontostandnachbuchung",
}
"""For each field the headings that mean it, folded as `folded` does. The first column with one of them counts."""
FIELD_OF = {heading: name for name, headings in HEADINGS.items() for heading in headings.split("|")}

LABELS: dict[str, LazyText] = {
    "booked_on": _("day of booking"),
    "amount": _("amount"),
    "purpose": _("purpose of the payment"),
}
MOST_ABOVE = 40
"""Lines above the headings: name of the bank, period, balances."""
ENOUGH = 3
"""So many known headings make a line of headings, and not a sentence with a known word."""
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the fields stand: `at` maps a field to the index of its column."""

    row: int
    headings: tuple[str, ...]
    at: dict[str, int]

    def cell(self, cells: Sequence[str], name: str) -> str:
        """The text of a field in a row, "" where there is no such column."""
        at = self.at.get(name)
        return cells[at].strip() if at is not None and at < len(cells) else ""

    def label(self, name: str) -> str:
        """The heading of a field as the bank writes it."""
        return self.headings[self.at[name]].strip()


def folded(heading: str) -> str:
    """Only letters, small and without umlauts: `Zahlungspflichtige*r` and `zahlungspflichtiger` are one."""
    return re.sub(r"[^a-z]", "", heading.strip().casefold().translate(_LETTERS))


def columns_among(rows: Sequence[Sequence[str]]) -> Columns | None:
    """The line with the most known headings among the first; None where none has enough of them."""
    found = [Columns(at, tuple(row), _fields(row)) for at, row in enumerate(rows[:MOST_ABOVE])]
    best = max(found, key=lambda one: (len(one.at), -one.row), default=None)
    return best if best and len(best.at) >= ENOUGH else None


def _fields(row: Sequence[str]) -> dict[str, int]:
    at: dict[str, int] = {}
    for column, heading in enumerate(row):
        name = FIELD_OF.get(folded(heading)) if len(heading) < 60 else None
        if name and name not in at:
            at[name] = column
    texts = [column for column, heading in enumerate(row) if FIELD_OF.get(folded(heading)) == "booking_text"]
    if "purpose" not in at and len(texts) > 1:
        at["purpose"] = texts[1]  # Commerzbank has the kind of a booking, and all of its text in one column
    if "amount" in at and "sign" not in at and row and not row[-1].strip():
        at["sign"] = len(row) - 1  # cooperative banks wrote S or H below a heading of one blank
    return at


def check_needed(columns: Columns) -> None:
    """Raises `missing_columns`, with what is missing and what is there."""
    has_amount = "amount" in columns.at or {"debit", "credit"} <= columns.at.keys()
    missing = [
        name
        for name, is_there in (
            ("booked_on", "booked_on" in columns.at),
            ("amount", has_amount),
            ("purpose", "purpose" in columns.at or "booking_text" in columns.at),
        )
        if not is_there
    ]
    if missing:
        found = ", ".join(heading.strip() for heading in columns.headings if heading.strip())
        raise UnreadableBankFile("missing_columns", missing=_Listed(missing), found=found)


class _Listed:
    """Names of columns, in the language of whoever reads the sentence."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def __str__(self) -> str:
        return ", ".join(str(LABELS[name]) for name in self._names)
