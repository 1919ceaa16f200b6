"""The states of a file."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class FileState(models.TextChoices):
    """From being ordered to being done, cancelled or failed."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Being made")
    DONE = "done", _("Ready")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


UNDER_WAY = (FileState.WAITING, FileState.RUNNING)

FILE_STEPS: dict[FileState, frozenset[FileState]] = {
    FileState.WAITING: frozenset({FileState.RUNNING, FileState.CANCELLED, FileState.FAILED}),
    FileState.RUNNING: frozenset({FileState.DONE, FileState.CANCELLED, FileState.FAILED}),
    FileState.DONE: frozenset(),
    FileState.CANCELLED: frozenset(),
    FileState.FAILED: frozenset(),
}
"""From each state of a file the states that may follow."""
