"""Collecting and returning debits by hand and by the worker: who begins it, of which day, and whose they are."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.utils import timezone

from accounting.choices import DebitFileState
from accounting.debits import outcomes
from accounting.debits.files import announce_debits, go_to
from accounting.debits.making import make_file
from accounting.debits.outcomes import collect_debits, collect_in_pieces, return_debit, sent_back, start_collecting
from accounting.models import BankEntry, DebitFile
from accounting.payments.booking_all import book_in_pieces
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight
from tests.accounting.bank_files import entries_of, statement
from tests.accounting.debits import billed, debits, debtor, in_days, made, previewed
from tests.accounting.returned import came_back, collected, entry
from tests.isolation.guards.probes_bank import one_of
from tests.isolation.guards.probes_debits import foreign, own
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import World


def said_of_the_day(call: Callable[[], Any]) -> str:
    """What is said at the field of the day, by its code, when the call is refused."""
    with pytest.raises(ValidationError) as caught, transaction.atomic():
        call()
    [refusal] = caught.value.error_dict["on"]
    return str(refusal.code)


@probe
def many_debits_are_left_to_the_worker_by_whoever_may_collect_them(world: World) -> None:
    """With more than are collected at once nothing else asks before the worker does."""
    head = own(world)
    file = made(head)
    nobody = bare(world, "Zentrale", *set(Right) - {Right.COLLECT_PAYMENTS}, who="anna")
    with patch.object(outcomes, "AT_ONCE", 0):
        with refused(MissingRight):
            start_collecting(file=file.pk, on=timezone.localdate(), actor=nobody)
        for day, code in ((in_days(1), "day_to_come"), (in_days(-1), "before_the_file")):
            assert said_of_the_day(partial(start_collecting, file=file.pk, on=day, actor=head)) == code
        assert start_collecting(file=file.pk, on=timezone.localdate(), actor=head) is None


@probe
def day_before_the_file_is_refused_where_it_was_typed(world: World) -> None:
    head = own(world)
    file = made(head)
    [one] = debits(head, file)
    for call in (
        lambda: collect_debits(file=file.pk, on=in_days(-1), actor=head),
        lambda: return_debit(debit=one.pk, code="AM04", on=in_days(-1), actor=head),
    ):
        assert said_of_the_day(call) == "before_the_file"


@probe
def debits_of_another_base_are_not_there_on_any_day(world: World) -> None:
    """Nor are they for what an entry of the bank does to them."""
    head, theirs = own(world), foreign(world)
    [one] = debits(world.south, theirs)
    with refused(ObjectDoesNotExist):
        return_debit(debit=one.pk, code="AM04", on=in_days(-1), actor=head)
    with refused(ObjectDoesNotExist), row_scope.rows_of(head):
        sent_back(one.pk, "AM04", timezone.localdate(), charges=Decimal(0), is_charged=False, actor=head)


@probe
def worker_stops_with_debits_where_the_right_is_gone(world: World) -> None:
    """Bodo has not got it (any more) when a piece, a file or an entry is done: it is taken back."""
    head, bodo = own(world), bare(world, "Zentrale", Right.COLLECT_PAYMENTS, who="bodo")
    file = made(head)
    [one] = debits(head, file)
    told = entry(head, came_back(one))
    with refused(MissingRight):
        book_in_pieces(told.statement, bodo, entry=told.pk)
    with row_scope.rows_of(head):
        go_to(file, DebitFileState.COLLECTING)
    with refused(MissingRight):
        collect_in_pieces(file.pk, timezone.localdate(), bodo)


@probe
def branches_for_which_the_central_debits_book_no_money_of_debits(world: World) -> None:
    """Neither one by one nor several at once; the statement is seen there, as that of the central."""
    head, hamburg = own(world), world.scope("anna", "Hamburg")
    debtor(hamburg, last_name="Noch eine")
    billed(head)
    found = statement(head, *(collected(one) for one in debits(head, made(head))))
    assert [one.confidence for one in entries_of(head, found)] == ["sure", "sure"]
    book_in_pieces(found, hamburg)
    assert [one.state for one in entries_of(head, found)] == ["open", "open"]


@probe
def file_is_not_made_where_the_right_is_gone(world: World) -> None:
    head, bodo = own(world), bare(world, "Zentrale", Right.COLLECT_PAYMENTS, who="bodo")
    file = previewed(head)
    announce_debits(file=file.pk, on=timezone.localdate(), actor=head)
    with row_scope.rows_of(head):
        go_to(DebitFile.objects.get(pk=file.pk), DebitFileState.RUNNING)
    with refused(MissingRight):
        make_file(file.pk, bodo)


@probe
def entry_of_another_base_is_left_as_it_was_proposed(world: World) -> None:
    here, theirs = world.scope("anna", "Hamburg"), one_of(world.south)
    mine = one_of(here)
    assert theirs.confidence == "sure"
    book_in_pieces(mine.statement, here, entry=theirs.pk)
    assert BankEntry.objects.get(pk=theirs.pk).confidence == "sure"
