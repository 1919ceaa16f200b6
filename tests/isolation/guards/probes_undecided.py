"""What waits in the accounts to be decided, large files of the bank, and debits that the worker takes back."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from accounting.models import BankEntry, BankFile, BankStatement
from accounting.operations import post_sale
from accounting.payments import bank_files, book_as_proposed, deciding, undo_entry
from accounting.payments.bank_files import files_of, read_kept, take_statement
from accounting.payments.deciding import undo_whole
from accounting.payments.refusals import EntryRefused
from accounting.payments.undoing_debits import undo_debits
from accounting.undecided import KINDS
from locations.permissions import Right
from mcp.isolation import access
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting.accounts import guest, key, on_its_own
from tests.accounting.bank_files import file_of, own_account, paid
from tests.accounting.debits import creditor
from tests.accounting.returned import SUM, at_bank, entry, in_sum
from tests.isolation.guards.probes_bank import one_of
from tests.isolation.guards.probes_branch_orders import sold
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probes_revoked import revoke
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import World


def waiting(scope: Scope) -> dict[str, int]:
    """How much waits at the location, by kind."""
    return {kind.name: kind.rows(scope).count() for kind in KINDS}


def late(scope: Scope) -> None:
    post_sale(customer=guest(scope).pk, amount=Decimal(120), key=key(), is_late=True, actor=scope)


@probe
def what_waits_in_accounts_elsewhere_is_not_counted(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    before = waiting(here)
    one_of(world.south)
    late(world.south)
    assert waiting(here) == before
    one_of(here)
    late(here)
    changed = {name for name, many in waiting(here).items() if many != before[name]}
    assert changed == {"ledger_exceptions", "bank_entries"}


@probe
def what_waits_at_a_location_on_its_own_is_its_own(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    on_its_own(world.cast, "Bremen")
    before = waiting(here)
    one_of(world.scope("anna", "Bremen"))
    assert waiting(here) == before


@probe
def orders_that_wait_at_a_branch_are_those_of_the_location(world: World) -> None:
    """Two branches can share a customer base 1.0."""
    here, there = world.scope("anna", "Lübeck"), world.scope("anna", "Kiel")
    sold(here)
    other: Any = SimpleNamespace(organization=here.organization, base=here.base, location=there.location)
    sold(other)
    assert waiting(here)["branch_orders"] == 1


@probe
def what_waits_in_accounts_is_told_to_those_with_its_right(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    one_of(here)
    late(here)
    for kind in KINDS:
        for missing in (kind.right, Right.SEE_ACCOUNTS, Right.VIEW_CUSTOMERS):
            poor = Scope(user=here.user, location=here.location, rights=here.rights - {missing})
            assert list(kind.things(poor)) == []


@probe
def files_of_the_bank_that_wait_elsewhere_are_not_shown(world: World) -> None:
    here, bremen = world.scope("anna", "Hamburg"), world.scope("anna", "Bremen")
    for scope, owner in ((here, 0), (world.south, 0), (bremen, bremen.location.pk)):
        BankFile.objects.create(
            organization=scope.organization, base=scope.base, location=scope.location, name="x.xml",
            sha256=f"{scope.location.pk}", owner_key=owner,
        )  # fmt: skip
    assert [one.location_id for one in files_of(here)] == [here.location.pk]


@contextmanager
def all_are_large() -> Iterator[None]:
    with patch.object(bank_files, "DIRECT_XML", 10):
        yield


def sent(scope: Scope) -> BankFile:
    kept = take_statement(file=io.BytesIO(file_of(paid("2.00"))), name="auszug.xml", actor=scope)
    assert isinstance(kept, BankFile)
    return kept


@probe
def large_file_of_the_bank_takes_the_right_and_a_base_with_accounts(world: World) -> None:
    with all_are_large():
        others = [right for right in Right if right != Right.COLLECT_PAYMENTS]
        with refused(MissingRight):
            sent(bare(world, "Hamburg", *others, who="anna"))
        with refused(Exception):
            sent(world.scope("anna", "Lübeck"))
    assert not BankFile.objects.exists()


@probe
def large_file_of_the_bank_is_not_kept_where_the_right_was_taken_meanwhile(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    own_account(here)
    with all_are_large():
        kept = sent(here)
    revoke(Right.COLLECT_PAYMENTS)
    with refused(MissingRight):
        read_kept(str(kept.pk), here)
    assert not BankStatement.objects.exists()


def booked(world: World) -> tuple[BankEntry, Scope]:
    """An entry that has collected three debits, at the central."""
    head = world.scope("anna", "Zentrale")
    creditor(head)
    file, _items = at_bank(head, world.scope("anna", "Hamburg"), many=3)
    one = entry(head, in_sum(file, str(3 * SUM)))
    book_as_proposed(entry=one.pk, actor=head)
    one.refresh_from_db()
    return one, head


@probe
def many_debits_are_taken_back_with_the_rights_alone(world: World) -> None:
    one, head = booked(world)
    poor = {
        right: Scope(user=head.user, location=head.location, rights=head.rights - {right})
        for right in (Right.COLLECT_PAYMENTS, Right.CORRECT_ACCOUNTS)
    }
    for actor in poor.values():
        with refused(MissingRight):
            undo_whole(one.statement, one.pk, "x", actor)
    with refused(MissingRight):
        undo_debits(one, "x", poor[Right.COLLECT_PAYMENTS])
    with patch.object(deciding, "AT_ONCE", 2):
        with refused(MissingRight):
            undo_entry(entry=one.pk, reason="x", actor=poor[Right.COLLECT_PAYMENTS])
        undo_entry(entry=one.pk, reason="x", actor=head)
        with refused(EntryRefused):
            undo_entry(entry=one.pk, reason="x", actor=head)


@probe
def many_debits_stay_where_the_right_was_taken_meanwhile(world: World) -> None:
    one, head = booked(world)
    access.demand_still(head)
    revoke(Right.COLLECT_PAYMENTS)
    with refused(MissingRight):
        undo_whole(one.statement, one.pk, "x", head)
    one.refresh_from_db()
    assert one.state == "booked"
