"""Why a payment came back: the ISO 20022 return reason codes that banks in Europe use for debits and transfers.

The codes are those of the external code sets ExternalReturnReason1Code and, for debits that are refused before they are
booked, ExternalStatusReason1Code. A code that is not here is no error: its reason is unknown and ends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from locations.text import LazyText


@dataclass(frozen=True, slots=True)
class ReturnReason:
    """`ends_mandate` says that the mandate must not be used again: the account, the payer or the mandate is gone.

    `is_refund` says that the payer himself wanted his money back, which says nothing about the account.
    """

    code: str
    sentence: LazyText
    ends_mandate: bool = False
    is_refund: bool = False


REASONS: dict[str, ReturnReason] = {
    reason.code: reason
    for reason in (
        ReturnReason("AC01", _("The IBAN is wrong."), ends_mandate=True),
        ReturnReason("AC02", _("The account number of the payer is invalid."), ends_mandate=True),
        ReturnReason("AC03", _("The account number of the payee is invalid.")),
        ReturnReason("AC04", _("The account is closed."), ends_mandate=True),
        ReturnReason("AC06", _("The account is blocked."), ends_mandate=True),
        ReturnReason("AC07", _("The account of the payee is closed.")),
        ReturnReason(
            "AC13",
            _("Business debits are not possible on the account of a consumer."),
            ends_mandate=True,
        ),
        ReturnReason("AG01", _("Debits are not allowed on this account."), ends_mandate=True),
        ReturnReason("AG02", _("The bank does not accept this kind of debit.")),
        ReturnReason("AM01", _("The amount is zero.")),
        ReturnReason("AM02", _("The amount is above what is allowed.")),
        ReturnReason("AM03", _("The account is in another currency.")),
        ReturnReason("AM04", _("There is not enough money on the account.")),
        ReturnReason("AM05", _("The payment was sent twice.")),
        ReturnReason("AM06", _("The amount is below the least that was agreed.")),
        ReturnReason("AM07", _("The amount is blocked on the account.")),
        ReturnReason("AM09", _("The amount is wrong.")),
        ReturnReason("AM10", _("The control sum is wrong.")),
        ReturnReason("ARDT", _("The payment had been sent back already.")),
        ReturnReason("BE01", _("Name and account do not belong together.")),
        ReturnReason("BE04", _("The address of the payee is missing.")),
        ReturnReason("BE05", _("The creditor identifier is wrong, or the payer does not know it.")),
        ReturnReason("BE06", _("The payer is unknown at this bank."), ends_mandate=True),
        ReturnReason("BE07", _("The address of the payer is missing.")),
        ReturnReason("BE08", _("A bank has made an error.")),
        ReturnReason("CNOR", _("The bank of the payee takes no part in this scheme.")),
        ReturnReason("CUST", _("The payer has asked for it.")),
        ReturnReason("CURR", _("The currency is wrong.")),
        ReturnReason("DNOR", _("The bank of the payer takes no part in this scheme."), ends_mandate=True),
        ReturnReason("DT01", _("The date is wrong.")),
        ReturnReason("DUPL", _("The payment was sent twice.")),
        ReturnReason("ED01", _("The bank cannot be reached through another one.")),
        ReturnReason("ED03", _("The bank asks for more information.")),
        ReturnReason("ED05", _("The settlement between the banks has failed.")),
        ReturnReason("FF01", _("The format of the file is wrong.")),
        ReturnReason("FF05", _("The kind of debit is wrong.")),
        ReturnReason("FOCR", _("The bank of the payer was asked to send it back.")),
        ReturnReason("FR01", _("It came back because of fraud."), ends_mandate=True),
        ReturnReason("FRAD", _("Fraud is suspected."), ends_mandate=True),
        ReturnReason("MD01", _("There is no valid mandate."), ends_mandate=True),
        ReturnReason("MD02", _("Data of the mandate is missing or wrong."), ends_mandate=True),
        ReturnReason("MD05", _("The debit was not due.")),
        ReturnReason("MD06", _("The payer has asked for his money back, though he had allowed it."), is_refund=True),
        ReturnReason("MD07", _("The payer has died."), ends_mandate=True),
        ReturnReason("MS02", _("The payer has refused it, and no reason is given."), is_refund=True),
        ReturnReason("MS03", _("The bank has refused it, and no reason is given.")),
        ReturnReason("NARR", _("The bank says why in its text.")),
        ReturnReason("NOAS", _("The payee has not answered.")),
        ReturnReason("NOOR", _("The original payment was never received.")),
        ReturnReason("RC01", _("The BIC is wrong.")),
        ReturnReason("RC07", _("The BIC of the payee is wrong.")),
        ReturnReason("RF01", _("The reference of the payment is not unique.")),
        ReturnReason("RR01", _("The law requires the account of the payer to be named.")),
        ReturnReason("RR02", _("The law requires name or address of the payer.")),
        ReturnReason("RR03", _("The law requires name or address of the payee.")),
        ReturnReason("RR04", _("The law does not allow it.")),
        ReturnReason("SL01", _("A rule that the payer has agreed with his bank keeps it from being debited.")),
        ReturnReason("SL02", _("A rule of the bank of the payee keeps it from being paid.")),
        ReturnReason("SL11", _("The payer allows debits of other payees only."), ends_mandate=True),
        ReturnReason("SL12", _("The payer has blocked debits of this payee at his bank."), ends_mandate=True),
        ReturnReason("SL13", _("The payer allows debits less often.")),
        ReturnReason("SL14", _("The amount is above what the payer allows for a debit.")),
        ReturnReason("TECH", _("The bank had a technical problem.")),
        ReturnReason("TM01", _("The file came after the bank's closing time.")),
        ReturnReason("UPAY", _("The payment was not owed.")),
    )
}


USUAL = ("AM04", "MD06", "MD01", "AC01", "AC04", "AC06", "MS02", "MS03")
"""The codes with which nearly all debits come back, the most frequent first."""


def reason_of(code: str) -> ReturnReason:
    """The reason with this code; for one that is not in the list a sentence that says so."""
    known = REASONS.get(code.strip().upper())
    return known or ReturnReason(code, _("The bank gives a reason that is not in the list of reasons."))
