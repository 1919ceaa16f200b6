"""Statements about consents that an import brings: in columns of its rows, and besides them by customer number.

    statements.wanted(…)    one line for each statement that is not recorded yet, with the row and the customer it is of

A column says what shall hold from now on, or from the day in the column beside it: it becomes a statement only where
something else holds. What stands besides the rows is history, and is added as it is. The same query counts statements
for the preview and records them afterwards, known customers first: what their rows mean is asked before anything is
written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from customers.choices import TRANSFER, ConsentSource, OnKnown
from customers.imports.merge_sql import Plan
from customers.models import ImportConsent, ImportUpload
from mcp.isolation.scope import Scope

ANSWERS: Mapping[str, tuple[str, str]] = {
    "newsletter": ("newsletter", "newsletter_on"),
    TRANSFER: ("transfer_allowed", "transfer_allowed_on"),
}
"""For each purpose that has columns in files the answer and its day, as columns of ImportRow."""
OF_KNOWN = "statements_of_known"
"""In the choices of an upload: what stands besides its rows is also added to known customers who are skipped."""
_IS_NEW = "customer_id IS NULL"
_WAS_KNOWN = """(EXISTS (SELECT FROM customers_customer k WHERE k.base_id = %(base)s AND k.id = brought.customer_id
    AND k.created_at <= %(uploaded_at)s) OR EXISTS (SELECT FROM customers_importdecision d WHERE d.base_id = %(base)s
    AND d.file_id = %(upload)s AND d.row_number = brought.row_number AND d.decision = 'same'))"""
"""Whoever has been registered since may bear a number of the file by chance, unless somebody has said that it is he."""
STATEMENT = "purpose, is_given, at, source, wording_version, receiver, evidence, recorded_by, given_to, holds_here"
_LATER = "(at > was_at OR at = was_at AND NOT is_given)"
_IS_TAKEN = "(archived_at IS NULL OR NOT is_given)"
"""Whoever is archived can only withdraw: consents.record says the same of the forms."""
_NEWS = f"""is_given IS NOT NULL AND {_IS_TAKEN} AND (was_given IS NULL OR was_given <> is_given AND {_LATER})
    AND (was_recorded IS NULL OR was_recorded <= %(moment)s::timestamptz)"""
"""An answer becomes a statement: something else holds, and nobody has recorded that since the preview."""
_SUPERSEDED = f"was_given <> is_given AND NOT {_LATER}"
_CUSTOMER = "k.id AS customer_id, k.archived_at"
_MOST_OF_A_NAME = 200
_DIGITS = 12


class Statements:
    """Bound to the plan of one upload. False if the upload brings none, which costs one question.

    `besides` is how many are staged besides the rows. `moment` is when the file was checked, blank for now: the time of
    answers without a day, so that whatever was said while somebody looked at the preview is later than they are.
    """

    def __init__(self, *, plan: Plan, upload: ImportUpload, scope: Scope, moment: str = "") -> None:
        self._plan = plan
        self._answers = {purpose: names for purpose, names in ANSWERS.items() if {*names} & plan.given}
        self.besides = besides(upload)
        self._is_of_known = bool(upload.choices.get(OF_KNOWN))
        self.moment = moment or (_now() if self else "")
        self.recorded = 0
        plan.params |= {
            "moment": self.moment,
            "zone": timezone.get_current_timezone_name(),
            "answered": [purpose for purpose, (answer, _day) in self._answers.items() if answer in plan.given],
            "evidence": _evidence(upload),
            "recorded_by": scope.actor_name[:200],
            "uploaded_at": upload.created_at,
        }

    @property
    def params(self) -> dict[str, Any]:
        return self._plan.params

    def __bool__(self) -> bool:
        return bool(self.besides or self._answers)

    # --- what the rows say ----------------------------------------------------------------------------------

    def of_rows(self, condition: str = "true") -> str:
        """The rows as the preview sees them, for `wanted`; `condition` is about r and k (see Plan.merged)."""
        return f"SELECT {self._columns}, {_CUSTOMER} FROM {self._plan.joined} WHERE {condition}"

    def of_new(self, *, is_numbering: bool) -> str:
        """The rows from %(from)s to %(to)s whose customers have just been created, for `wanted`.

        They are those behind the id %(behind)s up to %(newest)s: without that the whole base would be read for them.
        """
        numbering = self._plan.numbering if is_numbering else ""
        return f"""SELECT {self._columns}, {_CUSTOMER} FROM {self._plan.fresh} {numbering}
            JOIN customers_customer k ON k.base_id = %(base)s AND k.id > %(behind)s AND k.id <= %(newest)s
             AND k.customer_number = {self._plan.number_of_new(is_numbering=is_numbering)}"""

    @property
    def _columns(self) -> str:
        names = ["row_number", *(name for names in self._answers.values() for name in names)]
        return ", ".join(f"r.{name}" for name in (*names, *(["customer_number"] if self.besides else [])))

    # --- what becomes of it ---------------------------------------------------------------------------------

    def wanted(self, rows: str, *, is_new: bool = False) -> str:
        """Rows: row_number, customer_id, STATEMENT, and is_answer (NULL for a customer who is not there yet).

        `rows` is one of the two above. Of customers who have just been created nothing is recorded yet.
        """
        parts = []
        if self.besides:
            unknown = "true" if is_new else f"({_IS_TAKEN} OR at <= archived_at) AND NOT EXISTS ({_RECORDED})"
            said = f"SELECT row_number, customer_id, {STATEMENT}, false AS is_answer FROM besides"
            parts.append(f"{said} WHERE {unknown}")
        if self._answers:
            parts.append(f"SELECT row_number, customer_id, {STATEMENT}, true AS is_answer FROM answers WHERE {_NEWS}")
        return f"""{self._with(rows, is_new=is_new)} SELECT * FROM ({" UNION ALL ".join(parts)}) AS brought
            WHERE {"true" if is_new else self._is_wanted}"""

    @property
    def _is_wanted(self) -> str:
        if self._plan.known == OnKnown.SKIP:
            return f"(customer_id IS NULL OR NOT is_answer AND {_WAS_KNOWN})" if self._is_of_known else _IS_NEW
        if self._plan.known == OnKnown.FILL:
            return """NOT EXISTS (SELECT FROM customers_consent c WHERE c.base_id = %(base)s
                AND c.customer_id = brought.customer_id AND c.purpose = brought.purpose
                AND c.holds_here = brought.holds_here AND c.struck_out_at IS NULL)"""
        return "true"

    def _with(self, rows: str, *, is_new: bool = False) -> str:
        parts = {"meant": rows}
        if self.besides:
            parts["besides"] = self._besides
        if self._answers:
            parts["holding"] = self._holding(is_new=is_new)
            parts["answers"] = " UNION ALL ".join([self._answer(purpose) for purpose in self._answers])
        return "WITH " + ", ".join(f"{name} AS MATERIALIZED ({part})" for name, part in parts.items())

    @property
    def _besides(self) -> str:
        """What was staged besides the rows, each statement once. A purpose must be one of the business.

        They find their row by the customer number that it has in the file.
        """
        return f"""SELECT DISTINCT ON (m.row_number, c.purpose, c.at, c.is_given, c.receiver, c.given_to)
                m.row_number, m.customer_id, m.archived_at, {", ".join(f"c.{name}" for name in STATEMENT.split(", "))}
            FROM meant AS m JOIN customers_importconsent c ON c.base_id = %(base)s AND c.file_id = %(upload)s
                AND c.customer_number = m.customer_number
            JOIN customers_consentpurpose p ON p.organization_id = %(organization)s AND p.code = c.purpose
            ORDER BY m.row_number, c.purpose, c.at, c.is_given, c.receiver, c.given_to, c.id"""

    def _holding(self, *, is_new: bool) -> str:
        """What holds for each row and answered purpose by what is recorded and by what stands besides the rows.

        As ConsentQuerySet.holding says it, for whoever receives the data.
        """
        parts = []
        if not is_new:
            parts.append("""SELECT m.row_number, c.purpose, c.is_given, c.at, c.recorded_at
                FROM meant AS m JOIN customers_consent c ON c.base_id = %(base)s AND c.customer_id = m.customer_id
                WHERE c.purpose = ANY(%(answered)s) AND c.receiver IS NULL AND c.holds_here
                  AND c.struck_out_at IS NULL""")
        if self.besides:
            parts.append("""SELECT row_number, purpose, is_given, at, NULL::timestamptz AS recorded_at
                FROM besides
                WHERE purpose = ANY(%(answered)s) AND receiver IS NULL AND holds_here""")
        if not parts:
            return """SELECT NULL::integer AS row_number, NULL::text AS purpose, NULL::boolean AS is_given,
                NULL::timestamptz AS at, NULL::timestamptz AS recorded_at WHERE false"""
        return f"""SELECT DISTINCT ON (row_number, purpose) * FROM ({" UNION ALL ".join(parts)}) AS said
            ORDER BY row_number, purpose, at DESC, is_given, recorded_at DESC NULLS LAST"""

    def _answer(self, purpose: str) -> str:
        answer, day = self._answers[purpose]
        return f"""SELECT m.row_number, m.customer_id, m.archived_at, '{purpose}'::text AS purpose,
                m.{answer} AS is_given,
                coalesce(m.{day}::timestamp AT TIME ZONE %(zone)s, %(moment)s::timestamptz) AS at,
                '{ConsentSource.IMPORT}'::text AS source, ''::text AS wording_version, NULL::integer AS receiver,
                %(evidence)s::text AS evidence, %(recorded_by)s::text AS recorded_by, NULL::integer AS given_to,
                true AS holds_here, m.{day} AS day,
                h.is_given AS was_given, h.at AS was_at, h.recorded_at AS was_recorded
            FROM meant AS m LEFT JOIN holding AS h ON h.row_number = m.row_number AND h.purpose = '{purpose}'
            WHERE m.{answer} IS NOT NULL OR m.{day} IS NOT NULL"""

    # --- for the preview ------------------------------------------------------------------------------------

    def counted(self) -> str:
        """Rows: said_row and how many statements it brings, as a FROM item `said`."""
        wanted = self.wanted(self.of_rows())
        return f"""(SELECT row_number AS said_row, count(*) AS statements FROM ({wanted}) AS wanted
            GROUP BY row_number) AS said"""

    def left_out(self, *, is_any_archived: bool) -> str:
        """Rows: row_number, purpose, reason, day, was_at, of answers that can become no statement; blank if none can.

        The reason is a code: day_alone, said_since or customer_archived. Only a day can lie before what was said since.
        """
        has_days = any(day in self._plan.given for _answer, day in self._answers.values())
        reasons = []
        if has_days and self._plan.known == OnKnown.OVERWRITE:
            reasons += [("is_given IS NULL", "day_alone"), (_SUPERSEDED, "said_since")]
        if is_any_archived and self._answers and self._plan.known != OnKnown.SKIP:
            stays = "was_given IS NULL" if self._plan.known == OnKnown.FILL else "was_given IS NOT TRUE"
            reasons.append((f"is_given AND archived_at IS NOT NULL AND {stays}", "customer_archived"))
        if not reasons:
            return ""
        reason = " ".join(f"WHEN {condition} THEN '{code}'" for condition, code in reasons)
        return f"""{self._with(self.of_rows())} SELECT * FROM (
                SELECT row_number, purpose, CASE {reason} END AS reason, day, was_at FROM answers
            ) AS told WHERE reason IS NOT NULL"""

    def unknown_purposes(self, cursor: CursorWrapper) -> list[str]:
        """Purposes that are not in the list of the business; what was said about them is left out."""
        if not self.besides:
            return []
        cursor.execute(
            """SELECT DISTINCT c.purpose FROM customers_importconsent c
                WHERE c.base_id = %(base)s AND c.file_id = %(upload)s AND NOT EXISTS (
                    SELECT FROM customers_consentpurpose p
                    WHERE p.organization_id = %(organization)s AND p.code = c.purpose)
                ORDER BY 1""",
            self._plan.params,
        )
        return [purpose for (purpose,) in cursor.fetchall()]

    # --- for applying ---------------------------------------------------------------------------------------

    @property
    def said_since(self) -> str:
        """An SQL condition: somebody has recorded about the customer of verdict `v` since what the file answers.

        Or has struck out what was recorded before it. What was recorded and struck out since is as if it had not been.
        """
        if not self._answers:
            return "false"
        return """EXISTS (SELECT FROM customers_consent c WHERE c.base_id = %(base)s AND c.customer_id = v.customer_id
            AND c.purpose = ANY(%(answered)s) AND c.receiver IS NULL AND c.holds_here
            AND (c.recorded_at > %(moment)s::timestamptz)
                <> coalesce(c.struck_out_at > %(moment)s::timestamptz, false))"""

    def record(self, cursor: CursorWrapper, rows: str, params: Mapping[str, Any], *, is_new: bool = False) -> None:
        """Add what is wanted of the rows; `recorded` counts it."""
        cursor.execute(
            f"""INSERT INTO customers_consent
                    (organization_id, base_id, location_id, upload_id, customer_id, {STATEMENT})
                SELECT %(organization)s, %(base)s, %(location)s, %(upload)s, customer_id, {STATEMENT}
                FROM ({self.wanted(rows, is_new=is_new)}) AS wanted ORDER BY row_number, at
                ON CONFLICT DO NOTHING""",
            params,
        )
        self.recorded += cursor.rowcount


_RECORDED = """SELECT FROM customers_consent c WHERE c.base_id = %(base)s AND c.customer_id = besides.customer_id
    AND c.purpose = besides.purpose AND c.at = besides.at AND c.is_given = besides.is_given
    AND c.receiver IS NOT DISTINCT FROM besides.receiver AND c.given_to IS NOT DISTINCT FROM besides.given_to
    AND c.struck_out_at IS NULL"""


def besides(upload: ImportUpload) -> int:
    """How many statements are staged besides the rows of an upload."""
    return ImportConsent.objects.filter(base=upload.base_id, file=upload.pk).count()


def _now() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return str(cursor.fetchone()[0].isoformat())


def _evidence(upload: ImportUpload) -> str:
    """Where an answer of the file can be found again."""
    name = upload.name[:_MOST_OF_A_NAME]
    return f"{name} (SHA-256 {upload.sha256[:_DIGITS]}…)" if upload.sha256 else name
