"""New rows that look like a customer whom the base knows already, or like a row before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

from customers.imports.merge_sql import Plan

MOST_SIMILAR = 100_000
"""As many rows that look like a known customer are kept by themselves; all are counted."""
SAME_EMAIL, OTHER_NAME, SAME_PHONE = "same_email", "same_email_other_name", "same_name_and_phone"
"""Two of a family often share an address: whether both have one name tells them apart."""
LIKE_ERASED = "like_erased"
"""It may be somebody who was erased for good (see erased_rows.py)."""
SAME_BIRTHDAY = "same_name_and_birthday"
_COLUMNS = ("last_name", "first_name", "company")
_NAMES = ("last_name", "first_name", "firm")
"""The name of a person, else that of a company: where somebody works is no part of his name (see `duplicates`)."""
_DETAILS = (
    "company", "email", "birthday", "birthday_without_year", "street", "postal_code", "city", "mobile",
    "phone_private", "phone_business",
)  # fmt: skip
"""By what two people of one name are told apart."""
_PHONES = ("mobile", "phone_private", "phone_business")
"""One number is compared with each of them: in which column it stands is chance."""
_DAYS = ("birthday_without_year", "day_of_birthday")
"""A day without its year agrees with the birthdays on that day; two birthdays agree in the year as well."""


@dataclass(frozen=True)
class _Look:
    """Two that have the same key look alike; `needed` are the columns that must not be empty."""

    code: str
    columns: Sequence[str]
    needed: Sequence[str] = ()
    is_named: bool = True
    """Whether they have the same names, by which those who are compared are found; else the same e-mail address."""
    is_in_file: bool = True
    """Whether rows of the file are compared with one another as well."""
    against: Sequence[str] = ()
    """With each of these columns of known customers the one column is compared; if none is said, with itself."""

    @property
    def compared(self) -> tuple[str, ...]:
        """The columns that must be the same."""
        return (*(_NAMES if self.is_named else ()), *self.columns)

    @property
    def key(self) -> str:
        """As SQL about the texts of `_prepared`: one number for all that is compared, or NULL."""
        filled = [f"p.{name} <> ''" for name in self.needed]
        if self.is_named:
            filled.append("(" + " OR ".join(f"p.{name} <> ''" for name in _NAMES) + ")")
        return _hashed([f"p.{name}" for name in self.compared], " AND ".join(filled))


def tell_similar(cursor: CursorWrapper, plan: Plan, new_rows: str) -> int:
    """Keep the new rows that look like somebody, the first MOST_SIMILAR of them with whom they look like: how many."""
    looks = list(_looks(plan.given))
    if not looks:
        return 0
    found = " UNION ALL ".join(part for at, look in enumerate(looks) for part in _found(at, look))
    ways = {is_named: [(at, look) for at, look in enumerate(looks) if look.is_named == is_named] for is_named in _WAYS}
    known = "".join(_known(is_named, some) for is_named, some in ways.items() if some)
    asked = ", ".join(f"p.{_WAYS[is_named]}" for is_named, some in ways.items() if some)
    firsts = ", ".join(f"{_way(is_named, 'r')} AS {_WAYS[is_named]}" for is_named, some in ways.items() if some)
    cursor.execute(
        f"""WITH fresh AS MATERIALIZED (
                SELECT p.row_number, p.is_open, {_keys(enumerate(looks))}, {asked}
                FROM (
                    SELECT r.row_number, {plan.is_undecided} AS is_open, {_prepared("r", looks)}, {firsts}
                    FROM {plan.rows}
                    WHERE r.row_number <@ (SELECT %(new_rows)s::int4multirange) OR NOT {plan.is_undecided} OFFSET 0
                ) AS p
            ), {known} alike AS MATERIALIZED (
                SELECT DISTINCT ON (row_number) * FROM ({found}) AS found ORDER BY row_number, first NULLS FIRST, look
            ), told AS (
                INSERT INTO customers_importverdict (base_id, file_id, row_number, verdict, customer_id, problems)
                SELECT %(base)s, %(upload)s, row_number, 'similar', customer_id,
                    jsonb_build_array(jsonb_build_object('code', {_code(plan.given)}, 'first', first))
                FROM (SELECT * FROM alike ORDER BY row_number LIMIT {MOST_SIMILAR}) AS alike
                JOIN {plan.rows} USING (row_number)
                LEFT JOIN customers_customer k ON k.base_id = %(base)s AND k.id = alike.customer_id
                ORDER BY row_number
            ) SELECT count(*) FROM alike""",
        plan.params | {"new_rows": new_rows},
    )
    return int(cursor.fetchone()[0])


def _code(given: frozenset[str]) -> str:
    """As SQL, about alike, r and k: by what the row looks like the customer."""
    others = [
        f"{_text('r', name)} <> '' AND {_text('k', name)} <> '' AND {_text('r', name)} <> {_text('k', name)}"
        for name in _COLUMNS
        if name in given
    ]
    if not others:
        return "code"
    return f"CASE WHEN code = '{SAME_EMAIL}' AND ({' OR '.join(others)}) THEN '{OTHER_NAME}' ELSE code END"


def _looks(given: frozenset[str]) -> Iterator[_Look]:
    """What the columns of the file let one compare, what says most first."""
    names = [name for name in _COLUMNS if name in given]
    if "email" in given:
        if names:
            yield _Look(SAME_EMAIL, ("email", *names), needed=("email",), is_named=False)
        yield _Look(SAME_EMAIL, ("email",), needed=("email",), is_named=False)
    if names:
        yield from _looks_by_name(given)


def _looks_by_name(given: frozenset[str]) -> Iterator[_Look]:
    if "birthday" in given:
        yield _Look(SAME_BIRTHDAY, ("birthday",), needed=("birthday",))
        yield _by(SAME_BIRTHDAY, "day_of_birthday", _DAYS[:1])
    if "birthday_without_year" in given:
        yield _by(SAME_BIRTHDAY, "birthday_without_year", _DAYS, is_in_file=True)
    yield from (_by(SAME_PHONE, phone, _PHONES) for phone in _PHONES if phone in given)
    if {"street", "postal_code"} <= given:
        yield _Look("same_name_and_address", ("street", "postal_code"), needed=("street",), is_in_file=False)
    elif "postal_code" in given:
        yield _by("same_name_and_postal_code", "postal_code")
    yield _Look("same_details", [name for name in _DETAILS if name in given])


def _by(code: str, name: str, against: Sequence[str] = (), *, is_in_file: bool = False) -> _Look:
    return _Look(code, (name,), needed=(name,), is_in_file=is_in_file, against=against)


def _found(at: int, look: _Look) -> Iterator[str]:
    """Rows as SQL: row_number, customer_id, first (the row before), code, look.

    Of several customers alike one is named, rather one who is not archived: a common name may be that of thousands.
    """
    known = f"SELECT key{at} AS key, id, archived_at FROM of_{_WAYS[look.is_named]}"
    if look.against:
        known = " UNION ALL ".join(f"SELECT {name} AS key, id, archived_at FROM of_names" for name in look.against)
    yield f"""SELECT fresh.row_number, known.id AS customer_id, NULL::integer AS first, '{look.code}' AS code,
            {at} AS look FROM fresh JOIN (
                SELECT key, coalesce(min(id) FILTER (WHERE archived_at IS NULL), min(id)) AS id
                FROM ({known}) AS every WHERE key IS NOT NULL GROUP BY 1
            ) AS known ON known.key = fresh.key{at} WHERE fresh.is_open"""
    if look.is_in_file:
        yield f"""SELECT fresh.row_number, said.customer_id, again.first, '{look.code}', {at} FROM fresh JOIN (
                SELECT key{at}, min(row_number) AS first FROM fresh WHERE key{at} IS NOT NULL
                GROUP BY key{at} HAVING count(*) > 1
            ) AS again ON again.key{at} = fresh.key{at} AND fresh.row_number > again.first
            LEFT JOIN customers_importdecision said ON said.base_id = %(base)s AND said.file_id = %(upload)s
              AND said.row_number = again.first AND said.decision = 'same'
            WHERE fresh.is_open"""


def _known(is_named: bool, looks: Sequence[tuple[int, _Look]]) -> str:
    """As a part of WITH: the customers who have the names or the e-mail address of a row, and their keys.

    The base is read once for each of the two ways, however many looks there are: only for those who are found is
    worked out what else they have in common.
    """
    name = _WAYS[is_named]
    against = [_by("", column) for column in dict.fromkeys(column for _at, look in looks for column in look.against)]
    alone = [(at, look) for at, look in looks if not look.against]
    keys = [f"{look.key} AS key{at}" for at, look in alone] + [f"{look.key} AS {look.columns[0]}" for look in against]
    return f"""of_{name} AS MATERIALIZED (
            SELECT p.id, p.archived_at, {", ".join(keys)} FROM (
                SELECT k.id, k.archived_at, {_prepared("k", [*(look for _at, look in alone), *against])}
                FROM customers_customer k
                WHERE k.base_id = %(base)s AND {_way(is_named, "k")} IN (SELECT {name} FROM fresh) OFFSET 0
            ) AS p
        ), """


def _prepared(alias: str, looks: Iterable[_Look]) -> str:
    """The texts that are compared, each in small letters once however many looks compare it."""
    names = dict.fromkeys(name for look in looks for name in look.compared)
    return ", ".join(f"{_text(alias, name)} AS {name}" for name in names)


def _keys(looks: Iterable[tuple[int, _Look]]) -> str:
    return ", ".join(f"{look.key} AS key{at}" for at, look in looks)


def _way(is_named: bool, alias: str) -> str:
    """As SQL what two must have in common to be compared: the names, or the e-mail address."""
    filled = " OR ".join(f"{alias}.{name} <> ''" for name in (_COLUMNS if is_named else ("email",)))
    return _hashed([_text(alias, name) for name in (_NAMES if is_named else ("email",))], filled)


def _hashed(texts: Iterable[str], condition: str) -> str:
    return f"CASE WHEN {condition} THEN hashtextextended(concat_ws(chr(31), {', '.join(texts)}), 0) END"


def _text(alias: str, name: str) -> str:
    match name:
        case "birthday":
            return f"coalesce({alias}.birthday::text, '')"
        case "day_of_birthday":
            return f"right({_text(alias, 'birthday')}, {len('MM-DD')})"
        case "firm":
            person = f"coalesce({alias}.last_name, '') = '' AND coalesce({alias}.first_name, '') = ''"
            return f"CASE WHEN {person} THEN {_text(alias, 'company')} ELSE '' END"
    return f"lower(coalesce({alias}.{name}, ''))"


_WAYS = {True: "names", False: "address"}
"""By whether a look is of people with the same names."""
