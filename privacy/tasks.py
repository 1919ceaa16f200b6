"""What the worker does for the rights of persons: it makes their files."""

from __future__ import annotations

from procrastinate.contrib.django import app

from files import lifecycle
from mcp.worker.queueing import AGAIN
from privacy.person_files import PERSON_FILES


@app.task(retry=AGAIN)
def make_person_file(person_file: str, **somebody: int) -> None:
    """Make the file of a person; begun anew if a worker has left it. `somebody` is what `for_somebody` gives."""
    lifecycle.make_for_somebody(PERSON_FILES, pk=person_file, somebody=somebody)


lifecycle.tell_given_up(PERSON_FILES)
