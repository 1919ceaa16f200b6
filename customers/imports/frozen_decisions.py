"""Rows about whom somebody has decided: what becomes of them in a check, and what is kept of it for good."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from customers.imports.merge_sql import DECIDED, Plan

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
    others = plan.pairs_of_undecided
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


def forget_gone(cursor: Any, upload: Any) -> None:
    """A decision for a customer who is not there any more falls: his row is open again."""
    cursor.execute(
        """DELETE FROM customers_importdecision d WHERE d.base_id = %(base)s AND d.file_id = %(upload)s
            AND d.decision = 'same' AND NOT EXISTS (
                SELECT FROM customers_customer k WHERE k.base_id = %(base)s AND k.id = d.customer_id)""",
        {"base": upload.base_id, "upload": upload.pk},
    )
    if cursor.rowcount:
        count_decisions(cursor, upload)


def count_decisions(cursor: Any, upload: Any) -> None:
    """The choices name the decisions, so that a preview from before them cannot be confirmed. Not saved."""
    cursor.execute(
        """SELECT decision, count(*) FROM customers_importdecision
            WHERE base_id = %(base)s AND file_id = %(upload)s GROUP BY decision""",
        {"base": upload.base_id, "upload": upload.pk},
    )
    upload.choices = {**upload.choices, DECIDED: dict(cursor.fetchall())}


def keep_for_good(cursor: Any, upload: Any) -> None:
    """Whom a package of another business meant by decision is known from then on by his number there.

    So its lists of withdrawals and the same package once more find him. To be called before the rows are cleared.
    """
    if not (upload.choices.get(DECIDED) and upload.choices.get("is_of_package")):
        return
    cursor.execute(
        """UPDATE customers_importdecision d SET number = r.customer_number FROM customers_import_rows r
            WHERE d.base_id = %(base)s AND d.file_id = %(upload)s AND d.decision = 'same'
              AND r.upload = %(upload)s AND r.row_number = d.row_number""",
        {"base": upload.base_id, "upload": upload.pk},
    )
