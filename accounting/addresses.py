"""Who is served at which address of accounts (see mcp/isolation/addresses.py)."""

from accounting.downloads import DOWNLOADS
from accounting.dunning.levels import LEVELS_OF_BUSINESS
from accounting.pages.booking import WAYS
from accounting.pages.debits import KINDS
from locations.permissions import Right
from mcp.isolation.addresses import AtBranch, Rights, Rule, Zone, register

SEE: Rights = (Right.SEE_ACCOUNTS, Right.VIEW_CUSTOMERS)
CORRECT: Rights = (*SEE, Right.CORRECT_ACCOUNTS)
OPENING: Rights = (*SEE, Right.CORRECT_ACCOUNTS, Right.MANAGE_ACCOUNT_TERMS)
OF_IMPORT: Rights = (*OPENING, Right.IMPORT_CUSTOMERS)
COLLECT: Rights = (*SEE, Right.COLLECT_PAYMENTS)
ADDRESSES: Rights = (Right.SEE_CONTACT_DATA,)
"""For papers that have the address of a customer on them."""
TERMS: Rights = (*SEE, Right.MANAGE_ACCOUNT_TERMS)
BILL: Rights = (*SEE, Right.BILL_CUSTOMERS)
TAKE_OUT: Rights = (*SEE, Right.EXPORT_CUSTOMERS)
ISSUE: Rights = (*SEE, Right.MANAGE_LOCATION)

# A branch with a customer base 1.0 shows what it has sold on account, and knows of accounts.
register(
    Zone.LOCATION,
    Rule("admin:accounting_account", reads=SEE),
    Rule("admin:accounting_branch_orders", reads=SEE),
    at_branch=AtBranch.SERVED,
)
register(
    Zone.LOCATION,
    Rule("admin:accounting_branch_order", reads=CORRECT, changes=CORRECT),
    *(
        Rule("admin:accounting_book", reads=(*SEE, way.right), changes=(*SEE, way.right), arguments={"kind": kind})
        for kind, way in WAYS.items()
    ),
    Rule("admin:accounting_correct", reads=CORRECT, changes=CORRECT),
    Rule("admin:accounting_reverse", reads=CORRECT, changes=CORRECT),
    Rule("admin:accounting_allocate", reads=CORRECT, changes=CORRECT),
    Rule("admin:accounting_balances", reads=OPENING, changes=OPENING),
    Rule("admin:accounting_balance", reads=OPENING, changes=OPENING),
    Rule("admin:accounting_balances_of_import", reads=OF_IMPORT, changes=OF_IMPORT),
    Rule("admin:accounting_terms", reads=TERMS, changes=TERMS),
    Rule("admin:accounting_mandates", reads=SEE),
    Rule("admin:accounting_mandate_new", reads=COLLECT, changes=COLLECT),
    Rule("admin:accounting_mandate_revoke", reads=COLLECT, changes=COLLECT),
    Rule("admin:accounting_debits", reads=COLLECT),
    Rule("admin:accounting_debit_new", reads=COLLECT, changes=COLLECT),
    Rule("admin:accounting_debit_file", reads=COLLECT, changes=COLLECT),
    *(
        Rule("admin:accounting_debit_bytes", reads=(*COLLECT, *rights), arguments={"kind": kind})
        for kind, rights in KINDS.items()
    ),
    Rule("admin:accounting_debit_return", reads=COLLECT, changes=COLLECT),
    Rule("admin:accounting_reminders", reads=COLLECT, changes=COLLECT),
    Rule("admin:accounting_reminders_run", reads=COLLECT, changes=COLLECT),
    Rule("admin:accounting_reminders_file", reads=(*COLLECT, *ADDRESSES)),
    Rule("admin:accounting_levels", reads=COLLECT),
    *(
        Rule("admin:accounting_level", reads=TERMS, changes=TERMS, arguments={"level": str(level)})
        for level in range(1, LEVELS_OF_BUSINESS + 1)
    ),
    Rule("admin:accounting_dispute", reads=COLLECT, changes=COLLECT),
    Rule("admin:accounting_statement", reads=SEE),
    Rule("admin:accounting_exceptions", reads=SEE),
    Rule("admin:accounting_exception", reads=CORRECT, changes=CORRECT),
    Rule("admin:accounting_received", reads=(Right.SEE_ACCOUNTS,), changes=(Right.SEE_ACCOUNTS,)),
    Rule("admin:accounting_switches", reads=(Right.MANAGE_LOCATION,), changes=(Right.MANAGE_LOCATION,)),
    Rule("admin:accounting_bank", reads=COLLECT),
    Rule("admin:accounting_bank_read", reads=COLLECT, changes=COLLECT),
    Rule("admin:accounting_bank_account", reads=COLLECT, changes=COLLECT),
    Rule("admin:accounting_bank_statement", reads=COLLECT, changes=COLLECT),
    Rule("admin:accounting_bank_entry", reads=COLLECT, changes=COLLECT),
    Rule("admin:panel", reads=(Right.SEE_ACCOUNTS,), arguments={"name": "ledger_exceptions"}),
    Rule("admin:accounting_invoices", reads=SEE),
    Rule("admin:accounting_invoice", reads=SEE),
    Rule("admin:accounting_invoice_file", reads=(*SEE, *ADDRESSES), arguments={"kind": "pdf"}),
    Rule("admin:accounting_invoice_file", reads=(*SEE, *ADDRESSES), arguments={"kind": "xml"}),
    Rule("admin:accounting_invoice_cancel", reads=BILL, changes=BILL),
    Rule("admin:accounting_runs", reads=BILL),
    Rule("admin:accounting_run_new", reads=BILL, changes=BILL),
    Rule("admin:accounting_run", reads=BILL, changes=BILL),
    Rule("admin:accounting_issuer", reads=ISSUE, changes=ISSUE),
    Rule("admin:accounting_billing", reads=TERMS, changes=TERMS),
    Rule("admin:panel", reads=(Right.SEE_ACCOUNTS,), arguments={"name": "overdue_invoices"}),
    Rule("admin:accounting_overview", reads=SEE),
    Rule("admin:accounting_open_items", reads=SEE),
    Rule("admin:accounting_downloads", reads=TAKE_OUT),
    *(
        Rule(
            "admin:accounting_download",
            reads=(*table.rights, Right.EXPORT_CUSTOMERS),
            changes=(*table.rights, Right.EXPORT_CUSTOMERS),
            arguments={"table": table.name},
        )
        for table in DOWNLOADS
    ),
    Rule("admin:accounting_invoice_mail", reads=BILL, changes=BILL),
    Rule("admin:accounting_letter_again", reads=BILL, changes=BILL),
    Rule("admin:accounting_notice_again", reads=COLLECT, changes=COLLECT),
    Rule("admin:accounting_run_print", reads=(*BILL, *ADDRESSES)),
)
