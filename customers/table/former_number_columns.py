"""The column of a table of customers that holds all former numbers of each."""

from __future__ import annotations

from django.db.models import F
from psycopg.sql import SQL, Composable, Identifier

from customers.table.cells import Look, NumberListWidget
from customers.table.columns import CustomerField

FORMER = "former"
"""The former numbers of each customer in `chosen`, as an array in one row."""
_BORNE = """
    LEFT JOIN {lateral} (
        SELECT customer_id, array_agg(DISTINCT number COLLATE "C" ORDER BY number COLLATE "C") AS numbers
        FROM customers_formernumber WHERE {only} GROUP BY customer_id
    ) AS former ON former.customer_id = chosen.id
"""
IS_ANY_BORNE = SQL("SELECT FROM customers_formernumber ORDER BY base_id, customer_id LIMIT 1")
"""Of the base that was entered; in the order of an index, so that those of other bases are not looked through."""
BORNE_BY_NOBODY = SQL(" CROSS JOIN (SELECT NULL::varchar[] AS numbers) AS former")
BORNE_BY_FEW = SQL(_BORNE.format(lateral="LATERAL", only="customer_id = chosen.id"))
"""Asked for each customer."""
BORNE_BY_MANY = SQL(_BORNE.format(lateral="", only="true"))
"""Read once for the whole base."""


class FormerNumbersField(CustomerField):
    """All former numbers of a customer in one cell, with commas between them."""

    def __init__(self, attribute: str, german: str, english: str, *names: str) -> None:
        super().__init__(attribute, german, english, *names, widget=NumberListWidget())

    def selected(self) -> dict[str, F | None]:
        return {"id": F("id"), FORMER: None}

    def sql(self, look: Look) -> Composable:
        return self.widget.sql(Identifier(FORMER, "numbers"), look)
