"""Rows that find a known customer by a key, although everything else that they say is of somebody else.

Former numbers of two systems meet by chance, and couples share an e-mail address. A customer number is never doubted.
"""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from customers.choices import MatchBy, OnKnown
from customers.imports.merge_sql import Plan
from customers.imports.problems import SOMEBODY_ELSE, problem, told

_SAID = (
    "last_name", "first_name", "company", "email", "birthday", "mobile", "phone_private", "phone_business", "street",
)  # fmt: skip
"""What tells people apart. Whoever has another name may have married; whoever has another name and birthday has not."""
_FEWEST = 2


def reject_somebody_else(cursor: CursorWrapper, plan: Plan, headings: dict[str, str]) -> None:
    """Reject the rows that would overwrite or fill another person than the one they are about."""
    condition = _is_somebody_else(plan)
    if not plan.has_key or plan.known == OnKnown.SKIP or not condition:
        return
    heading = heading_of_key(plan, headings)
    who = "k.customer_number::text"  # and no name: whoever imports may not be allowed to see customers
    reason = told(SOMEBODY_ELSE, value=plan.key, customer=who)
    cursor.execute(
        f"""INSERT INTO customers_importverdict (base_id, file_id, row_number, verdict, customer_id, problems)
            SELECT DISTINCT ON (r.row_number) %(base)s, %(upload)s, r.row_number, 'rejected', NULL::bigint,
                {problem("%(heading)s::text", plan.key, reason, "'somebody_else'")}
            FROM {plan.rows} JOIN ({plan.by_key}) AS m ON m.row_number = r.row_number
            JOIN customers_customer k ON k.base_id = %(base)s AND k.id = m.id
            WHERE {condition} ORDER BY r.row_number, k.customer_number""",
        plan.params | {"heading": heading},
    )


def heading_of_key(plan: Plan, headings: dict[str, str]) -> str:
    """The heading in the file of the column by which rows without a number find a customer."""
    if plan.match == MatchBy.EMAIL:
        return headings["email"]
    return headings["customer_number" if plan.is_numbered_by_sender else "former_numbers"]


def _is_somebody_else(plan: Plan) -> str:
    """SQL condition about the row r and the customer k; empty where the file says too little.

    Found by a former number: two fields differ and none agrees. Found by an e-mail address: the first name differs and
    the birthday does not agree.
    """
    if plan.match == MatchBy.EMAIL:
        if "first_name" not in plan.given:
            return ""
        agrees = _agrees("birthday") if "birthday" in plan.given else "false"
        return f"{_differs('first_name')} AND NOT {agrees}"
    said = [name for name in _SAID if name in plan.given]
    if len(said) < _FEWEST:
        return ""
    differing = " + ".join(f"{_differs(name)}::int" for name in said)
    return f"{differing} >= {_FEWEST} AND NOT ({' OR '.join(map(_agrees, said))})"


def _differs(name: str) -> str:
    one, other = _said("r", name), _said("k", name)
    return f"({one} <> '' AND {other} <> '' AND {one} <> {other})"


def _agrees(name: str) -> str:
    return f"({_said('r', name)} <> '' AND {_said('r', name)} = {_said('k', name)})"


def _said(alias: str, name: str) -> str:
    return f"coalesce({alias}.{name}::text, '')" if name == "birthday" else f"lower(coalesce({alias}.{name}, ''))"
