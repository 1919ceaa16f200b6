"""Invoices: who issues them, whom a run bills, issuing and cancelling them, and their documents.

prepare_run → start_run → (worker) issue_next … → make_documents … → finish_run
cancel_invoice      takes one back, by a cancellation with a number of its own
"""

from accounting.invoicing.billing import billing_terms_of, set_billing_terms
from accounting.invoicing.cancelling import InvoiceRefused, cancel_invoice
from accounting.invoicing.issuers import IssuerIncomplete, NotAtCentral, issuer_of, missing_of, set_issuer
from accounting.invoicing.preparing import NothingToBill, prepare_run
from accounting.invoicing.running import RunRefused, cancel_run, start_run

__all__ = [
    "InvoiceRefused", "IssuerIncomplete", "NotAtCentral", "NothingToBill", "RunRefused", "billing_terms_of",
    "cancel_invoice", "cancel_run", "issuer_of", "missing_of", "prepare_run", "set_billing_terms", "set_issuer",
    "start_run",
]  # fmt: skip
