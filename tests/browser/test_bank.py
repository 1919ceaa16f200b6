"""A bank statement on a phone: nothing lies beyond the edge, and an entry is booked by the keyboard alone."""

from __future__ import annotations

from decimal import Decimal

from playwright.sync_api import expect

from tests.accounting.accounts import amounts, guest
from tests.accounting.bank_files import entries_of, gone, paid, sale, statement
from tests.browser.conftest import Enter
from tests.browser.test_sizes import beyond_the_edge
from tests.conftest import Cast

PAGE = "/10400/1/accounting/accountterms/bank/"


def test_statement_on_a_phone_and_by_the_keyboard(enter: Enter, cast: Cast):
    scope = cast.scope("anna", "Zentrale")
    whose = guest(scope, last_name="Kantine Nord")
    sale(scope, whose, "30.00", "RE-2026-0012")
    text = "Rechnung RE-2026-0012 vom 02.01.2026, GLAEUBIGERIDENTIFIKATIONSNUMMERDE98ZZZ09999999999OHNELEERZEICHEN"
    found = statement(scope, paid("30.00", text, counterparty_name="Kantine Nord GmbH"), gone("4.90", "Entgelt"))
    first = entries_of(scope, found)[0]
    anna = enter("anna", size=(390, 844))
    addresses = [PAGE, f"{PAGE}read/", f"{PAGE}{found.pk}/", f"{PAGE}entry/{first.pk}/?customer={whose.pk}"]
    assert [(one, *beyond_the_edge(anna, one)) for one in addresses] == [(one, 0, []) for one in addresses]
    anna.goto(f"{PAGE}{found.pk}/")
    anna.get_by_role("button", name="30,00 € von Kantine Nord GmbH buchen").focus()
    anna.keyboard.press("Enter")
    expect(anna.get_by_text("Der Umsatz ist gebucht.")).to_be_visible()
    assert amounts(scope, whose) == (Decimal(0), Decimal(0))
