"""Each hole that Django and its libraries leave between businesses, bases and locations, probed with data that leaks.

The probes stand beside this file by subject. The same functions tell in test_guard_mutation.py whether a guard that
is switched off is missed.
"""

from __future__ import annotations

import importlib

import pytest

from tests.isolation.guards.probing import PROBES
from tests.isolation.guards.reach import Reach
from tests.isolation.guards.world import World

SUBJECTS = (
    "pages", "forms", "lists", "operations", "rights", "customers", "consents", "imports", "applying", "exports",
    "closed", "revoked", "leaving", "packages", "decisions", "erasing", "logins", "fields", "waiting", "bulk", "ways",
    "cards", "memberships", "nodes", "conflicts", "switching", "devices", "api", "accounts", "money", "switches",
    "invoices", "bank", "debits", "dunning", "mailing", "owners", "branch_orders", "overview", "downloads",
    "withheld", "collecting", "privacy", "undecided",
)  # fmt: skip
for subject in SUBJECTS:
    importlib.import_module(f"tests.isolation.guards.probes_{subject}")

pytestmark = pytest.mark.isolation


@pytest.mark.sample("holes", most=30)
@pytest.mark.parametrize("name", sorted(PROBES))
def test_hole_is_closed(world: World, db, reach: Reach, name):
    with world.undone() as twin, reach.noting(name):
        PROBES[name](twin)
