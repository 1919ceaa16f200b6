"""What of the accounts can be downloaded as a table: a short list of names, columns and statements.

The machinery is that of the customers' exports (customers/exports): small tables at once, large ones by the worker.
"""

from accounting.downloads.tables import DOWNLOADS, OF_LEDGER, PERIODS, THINGS

__all__ = ["DOWNLOADS", "OF_LEDGER", "PERIODS", "THINGS"]
