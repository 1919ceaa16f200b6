"""Rows about whom somebody has decided: what becomes of them in a check, and what is kept of it for good."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from customers.imports.merge_sql import DECIDED, Plan
from customers.imports.problems import DUPLICATE, LEFT_OUT, problem, told
from customers.models import ImportUpload

_REJECT = """INSERT INTO customers_importverdict (base_id, file_id, row_number, verdict, customer_id, problems)
    SELECT %(base)s, %(upload)s, {row_number}, 'rejected', NULL, {problems}"""


def reject_decided(cursor: CursorWrapper, plan: Plan) -> None:
    """Reject the rows that are to be left out, and those of whom another row of the file is about the same customer.

    Of two rows for one customer the one counts that means him by its number or key, then the first.
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
    """A decision for a customer who is not there any more falls: his row is open again."""
    cursor.execute(
        """DELETE FROM customers_importdecision d WHERE d.base_id = %(base)s AND d.file_id = %(upload)s
            AND d.decision = 'same' AND NOT EXISTS (
                SELECT FROM customers_customer k WHERE k.base_id = %(base)s AND k.id = d.customer_id)""",
        {"base": upload.base_id, "upload": upload.pk},
    )
    if cursor.rowcount:
        count_decisions(cursor, upload)


def count_decisions(cursor: CursorWrapper, upload: ImportUpload) -> None:
    """The choices name the decisions, so that a preview from before them cannot be confirmed. Not saved."""
    cursor.execute(
        """SELECT decision, count(*) FROM customers_importdecision
            WHERE base_id = %(base)s AND file_id = %(upload)s GROUP BY decision""",
        {"base": upload.base_id, "upload": upload.pk},
    )
    upload.choices = {**upload.choices, DECIDED: dict(cursor.fetchall())}


def keep_for_good(cursor: CursorWrapper, upload: ImportUpload) -> None:
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
