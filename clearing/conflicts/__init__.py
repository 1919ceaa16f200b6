"""Conflicts, and what people make of them; and changes that a rule of the central has held back.

versions     records and customers as versions, and what of a version is written into a customer
deciding     take over, create under a new number, leave, undo
bulk         all open conflicts of a run at once
dismissing   what is held back and not sent again
authors      who has made the version of this side
comparing    agreed, stands, overridden: what the page of a conflict shows
finding      the list with its filters
erasing      what goes when a person is erased
pages        conflicts; held_back_pages: changes held back
"""
