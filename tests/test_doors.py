"""What customers offers to the floors above it, and what it keeps to itself: a new module says which it is."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OFFERED = {
    "models", "choices", "querysets", "membership_querysets", "field_groups",
    "imports", "exports", "erasure", "history", "table", "consents",  # doors: their packages, and no module of theirs
    "memberships",  # as above
    "disclosures", "tombstones", "numbers", "statistics", "other_versions", "console", "demo", "filling", "edit_side",
    "write_order", "feed",
}  # fmt: skip
DOORS = {"imports", "exports", "erasure", "history", "table", "consents", "memberships"}


def _contract() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return next(one for one in contracts if one["name"] == "Floors above customers come in by its doors")


def test_every_module_of_customers_is_offered_or_forbidden():
    found = {path.stem for path in (ROOT / "customers").iterdir() if path.suffix == ".py" or path.is_dir()}
    found -= {"__init__", "__pycache__"}
    forbidden = {name.removeprefix("customers.") for name in _contract()["forbidden_modules"]}
    closed = {name for name in forbidden if not name.endswith(".*")}
    assert {name.removesuffix(".*") for name in forbidden - closed} == DOORS
    assert closed & OFFERED == set()
    assert found == closed | OFFERED
