"""Invoices, announcements of debits and reminders by mail.

mail_documents, mail_again → (worker) send_block … → sent | failed | unsure | to be printed | not needed any more

What is mailed, and to whom, is decided when it is sent: the address of that moment, nothing to whom was erased.
"""

from accounting.mailing.queueing import (
    LetterRefused,
    NoMailServer,
    Queued,
    letters_addressed,
    mail_again,
    mail_documents,
)

__all__ = ["LetterRefused", "NoMailServer", "Queued", "letters_addressed", "mail_again", "mail_documents"]
