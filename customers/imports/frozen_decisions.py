"""Decisions about rows: what they do in a check, and what is kept of them for good."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from customers.imports.merge_sql import DECIDED, Plan
from customers.imports.problems import DUPLICATE, LEFT_OUT, problem, told
from customers.models import ImportUpload

_REJECT = """INSERT INTO customers_importverdict (base_id, file_id, row_number, verdict, customer_id, problems)
    SELECT %(base)s, %(upload)s, {row_number}, 'rejected', NULL, {problems}"""


def reject_decided(cursor: CursorWrapper, plan: Plan) -> None:
    """Reject rows that were decided to be left out, and rows of a customer whom another row means as well.

    Of two rows for one customer the one counts that finds him by number or key, else the first.
    """
    left_out = _REJECT.format(row_number="r.row_number", problems=problem(reason=told(LEFT_OUT), code="'left_out'"))
    cursor.execute(
        f"""{left_out} FROM {plan.rows} JOIN customers_importdecision said ON said.base_id = %(base)s
            AND said.file_id = %(upload)s AND said.row_number = r.row_number AND said.decision = 'leave'""",
        plan.params,
    )
    reason = told(DUPLICATE, first="first", key="customer_number::text")
    again = _REJECT.format(row_number="row_number", problems=problem(reason=reason, code="'duplicate_row'"))
    others = plan.pairs_of_undecided
    by_others = f"UNION ALL SELECT row_number, id, customer_number, false FROM ({others}) AS others" if others else ""
    cursor.execute(
        f"""WITH meant AS MATERIALIZED (
                SELECT row_number, id, customer_number, true AS is_decided FROM ({plan.by_decision}) AS said {by_others}
            ), ordered AS (
                SELECT *, first_value(row_number) OVER (PARTITION BY id ORDER BY is_decided, row_number) AS first
                FROM meant
            ) {again} FROM ordered WHERE is_decided AND row_number <> first""",
        plan.params,
    )


def forget_gone(cursor: CursorWrapper, upload: ImportUpload) -> None:
    """Delete the decisions for customers who do not exist any more; their rows are open again."""
    cursor.execute(
        """DELETE FROM customers_importdecision d WHERE d.base_id = %(base)s AND d.file_id = %(upload)s
            AND d.decision = 'same' AND NOT EXISTS (
                SELECT FROM customers_customer k WHERE k.base_id = %(base)s AND k.id = d.customer_id)""",
        {"base": upload.base_id, "upload": upload.pk},
    )
    if cursor.rowcount:
        count_decisions(cursor, upload)


def count_decisions(cursor: CursorWrapper, upload: ImportUpload) -> None:
    """Write the number of each decision to the choices, so that an older preview cannot be confirmed. Not saved."""
    cursor.execute(
        """SELECT decision, count(*) FROM customers_importdecision
            WHERE base_id = %(base)s AND file_id = %(upload)s GROUP BY decision""",
        {"base": upload.base_id, "upload": upload.pk},
    )
    upload.choices = {**upload.choices, DECIDED: dict(cursor.fetchall())}


def keep_for_good(cursor: CursorWrapper, upload: ImportUpload) -> None:
    """Store the number at the sender of each customer of a package who was recognised by a decision.

    By it later lists of withdrawals, and the same package again, find him. To be called before the rows are deleted.
    """
    if not (upload.choices.get(DECIDED) and upload.choices.get("is_of_package")):
        return
    cursor.execute(
        """UPDATE customers_importdecision d SET number = r.customer_number FROM customers_import_rows r
            WHERE d.base_id = %(base)s AND d.file_id = %(upload)s AND d.decision = 'same'
              AND r.upload = %(upload)s AND r.row_number = d.row_number""",
        {"base": upload.base_id, "upload": upload.pk},
    )
