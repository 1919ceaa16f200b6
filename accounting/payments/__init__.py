"""Payments from the bank: its files are stored entry by entry, proposed to open items, and booked.

    reading.read_statement(file=…)          stores what is new of a file, and proposes what it pays
    proposing.propose_for(statement=…)      proposes anew, by what is open now
    booking.book_entry(entry=…, shares=…)   books one entry to one or several customers
    booking_all.book_all_sure(statement=…)  has the worker book what is sure
    deciding.ignore_entry(entry=…, note=…)  leaves one out; undo_entry takes its booking back

Each operation takes the right to take in bank statements, which suffices for booking them: whoever holds it needs no
right to book payments by hand. A reversal takes the right to correct as well, as every reversal does.

Entries about debits (debited.py) are booked as on the page of the debit (debit_entries.py), and undone with what they
have done (undoing_debits.py); other money that goes out is left out. naming.py is where invoices and debits say by what
their items are named.
"""

from accounting.payments.booking import Share, book_as_proposed, book_entry
from accounting.payments.booking_all import book_all_sure
from accounting.payments.deciding import ignore_entry, reopen_entry, undo_entry
from accounting.payments.proposing import propose_for
from accounting.payments.reading import ReadFile, add_bank_account, read_statement
from accounting.payments.refusals import EntryRefused, FileRefused

__all__ = [
    "EntryRefused", "FileRefused", "ReadFile", "Share", "add_bank_account", "book_all_sure", "book_as_proposed",
    "book_entry", "ignore_entry", "propose_for", "read_statement", "reopen_entry", "undo_entry",
]  # fmt: skip
