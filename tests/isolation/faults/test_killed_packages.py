"""A worker that is killed anywhere while it makes a package: nobody gets half of one, and the next makes the same."""

from __future__ import annotations

import signal
from functools import partial

import pytest
from django.utils import timezone

from customers.choices import TRANSFER
from customers.models import Consent, Customer
from files import chunks
from files.choices import FileState
from files.lifecycle import is_ready
from mcp.isolation.scope import Scope
from tests.isolation.faults.points import killed_at, let_the_database_notice
from tests.isolation.faults.warm import Call, Warm, Work
from tests.states import set_back
from tests.transitions.moving import exit_in, leaving
from transitions.choices import TransitionState
from transitions.models import Package, PackageChunk, Transition
from transitions.package.lifecycle import PACKAGES, packages_of

pytestmark = [pytest.mark.isolation, pytest.mark.django_db(transaction=True)]

CUSTOMERS = 1_500
POINTS = ("transitions_package", "transitions_packagechunk")
"""The tables that are written as a package is begun."""
CALLS = (
    ("files.lifecycle", "advance", "after"),
    ("files.lifecycle", "end", "before"),
)
"""With the first pieces under way, and when all of them are there and only the end is missing."""


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


def begin(warm: Warm, package: Package, kill: Call | None = None) -> Work:
    return warm.begin("transitions.package.tasks.make_package", {"package": str(package.pk)}, kill=kill)


def finish(warm: Warm, package: Package) -> bytes:
    """What a worker that nobody kills makes of it."""
    begin(warm, package).finish()
    package.refresh_from_db()
    assert package.state == FileState.DONE, package.failure
    return b"".join(chunks.read(PackageChunk, file=package))


@pytest.mark.sample("workers killed and web processes", most=2)
@pytest.mark.about("files/lifecycle.py")
def test_a_killed_worker_leaves_what_the_next_one_makes_anew(cast, warm: Warm, note):
    fill(cast.scope("anna", "Zentrale"))
    transition = exit_in(cast, TransitionState.EXECUTED)
    package = Package.objects.get(transition=transition)
    expected, hashed = finish(warm, package), package.sha256
    PackageChunk.objects.filter(file=package).delete()
    set_back(package, state=FileState.WAITING, sha256="", size=0, manifest=None)
    for point in POINTS:
        killed_at(point, partial(begin, warm, package))
        assert nobody_gets_it(transition, package) == (FileState.WAITING, 0)
    for call in CALLS:
        assert begin(warm, package, call).ended() == -signal.SIGKILL
        let_the_database_notice()
        state, pieces = nobody_gets_it(transition, package)
        assert state == FileState.RUNNING
        assert pieces == (1 if call is CALLS[-1] else 0)
    assert finish(warm, package) == expected
    assert finish(warm, package) == expected, "made although it is there, it is another one"
    assert package.sha256 == hashed
    assert package.total == CUSTOMERS
    note(f"{len(POINTS) + len(CALLS)} workers killed in making a package, and the next made the same")


def nobody_gets_it(transition: Transition, package: Package) -> tuple[str, int]:
    """The package cannot be fetched; its state, and how many of its pieces are there."""
    seen = packages_of(transition).get(pk=package.pk)
    assert not is_ready(PACKAGES, seen, now=timezone.now())
    return seen.state, PackageChunk.objects.filter(file=package).count()
