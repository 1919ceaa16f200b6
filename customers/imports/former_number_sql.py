"""Former numbers in the statements of an import, whose rows have alias r and the customers that they mean alias k.

A file adds former numbers and takes none away: each is a fact about another system, of which the file knows its own
alone. Which column holds them says the upload: `former_numbers`, several in a cell, or the customer number itself where
it is that of the business which has sent a package.
"""

from __future__ import annotations

from dataclasses import dataclass

from customers.choices import FormerNumberSource

OF_SENDER = "is_numbered_by_sender"
"""In the choices of an upload: the customer numbers of its rows are those at the business that has sent it."""
_BORNE = "customers_formernumber f WHERE f.base_id = %(base)s AND f.customer_id = k.id"


@dataclass(frozen=True)
class Part:
    """Former numbers in a column of ImportRow. All but the column is SQL."""

    column: str
    number: str
    """Each number of a row; that of several rows where it stands among what is selected, and nowhere else."""
    source: FormerNumberSource
    origin: str
    shown: str
    """The numbers of a row as people read them."""
    lacks: str
    """As a condition: the customer has not got all of them."""
    means: str
    """As a condition about f: a customer who bears a number of the row is meant by it."""

    def said(self, name: str, *, of: str, rows: str, condition: str = "true") -> str:
        """Rows: column `of`, and one number each under a name. No nested loop: each row says its own numbers."""
        return f"SELECT r.{of}, {self.number} AS {name} FROM {rows} WHERE {condition}"


_FROM_FILE = Part(
    column="former_numbers",
    number="unnest(r.former_numbers)",
    source=FormerNumberSource.IMPORT,
    origin="%(origin)s::text",
    shown="array_to_string(r.former_numbers, ', ')",
    lacks=f"NOT r.former_numbers::varchar[] <@ ARRAY(SELECT f.number FROM {_BORNE})",
    means="true",
)
_OF_SENDER = f"f.source = '{FormerNumberSource.JOINING}' AND f.origin = %(sender)s::text"
_FROM_SENDER = Part(
    column="customer_number",
    number="r.customer_number::text",
    source=FormerNumberSource.JOINING,
    origin="%(sender)s::text",
    shown="r.customer_number::text",
    lacks=f"NOT EXISTS (SELECT FROM {_BORNE} AND f.number = r.customer_number::text AND {_OF_SENDER})",
    means=_OF_SENDER,
)

type Parts = tuple[Part, ...]


def parts_of(given: frozenset[str], *, is_of_sender: bool) -> Parts:
    """What the rows of a file say of former numbers; by the last part a row without a number means a customer."""
    parts = (_FROM_FILE, _FROM_SENDER)
    return tuple(part for part in parts if (is_of_sender if part is _FROM_SENDER else part.column in given))


def lacks(parts: Parts) -> str:
    """As a condition: the customer has not got all that the row says."""
    return f"coalesce({' OR '.join(part.lacks for part in parts)}, false)" if parts else "false"


def meant(part: Part, said: str) -> str:
    """Rows: row_number, id, customer_number of the customers who have one of the numbers, each once for a row.

    `said` are rows of row_number and key.
    """
    return f"""SELECT DISTINCT w.row_number, k.id, k.customer_number FROM ({said}) AS w
        JOIN customers_formernumber f ON f.base_id = %(base)s AND f.number = w.key AND {part.means}
        JOIN customers_customer k ON k.base_id = %(base)s AND k.id = f.customer_id"""


def shown_numbers(parts: Parts, rows: str) -> str:
    """Rows: row_number and all former numbers that it says, as an array."""
    said = " UNION ALL ".join(part.said("number", of="row_number", rows=rows) for part in parts)
    return f"SELECT row_number, array_agg(number) FROM ({said}) AS said GROUP BY row_number"


def insert(parts: Parts, rows: str) -> str:
    """Add the numbers of `rows`, a FROM item r with customer_id. What he has got already from elsewhere stays alone."""
    said = " UNION ALL ".join(
        f"""SELECT customer_id, number, '{part.source}' AS source, {part.origin} AS origin
            FROM ({part.said("number", of="customer_id", rows=rows)}) AS said"""
        for part in parts
    )
    known = """EXISTS (SELECT FROM customers_formernumber f WHERE f.base_id = %(base)s
        AND f.customer_id = said.customer_id AND f.number = said.number)"""
    return f"""INSERT INTO customers_formernumber (base_id, customer_id, number, source, origin)
        SELECT %(base)s, said.customer_id, said.number, said.source, said.origin FROM ({said}) AS said
        WHERE said.source = '{FormerNumberSource.JOINING}' OR NOT {known}
        ORDER BY said.customer_id ON CONFLICT DO NOTHING"""
