"""Reminders of overdue invoices, by levels that are data: previewed, sent in strict order, and given up.

prepare_run → send_run        what was previewed is sent, but for what was paid, disputed or debited meanwhile
cancel_run                    nothing of it is sent
levels_of, set_level          when which level is due, what it says and what it costs
"""

from accounting.dunning.levels import DunningAtCentral, levels_of, set_level
from accounting.dunning.runs import DunningRefused, cancel_run, prepare_run, send_run

__all__ = [
    "DunningAtCentral", "DunningRefused", "cancel_run", "levels_of", "prepare_run", "send_run", "set_level",
]  # fmt: skip
