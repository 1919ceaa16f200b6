"""Who is served at which address of accounts (see mcp/isolation/addresses.py)."""

from accounting.pages.booking import WAYS
from locations.permissions import Right
from mcp.isolation.addresses import Rights, Rule, Zone, register

SEE: Rights = (Right.SEE_ACCOUNTS, Right.VIEW_CUSTOMERS)
CORRECT: Rights = (*SEE, Right.CORRECT_ACCOUNTS)
TERMS: Rights = (*SEE, Right.MANAGE_ACCOUNT_TERMS)

register(
    Zone.LOCATION,
    Rule("admin:accounting_account", reads=SEE),
    *(
        Rule("admin:accounting_book", reads=(*SEE, way.right), changes=(*SEE, way.right), arguments={"kind": kind})
        for kind, way in WAYS.items()
    ),
    Rule("admin:accounting_correct", reads=CORRECT, changes=CORRECT),
    Rule("admin:accounting_reverse", reads=CORRECT, changes=CORRECT),
    Rule("admin:accounting_terms", reads=TERMS, changes=TERMS),
    Rule("admin:accounting_statement", reads=SEE),
    Rule("admin:accounting_exceptions", reads=SEE),
    Rule("admin:accounting_exception", reads=CORRECT, changes=CORRECT),
    Rule("admin:panel", reads=(Right.SEE_ACCOUNTS,), arguments={"name": "ledger_exceptions"}),
)
