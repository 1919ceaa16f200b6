"""A worker that is killed anywhere while it makes a package: nobody gets half of one, and the next makes the same."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import pytest
from django.utils import timezone

from customers.choices import TRANSFER
from customers.models import Consent, Customer
from customers.transfer import chunks
from mcp.scope import Scope
from tests.isolation.faults.servers import variables
from tests.transitions.moving import exit_in, leaving
from transitions.choices import PackageState, State
from transitions.models import Package, PackageChunk
from transitions.package.making import is_ready, packages_of

pytestmark = [pytest.mark.isolation, pytest.mark.django_db(transaction=True)]

CUSTOMERS, KILLS = 4_000, 20
_WORK = """
import sys
import django
django.setup()
from transitions import package_tasks
print("ready", flush=True)
package_tasks.make_package.func(package=sys.argv[1])
"""


def fill(anna: Scope) -> None:
    rows = [
        Customer(
            organization=anna.organization, base=anna.base, customer_number=number, last_name=f"Gast {number}",
            memo="Notiz " * (number % 7),
        )
        for number in range(1, CUSTOMERS + 1)
    ]  # fmt: skip
    Customer.objects.bulk_create(rows)
    said = timezone.now()
    Consent.objects.bulk_create(
        Consent(
            organization=anna.organization, base=anna.base, customer=row, purpose=TRANSFER, is_given=True, at=said,
            source="form", recorded_by="Test", location=leaving(anna.organization.pk),
        )
        for row in rows
    )  # fmt: skip


def begin(package: Package) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WORK, str(package.pk)]
    worker = subprocess.Popen(command, env=variables(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    if worker.stdout.readline() != "ready\n":
        raise AssertionError(worker.communicate()[1])
    return worker


def finish(package: Package) -> bytes:
    """What a worker that nobody kills makes of it."""
    worker = begin(package)
    _out, said = worker.communicate(timeout=120)
    assert worker.returncode == 0, said
    package.refresh_from_db()
    assert package.state == PackageState.DONE, package.failure
    return b"".join(chunks.read(PackageChunk, file=package))


def test_a_killed_worker_leaves_what_the_next_one_makes_anew(cast, note):
    chance = random.Random(8)
    anna = cast.scope("anna", "Zentrale")
    fill(anna)
    transition = exit_in(cast, State.EXECUTED)
    package = Package.objects.get(transition=transition)
    worker, started = begin(package), time.perf_counter()
    worker.communicate(timeout=120)
    seconds = time.perf_counter() - started
    package.refresh_from_db()
    expected, hashed, landed = b"".join(chunks.read(PackageChunk, file=package)), package.sha256, 0
    for _kill in range(KILLS):
        PackageChunk.objects.filter(file=package).delete()
        Package.objects.filter(pk=package.pk).update(state=PackageState.WAITING, sha256="", size=0, manifest=None)
        worker = begin(package)
        time.sleep(chance.uniform(0, seconds))
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        package.refresh_from_db()
        landed += package.state == PackageState.DONE
        seen = packages_of(transition).get(pk=package.pk)
        assert is_ready(seen, now=timezone.now()) == (package.state == PackageState.DONE)
        if package.state != PackageState.DONE:
            assert finish(package) == expected
        assert package.sha256 == hashed
        assert package.total == CUSTOMERS
    note(f"{KILLS} workers killed in making a package ({landed} had just finished), each time the next made the same")
