"""`python -m bench`: fill a database of its own (once), measure, print the table."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from launch import folders
from launch.cluster import Cluster
from launch.embedded import Handle

if TYPE_CHECKING:
    from bench.fill import Size

QUICK = {
    "customers": 100_000, "locations": 1_000, "users": 2_000, "groups": 200, "rows": 100_000,
    "large": 800_000, "stock_rows": 5_000, "carried": 20_000, "edited": 5_000, "repeat": 8, "turns": 1,
    "loaded": 100_000, "changed": 20_000, "minutes": 1.0, "orders": 20_000, "documents": 200,
}  # fmt: skip

TABLES = ("pages", "isolation", "indexes", "import", "export", "carry-over", "after-edit", "bombs", "large", "clearing",
          "changes", "accounts", "billing", "debits")  # fmt: skip

OWN = frozenset({"large", "clearing", "changes", "accounts", "billing", "debits"})
"""Those with a database of their own; all but the first fill it themselves."""

# Django reads its settings when it is set up, so what needs models is imported inside of main(), after that.


def main() -> None:
    """Start a server, fill the database once, measure, and print the tables with their goals."""
    arguments = _arguments()
    name = "postgres-bench-quick" if arguments.quick else "postgres-bench"
    name += f"-{arguments.only}" if arguments.only in OWN else ""
    with Handle(Cluster(folder=folders.var() / name)) as server:
        os.environ.update(
            DATABASE_URL=server.url, DATABASE_OWNER_URL=server.owner_url, DJANGO_SETTINGS_MODULE="bench.settings"
        )
        _run(arguments)


def _run(arguments: argparse.Namespace) -> None:
    import django  # noqa: PLC0415 - the address of the database is known only now

    django.setup()
    from django.test.utils import setup_test_environment  # noqa: PLC0415 - needs the settings

    from bench import goals, report, tables  # noqa: PLC0415 - needs the models

    if arguments.only != "bombs":
        _fill(arguments)
    setup_test_environment()
    started = time.perf_counter()
    wanted: list[goals.Goal] = []
    for name, measure in tables.ALL.items():
        if arguments.only == name or (arguments.only is None and name not in tables.ON_DEMAND):
            begun = time.perf_counter()
            printed, reached = measure(arguments)
            wanted += reached
            print(f"{printed}\n\n{name}: {time.perf_counter() - begun:.0f} s\n", flush=True)
    if wanted:
        print(f"{goals.table(wanted)}\n", flush=True)
    print(f"{report.machine()}\nMeasured in {time.perf_counter() - started:.0f} s.")


def _fill(arguments: argparse.Namespace) -> None:
    """Only an empty database is filled; the next run measures on the same rows."""
    from django.core.management import call_command  # noqa: PLC0415 - needs the settings

    from bench.fill import Size, fill  # noqa: PLC0415 - needs the models
    from bench.owner import as_owner  # noqa: PLC0415 - needs the settings
    from locations.models import Organization  # noqa: PLC0415 - needs the models

    with as_owner():
        call_command("migrate", verbosity=0)
        if Organization.objects.exists():
            return
        if arguments.only == "large":
            _fill_large(arguments)
            return
        if arguments.only in OWN:
            return
        _fill_with(fill, Size, arguments)


def _fill_large(arguments: argparse.Namespace) -> None:
    from bench.large import fill  # noqa: PLC0415 - needs the models

    started = time.perf_counter()
    print(f"Filling {arguments.large:,} customers beside {arguments.customers:,} …", flush=True)
    fill(large=arguments.large, small=arguments.customers)
    print(f"They took {time.perf_counter() - started:.0f} s.", flush=True)


def _fill_with(fill: Callable[[Size], float], size_of: type[Size], arguments: argparse.Namespace) -> None:
    size = size_of(
        customers=arguments.customers,
        small=arguments.small,
        locations=arguments.locations,
        users=arguments.users,
        groups=arguments.groups,
    )
    print(f"Filling {size.customers:,} customers, {size.locations:,} locations, {size.users:,} users …", flush=True)
    started = time.perf_counter()
    print(f"The customers took {fill(size):.0f} s, with history and all indexes.", flush=True)
    print(f"All tables were filled in {time.perf_counter() - started:.0f} s.", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    for name, default in (("customers", 1_000_000), ("small", 10_000), ("locations", 10_000), ("users", 20_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--large", type=int, default=8_000_000, help="customers of the base of --only large")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the imported file")
    parser.add_argument("--stock-rows", type=int, default=100_000, help="that stock import-export is given")
    parser.add_argument("--groups", type=int, default=2_000)
    parser.add_argument("--carried", type=int, default=200_000, help="customers that a location takes along")
    parser.add_argument("--edited", type=int, default=20_000, help="customers that are changed at once after one edit")
    parser.add_argument("--loaded", type=int, default=1_000_000, help="customers of a branch's first run")
    parser.add_argument("--changed", type=int, default=100_000, help="customers that are changed between two runs")
    parser.add_argument("--debits", type=int, default=10_000, help="in one debit file")
    parser.add_argument("--nodes", type=int, default=10_000, help="branches that call the central")
    parser.add_argument("--minutes", type=float, default=10.0, help="for which they do, or tills sell")
    parser.add_argument("--orders", type=int, default=100_000, help="that are billed")
    parser.add_argument("--documents", type=int, default=1_000, help="invoices of which they are made")
    parser.add_argument("--only", choices=TABLES, help="one of the tables; without it, all that take no hours")
    parser.add_argument("--repeat", type=int, default=40, help="measured calls of each page")
    parser.add_argument("--turns", type=int, default=3, help="measured exports of a million customers")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, for daily use")
    if "--quick" in sys.argv:
        parser.set_defaults(**QUICK)
    return parser.parse_args()


if __name__ == "__main__":
    main()
