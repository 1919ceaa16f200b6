"""What accounts add to the table of customers: columns of an export, and opening balances from a file that came in."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounting.opening_balances import of_imports
from accounting.pages.frame import BALANCES_OF_IMPORT
from customers.imports import Beside, register_beside
from customers.table import AddedColumn, AddedColumns, add_columns
from locations.permissions import Right
from locations.row_policies import current

_OWNER = f"""(
    SELECT coalesce((
        SELECT CASE switched.mode WHEN 'own' THEN switched.location_id ELSE 0 END
        FROM accounting_accountingswitch AS switched
        WHERE switched.base_id = {current("base")} AND switched.location_id = {current("location")}
          AND switched.state = 'confirmed' ORDER BY switched.decided_at DESC LIMIT 1
    ), 0)
)"""
"""SQL: the owner of the ledger to which the location posts that has entered."""

add_columns(
    AddedColumns(
        name="balances",
        right=Right.SEE_ACCOUNTS,
        columns=(
            AddedColumn("open_amount", "Offener Betrag", "Open amount"),
            AddedColumn("credit_balance", "Guthaben", "Credit"),
            AddedColumn("account_limit", "Kreditrahmen", "Credit limit of the account"),
        ),
        sql=f"""
            SELECT account.customer_id,
                sum(CASE account.kind WHEN 'owed' THEN -account.balance ELSE 0.00 END) AS open_amount,
                sum(CASE account.kind WHEN 'credit' THEN account.balance ELSE 0.00 END) AS credit_balance,
                sum(CASE account.kind WHEN 'owed' THEN -account.floor ELSE 0.00 END) AS account_limit
            FROM accounting_account AS account
            WHERE account.customer_id IS NOT NULL AND account.base_id = {current("base")}
              AND account.owner_key = {_OWNER} AND {{only}}
            GROUP BY account.customer_id""",
    )
)
register_beside(
    Beside(
        title=_("Take in the opening balances of this file"),
        url_name=f"admin:{BALANCES_OF_IMPORT}",
        is_offered=of_imports.is_offered,
        demand_undoable=of_imports.demand_undoable,
        undo=of_imports.undo_balances_of,
    )
)
