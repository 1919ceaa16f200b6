"""What the front page says that waits in the accounts: of each kind, with its rights, and per location."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounting.models import BankStatement, LedgerException
from accounting.operations import decide_exception, post_sale
from accounting.payments import ignore_entry
from accounting.undecided import KINDS
from locations.permissions import Right
from mcp.console.waiting import registered, sentence, things_of
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting import debits
from tests.accounting.accounts import guest, key, on_its_own
from tests.accounting.bank_files import entries_of, paid, statement
from tests.accounting.invoices import issued, issuer, order, prepared
from tests.accounting.reminders import later_run
from tests.accounting.test_account_pages import german

pytestmark = pytest.mark.django_db
OURS = {kind.name for kind in KINDS}


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def till(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def waits(scope: Scope) -> list[str]:
    """What the front page says, in German."""
    with row_scope.rows_of(scope), translation.override("de"):
        return [
            sentence(source.name, thing.code, thing.values)
            for source in registered() if source.name in OURS for thing in things_of(source, scope)
        ]  # fmt: skip


def late(scope: Scope, amount: int = 120) -> None:
    post_sale(customer=guest(scope).pk, amount=Decimal(amount), key=key(), is_late=True, actor=scope)


def test_exceptions_wait_until_they_are_decided(anna, till):
    assert waits(anna) == []
    late(till, 120)
    late(till, 120)
    assert waits(anna) == ["Ausnahmen bei Kundenkonten, über die zu entscheiden ist: 2"]
    for one in LedgerException.objects.all():
        decide_exception(exception=one.pk, note="Besprochen", actor=anna)
    assert waits(anna) == []


def test_entries_of_the_bank_wait_until_they_are_booked_or_left_out(anna):
    read = statement(anna, paid("2.00"), paid("3.00"))
    assert waits(anna) == ["Umsätze der Bank, die zu buchen oder auszulassen sind: 2"]
    for one in entries_of(anna, read):
        ignore_entry(entry=one.pk, note="Gebühr", actor=anna)
    assert waits(anna) == []
    assert BankStatement.objects.count() == 1


def test_run_of_reminders_waits_to_be_sent(anna, till):
    issuer(anna)
    order(till, guest(till))
    issued(anna)
    later_run(anna)
    assert waits(anna) == ["Ein Mahnlauf ist zu senden. Mahnungen: 1"]


def test_run_of_invoices_waits_to_be_issued(anna, till):
    issuer(anna, creditor_id=debits.CREDITOR_ID)
    debits.debtor(till)
    run = prepared(anna)
    assert waits(anna) == ["Ein Rechnungslauf ist auszustellen. Rechnungen: 1"]
    assert run.invoices == 1


def test_debit_file_waits_to_be_made(anna, till):
    debits.creditor(anna)
    debits.debtor(till)
    debits.billed(anna)
    file = debits.previewed(anna)
    assert waits(anna) == ["Eine Lastschriftdatei ist zu erstellen. Lastschriften: 1"]
    debits.made(anna, file)
    assert waits(anna) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_waits_for_those_with_its_right_alone(anna, till, kind):
    late(till)
    statement(anna, paid("2.00"))
    for missing in (kind.right, Right.SEE_ACCOUNTS, Right.VIEW_CUSTOMERS):
        poor = Scope(user=anna.user, location=anna.location, rights=anna.rights - {missing})
        with row_scope.rows_of(poor):
            assert list(kind.things(poor)) == []


def test_location_with_accounts_of_its_own_sees_its_own_and_nobody_else_does(anna, cast):
    on_its_own(cast, "Bremen")
    bremen, stranger = cast.scope("anna", "Bremen"), cast.scope("sven", "Zentrale", 20800)
    late(bremen)
    statement(bremen, paid("2.00"))
    assert len(waits(bremen)) == 2
    assert (waits(anna), waits(stranger)) == ([], [])
    statement(anna, paid("3.00"))
    assert waits(anna) == ["Umsätze der Bank, die zu buchen oder auszulassen sind: 1"]
    assert len(waits(bremen)) == 2


def test_it_takes_one_query_for_each_kind_however_many_wait(anna, till):
    for turn in range(2):
        late(till)
        statement(anna, paid(f"2.0{turn}"), paid(f"3.0{turn}"))
        with row_scope.rows_of(anna), CaptureQueriesContext(connection) as asked:
            for kind in KINDS:
                list(kind.things(anna))
        assert len(asked) == len(KINDS) - 1  # orders of a branch are those of a base 1.0


def test_front_page_says_it(anna, till, log_in):
    late(till)
    page = german(log_in("anna")).get("/10400/1/overview/waiting/").content.decode()
    assert "Ausnahmen bei Kundenkonten, über die zu entscheiden ist: 1" in page
    assert 'href="/10400/1/accounting/accountterms/exceptions/"' in page
