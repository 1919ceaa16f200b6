"""The worker's tasks: at the central large runs are decided and branches watched, at a branch it is reconciled.

At both it decides many conflicts as somebody has ordered it.
"""

from __future__ import annotations

import logging
from functools import partial

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from procrastinate.contrib.django import app

from clearing import keeping
from clearing.branch import by_stick, running, starting
from clearing.branch.talking import CentralRefused
from clearing.central import receiving, telling, watching
from clearing.conflicts import bulk
from locations.choices import Side
from mcp.isolation import row_scope
from mcp.worker.queueing import AGAIN, when_given_up
from mcp.worker.somebody import WORKER

log = logging.getLogger("stammhaus.tasks")


@app.task(retry=AGAIN)
def decide_run(cycle: str, account_number: int, client_number: int) -> None:
    """Decide a large run; why it could not be decided is stored with it, and told when the node asks again."""
    receiving.decide_left(cycle, (account_number, client_number))


@when_given_up("clearing.tasks.decide_run")
def tell_given_up(cycle: str, account_number: int, client_number: int) -> None:
    """The page of the run shows it; the node asks again, and that begins anew."""
    receiving.give_up(cycle, (account_number, client_number))


@app.task(retry=AGAIN)
def decide_conflicts(decision: str, **somebody: int) -> None:
    """Decide the open conflicts of a run, as the user who has ordered it. `somebody` is what `for_somebody` gives."""
    bulk.FRAME.for_somebody(decision, somebody, partial(bulk.work, decision))


@app.periodic(cron="11 4 * * *")
@app.task(queueing_lock="forget_old_parts")
def forget_old_parts(timestamp: int) -> None:
    """Delete the bytes of old runs."""
    with row_scope.without_scope(reason="forget the bytes of old runs", actor=WORKER):
        keeping.forget_old_parts(now=timezone.now())


@app.task(queueing_lock=starting.RUN_TASK)
def run_now() -> None:
    """Reconcile with the central. A failure is shown on the page of the branch."""
    own = starting.this_branch(actor=WORKER)
    if own is None:
        return
    try:
        running.run(own, actor=starting.scope_here(own, name=WORKER))
    except (CentralRefused, ValidationError) as refusal:
        log.warning("This branch was not reconciled: %s", refusal)


@app.task(queueing_lock=by_stick.PREPARE_TASK)
def prepare_stick() -> None:
    """Collect a large run for a stick."""
    by_stick.prepare_left()


@app.task(queueing_lock=by_stick.APPLY_TASK)
def apply_from_stick() -> None:
    """Apply a large answer from a stick."""
    by_stick.apply_left()


def run_when_due(timestamp: int) -> None:
    """Reconcile at the minute of this branch."""
    own = starting.this_branch(actor=WORKER)
    if own is not None and starting.is_due(own, now=timezone.now()):
        run_now()


def watch_branches(timestamp: int) -> None:
    """Open and end the alarms of all branches, and mail what is new."""
    now = timezone.now()
    watching.watch(now=now, actor=WORKER)
    telling.tell(now=now, actor=WORKER)


if settings.SIDE == Side.CENTRAL:
    _watching = app.task(queueing_lock="watch_branches", name="clearing.tasks.watch_branches")(watch_branches)
    app.periodic(cron="* * * * *")(_watching)
if settings.SIDE == Side.BRANCH and settings.CLEARS_ON_SCHEDULE:
    _task = app.task(queueing_lock="run_when_due", name="clearing.tasks.run_when_due")(run_when_due)
    app.periodic(cron="* * * * *")(_task)
