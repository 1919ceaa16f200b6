"""Customers go from one customer base of the business to another, with all that is theirs.

    plan(cursor, course)     whom, and under which uid and number: kept as SwitchedCustomer
    arrive(cursor, course)   they are in the new base, with groups, tags, cards, consents and former numbers
    leave(cursor, course)    and not in the old one any more

Each customer keeps his id, so that his history goes on; the database takes it along (TAKES_HISTORY_ALONG). Who cannot
keep his number gets the next free one of the location where he is registered, and keeps the old one as a former
number. All statements are about whole sets. `plan` and `arrive` see both bases and run outside of any scope; `leave`
runs in the scope of the old base as a reconciliation does, because customers are deleted nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from customers.choices import FormerNumberSource
from customers.models import Card, Consent, Customer, FormerNumber

_ORIGIN = {"offline": "1.0", "shared": "2.0"}


@dataclass(frozen=True, kw_only=True)
class NewPlace:
    """A location that goes along, and the numbers that it gives in the new base."""

    location: int
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Course:
    """From where to where, and which locations go along; the first one is the one that was asked for."""

    switch: UUID
    organization: int
    place_from: int
    place_to: int
    places: tuple[NewPlace, ...]
    is_back: bool = False
    whole: bool = True
    """All customers of the base go; else those who are registered at the locations."""
    nobody: bool = False
    origin: str = ""
    """Which base a former number is from, as it is kept with it: "1.0/4", "2.0"."""
    origin_there: str = ""
    """The same of the base to which they go: former numbers of it are their numbers again where they come back."""

    @property
    def parameters(self) -> dict[str, Any]:
        """For all statements of this module."""
        return {
            "switch": self.switch, "organization": self.organization, "from": self.place_from, "to": self.place_to,
            "is_back": self.is_back, "whole": self.whole, "nobody": self.nobody, "main": self.places[0].location,
            "places": [place.location for place in self.places], "firsts": [place.first for place in self.places],
            "lasts": [place.last for place in self.places], "origin": self.origin, "origin_there": self.origin_there,
            "source": str(FormerNumberSource.SWITCH),
        }  # fmt: skip


_MOVING = """moving AS MATERIALIZED (
        SELECT customer.id, customer.uid, customer.customer_number AS number,
            coalesce(went.uid_before, customer.uid) AS wanted_uid,
            coalesce(went.number_before, customer.customer_number) AS wanted,
            CASE WHEN customer.home_location_id = ANY(%(places)s)
                THEN customer.home_location_id ELSE %(main)s END AS place,
            went.customer_id IS NULL AS is_new
        FROM customers_customer AS customer
        LEFT JOIN transitions_switchedcustomer AS went
          ON %(is_back)s AND went.switch_id = %(switch)s AND NOT went.is_back AND went.customer_id = customer.id
        WHERE customer.base_id = %(from)s AND NOT %(nobody)s AND (
            CASE WHEN %(is_back)s THEN went.customer_id IS NOT NULL OR customer.home_location_id = ANY(%(places)s)
                ELSE %(whole)s OR customer.home_location_id = ANY(%(places)s) END)
    ), decided AS MATERIALIZED (
        SELECT moving.*, there.id IS NULL AND row_number() OVER (
            PARTITION BY moving.wanted ORDER BY moving.is_new, moving.id
        ) = 1 AS keeps,
        same.uid IS NULL AS keeps_uid
        FROM moving
        LEFT JOIN customers_customer AS there ON there.base_id = %(to)s AND there.customer_number = moving.wanted
        LEFT JOIN customers_customer AS same ON same.base_id = %(to)s AND same.uid = moving.wanted_uid
    )"""
"""Whoever comes back wants the number and the uid that he had; of two who want the same number the new one gives
way."""

SUMS = f"""WITH {_MOVING}
    SELECT count(*), count(*) FILTER (WHERE NOT keeps), count(*) FILTER (WHERE NOT keeps_uid),
        count(*) FILTER (WHERE is_new) FROM decided"""
BY_PLACE = f"""WITH {_MOVING} SELECT place, count(*) FROM decided WHERE NOT keeps GROUP BY place"""
CLASHING = f"""WITH {_MOVING}
    SELECT wanted, number, NOT keeps, NOT keeps_uid FROM decided WHERE NOT (keeps AND keeps_uid)
    ORDER BY wanted, number LIMIT %(most)s"""
CARDS = f"""WITH {_MOVING}
    SELECT card.number FROM customers_card AS card
    JOIN customers_card AS there ON there.base_id = %(to)s AND there.number = card.number
    WHERE card.base_id = %(from)s AND card.customer_id IN (SELECT id FROM decided)
    ORDER BY card.number LIMIT %(most)s"""
"""Card numbers that both bases have given: nobody can bear one that is somebody else's."""
IDS = f"""WITH {_MOVING} SELECT id FROM decided"""
"""Who would go."""
GROUPS = """SELECT here.name FROM customers_customergroup AS here
    JOIN customers_customergroup AS there ON there.base_id = %(to)s AND lower(there.name) = lower(here.name)
    WHERE here.base_id = %(from)s AND (here.price_level, here.discount) IS DISTINCT FROM
        (there.price_level, there.discount) ORDER BY here.name LIMIT %(most)s"""
"""Customer groups of the same name with other conditions: those of the new base hold."""
_PLAN = f"""WITH {_MOVING}, given AS (
        SELECT location, first_number, last_number
        FROM unnest(%(places)s::bigint[], %(firsts)s::integer[], %(lasts)s::integer[])
            AS given (location, first_number, last_number)
    ), waiting AS (
        SELECT id, place, row_number() OVER (PARTITION BY place ORDER BY wanted, id) AS turn
        FROM decided WHERE NOT keeps
    ), free AS (
        SELECT given.location AS place, block.number,
            row_number() OVER (PARTITION BY given.location ORDER BY block.number) AS turn
        FROM given CROSS JOIN LATERAL generate_series(given.first_number, given.last_number) AS block (number)
        WHERE EXISTS (SELECT FROM waiting WHERE waiting.place = given.location)
          AND NOT EXISTS (
            SELECT FROM customers_customer AS taken
            WHERE taken.base_id = %(to)s AND taken.customer_number = block.number)
          AND NOT EXISTS (SELECT FROM decided AS kept WHERE kept.keeps AND kept.wanted = block.number)
    )
    INSERT INTO transitions_switchedcustomer
        (organization_id, switch_id, is_back, customer_id, uid_before, uid_after, number_before, number_after)
    SELECT %(organization)s, %(switch)s, %(is_back)s, decided.id, decided.uid,
        CASE WHEN decided.keeps_uid THEN decided.wanted_uid ELSE time_ordered_uuid() END,
        decided.number, CASE WHEN decided.keeps THEN decided.wanted ELSE free.number END
    FROM decided
    LEFT JOIN waiting ON waiting.id = decided.id
    LEFT JOIN free ON free.place = waiting.place AND free.turn = waiting.turn
    WHERE decided.keeps OR free.number IS NOT NULL"""
_IDS = "SELECT customer_id FROM transitions_switchedcustomer WHERE switch_id = %(switch)s AND is_back = %(is_back)s"
_GROUPS = """INSERT INTO customers_customergroup (base_id, name, price_level, discount)
    SELECT %(to)s, name, price_level, discount FROM customers_customergroup AS known
    WHERE base_id = %(from)s AND NOT EXISTS (
        SELECT FROM customers_customergroup WHERE base_id = %(to)s AND lower(name) = lower(known.name)
    ) ORDER BY id"""
_TAGS = """INSERT INTO customers_tag (base_id, name)
    SELECT %(to)s, name FROM customers_tag AS known
    WHERE base_id = %(from)s AND NOT EXISTS (
        SELECT FROM customers_tag WHERE base_id = %(to)s AND name = known.name
    ) ORDER BY id"""
_NEW_GROUP = """LEFT JOIN (
            SELECT here.id AS old, there.id AS new FROM customers_customergroup AS here
            JOIN customers_customergroup AS there ON there.base_id = %(to)s AND lower(there.name) = lower(here.name)
            WHERE here.base_id = %(from)s
        ) AS sorted ON sorted.old = row.customer_group_id"""
_UPLOAD = """LEFT JOIN (
            SELECT DISTINCT said.pgh_obj_id AS statement, file.id AS file FROM customers_consentevent AS said
            JOIN customers_importupload AS file ON file.base_id = %(to)s AND file.id = said.upload_id
            WHERE said.base_id = %(from)s
        ) AS brought ON brought.statement = row.id"""
"""The import that has brought a statement is of the base that it leaves; where he comes back, it is here."""


def _columns(model: type[Model]) -> list[str]:
    return [str(field.column) for field in model._meta.concrete_fields if not field.generated]


def _copy(model: type[Model], owner: str, *, joined: str = "", where: str = "", **others: str) -> str:
    """SQL that writes the rows of the customers of a course once more, in the new base."""
    table, columns = model._meta.db_table, _columns(model)
    values = ", ".join(others.get(column, f"row.{column}") for column in columns)
    return f"""INSERT INTO {table} ({", ".join(columns)}) SELECT {values} FROM {table} AS row
        JOIN transitions_switchedcustomer AS moved ON moved.switch_id = %(switch)s AND moved.is_back = %(is_back)s
          AND moved.customer_id = row.{owner} {joined}
        WHERE row.base_id = %(from)s {where} ORDER BY row.id"""


def _arriving(*, is_back: bool) -> tuple[str, ...]:
    there = {"base_id": "%(to)s"}
    return (
        _GROUPS,
        _TAGS,
        _copy(
            Customer, "id", joined=_NEW_GROUP, uid="moved.uid_after", customer_number="moved.number_after",
            customer_group_id="sorted.new", **there,
        ),
        _copy(Card, "customer_id", where=_NOT_STAYING, **there),
        *([_CARDS_AGAIN] if is_back else []),
        _copy(
            Consent, "customer_id", joined=_UPLOAD if is_back else "",
            upload_id="brought.file" if is_back else "NULL::uuid", **there,
        ),
        _copy(FormerNumber, "customer_id", where=_NOT_HIS_AGAIN, **there),
        """INSERT INTO customers_formernumber (base_id, customer_id, number, source, origin)
            SELECT %(to)s, customer_id, number_before::text, %(source)s, %(origin)s
            FROM transitions_switchedcustomer
            WHERE switch_id = %(switch)s AND is_back = %(is_back)s AND number_after <> number_before
              AND NOT (%(is_back)s AND EXISTS (
                SELECT FROM transitions_switchedcustomer AS went WHERE went.switch_id = %(switch)s AND NOT went.is_back
                  AND went.customer_id = transitions_switchedcustomer.customer_id
                  AND went.number_before = transitions_switchedcustomer.number_after))
            ON CONFLICT DO NOTHING""",
    )  # fmt: skip


_NOT_STAYING = f"""AND row.id NOT IN (
        WITH RECURSIVE staying AS (
            SELECT card.id FROM customers_card AS card
            JOIN customers_card AS there ON there.base_id = %(to)s AND there.number = card.number
            WHERE card.base_id = %(from)s AND card.customer_id IN ({_IDS})
            UNION
            SELECT card.id FROM customers_card AS card JOIN staying ON card.successor_id = staying.id
            WHERE card.base_id = %(from)s
        ) SELECT id FROM staying
    )"""
"""A card whose number is somebody else's there does not go along, nor one that leads to it. It stays in his history."""
_CARDS_AGAIN = f"""INSERT INTO customers_card ({", ".join(_columns(Card))})
    SELECT {", ".join("%(to)s" if name == "base_id" else f"kept.{name}" for name in _columns(Card))} FROM (
        SELECT DISTINCT ON (event.id) event.* FROM customers_cardevent AS event
        WHERE event.base_id = %(from)s AND event.customer_id IN ({_IDS})
        ORDER BY event.id, event.pgh_id DESC
    ) AS kept
    WHERE kept.pgh_label <> 'delete'
      AND NOT EXISTS (SELECT FROM customers_card AS same WHERE same.base_id = %(from)s AND same.id = kept.id)
      AND NOT EXISTS (
        SELECT FROM customers_card AS there WHERE there.base_id = %(to)s AND there.number = kept.number)"""
"""Cards that had not gone along are there again for whoever comes back: his history has kept how they were."""
_NOT_HIS_AGAIN = """AND NOT (row.source = %(source)s AND row.origin = %(origin_there)s
        AND row.number = moved.number_after::text)"""
"""Who gets the number back that he had here does not have it as a former number any more."""
_LEAVING = (
    f"DELETE FROM customers_card WHERE base_id = %(from)s AND customer_id IN ({_IDS})",
    f"DELETE FROM customers_consent WHERE base_id = %(from)s AND customer_id IN ({_IDS})",
    f"DELETE FROM customers_formernumber WHERE base_id = %(from)s AND customer_id IN ({_IDS})",
    f"DELETE FROM customers_customer WHERE base_id = %(from)s AND id IN ({_IDS})",
)
_ERASED = (
    """INSERT INTO customers_tombstone
            (id, organization_id, base_id, customer_id, user_id, user_name, location_name, reason, figures)
        SELECT id, organization_id, %(to)s, customer_id, user_id, user_name, location_name, reason, figures
        FROM customers_tombstone AS stone WHERE base_id = %(from)s AND NOT EXISTS (
            SELECT FROM customers_tombstone AS there WHERE there.base_id = %(to)s
              AND (there.id = stone.id OR there.customer_id = stone.customer_id)
        )""",
    """INSERT INTO customers_tombstonemark (base_id, tombstone_id, kind, digest)
        SELECT %(to)s, mark.tombstone_id, mark.kind, mark.digest FROM customers_tombstonemark AS mark
        JOIN customers_tombstone AS arrived ON arrived.base_id = %(to)s AND arrived.id = mark.tombstone_id
          AND arrived.written_in = pg_current_xact_id()
        WHERE mark.base_id = %(from)s""",
)
"""Who was erased in the old base is not brought back in the new one, by whatever file."""


def plan(cursor: CursorWrapper, course: Course) -> int:
    """Keep whom the course moves, and under which number; returns how many they are."""
    cursor.execute(_PLAN, course.parameters)
    cursor.execute(f"SELECT count(*) FROM ({_IDS}) AS planned", course.parameters)
    return int(cursor.fetchone()[0])


def arrive(cursor: CursorWrapper, course: Course) -> None:
    """Write them into the new base. Their locations still work with the old one: no number is out of its range."""
    for statement in (*_arriving(is_back=course.is_back), *_ERASED):
        cursor.execute(statement, course.parameters)


def leave(cursor: CursorWrapper, course: Course) -> None:
    """Delete them from the old base, and their history there, which has gone along."""
    for statement in _LEAVING:
        cursor.execute(statement, course.parameters)
    cursor.execute("SELECT transitions_leave_no_history(%s, %s)", [course.switch, course.place_from])


def origin_of(*, kind: str, branch_number: int | None) -> str:
    """How a base is named beside a former number that is from it."""
    return f"{_ORIGIN[kind]}/{branch_number}" if branch_number else _ORIGIN[kind]
