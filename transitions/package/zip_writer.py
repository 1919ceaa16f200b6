"""A package in the making: its files, one after the other, as the bytes of one zip.

    packing = Packing(package, actor)
    for part in packing.parts(cursor):
        …
    packing.manifest

What is in it was decided by the execution (TransitionCustomer). `cursor` reads in one transaction that sees one moment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any, BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.db.backends.utils import CursorWrapper
from django.db.models import Exists, OuterRef
from django.utils import timezone
from psycopg.sql import SQL, Composable

from customers import exports
from customers.models import Customer
from customers.querysets import CustomerQuerySet
from customers.table import PackageResource
from files.outlet import Outlet, blocks_of
from mcp.isolation.scope import Scope
from spreadsheets import open_writer
from transitions.archive.package_format import (
    COLUMNS,
    CONSENTS,
    CUSTOMERS,
    FORMAT,
    GIVEN,
    GROUPS,
    MANIFEST,
    README,
    TAGS,
    VERSION,
    WITHDRAWN,
    FileFacts,
    Manifest,
    Purpose,
    left_behind,
)
from transitions.archive.withdrawals_format import KEY
from transitions.models import Package, Transition, TransitionCustomer
from transitions.package.readme import readme
from transitions.query_settings import set_by_set
from transitions.withdrawals.making import public_key, withdrawals_since

_CARRIED = """transitions_transitioncustomer AS picked
    WHERE picked.base_id = {base} AND picked.transition_id = {transition} AND picked.reason = ''
    AND picked.customer_id <> ALL ({withdrawn}::bigint[])"""
_STATEMENTS = {
    CONSENTS: f"""
        SELECT picked.customer_number, consent.purpose,
            CASE WHEN consent.is_given THEN '{GIVEN}' ELSE '{WITHDRAWN}' END,
            to_char(consent.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'),
            consent.source, consent.wording_version, consent.receiver, consent.evidence, consent.recorded_by,
            place.client_number, consent.given_to
        FROM customers_consent AS consent LEFT JOIN locations_location AS place ON place.id = consent.location_id,
            {_CARRIED}
            AND consent.base_id = picked.base_id AND consent.customer_id = picked.customer_id
            AND consent.struck_out_at IS NULL
        ORDER BY picked.customer_number, consent.at, consent.purpose, consent.is_given, consent.receiver, consent.id""",
    GROUPS: f"""
        SELECT kind.name, kind.price_level, kind.discount FROM customers_customergroup AS kind
        WHERE kind.base_id = {{base}} AND kind.id IN (
            SELECT customer.customer_group_id FROM customers_customer AS customer, {_CARRIED}
            AND customer.base_id = picked.base_id AND customer.id = picked.customer_id
        ) ORDER BY kind.name COLLATE "C\"""",
    TAGS: f"""
        SELECT DISTINCT unnest(customer.tags) COLLATE "C" FROM customers_customer AS customer, {_CARRIED}
            AND customer.base_id = picked.base_id AND customer.id = picked.customer_id ORDER BY 1""",
}
_GONE = f"""
    SELECT count(*) FROM {_CARRIED}
        AND NOT EXISTS (SELECT FROM customers_customer AS customer
                        WHERE customer.base_id = picked.base_id AND customer.id = picked.customer_id)"""
_PURPOSES = f"""
    SELECT purpose.code, purpose.name, purpose.wording, purpose.wording_version, purpose.holds_for_receiver
    FROM customers_consentpurpose AS purpose WHERE purpose.organization_id = {{organization}} AND purpose.code IN (
        SELECT consent.purpose FROM customers_consent AS consent, {_CARRIED}
        AND consent.base_id = picked.base_id AND consent.customer_id = picked.customer_id
        AND consent.struck_out_at IS NULL
    ) ORDER BY purpose.code"""


class Archive:
    """A zip that is sent while it is written. `files` has size and SHA-256 of each finished file."""

    def __init__(self, at: datetime) -> None:
        self.files: dict[str, FileFacts] = {}
        self._outlet, self._at = Outlet(), timezone.localtime(at).timetuple()[:6]
        self._zip = ZipFile(cast(BinaryIO, self._outlet), "w", ZIP_DEFLATED)

    def add(self, name: str, parts: Iterable[bytes]) -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        info = ZipInfo(name, date_time=self._at)
        info.compress_type, info.external_attr = ZIP_DEFLATED, 0o644 << 16
        with self._zip.open(info, "w", force_zip64=True) as member:
            for part in parts:
                digest.update(part)
                size += len(part)
                member.write(part)
                yield self._outlet.drain()
        self.files[name] = {"size": size, "sha256": digest.hexdigest()}
        yield self._outlet.drain()

    def end(self) -> bytes:
        self._zip.close()
        return self._outlet.drain()


class Packing:
    """Writes one package.

    `actor` holds every right: who may hand over what was decided before.
    """

    def __init__(self, package: Package, transition: Transition, actor: Scope) -> None:
        self._package, self._transition = package, transition
        self._actor, self._columns = actor, exported_columns(actor, transition.field_groups)
        self._copy: exports.CustomerCopy | None = None
        self._counts: dict[str, int] = {}
        self._ids = {
            "base": package.base_id, "transition": transition.pk, "organization": transition.organization_id,
            "withdrawn": [],
        }  # fmt: skip
        self._key = public_key(transition)
        self.withdrawn: list[int] = []
        """Who was carried over and has withdrawn since: not in it. Of no concern to the receiver of the package."""
        self.manifest: Manifest | None = None
        self.gone = 0
        """Who was to be carried over and is not in the base any more; of no concern to the receiver."""

    @property
    def record(self) -> dict[str, object]:
        """The manifest as the sender keeps it, with what concerns him alone."""
        return {**(self.manifest or {}), "gone": self.gone, "withdrew": len(self.withdrawn)}

    @property
    def customers(self) -> int:
        """How many are written so far."""
        return self._copy.rows if self._copy else 0

    def parts(self, cursor: CursorWrapper) -> Generator[bytes]:
        """The bytes of the zip, some hundred kilobytes at a time; the same for the same customers."""
        archive = Archive(self._package.created_at)
        self.withdrawn = self._ids["withdrawn"] = self._withdrawn(cursor)
        with set_by_set(cursor):
            yield from self._members(archive, cursor)
        yield archive.end()

    def _withdrawn(self, cursor: CursorWrapper) -> list[int]:
        sql, values = withdrawals_since(self._transition).values_list("customer", flat=True).query.sql_with_params()
        cursor.execute(sql, values)
        return sorted({pk for (pk,) in cursor.fetchall()})

    def _members(self, archive: Archive, cursor: CursorWrapper) -> Iterator[bytes]:
        customers, columns = self._customers(), self._columns
        self._copy = exports.copy(customers=customers, columns=columns, cursor=cursor, actor=self._actor)
        with closing(self._copy) as parts:
            yield from archive.add(CUSTOMERS, parts)
        for name, statement in _STATEMENTS.items():
            yield from archive.add(name, self._table(name, self._sql(statement), cursor))
        self.manifest = self._described(cursor)
        yield from archive.add(README, [readme(self.manifest).encode()])
        self.manifest["files"] = archive.files.copy()
        yield from archive.add(MANIFEST, [json.dumps(self.manifest, ensure_ascii=False, indent=1).encode()])

    def _customers(self) -> CustomerQuerySet:
        return carried(self._package.base_id, self._transition).exclude(pk__in=self.withdrawn)

    def _sql(self, statement: str) -> Composable:
        return SQL(statement).format(**self._ids)

    def _table(self, name: str, statement: Composable, cursor: CursorWrapper) -> Iterator[bytes]:
        headings, file = COLUMNS[name], Outlet()
        copying = SQL("COPY ({}) TO STDOUT (NULL '')").format(statement)
        self._counts[name] = 0
        raw: Any = cursor
        with open_writer(cast(BinaryIO, file), profile="plain") as writer, raw.copy(copying) as lines:
            writer.write_headings(headings)
            for block in blocks_of(lines):
                self._counts[name] += block.count(b"\n")
                writer.write_copied(block, ["text"] * len(headings))
                yield file.drain()
        yield file.drain()

    def _described(self, cursor: CursorWrapper) -> Manifest:
        """The manifest, without the files."""
        row, package = self._transition, self._package
        account: Any = row.receiver_account  # neither is null once it is executed
        client: Any = row.receiver_client_number
        [[self.gone]] = self._rows(_GONE, cursor)
        return {
            "format": FORMAT,
            "version": VERSION,
            "transition": str(row.pk),
            "kind": row.kind,
            "from": {
                "account_number": row.organization.account_number,
                "name": row.organization.name,
                "location": {"client_number": row.location.client_number, "name": row.location.name},
            },
            "to": {
                "account_number": account,
                "client_number": client,
                "name": row.receiver_name,
            },
            "executed_at": _moment(row.executed_at),
            "made_at": _moment(package.created_at),
            "made_by": package.user_name,
            "basis": row.basis,
            "ground": row.ground,
            "confirmed_by": row.confirmed_by,
            KEY: self._key,
            "field_groups": list(row.field_groups),
            "counts": {
                "customers": self.customers,
                "consents": self._counts[CONSENTS],
                "groups": self._counts[GROUPS],
                "tags": self._counts[TAGS],
            },
            "purposes": [_purpose(*values) for values in self._rows(_PURPOSES, cursor)],
        }

    def _rows(self, statement: str, cursor: CursorWrapper) -> list[tuple[Any, ...]]:
        cursor.execute(self._sql(statement).as_string())
        return cursor.fetchall()


def _purpose(code: str, name: str, wording: str, wording_version: str, holds_for_receiver: bool) -> Purpose:
    return Purpose(
        code=code, name=name, wording=wording, wording_version=wording_version, holds_for_receiver=holds_for_receiver
    )  # fmt: skip


def exported_columns(actor: Scope, field_groups: Iterable[str]) -> list[str]:
    """The columns of customers.csv: all of the export but those of groups of fields that were not chosen, and the uid.

    What was said about consents has a file of its own.
    """
    without = left_behind(field_groups)
    return [name for name in exports.own_columns(actor) if name not in without]


def fields_in(field_groups: Iterable[str]) -> set[str]:
    """The fields of a customer that a package with these groups of fields reveals."""
    return PackageResource.told_by(set(PackageResource().export_columns()) - left_behind(field_groups))


def carried(base: int, transition: Transition) -> CustomerQuerySet:
    """The customers that the execution has decided to carry over."""
    decided = TransitionCustomer.objects.filter(base=base, transition=transition, reason="", customer_id=OuterRef("pk"))
    return Customer.objects.filter(Exists(decided), base=base)


def _moment(at: datetime | None) -> str:
    return at.astimezone(timezone.get_default_timezone()).isoformat() if at else ""
