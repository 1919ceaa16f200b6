"""What the worker does of exports: it makes their files."""

from __future__ import annotations

from procrastinate.contrib.django import app

from customers.exports.files import EXPORTS
from files import lifecycle
from mcp.worker.queueing import AGAIN


@app.task(retry=AGAIN)
def make_export(export: str, **somebody: int) -> None:
    """Make a file of customers; begun anew if a worker has left it. `somebody` is what `for_somebody` gives."""
    lifecycle.make_for_somebody(EXPORTS, pk=export, somebody=somebody)


lifecycle.tell_given_up(EXPORTS)
