"""What the worker does with files that are taken in. Found by the setting PROCRASTINATE_IMPORT_PATHS."""

from __future__ import annotations

from functools import partial

from procrastinate.contrib.django import app

from files import lifecycle
from mcp.worker.queueing import AGAIN
from transitions.incoming import taking
from transitions.incoming.taking import INCOMING


@app.task(retry=AGAIN)
def take_in_file(incoming: str, **somebody: int) -> None:
    """Take in what somebody has sent, with the rights that he has now. `somebody` is what `for_somebody` gives."""
    lifecycle.frame_of(INCOMING).for_somebody(incoming, somebody, partial(taking.take_in, incoming))


lifecycle.tell_given_up(INCOMING)
