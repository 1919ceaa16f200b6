"""The accounts of customers.

    Ledger ─┬─< Account          what a customer owes, his credit, and what stands opposite: sales, money, corrections
            ├─< AccountTerms     what a customer may do, up to which limit
            └─< Movement ─┬< LedgerException  an amount from one account to another; what it has broken
                          └─ PaymentOrder ─< PaymentOrderLine   what a till has sold by it, and whether it is paid

A movement is only added, by a function of the database (accounting_post), and set right by another one that reverses
it. Whatever a balance is, it is the sum of the movements. Each row carries its base, and the location to which alone
its ledger belongs, or 0 where the ledger is that of the central: see RowSecurity.
"""

from accounting.models.exceptions import LedgerException
from accounting.models.ledgers import Account, Ledger
from accounting.models.movements import Movement
from accounting.models.orders import PaymentOrder, PaymentOrderLine
from accounting.models.terms import AccountTerms

__all__ = ["Account", "AccountTerms", "Ledger", "LedgerException", "Movement", "PaymentOrder", "PaymentOrderLine"]
