"""What an import does with its rows, as SQL: which customer a row means, and what he would be afterwards.

    plan.merged()    one line for each row that is not rejected: the customer it means and his values after the import

The rows stand in `customers_import_rows` (alias r), the customers that they mean in `customers_customer` (k). The same
query judges the rows for the preview and writes them afterwards, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from customers.choices import MatchBy, OnKnown
from customers.imports import former_number_sql, memo_sql
from customers.models import NOTES, STAGED, Customer, ImportUpload
from customers.table.birthday_cells import BIRTHDAY, DAY, of_known
from customers.table.options import UNSAID
from mcp.isolation.scope import Scope

GROUP = "customer_group_id"
WRITTEN = (*(name for name in STAGED if name != "customer_number"), GROUP)
"""The columns of a customer that an import can write; the number is given once and stays."""
REJECTED = "EXISTS (SELECT FROM customers_importverdict v WHERE v.file_id = %(upload)s AND v.verdict = 'rejected' "
DECIDED = "decided"
"""In the choices of an upload: how often what was decided about its rows; see ImportDecision."""
_DECISION = """SELECT FROM customers_importdecision d WHERE d.base_id = %(base)s AND d.file_id = %(upload)s
    AND d.row_number = r.row_number"""


class Plan:
    """Bound to one upload. `params` belong to every statement made of its parts.

    `given` are the columns of ImportRow that the file fills, `groups` the ids of the customer groups by the name that
    stands in the file (negative: to be created).
    """

    def __init__(
        self,
        *,
        upload: ImportUpload,
        scope: Scope,
        given: frozenset[str],
        known: OnKnown,
        match: MatchBy,
        groups: Mapping[str, int],
    ) -> None:
        self.is_numbered_by_sender = bool(upload.choices.get(former_number_sql.OF_SENDER))
        """Whether the customer numbers of the rows are none of this base, but former ones (see former_number_sql)."""
        self.given = given - {"customer_number"} if self.is_numbered_by_sender else given
        self.known, self.match = known, match
        self.former = former_number_sql.parts_of(given, is_of_sender=self.is_numbered_by_sender)
        self.is_shown = False
        self.is_decided = bool(upload.choices.get(DECIDED))
        """Whether somebody has decided about rows that look like known customers (see `decisions`)."""
        self.is_filling_decided = (
            self.is_decided and known == OnKnown.SKIP and bool(upload.choices.get("is_of_package"))
        )
        """A package leaves known customers as they are; with whom it is joined by hand, what is empty is filled."""
        origin = upload.choices.get("origin") or {}
        self.is_of_sender = "account_number" in origin
        """Whether it is a package of another business, of which somebody may have decided before whom it means."""
        self.is_unsaid_possible = UNSAID in given
        """Whether a row may leave unsaid what other rows of its file say: whoever is known keeps that."""
        self.params: dict[str, Any] = {
            "upload": upload.pk,
            "base": scope.base.pk,
            "organization": scope.organization.pk,
            "location": scope.location.pk,
            "first_number": scope.location.first_number,
            "last_number": scope.location.last_number,
            "sender": origin.get("account_number"),
            "origin": str(origin.get("account_number") or upload.choices.get("profile") or ""),
            "group_names": list(groups),
            "group_ids": list(groups.values()),
        }

    def show(self, rows: Mapping[int, int | None]) -> None:
        """From now on it is about these rows alone, judged and not rejected, each with the customer whom it means.

        A page shows fifty of a hundred thousand rows. It must not find out again whom each of all of them means.
        """
        self.is_shown = True
        self.params |= {"shown": list(rows), "meant": list(rows.values())}

    @property
    def rows(self) -> str:
        """The rows that are not rejected, as a FROM item `r`."""
        if self.is_shown:
            return """(SELECT * FROM customers_import_rows r WHERE r.upload = %(upload)s AND r.problems IS NULL
                AND r.row_number = ANY(%(shown)s)) AS r"""
        return f"""(SELECT * FROM customers_import_rows r WHERE r.upload = %(upload)s AND r.problems IS NULL
            AND NOT {REJECTED} AND v.row_number = r.row_number)) AS r"""

    @property
    def key(self) -> str:
        """What is shown of that by which a row without a number means a customer. Columns of r."""
        if self.match == MatchBy.EMAIL:
            return "lower(r.email)"
        return self.former[-1].shown

    @property
    def has_key(self) -> bool:
        """Whether a row without a customer number can mean a known customer."""
        if self.match == MatchBy.EMAIL:
            return "email" in self.given
        return self.match == MatchBy.NUMBER and bool(self.former)

    def keys(self, condition: str = "true") -> str:
        """Rows: row_number and key, by each of which a row without a number may mean a customer."""
        number = "r.customer_number IS NULL AND" if "customer_number" in self.given else ""
        if self.match == MatchBy.EMAIL:
            said = f"{number} r.email <> '' AND {condition}"
            return f"SELECT r.row_number, lower(r.email) AS key FROM {self.rows} WHERE {said}"
        return self.former[-1].said("key", of="row_number", rows=self.rows, condition=f"{number} {condition}")

    @property
    def by_key(self) -> str:
        """The pairs (row_number, id, customer_number) of rows without number and customers that they may mean."""
        pairs = self.keys(f"true {self._unless_decided} {self._unless_by_uid}")
        if self.match == MatchBy.EMAIL:
            return f"""SELECT w.row_number, k.id, k.customer_number FROM ({pairs}) AS w
                JOIN customers_customer k ON k.base_id = %(base)s AND lower(k.email) = w.key"""
        return former_number_sql.meant(self.former[-1], pairs)

    @property
    def by_number(self) -> str:
        return f"""SELECT r.row_number, k.id, k.customer_number FROM {self.rows}
            JOIN customers_customer k ON k.base_id = %(base)s AND k.customer_number = r.customer_number
            WHERE true {self._unless_decided} {self._unless_by_uid}"""

    @property
    def by_uid(self) -> str:
        """The pairs of rows of a package and of the customers who are the very same; nothing else is asked then."""
        return f"""SELECT r.row_number, k.id, k.customer_number FROM {self.rows}
            JOIN customers_customer k ON k.base_id = %(base)s AND k.uid = r.uid
            WHERE true {self._unless_decided}"""

    @property
    def by_decision(self) -> str:
        """The pairs of rows and of the customers whom they mean because somebody has said so."""
        return f"""SELECT r.row_number, k.id, k.customer_number FROM {self.rows}
            JOIN customers_importdecision said ON said.base_id = %(base)s AND said.file_id = %(upload)s
             AND said.row_number = r.row_number AND said.decision = 'same'
            JOIN customers_customer k ON k.base_id = %(base)s AND k.id = said.customer_id"""

    @property
    def pairs(self) -> str:
        """All pairs (row_number, id, customer_number) of rows and customers whom they mean; blank where none can."""
        parts = [self.pairs_of_undecided] if self.pairs_of_undecided else []
        return " UNION ALL ".join([*parts, *([self.by_decision] if self.is_decided else [])])

    @property
    def pairs_of_undecided(self) -> str:
        """The pairs of rows about which nobody has decided now."""
        parts = [self.by_uid] if self.has_uid else []
        parts += [self.by_number] if "customer_number" in self.given else []
        parts += [self.by_key] if self.has_key else []
        parts += [self.by_remembered] if self.is_of_sender else []
        return (" UNION " if self.is_of_sender else " UNION ALL ").join(parts)

    @property
    def by_remembered(self) -> str:
        """The pairs of rows and of the customers whom an earlier package of the same sender meant by decision."""
        return f"""SELECT r.row_number, k.id, k.customer_number FROM {self.rows}
            JOIN customers_importdecision said ON said.base_id = %(base)s AND said.decision = 'same'
             AND said.number = r.customer_number
            JOIN customers_importupload f ON f.base_id = %(base)s AND f.id = said.file_id AND f.state = 'applied'
             AND f.choices->'origin'->>'account_number' = %(sender)s::text
            JOIN customers_customer k ON k.base_id = %(base)s AND k.id = said.customer_id
            WHERE true {self._unless_decided} {self._unless_by_uid}"""

    @property
    def has_uid(self) -> bool:
        """Whether the rows say who is who by themselves, as those of a package do."""
        return "uid" in self.given

    @property
    def _unless_by_uid(self) -> str:
        if not self.has_uid:
            return ""
        return """AND NOT EXISTS (SELECT FROM customers_customer same
            WHERE same.base_id = %(base)s AND same.uid = r.uid)"""

    @property
    def is_undecided(self) -> str:
        """As a condition about r: nobody has decided whom the row means."""
        return f"NOT EXISTS ({_DECISION})" if self.is_decided else "true"

    @property
    def _unless_decided(self) -> str:
        return f"AND NOT EXISTS ({_DECISION} AND d.decision = 'same')" if self.is_decided else ""

    @property
    def joined(self) -> str:
        """`rows`, each with the customer that it means or none."""
        if self.is_shown:
            return f"""{self.rows}
                LEFT JOIN unnest(%(shown)s::int[], %(meant)s::bigint[]) AS m (row_number, id)
                  ON m.row_number = r.row_number
                LEFT JOIN customers_customer k ON k.base_id = %(base)s AND k.id = m.id {self._same}"""
        if not self.has_key and not self.is_decided and not self.is_of_sender:
            of_number = "k.customer_number = r.customer_number" if "customer_number" in self.given else "false"
            return f"{self.rows} LEFT JOIN customers_customer k ON k.base_id = %(base)s AND {of_number}"
        return f"""{self.rows} LEFT JOIN ({self.pairs}) AS m ON m.row_number = r.row_number
            LEFT JOIN customers_customer k ON k.base_id = %(base)s AND k.id = m.id {self._same}"""

    @property
    def _same(self) -> str:
        """A join to the decisions for a known customer, as `same`, where his row is to be treated otherwise."""
        if not self.is_filling_decided:
            return ""
        return """LEFT JOIN customers_importdecision same ON same.base_id = %(base)s AND same.file_id = %(upload)s
            AND same.row_number = r.row_number AND same.decision = 'same'"""

    def merged(self, condition: str = "true") -> str:
        """Rows: row_number, customer_id and changed_at (NULL for a new one), customer_number, and WRITTEN.

        Besides: differs, and adds_numbers (a known customer gets former numbers). `condition` is about r and k. Fenced
        with OFFSET, so that no value is worked out twice.
        """
        values = ", ".join(f"{self._value(name)} AS {name}" for name in WRITTEN)
        number = "r.customer_number" if "customer_number" in self.given else "NULL::integer"
        return f"""SELECT r.row_number, k.id AS customer_id, k.changed_at,
            coalesce(k.customer_number, {number}) AS customer_number, {values}, {self._differs} AS differs,
            {self._adds_numbers} AS adds_numbers
            FROM {self.joined} {self._groups} WHERE {condition} OFFSET 0"""

    @property
    def fresh(self) -> str:
        """The rows from %(from)s to %(to)s that make new customers, as a FROM item `r`."""
        return f"""(SELECT * FROM customers_import_rows r WHERE r.upload = %(upload)s AND r.problems IS NULL
            AND r.row_number BETWEEN %(from)s AND %(to)s
            AND r.row_number <@ (SELECT %(new_rows)s::int4multirange)
            AND NOT {REJECTED} AND v.row_number = r.row_number)) AS r"""

    @property
    def is_without_number(self) -> str:
        return "r.customer_number IS NULL" if "customer_number" in self.given else "true"

    def insert(self, *, is_numbering: bool) -> str:
        """Create the customers of `fresh`, those without a number with the next ones of %(numbers)s.

        Where they bear former numbers the statement adds these as well, and answers how many customers it has created.
        """
        names, values = ", ".join(WRITTEN), ", ".join(self._of_new(name) for name in WRITTEN)
        if self.has_uid:
            names, values = f"{names}, uid", f"{values}, r.uid"
        numbering = self.numbering if is_numbering else ""
        number = self.number_of_new(is_numbering=is_numbering)
        created = f"""INSERT INTO customers_customer
                (organization_id, base_id, home_location_id, archived_reason, customer_number, {names})
            SELECT %(organization)s, %(base)s, %(location)s, '', {number}, {values}
            FROM {self.fresh} {self._groups} {numbering} ORDER BY r.row_number"""
        if not self.former:
            return created
        rows = f"""(SELECT made.id AS customer_id, {", ".join(f"r.{name}" for name in self._of_former)}
            FROM {self.fresh} {numbering} JOIN made ON made.customer_number = {number}) AS r"""
        return f"""WITH made AS ({created} RETURNING id, customer_number),
            told AS ({former_number_sql.insert(self.former, rows)})
            SELECT count(*) FROM made"""

    def insert_former_of_changed(self) -> str:
        """Add the former numbers of the rows whose customers are changed."""
        rows = f"""(SELECT v.customer_id, {", ".join(f"r.{name}" for name in self._of_former)}
            FROM customers_importverdict v JOIN customers_import_rows r ON r.upload = %(upload)s
             AND r.row_number = v.row_number
            WHERE v.base_id = %(base)s AND v.file_id = %(upload)s AND v.verdict = 'changed'
              AND {f"EXISTS ({_DECISION} AND d.decision = 'same')" if self.is_filling_decided else "true"}) AS r"""
        return former_number_sql.insert(self.former, rows)

    @property
    def is_adding_numbers(self) -> bool:
        """Whether known customers get former numbers."""
        return bool(self.former) and (self.known != OnKnown.SKIP or self.is_filling_decided)

    @property
    def _of_former(self) -> tuple[str, ...]:
        return tuple(part.column for part in self.former)

    @property
    def numbering(self) -> str:
        """A join to `fresh` that gives those without a number the next ones of %(numbers)s, as `n`."""
        return f"""LEFT JOIN (
                SELECT w.row_number, n.number FROM (
                    SELECT r.row_number, row_number() OVER (ORDER BY r.row_number) AS nth
                    FROM {self.fresh} WHERE {self.is_without_number}
                ) AS w JOIN unnest(%(numbers)s::int[]) WITH ORDINALITY AS n (number, nth) ON n.nth = w.nth
            ) AS n ON n.row_number = r.row_number"""

    def number_of_new(self, *, is_numbering: bool) -> str:
        number = "r.customer_number" if "customer_number" in self.given else "NULL::integer"
        return f"coalesce({number}, n.number)" if is_numbering else number

    @property
    def _groups(self) -> str:
        """The ids of the groups that the rows name, as `g`."""
        if "group_name" not in self.given:
            return ""
        return """LEFT JOIN unnest(%(group_names)s::text[], %(group_ids)s::bigint[]) AS g (name, id)
            ON g.name = r.group_name"""

    @cached_property
    def _differs(self) -> str:
        names = [name for name in WRITTEN if self.is_given(name)]
        if self.known == OnKnown.SKIP and not self.is_filling_decided:
            return "false"
        differing = [f"k.{name} IS DISTINCT FROM {self._of_known(name)}" for name in names]
        return f"({' OR '.join([*differing, self._adds_numbers])})"

    @property
    def _adds_numbers(self) -> str:
        if not self.former or (self.known == OnKnown.SKIP and not self.is_filling_decided):
            return "false"
        lacks = f"k.id IS NOT NULL AND {former_number_sql.lacks(self.former)}"
        return f"({'same.id IS NOT NULL AND ' if self.is_filling_decided else ''}{lacks})"

    @staticmethod
    def field(name: str) -> models.Field[Any, Any]:
        """The field of a customer that one of WRITTEN is."""
        return _field(name)

    def is_given(self, name: str) -> bool:
        """Whether the file says something about one of WRITTEN."""
        if name == GROUP:
            return "group_name" in self.given
        if name == "memo":
            return bool(self.given & {"memo", *NOTES})
        return name in self.given or (name == "blocked_reason" and "is_blocked" in self.given)

    def _value(self, name: str) -> str:
        return f"CASE WHEN k.id IS NULL THEN {self._of_new(name)} ELSE {self._of_known(name)} END"

    def _of_new(self, name: str) -> str:
        if not self.is_given(name):
            return _default(name)
        if name == "memo":
            return memo_sql.OF_NEW
        if name == "blocked_reason" and name not in self.given:
            return "''"
        if self.is_unsaid_possible and (default := _default(name)) != "NULL":
            return f"coalesce({self._staged(name)}, {default})"
        return self._staged(name)

    def _of_known(self, name: str) -> str:
        said = self._said_of_known(name)
        if not self.is_unsaid_possible or said == f"k.{name}" or name == "memo":
            return said
        about = "customer_group" if name == GROUP else name
        return f"CASE WHEN r.{UNSAID} ? '{about}' THEN k.{name} ELSE {said} END"

    def _said_of_known(self, name: str) -> str:
        if self.is_filling_decided:
            filled = self._said_under(OnKnown.FILL, name)
            return filled if filled == f"k.{name}" else f"CASE WHEN same.id IS NOT NULL THEN {filled} ELSE k.{name} END"
        return self._said_under(self.known, name)

    def _said_under(self, known: OnKnown, name: str) -> str:
        if known == OnKnown.SKIP or not self.is_given(name):
            return f"k.{name}"
        if name == "memo":
            return memo_sql.FILLED if known == OnKnown.FILL else memo_sql.OVERWRITTEN
        if name == "blocked_reason" and name not in self.given:
            return f"CASE WHEN {self._of_known('is_blocked')} THEN k.{name} ELSE '' END"
        if name in (BIRTHDAY, DAY):
            return of_known(name, known=known, is_birthday_given=BIRTHDAY in self.given, is_day_given=DAY in self.given)
        empty = _is_empty(name)
        if known == OnKnown.FILL:
            return f"CASE WHEN {empty} THEN {self._staged(name)} ELSE k.{name} END" if empty else f"k.{name}"
        return self._staged(name)

    def _staged(self, name: str) -> str:
        if isinstance(_field(name), ArrayField):
            return f"r.{name}::varchar[]"
        return "g.id" if name == GROUP else f"r.{name}"


def _field(name: str) -> models.Field[Any, Any]:
    field: models.Field[Any, Any] = Customer._meta.get_field("customer_group" if name == GROUP else name)  # type: ignore[assignment]
    return field


def _default(name: str) -> str:
    field = _field(name)
    if field.null:
        return "NULL"
    return {ArrayField: "'{}'::varchar[]", models.BooleanField: "false"}.get(type(field), "''")


def _is_empty(name: str) -> str:
    """As a condition about k; blank for what is never empty, such as yes or no."""
    field = _field(name)
    if field.null:
        return f"k.{name} IS NULL"
    return {ArrayField: f"k.{name} = '{{}}'", models.BooleanField: ""}.get(type(field), f"k.{name} = ''")
