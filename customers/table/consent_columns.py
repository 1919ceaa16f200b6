"""The columns of a table of customers that say what a customer agrees to, and since which day."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg.sql import SQL, Composable, Identifier

from customers import formats
from customers.choices import TRANSFER
from customers.table.cells import ANSWERS, CustomerWidget, DayWidget, Look
from customers.table.columns import CustomerField
from customers.table.options import Reading

COLUMNED = ("newsletter", TRANSFER)
"""The purposes of consents that have columns."""
HELD = "held"
"""What holds of these purposes now, for whoever receives the data, as one row for each customer in `chosen`."""
_OF_THESE = "purpose IN ({}) AND receiver IS NULL AND holds_here AND struck_out_at IS NULL".format(
    ", ".join(f"'{purpose}'" for purpose in COLUMNED)
)
_SELECTED = ", ".join(
    f"bool_or(is_given) FILTER (WHERE purpose = '{purpose}') AS {purpose}, "
    f"max(at) FILTER (WHERE purpose = '{purpose}') AS {purpose}_at"
    for purpose in COLUMNED
)
_NOTHING = ", ".join(f"NULL::boolean AS {purpose}, NULL::timestamptz AS {purpose}_at" for purpose in COLUMNED)
_HOLDING = """
    LEFT JOIN {lateral} (
        SELECT customer_id, {selected} FROM (
            SELECT DISTINCT ON (customer_id, purpose) customer_id, purpose, is_given, at FROM customers_consent
            WHERE {these} AND {only} ORDER BY customer_id, purpose, at DESC, is_given
        ) AS said GROUP BY customer_id
    ) AS held ON held.customer_id = chosen.id
"""
IS_ANYTHING_SAID = SQL(
    f"SELECT FROM customers_consent WHERE {_OF_THESE} ORDER BY customer_id, purpose, at DESC LIMIT 1"
)
"""Of the base that was entered; in the order of an index, so that those of other bases are not looked through."""
HELD_BY_NOBODY = SQL(f"CROSS JOIN (SELECT {_NOTHING}) AS held")
"""Costs nothing."""
HELD_BY_FEW = SQL(
    _HOLDING.format(lateral="LATERAL", selected=_SELECTED, these=_OF_THESE, only="customer_id = chosen.id")
)
"""Asked for each customer: some microseconds each, whatever else the base holds."""
HELD_BY_MANY = SQL(_HOLDING.format(lateral="", selected=_SELECTED, these=_OF_THESE, only="true"))
"""Read once for the whole base. To be joined by hashing: the database may believe that the statements are few."""


class AnswerWidget(CustomerWidget):
    """ja or nein, or blank where nothing was said."""

    quick = None
    takes = ANSWERS

    def read(self, text: str, country: str, reading: Reading) -> bool | None:
        return formats.parse_boolean(text)


class ConsentField(CustomerField):
    """Whether a consent is given, or withdrawn; blank where nothing was ever said.

    A customer whose value is asked here has `held`: by purpose what holds, and since when.
    """

    def __init__(self, purpose: str, german: str, english: str, *names: str) -> None:
        super().__init__(purpose, german, english, *names, widget=AnswerWidget())
        self.purpose = purpose

    def get_value(self, instance: Any) -> str:
        is_given, _at = instance.held.get(self.purpose, (None, None))
        return {True: "ja", False: "nein"}.get(is_given, "")

    def shown(self, value: Any) -> str:
        return str({"ja": _("Yes"), "nein": _("No")}.get(value, ""))

    def selected(self) -> dict[str, F | None]:
        return {"id": F("id"), HELD: None}

    def sql(self, look: Look) -> Composable:
        return SQL("CASE WHEN {0} THEN 'ja' WHEN NOT {0} THEN 'nein' END").format(Identifier(HELD, self.purpose))


class ConsentDayField(CustomerField):
    """The day on which a consent was given or withdrawn, by the clock of the business."""

    def __init__(self, purpose: str, german: str, english: str, *names: str) -> None:
        super().__init__(purpose, german, english, *names, widget=DayWidget())
        self.purpose = purpose

    def get_value(self, instance: Any) -> date | None:
        _is_given, at = instance.held.get(self.purpose, (None, None))
        return None if at is None else timezone.localdate(at)

    def selected(self) -> dict[str, F | None]:
        return {"id": F("id"), HELD: None}

    def sql(self, look: Look) -> Composable:
        return SQL("{}::date").format(Identifier(HELD, f"{self.purpose}_at"))
