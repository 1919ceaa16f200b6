"""The accounts of customers.

    Ledger ─┬─< Account          what a customer owes, his credit, and what stands opposite: sales, money, corrections
            ├─< Mandate          that a customer lets his account be debited, with its evidence
            ├─< AccountTerms     what a customer may do, up to which limit
            ├─< BankAccount ─< BankStatement ─< BankEntry ─< BankBooking   what the bank says, and what was booked of it
            │   BankFile ─< BankFileChunk   a large file of the bank, until the worker has read it
            └─< Movement ─┬< LedgerException  an amount from one account to another; what it has broken
                          ├< Allocation       which payment has paid which item
                          ├─ Receivable       what is open of an item, as long as something is
                          └─ PaymentOrder ─< PaymentOrderLine   what a till has sold by it, and whether it is paid
    BranchOrder, ToldTerms  what a branch with a base 1.0 has sold, and what the central tells it of accounts
    AccountingSwitch        which ledger a location posts to, as two people have decided
    Issuer ─┬─< NumberSeries                            who issues invoices, and the last number of each series
            └─< InvoiceRun ─< RunOrder                  what a run has chosen to bill, and what it left out
    Invoice ─┬─< InvoiceLine, InvoiceVat                what was sold, and its VAT for each rate
             └─< InvoiceItem, InvoiceDocument           the movements that it asks to be paid; its PDF and XML
    BillingTerms                                        how a customer is billed
    Letter                                              a document that is mailed to him, or is to be printed

A movement is only added, by a function of the database (accounting_post), and set right by another one that reverses
it. Whatever a balance is, it is the sum of the movements. Each row carries its base, and the location to which alone
its ledger belongs, or 0 where the ledger is that of the central: see RowSecurity.
"""

from accounting.models.allocations import Allocation
from accounting.models.balance_imports import BalanceImport
from accounting.models.bank import BankAccount, BankBooking, BankEntry, BankStatement
from accounting.models.bank_files import BankFile, BankFileChunk
from accounting.models.billing import BillingTerms
from accounting.models.branch_orders import BranchOrder, ToldTerms
from accounting.models.debits import DebitFile, DebitFileChunk, DebitItem
from accounting.models.disputes import Dispute
from accounting.models.dunning import DunningLevel, DunningNotice, DunningRun
from accounting.models.exceptions import LedgerException
from accounting.models.invoices import Invoice, InvoiceDocument, InvoiceItem, InvoiceLine, InvoiceVat
from accounting.models.issuers import Issuer, NumberSeries
from accounting.models.ledgers import Account, Ledger
from accounting.models.letters import Letter
from accounting.models.mandates import Mandate
from accounting.models.movements import Movement
from accounting.models.orders import PaymentOrder, PaymentOrderLine
from accounting.models.receivables import Receivable
from accounting.models.runs import InvoiceRun, RunOrder
from accounting.models.switches import AccountingSwitch
from accounting.models.terms import AccountTerms

__all__ = [
    "Account", "AccountTerms", "AccountingSwitch", "Allocation", "BalanceImport", "BankAccount", "BankBooking",
    "BankEntry", "BankFile", "BankFileChunk", "BankStatement", "BillingTerms", "BranchOrder", "DebitFile",
    "DebitFileChunk", "DebitItem", "Dispute", "DunningLevel", "DunningNotice", "DunningRun", "Invoice",
    "InvoiceDocument", "InvoiceItem", "InvoiceLine", "InvoiceRun", "InvoiceVat", "Issuer", "Ledger", "LedgerException",
    "Letter", "Mandate", "Movement", "NumberSeries", "PaymentOrder", "PaymentOrderLine", "Receivable", "RunOrder",
    "ToldTerms",
]  # fmt: skip
