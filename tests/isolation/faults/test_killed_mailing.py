"""A worker that is killed while it mails: no mail goes twice, and what may have gone waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from accounting.invoicing.making import keep_documents
from accounting.models import Letter
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.somebody import for_somebody
from tests.accounting.letters import LOCMEM, billed, mail_run
from tests.isolation.faults.points import let_the_database_notice
from tests.isolation.faults.servers import variables
from tests.isolation.faults.warm import Call, Warm, Work, warm_process
from tests.proofs.sampling import Sample

pytestmark = [pytest.mark.isolation, pytest.mark.django_db(transaction=True)]

SENDING = "accounting.mailing.sending"
POINTS: tuple[tuple[Call, str, int], ...] = (
    ((SENDING, "_begun", "before"), "sent", 1),
    ((SENDING, "_begun", "after"), "sent", 1),
    ((SENDING, "_handed_over", "before"), "unsure", 0),
    ((SENDING, "_handed_over", "after"), "unsure", 1),
    ((SENDING, "_sent", "before"), "unsure", 1),
    ((SENDING, "_sent", "after"), "unsure", 1),
)
"""Where it is killed, what the letter is in the end, and how many mails went."""


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "mail"


@pytest.fixture
def warm(outbox: Path, tmp_path: Path) -> Iterator[Warm]:
    """Its mails are files."""
    with warm_process({**variables(), "MAIL_URL": f"file://{outbox}"}, tmp_path) as process:
        yield process


def begin(warm: Warm, letter: Letter, head: Scope, kill: Call | None = None) -> Work:
    arguments = {"mailing": str(letter.mailing), **for_somebody(head)}
    return warm.begin("accounting.tasks.mail_letters", arguments, kill=kill)


@pytest.mark.sample("workers killed and web processes", most=2)
@pytest.mark.about("accounting/mailing/sending.py", "accounting/tasks.py", "mcp/worker/outbox.py")
def test_a_killed_worker_mails_nothing_twice(cast, settings, outbox: Path, warm: Warm, sample: Sample):
    settings.MAILERS = LOCMEM
    head, till = cast.scope("anna", "Zentrale"), cast.scope("anna", "Hamburg")
    for at, (point, state, mails) in enumerate(sample.part(POINTS, of=2)):
        address = f"gast{at}@example.com"
        [one] = billed(head, till, address)
        with row_scope.rows_of(head):
            keep_documents([one])
        mail_run(head, [one])
        [letter] = Letter.objects.filter(invoice=one.pk)
        assert begin(warm, letter, head, point).ended() == -9
        let_the_database_notice()
        for _time in ("after the kill", "once more"):
            begin(warm, letter, head).finish()
        letter.refresh_from_db()
        gone = sum(file.read_text().count(f"To: {address}") for file in outbox.glob("*"))
        assert (letter.state, gone) == (state, mails), point
