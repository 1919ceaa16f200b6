"""Reads one entry of a CAMT statement, which is one or several bank entries: a batch booking is taken apart."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

from accounting.amounts import ZERO
from accounting.banking.camt_parts import Part
from accounting.banking.statements import BankEntry, Direction

BOOKED = "BOOK"
NO_REFERENCE = frozenset({"NOTPROVIDED", "NOT PROVIDED", "NONREF", "KEINE ANGABE"})
CREDITOR_ID = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")
RETURNS = frozenset({"UPDD", "PRDD", "RRTN", "UPCT"})
"""Sub-families of bank transaction codes by which a payment comes back."""
GERMAN_RETURNS = re.compile(r"\+(?:108|109|159)(?:\+|$)")
"""The same as German transaction codes: a returned debit (B2B, CORE), a returned transfer."""


def is_booked(entry: Part) -> bool:
    """Whether the entry is booked, and not pending or for information alone."""
    return entry.code("Sts") in (BOOKED, "")


def signed_amount(entry: Part, *, currency: str) -> Decimal:
    """What the entry changes of the balance."""
    return entry.sign() * entry.amount("Amt", currency=currency)


def entries_of(entry: Part, *, account: str, currency: str) -> list[BankEntry]:
    """The bank entries of one booking; none for one of 0.00. Together they are as much as the booking.

    Details that do not sum to their booking are not trusted: the booking stays one entry, with the texts of all.
    """
    total = signed_amount(entry, currency=currency)
    if not total:
        return []
    details = entry.parts("NtryDtls/TxDtls")
    if len(details) > 1:
        amounts = [_signed_detail(one, total=total, currency=currency) for one in details]
        if None not in amounts and sum(filter(None, amounts)) == total:
            return [
                _entry(entry, one, amount, account=account, currency=currency)
                for one, amount in zip(details, amounts, strict=True)
                if amount
            ]
        return [_as_a_whole(entry, details, total, account=account, currency=currency)]
    return [_entry(entry, details[0] if details else None, total, account=account, currency=currency)]


def _signed_detail(detail: Part, *, total: Decimal, currency: str) -> Decimal | None:
    """The amount of a detail; None where the bank does not give it in the currency of the account."""
    sign = detail.sign() if detail.part("CdtDbtInd") else (1 if total > 0 else -1)
    if found := detail.part("Amt", "AmtDtls/TxAmt/Amt"):
        amount = _own_amount(found, currency)
        return sign * amount if amount is not None else None
    original = _own_amount(detail.part("AmtDtls/InstdAmt/Amt"), currency)
    charges = _charges(detail, currency) if detail.part("RtrInf") else ZERO
    return sign * (original + charges) if original is not None else None


def _own_amount(found: Part | None, currency: str) -> Decimal | None:
    """The amount, where it is in the currency of the account. Others may have more places, and say nothing of it."""
    return found.own_amount() if found and found.attribute("Ccy") == currency else None


def _as_a_whole(entry: Part, details: list[Part], total: Decimal, *, account: str, currency: str) -> BankEntry:
    whole = _entry(entry, None, total, account=account, currency=currency)
    texts = [text for one in details if (text := _purpose(one))]
    return replace(whole, purpose=" · ".join(texts) or whole.purpose)


def _entry(entry: Part, detail: Part | None, signed: Decimal, *, account: str, currency: str) -> BankEntry:
    one = detail or entry
    code = _transaction_code(one) or _transaction_code(entry)
    reason = one.code("RtrInf/Rsn") if detail else ""
    is_reversal = (entry.text("RvslInd") or (detail.text("RvslInd") if detail else "")) in ("true", "1")
    is_return = bool(detail and detail.part("RtrInf")) or _comes_back(code, entry, detail)
    booked, valued = _days(entry)
    name, iban, ultimate = _counterparty(one, signed, turned=is_return or is_reversal, account=account)
    original, charges = _original(one, abs(signed), currency) if is_return else (None, None)
    return BankEntry(
        amount=abs(signed),
        direction=Direction.CREDIT if signed > 0 else Direction.DEBIT,
        booked_on=booked,
        valued_on=valued,
        is_reversal=is_reversal,
        is_return=is_return,
        return_reason=reason,
        bank_reference=_reference(one.text("Refs/AcctSvcrRef")) or _reference(entry.text("AcctSvcrRef")),
        counterparty_name=name,
        counterparty_iban=iban,
        ultimate_name=ultimate,
        end_to_end_id=_reference(one.text("Refs/EndToEndId")),
        mandate_id=_reference(one.text("Refs/MndtId")),
        creditor_id=_creditor_id(one),
        batch_id=one.text("Refs/PmtInfId") or entry.text("NtryDtls/Btch/PmtInfId"),
        purpose=_purpose(one) or one.text("AddtlTxInf") or entry.text("AddtlNtryInf"),
        booking_text=entry.text("AddtlNtryInf") or one.text("AddtlTxInf"),
        transaction_code=code,
        original_amount=original,
        charges=charges,
        message_id=one.text("Refs/MsgId") or entry.text("NtryDtls/Btch/MsgId"),
    )


def _days(entry: Part) -> tuple[date, date]:
    """The days of booking and value; each stands for the other where only one is given."""
    booked, valued = entry.day("BookgDt"), entry.day("ValDt")
    first = booked or valued
    if first is None:
        raise entry.missing("BookgDt")
    return first, valued or first


def _reference(text: str) -> str:
    return "" if text.upper() in NO_REFERENCE else text


def _transaction_code(part: Part) -> str:
    """The ISO code as domain-family-subfamily, or the bank's own code."""
    family = part.part("BkTxCd/Domn")
    if family is not None:
        return "-".join(family.text(path) for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd"))
    return part.text("BkTxCd/Prtry/Cd")


def _comes_back(code: str, entry: Part, detail: Part | None) -> bool:
    if code.rpartition("-")[2] in RETURNS:
        return True
    own = [part.text("BkTxCd/Prtry/Cd") for part in (entry, detail) if part is not None]
    return any(GERMAN_RETURNS.search(text) for text in own)


def _counterparty(part: Part, signed: Decimal, *, turned: bool, account: str) -> tuple[str, str, str]:
    """Name, IBAN and the name of whom it is in the end, of the other side.

    Money that comes in is from the debtor. Where a payment comes back, both keep the sides that they had in it. A side
    with the IBAN of the account itself is never the other one.
    """
    sides = ["Dbtr", "Cdtr"] if (signed > 0) != turned else ["Cdtr", "Dbtr"]
    for side in sides:
        name = part.text(f"RltdPties/{side}/Nm", f"RltdPties/{side}/Pty/Nm", f"RltdPties/{side}/Agt/FinInstnId/Nm")
        iban = part.text(f"RltdPties/{side}Acct/Id/IBAN").replace(" ", "").upper()
        if (name or iban) and iban != account:
            return name, iban, part.text(f"RltdPties/Ultmt{side}/Nm", f"RltdPties/Ultmt{side}/Pty/Nm")
    return "", "", ""


def _creditor_id(part: Part) -> str:
    """Of the parties' identifications the one that is formed like a creditor identifier."""
    paths = ("Id/PrvtId/Othr/Id", "Id/OrgId/Othr/Id", "Pty/Id/PrvtId/Othr/Id", "Pty/Id/OrgId/Othr/Id")
    found = (text for path in paths for text in part.texts(f"RltdPties/Cdtr/{path}"))
    return next((text for text in found if CREDITOR_ID.fullmatch(text)), "")


def _purpose(part: Part) -> str:
    """All of the remittance information: free text, references, numbers of documents, additions."""
    structured = "RmtInf/Strd"
    paths = ("CdtrRefInf/Ref", "RfrdDocInf/Nb", "AddtlRmtInf")
    texts = part.texts("RmtInf/Ustrd") + [text for path in paths for text in part.texts(f"{structured}/{path}")]
    return " ".join(texts)


def _original(part: Part, amount: Decimal, currency: str) -> tuple[Decimal | None, Decimal | None]:
    """What was debited before it came back, and what the banks charge for it; None where neither can be told."""
    original = _own_amount(part.part("AmtDtls/InstdAmt/Amt"), currency)
    charges = _charges(part, currency)
    if not charges and original is not None and original < amount:
        charges = amount - original
    if original is None and charges and charges < amount:
        original = amount - charges
    return original, charges or None


def _charges(part: Part, currency: str) -> Decimal:
    """Their sum as the bank states it, or what its parts come to; those in other currencies are left out."""
    stated = _own_amount(part.part("Chrgs/TtlChrgsAndTaxAmt"), currency)
    if stated is not None:
        return stated
    records = part.parts("Chrgs/Rcrd/Amt") or part.parts("Chrgs/Amt")
    return sum((_own_amount(one, currency) or ZERO for one in records), ZERO)
