"""A worker that is killed while it makes a debit file leaves nothing of it, and the next one makes it whole."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from accounting.debits.files import announce_debits, start_file
from accounting.models import DebitFile, DebitFileChunk, DebitItem, Mandate
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.somebody import for_somebody
from tests.accounting.debits import billed, creditor, debtor, previewed
from tests.isolation.faults.points import killed_at
from tests.isolation.faults.warm import Warm, Work
from tests.proofs.sampling import Sample

pytestmark = [pytest.mark.isolation, pytest.mark.django_db(transaction=True)]

POINTS = ("accounting_debititem", "accounting_mandate", "accounting_debitfile", "accounting_debitfilechunk")
"""The tables that it writes, in which a worker is killed."""
MANY = 4


def begin(warm: Warm, file: DebitFile, scope: Scope) -> Work:
    return warm.begin("accounting.tasks.make_debit_file", {"file": str(file.pk), **for_somebody(scope)})


def started(head: Scope, till: Scope) -> DebitFile:
    creditor(head)
    for turn in range(MANY):
        debtor(till, last_name=f"Gast{turn}")
    billed(head)
    file = previewed(head)
    announce_debits(file=file.pk, on=timezone.localdate(), actor=head)
    return start_file(file=file.pk, actor=head)


def seen(head: Scope) -> list[Any]:
    """Debits at the bank, mandates that were used, the number of the file, its pieces, and its state."""
    with row_scope.rows_of(head):
        file = DebitFile.objects.get()
        used = Mandate.objects.exclude(last_used_on=None).count()
        return [DebitItem.objects.pending().count(), used, file.number, DebitFileChunk.objects.count(), file.state]


@pytest.mark.sample("workers killed and web processes", most=2)
@pytest.mark.about("accounting/debits/making.py", "accounting/tasks.py")
def test_a_killed_worker_leaves_nothing_of_a_debit_file(cast, warm: Warm, sample: Sample):
    head, till = cast.scope("anna", "Zentrale"), cast.scope("anna", "Hamburg")
    file = started(head, till)
    for point in sample.part(POINTS, of=2):
        killed_at(point, partial(begin, warm, file, head))
        assert seen(head) == [0, 0, None, 0, "running"], point
    for _time in ("after the kills", "once more, although it is done"):
        begin(warm, file, head).finish()
        assert seen(head) == [MANY, MANY, 1, 1, "done"]
