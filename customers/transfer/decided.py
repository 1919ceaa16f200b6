"""Rows about whom somebody has decided: those that are left out, and those that mean a customer twice."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from customers.transfer.plan import Plan

_REJECT = """INSERT INTO customers_importverdict (base_id, file_id, row_number, verdict, customer_id, problems)
    SELECT %(base)s, %(upload)s, {row_number}, 'rejected', NULL, jsonb_build_array(jsonb_build_object(
        'column', '', 'value', '', 'reason', {reason}, 'code', '{code}'))"""


def reject_decided(cursor: Any, plan: Plan) -> None:
    """Reject the rows that are to be left out, and those of whom another row of the file is about the same customer.

    Of two rows for one customer the one counts that means him by its number or key, then the first.
    """
    told = _REJECT.format(row_number="r.row_number", reason="%(left_out)s::text", code="left_out")
    cursor.execute(
        f"""{told} FROM {plan.rows} JOIN customers_importdecision said ON said.base_id = %(base)s
            AND said.file_id = %(upload)s AND said.row_number = r.row_number AND said.decision = 'leave'""",
        plan.params | {"left_out": _("Left out, because somebody has decided so.")},
    )
    again = _("Row %(first)s is about the same customer (%(key)s). Keep one of the two.")
    reason = "replace(replace(%(again)s::text, '{first}', first::text), '{key}', customer_number::text)"
    told = _REJECT.format(row_number="row_number", reason=reason, code="duplicate_row")
    others = plan.pairs.replace(plan.by_decision, "").removesuffix(" UNION ALL ")
    by_others = f"UNION ALL SELECT row_number, id, customer_number, false FROM ({others}) AS others" if others else ""
    cursor.execute(
        f"""WITH meant AS MATERIALIZED (
                SELECT row_number, id, customer_number, true AS is_decided FROM ({plan.by_decision}) AS said {by_others}
            ), ordered AS (
                SELECT *, first_value(row_number) OVER (PARTITION BY id ORDER BY is_decided, row_number) AS first
                FROM meant
            ) {told} FROM ordered WHERE is_decided AND row_number <> first""",
        plan.params | {"again": again % {"first": "{first}", "key": "{key}"}},
    )
