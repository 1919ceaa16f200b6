"""What banks write besides: tables with columns in other places, and details in other currencies."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.accounting.banking.files import KANTINE, OWN, read

DEUTSCHE_BANK = (
    "Umsätze Girokonto;;;;;\nLetzter Kontostand;;;;3.000,00;EUR\n"
    "Buchungstag;Wert;Umsatzart;Begünstigter / Auftraggeber;Verwendungszweck;IBAN;BIC;Kundenreferenz;Mandatsreferenz ;"
    "Gläubiger ID;Fremde Gebühren;Betrag;Abweichender Empfänger;Anzahl der Aufträge;Anzahl der Schecks;Soll;Haben;"
    "Währung\n"
    f"01.12.2025;01.12.2025;SEPA-Gutschrift von;Kantine;RE-2025-000012;{KANTINE};BYLADEM1001;;;;;;;;;;1.047,11;EUR\n"
    f"01.12.2025;01.12.2025;SEPA-Überweisung an;Markt;Waren;{KANTINE};BYLADEM1001;;;;;;;;;-999,99;;EUR\n"
    "Kontostand;01.12.2025;;;3.000,00;EUR\n"
)
HYPOVEREINSBANK = (
    "Kontonummer;Buchungsdatum;Valuta;Empfaenger 1;Verwendungszweck;Betrag;Waehrung\n"
    "532013000;01.12.2025;01.12.2025;Kantine;RE-2025-000012;1.047,11;EUR\n"
)
CONSORSBANK = (
    "Buchung;Valuta;Sender / Empfänger;IBAN / Konto-Nr.;BIC / BLZ;Buchungstext;Verwendungszweck;Betrag in EUR\n"
    f"01.12.2025;01.12.2025;Kantine;{KANTINE};BYLADEM1001;GUTSCHRIFT;RE-2025-000012;1.047,11\n"
)
POSTBANK_OLD = (
    '"Buchungsdatum";"Wertstellung";"Umsatzart";"Buchungsdetails";"Auftraggeber";"Empfänger";"Betrag (€)"\n'
    '"01.12.2025";"01.12.2025";"Gutschrift";"Verwendungszweck RE-2025-000012";"Kantine";"Laden";"1.047,11 €"\n'
)
GEORGE = (
    "Buchungsdatum;Partnername;Partner IBAN;BIC/SWIFT;Partner Kontonummer;Betrag;Währung;Buchungs-Details\n"
    f"01.12.2025;Kantine;{KANTINE};BYLADEM1001;;1.047,11;EUR;RE-2025-000012\n"
)
COMDIRECT = (
    '"Buchungstag";"Wertstellung (Valuta)";"Vorgang";"Buchungstext";"Umsatz in EUR";\n'
    '"offen";"--";"Lastschrift";"Strom";"-5,00";\n'
    '"01.12.2025";"01.12.2025";"Übertrag";"Auftraggeber: Kantine Buchungstext: RE-2025-000012";"1.047,11";\n'
)


@pytest.mark.parametrize(
    ("table", "name", "iban"),
    [
        (DEUTSCHE_BANK, "Kantine", KANTINE),
        (HYPOVEREINSBANK, "Kantine", ""),
        (CONSORSBANK, "Kantine", KANTINE),
        (POSTBANK_OLD, "Kantine", ""),
        (GEORGE, "Kantine", KANTINE),
        (COMDIRECT, "", ""),
    ],
)
@pytest.mark.parametrize("encoding", ["cp1252", "utf-8-sig"])
def test_payment_is_read_from_tables_of_other_banks(table, name, iban, encoding):
    [statement] = read(table.encode(encoding), account=OWN)
    payment = max(statement.entries, key=lambda entry: entry.signed)
    assert (payment.signed, payment.counterparty_name, payment.counterparty_iban) == (Decimal("1047.11"), name, iban)
    assert "RE-2025-000012" in payment.purpose
    assert statement.account_iban == OWN


def test_amounts_in_two_columns_count_where_the_one_beside_them_is_empty():
    [statement] = read(DEUTSCHE_BANK.encode(), account=OWN)
    assert [entry.signed for entry in statement.entries] == [Decimal("1047.11"), Decimal("-999.99")]


def test_entry_without_a_day_yet_is_pending():
    [statement] = read(COMDIRECT.encode(), account=OWN)
    assert (len(statement.entries), statement.pending) == (1, 1)


@pytest.mark.parametrize(("number", "account"), [("532013000", OWN), ("0532013000", OWN), ("532013001", "532013001")])
def test_bare_number_of_the_chosen_account_is_that_account(number, account):
    table = f"Auftragskonto;Buchungstag;Verwendungszweck;Betrag\n{number};01.12.2025;x;1,00\n"
    assert read(table.encode(), account=OWN)[0].account_iban == account


def statement(*bookings: str, balances: str = "") -> bytes:
    """A CAMT.053 file with these bookings, which together are 60.00 in."""
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>1</Id>'
        f"<Acct><Id><IBAN>{OWN}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{balances or balance('OPBD', '100.00') + balance('CLBD', '160.00')}{''.join(bookings)}"
        "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def balance(code: str, amount: str, day: str = "2026-01-08") -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt>'
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def booking(amount: str, *details: str, sign: str = "CRDT") -> str:
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>2026-01-08</Dt></BookgDt><NtryDtls>{''.join(details)}</NtryDtls></Ntry>"
    )


def detail(text: str, amounts: str) -> str:
    return f"<TxDtls>{amounts}<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"


def stated(content: bytes) -> list[tuple[str, str]]:
    return [(str(entry.signed), entry.purpose) for entry in read(content)[0].entries]


def test_exchanged_details_are_taken_apart_where_they_say_what_was_booked():
    exchanged = (
        '<Amt Ccy="EUR">{}</Amt><AmtDtls><InstdAmt><Amt Ccy="KWD">9.125</Amt></InstdAmt>'
        '<TxAmt><Amt Ccy="EUR">{}</Amt><CcyXchg><SrcCcy>KWD</SrcCcy></CcyXchg></TxAmt></AmtDtls>'
    )
    details = [detail(text, exchanged.format(amount, amount)) for text, amount in (("a", "20.00"), ("b", "40.00"))]
    assert stated(statement(booking("60.00", *details))) == [("20.00", "a"), ("40.00", "b")]


@pytest.mark.parametrize(
    "amounts", ['<Amt Ccy="KWD">9.125</Amt>', '<AmtDtls><InstdAmt><Amt Ccy="KWD">9.125</Amt></InstdAmt></AmtDtls>']
)
def test_detail_in_a_currency_with_three_places_leaves_its_booking_whole(amounts):
    details = (detail("a", '<Amt Ccy="EUR">20.00</Amt>'), detail("b", amounts))
    assert stated(statement(booking("60.00", *details))) == [("60.00", "a · b")]


def test_amounts_of_a_return_in_another_currency_are_not_taken_for_ours():
    amounts = (
        '<AmtDtls><InstdAmt><Amt Ccy="KWD">9.125</Amt></InstdAmt></AmtDtls>'
        '<Chrgs><TtlChrgsAndTaxAmt Ccy="KWD">1.125</TtlChrgsAndTaxAmt></Chrgs>'
        "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    )
    bookings = booking("93.00", detail("a", "")), booking("33.00", detail("b", amounts), sign="DBIT")
    [_payment, back] = read(statement(*bookings))[0].entries
    assert (back.is_return, back.original_amount, back.charges) == (True, None, None)


def test_balances_of_each_day_give_the_first_and_the_last_one():
    balances = "".join(
        balance(code, amount, f"2026-01-0{day}")
        for code, amount, day in (
            ("PRCD", "100.00", 6), ("CLBD", "120.00", 7), ("PRCD", "120.00", 7), ("CLBD", "160.00", 8),
        )
    )  # fmt: skip
    [found] = read(statement(booking("20.00"), booking("40.00"), balances=balances))
    assert found.opening
    assert found.closing
    assert (found.opening.amount, found.closing.amount) == (Decimal("100.00"), Decimal("160.00"))


def test_amount_may_have_a_plus():
    assert stated(statement(booking("+60.00"))) == [("60.00", "")]
