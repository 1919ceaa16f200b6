"""What a file of direct debits is made of, and what must be so of it before a bank takes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from schwifty import BIC, IBAN, exceptions
from stdnum.eu import at_02
from stdnum.exceptions import ValidationError as InvalidNumber

from accounting.banking.problems import shortened
from accounting.banking.sepa_text import is_reference, sepa_text
from locations.text import LazyText

LEAST, MOST = Decimal("0.01"), Decimal("999999999.99")
LONGEST_MESSAGE_ID = 30
"""The identification of each group is that of the message, a hyphen and a number, and has 35 characters at most."""
WITHOUT_ADDRESS = frozenset(
    [
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
        "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    ]
)  # fmt: skip
"""Countries whose accounts can be debited without the address of the payer (the European Economic Area)."""


class Version(StrEnum):
    """The versions of the message that German banks take: the newer one, and the older one until they end it."""

    V08 = "pain.008.001.08"
    V02 = "pain.008.001.02"


class Sequence(StrEnum):
    """Since 2016 the first of several debits is as the following ones."""

    RECURRENT = "RCUR"
    FINAL = "FNAL"
    ONE_OFF = "OOFF"


class Scheme(StrEnum):
    CORE = "CORE"
    BUSINESS = "B2B"


@dataclass(frozen=True, slots=True)
class Creditor:
    """Who debits: the name, the account to be credited, and the creditor identifier (Gläubiger-ID)."""

    name: str
    iban: str
    creditor_id: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class Debit:
    """One debit. `end_to_end_id` is unique in a file and comes back on the statement, also of a debit that fails."""

    end_to_end_id: str
    amount: Decimal
    debtor_name: str
    debtor_iban: str
    mandate_id: str
    mandate_signed_on: date
    collect_on: date
    purpose: str
    sequence: Sequence = Sequence.RECURRENT
    scheme: Scheme = Scheme.CORE
    debtor_bic: str = ""


UNWRITABLE: dict[str, LazyText] = {
    "no_debits": _("There is nothing to debit. Choose at least one open item."),
    "message_id": _(
        "“%(value)s” cannot be the identification of a debit file: it takes 1 to 30 letters without accents, digits "
        "and simple signs."
    ),
    "creditor_name": _(
        "The name of the creditor “%(value)s” has no character that banks allow. Enter it in Latin letters."
    ),
    "creditor_iban": _("“%(value)s”, the account to be credited, is not an IBAN. Correct it in the settings."),
    "creditor_bic": _("“%(value)s”, the BIC of the account to be credited, is wrong. Correct it, or leave it empty."),
    "creditor_id": _(
        "“%(value)s” is not a creditor identifier. Enter the one that the Bundesbank has given, such as "
        "DE98ZZZ09999999999."
    ),
    "end_to_end_id": _(
        "“%(value)s” cannot be the reference of a debit: it takes 1 to 35 letters without accents, digits and simple "
        "signs."
    ),
    "twice": _("The reference “%(debit)s” stands in the file twice. Give each debit one of its own."),
    "amount": _("Debit %(debit)s: %(value)s is not an amount from 0.01 to 999,999,999.99 with two decimal places."),
    "debtor_name": _(
        "Debit %(debit)s: the name “%(value)s” has no character that banks allow. Enter it in Latin letters."
    ),
    "debtor_iban": _("Debit %(debit)s: “%(value)s” is not an IBAN. Correct the mandate."),
    "debtor_country": _(
        "Debit %(debit)s: the account %(value)s is outside the European Economic Area. Let this customer pay otherwise."
    ),
    "debtor_bic": _("Debit %(debit)s: “%(value)s” is not a BIC. Correct the mandate, or leave it empty."),
    "mandate_id": _(
        "Debit %(debit)s: “%(value)s” cannot be the reference of a mandate: it takes 1 to 35 letters without accents, "
        "digits and simple signs. Correct the mandate."
    ),
    "mandate_day": _(
        "Debit %(debit)s: its mandate is signed on %(value)s, after the collection. Correct one of the days."
    ),
    "schema": _("The debit file is not as the banks' schema wants it (%(reason)s). Tell support; no file was made."),
}


class UnwritableDebitFile(ValidationError):
    """The file would be refused by the bank; `code` is one of UNWRITABLE, `debit` the reference of the debit."""

    def __init__(self, code: str, *, debit: str = "", value: str = "", reason: str = "") -> None:
        params = {"debit": shortened(debit), "value": shortened(value), "reason": reason}
        super().__init__(UNWRITABLE[code], code=code, params=params)
        self.debit = debit


def check(*, message_id: str, creditor: Creditor, debits: tuple[Debit, ...]) -> None:
    """Raises UnwritableDebitFile for the first thing that a bank would refuse."""
    if len(message_id) > LONGEST_MESSAGE_ID or not is_reference(message_id):
        raise UnwritableDebitFile("message_id", value=message_id)
    if not debits:
        raise UnwritableDebitFile("no_debits")
    _check_creditor(creditor)
    seen: set[str] = set()
    for debit in debits:
        _check_debit(debit)
        if debit.end_to_end_id in seen:
            raise UnwritableDebitFile("twice", debit=debit.end_to_end_id)
        seen.add(debit.end_to_end_id)


def compact(iban: str) -> str:
    """The IBAN without blanks, in capital letters."""
    return "".join(iban.split()).upper()


def _check_creditor(creditor: Creditor) -> None:
    wrong = {
        "creditor_name": (not sepa_text(creditor.name, most=70), creditor.name),
        "creditor_iban": (not _is_iban(creditor.iban), creditor.iban),
        "creditor_bic": (not _is_bic(creditor.bic), creditor.bic),
        "creditor_id": (not _is_creditor_id(creditor.creditor_id), creditor.creditor_id),
    }
    for code, (is_wrong, value) in wrong.items():
        if is_wrong:
            raise UnwritableDebitFile(code, value=value)


def _check_debit(debit: Debit) -> None:
    if not is_reference(debit.end_to_end_id):
        raise UnwritableDebitFile("end_to_end_id", debit=debit.end_to_end_id, value=debit.end_to_end_id)
    wrong = {
        "amount": (not _is_amount(debit.amount), str(debit.amount)),
        "debtor_name": (not sepa_text(debit.debtor_name, most=70), debit.debtor_name),
        "debtor_iban": (not _is_iban(debit.debtor_iban), debit.debtor_iban),
        "debtor_country": (compact(debit.debtor_iban)[:2] not in WITHOUT_ADDRESS, debit.debtor_iban),
        "debtor_bic": (not _is_bic(debit.debtor_bic), debit.debtor_bic),
        "mandate_id": (not is_reference(debit.mandate_id), debit.mandate_id),
        "mandate_day": (debit.mandate_signed_on > debit.collect_on, debit.mandate_signed_on.isoformat()),
    }
    for code, (is_wrong, value) in wrong.items():
        if is_wrong:
            raise UnwritableDebitFile(code, debit=debit.end_to_end_id, value=value)


def _is_amount(amount: Decimal) -> bool:
    return amount.is_finite() and LEAST <= amount <= MOST and amount == amount.quantize(LEAST)


def _is_iban(iban: str) -> bool:
    try:
        IBAN(compact(iban))
    except exceptions.SchwiftyException:
        return False
    return True


def _is_bic(bic: str) -> bool:
    """Whether it is one, or empty: a BIC is needed nowhere within SEPA."""
    if not bic:
        return True
    try:
        BIC(bic)
    except exceptions.SchwiftyException:
        return False
    return bic == bic.strip().upper()


def _is_creditor_id(text: str) -> bool:
    try:
        return bool(at_02.validate(text) == text)
    except InvalidNumber:
        return False
