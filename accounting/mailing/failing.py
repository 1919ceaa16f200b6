"""What becomes of the letters of a mailing on which the worker cannot go on."""

from __future__ import annotations

from uuid import UUID

from accounting.letter_choices import LetterState
from accounting.mailing.sending import NOBODY_KNOWS
from accounting.models import Letter
from mcp.stored_sentences import Sentences
from mcp.worker.queueing import NothingThere


def fail_letters(mailing: UUID, reason: Sentences) -> None:
    """Those that wait have failed for this reason; of one that was being sent nobody knows. Raises NothingThere."""
    letters = Letter.objects.of_mailing(mailing)
    if not letters.exists():
        raise NothingThere("mailing", mailing)
    letters.filter(state=LetterState.WAITING).update(state=LetterState.FAILED, failure=reason)
    sending = letters.filter(state=LetterState.SENDING).select_for_update(skip_locked=True)
    left = list(sending.values_list("pk", flat=True))
    Letter.objects.filter(pk__in=left).update(state=LetterState.UNSURE, failure=NOBODY_KNOWS())
