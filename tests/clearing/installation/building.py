"""The folder of a stopped server with two databases that are paired: `central` and `branch`. Made once, then copied.

The central is that of the cast, with sixty customers in the base 1.0 of Lübeck and Kiel; the branch was set up at
Lübeck, has paired over the line and reconciled.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

from launch import folders
from tests import cast_database
from tests.clearing.installation.servers import Server, carry_over
from tests.isolation.faults.warm import Warm, warm_process

ACCOUNT, CLIENT, BRANCH_NUMBER = 10400, 4, 4
FIRST, CUSTOMERS = 1001, 60
"""The customer numbers that there are from the start."""
WORDS = (
    "salutation", "title", "first_name", "alias", "company", "vat_id", "street", "address_extra", "po_box",
    "postal_code", "phone_private", "phone_business", "mobile", "fax", "email", "website", "language",
    "payment_method", "iban", "bic", "bank", "loss_reason", "blocked_reason", "memo", "archived_reason",
)  # fmt: skip
"""Columns of a customer that are empty where nothing is said."""
NEW = f"""INSERT INTO customers_customer (organization_id, base_id, uid, customer_number, last_name, city, tags,
        customer_group_id, home_location_id, is_favourite, is_blocked, country, {", ".join(WORDS)})
    SELECT base.organization_id, base.id, %(uid)s::uuid, %(number)s, %(last_name)s, %(city)s, %(tags)s::text[],
        (SELECT id FROM customers_customergroup WHERE base_id = base.id AND name = %(group)s),
        (SELECT id FROM locations_location WHERE base_id = base.id AND client_number = {CLIENT}),
        false, false, 'DE', {", ".join("''" for _ in WORDS)}
    FROM locations_customerbase AS base WHERE base.kind = 'offline'"""
CONSENT = f"""INSERT INTO customers_consent (organization_id, base_id, customer_id, location_id, purpose, is_given, at,
        source, recorded_by, recorded_at, wording_version, evidence)
    SELECT customer.organization_id, customer.base_id, customer.id, (
            SELECT id FROM locations_location WHERE base_id = customer.base_id AND client_number = {CLIENT}
        ), 'newsletter', %(is_given)s, %(at)s::timestamptz, 'counter', 'dirk', %(at)s::timestamptz, '', ''
    FROM customers_customer AS customer WHERE customer.uid = %(uid)s::uuid"""
GROUP = """INSERT INTO customers_customergroup (base_id, name, discount)
    SELECT id, unnest(ARRAY['Firmen', 'Gäste']), 0 FROM locations_customerbase WHERE kind = 'offline'"""
TAG = """INSERT INTO customers_tag (base_id, name)
    SELECT id, unnest(ARRAY['VIP', 'Neu']) FROM locations_customerbase WHERE kind = 'offline'"""
BUYER = 999
"""The number of a customer with an account, whom no other edit is about."""
SOLD = f"""INSERT INTO accounting_branchorder (organization_id, base_id, location_id, key, uid, number, device,
        business_day, total, lines, fiscal, reasons)
    SELECT base.organization_id, base.id,
        (SELECT id FROM locations_location WHERE base_id = base.id AND client_number = {CLIENT}),
        %(key)s, %(uid)s::uuid, '', 'Kasse', current_date, 5.00,
        '[{{"text": "Brot", "quantity": "1", "amount": "5.00", "vat_rate": "7.00"}}]', '{{}}', '[]'
    FROM locations_customerbase AS base WHERE base.kind = 'offline'"""
EMPTY = "SET session_replication_role = replica; TRUNCATE {tables} CASCADE"
"""Without the triggers, which keep what is only added."""
_TABLES = """SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'
    AND tablename ~ '^(locations|mcp|customers|accounting|api|clearing|transitions|files|pghistory)_'"""
_MADE_OF = ("clearing/**/*.py", "customers/**/*.py", "accounting/at_branch/*.py",
            "tests/clearing/installation/building.py", "tests/clearing/installation/calls.py")  # fmt: skip


def uid_of(number: int) -> str:
    """Whom a test registers: the same each time."""
    return f"00000000-0000-4000-8000-{number:012d}"


def _parent() -> Path:
    return folders.for_tests().with_name(f"{folders.for_tests().name}-installations")


def template(cast_url: str) -> Path:
    """The folder of the stopped server; made where there is none of this state of the files.

    `cast_url` is the database with the cast, as its owner.
    """
    parent = _parent()
    parent.mkdir(mode=0o711, exist_ok=True)
    (parent / "project").write_text(str(folders.PROJECT), encoding="utf-8")  # see launch/folders.py
    lock = os.open(parent / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = parent / _state_of_files()
        if not made.exists():
            for old in parent.glob("t_*"):
                shutil.rmtree(old, ignore_errors=True)
            unfinished = parent / "unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            _make(unfinished, cast_url)
            unfinished.rename(made)
    finally:
        os.close(lock)
    return made


def _state_of_files() -> str:
    digest = hashlib.sha256(cast_database.state_of_files().encode())
    for path in sorted({path for pattern in _MADE_OF for path in folders.PROJECT.glob(pattern)}):
        digest.update(path.read_bytes())
    return f"t_{digest.hexdigest()[:12]}"


def _make(folder: Path, cast_url: str) -> None:
    from tests.clearing.installation.world import Installations  # noqa: PLC0415 - it builds upon this module

    folder.mkdir()
    server = Server(folder)
    server.start()
    try:
        for statement in (
            "ALTER ROLE stammhaus_web SET synchronous_commit = on",
            "ALTER SYSTEM SET deadlock_timeout = '100ms'",
            "ALTER SYSTEM SET autovacuum = off",
        ):
            server.ask("postgres", statement)
        carry_over(cast_url, server, "central")
        server.copy("central", "branch")
        [[tables]] = server.ask("branch", _TABLES)
        server.ask("branch", EMPTY.format(tables=tables))
        server.ask("branch", _side("branch"))
        _fill(server)
        with warm_installation(server, folder) as warm, Installations(server, server, warm, folder) as both:
            both.call("branch", "tests.clearing.installation.calls.set_up")
            both.serve()
            code = both.call("central", "tests.clearing.installation.calls.pairing_code")
            both.call("branch", "tests.clearing.installation.calls.pair", code=code, port=both.line.port)
            both.call("central", "tests.clearing.installation.calls.open_account")
            both.run().demand_done()
            both.stop_serving()
    finally:
        server.stop()
    for left in (*folder.glob("*.txt"), folder / "points"):
        left.unlink(missing_ok=True)


def _side(side: str) -> str:
    return (
        "CREATE OR REPLACE FUNCTION public.locations_side() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE "
        f"AS $$ SELECT '{side}' $$"
    )


def _fill(server: Server) -> None:
    with server.open("central") as connection:
        connection.execute("UPDATE locations_customerbase SET edit_side = 'both' WHERE kind = 'offline'")
        for statement in (GROUP, TAG):
            connection.execute(statement)
        for number in (BUYER, *range(FIRST, FIRST + CUSTOMERS)):
            connection.execute(NEW, new_customer(number))
            if number % 3 == 0:
                connection.execute(CONSENT, {"uid": uid_of(number), "is_given": True, "at": "2026-03-02 12:00+00"})


def new_customer(number: int, **values: Any) -> dict[str, Any]:
    """The parameters of NEW."""
    return {
        "uid": uid_of(number), "number": number, "last_name": f"Gast {number}", "city": f"Ort {number}",
        "tags": ["VIP"] if number % 4 == 0 else [], "group": "Gäste" if number % 5 == 0 else None, **values,
    }  # fmt: skip


def warm_installation(server: Server, folder: Path) -> Any:
    """The process of which installations are copied; `folder` takes what they say."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "AS_OWNER" and "PYTEST" not in name},
        "DATABASE_URL": server.url("central"), "DJANGO_SETTINGS_MODULE": "mcp.project.settings",
        "SECRET_KEY": "only-for-the-tests", "TOMBSTONE_KEY": "only-for-the-tests-too", "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    return warm_process(environment, folder, "tests.clearing.installation.warm")


__all__ = ["Warm", "template"]
