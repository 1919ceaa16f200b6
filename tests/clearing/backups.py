"""A backup of one side, and the side as it was then: the rows of its base, put back without a trigger.

Both sides stand in one database, so it is no backup of a server. History is not put back: nobody reconciles by it.
"""

from __future__ import annotations

from django.db import connection

from locations.models import CustomerBase

_TABLES = (
    "customers_customergroup", "customers_tag", "customers_customer", "customers_formernumber", "customers_consent",
    "customers_customerrevision", "customers_revisioncounter", "customers_tombstone", "customers_tombstonemark",
    "customers_customercount", "customers_customergroupcount", "customers_customermonth", "clearing_cycle",
    "clearing_cyclepart", "clearing_heldback", "clearing_conflict",
)  # fmt: skip
"""Those that a reconciliation reads or writes, each behind what it refers to."""
ACCOUNTS = (
    "accounting_ledger", "accounting_accountterms", "accounting_account", "accounting_movement",
    "accounting_allocation", "accounting_ledgerexception", "accounting_paymentorder", "accounting_paymentorderline",
    "accounting_branchorder", "accounting_toldterms",
)  # fmt: skip
"""Those of accounts, for tests in which branches sell."""
_STAYING = {"clearing_node": "id", "clearing_ownnode": "base_id"}
"""Those whose rows others refer to, by their keys: they are there before and after."""
_COLUMNS = """SELECT table_name, string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = ANY(%s) AND is_generated = 'NEVER' GROUP BY table_name"""


class Backup:
    """What one side has now."""

    taken = 0

    def __init__(self, base: CustomerBase, *, also: tuple[str, ...] = ()) -> None:
        Backup.taken += 1
        self._tables = (*_TABLES, *also)
        self._base, self._name = base.pk, f"backup_{Backup.taken}"
        with connection.cursor() as cursor:
            cursor.execute(_COLUMNS, [[*self._tables, *_STAYING]])
            self._columns = dict(cursor.fetchall())
            for number, table in enumerate((*self._tables, *_STAYING)):
                cursor.execute(
                    f"CREATE TEMP TABLE {self._name}_{number} ON COMMIT DROP AS "
                    f"SELECT {self._columns[table]} FROM {table} WHERE base_id = %s",
                    [self._base],
                )

    def restore(self) -> None:
        """The side is as it was."""
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in (*self._tables, *_STAYING):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for number, (table, key) in enumerate(_STAYING.items(), start=len(self._tables)):
                columns = self._columns[table]
                cursor.execute(
                    f"UPDATE {table} AS now SET ({columns}) = "
                    f"(SELECT {columns} FROM {self._name}_{number} AS kept WHERE kept.{key} = now.{key}) "
                    f"WHERE base_id = %s",
                    [self._base],
                )
            for table in reversed(self._tables):
                cursor.execute(f"DELETE FROM {table} WHERE base_id = %s", [self._base])
            for number, table in enumerate(self._tables):
                columns = self._columns[table]
                cursor.execute(
                    f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE "
                    f"SELECT {columns} FROM {self._name}_{number}"
                )
            for table in (*self._tables, *_STAYING):
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
