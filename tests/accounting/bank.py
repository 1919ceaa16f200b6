"""A writer of its own process that moves credit about at random, until somebody kills it.

As a program: arguments are the ids of base, organization, location and ledger, a seed, and the ids of the accounts. It
says "ready" when it has posted once.
"""

from __future__ import annotations

import json
import os
import random
import sys
from itertools import count

import psycopg

POST = "SELECT count(*) FROM accounting_post(%s, %s, 'bank', %s)"


def enter(line: psycopg.Connection[object], *, base: int, organization: int, location: int) -> None:
    """The transaction sees what one at this location sees."""
    for name, value in (("base", base), ("organization", organization), ("location", location)):
        line.execute("SELECT set_config(%s, %s, true)", [f"stammhaus.{name}", str(value)])


def work(
    address: str, base: int, organization: int, location: int, ledger: int, seed: int, accounts: list[int]
) -> None:
    """Transfers of one account to another, some of which are refused, each in a transaction of its own."""
    luck = random.Random(seed)
    with psycopg.connect(address) as line:
        for turn in count():
            debit, credit = luck.sample(accounts, 2)
            wanted = {
                "debit": debit, "credit": credit, "amount": f"{luck.randint(1, 400)}.{luck.randint(0, 99):02}",
                "kind": "correction", "reason": "x", "business_day": "2026-01-01", "key": f"{seed}-{turn}",
            }  # fmt: skip
            try:
                with line.transaction():
                    enter(line, base=base, organization=organization, location=location)
                    line.execute(POST, [base, ledger, json.dumps([wanted])])
            except psycopg.errors.CheckViolation:
                continue
            finally:
                if not turn:
                    os.write(1, b"ready\n")


if __name__ == "__main__":
    base, organization, location, ledger, seed, *accounts = map(int, sys.argv[1:])
    work(
        os.environ["DATABASE_URL"], base=base, organization=organization, location=location, ledger=ledger, seed=seed,
        accounts=accounts,
    )  # fmt: skip
