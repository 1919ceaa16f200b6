"""Ten thousand nodes that call the web server of a central, played by one process: empty runs from hello to the end.

Web server and worker are those of `make run`, with the same processes and threads, on the database of the bench. Each
node has a location and a base 1.0 of its own. All have the same key, and what is measured is answered by the central as
in any other run: challenge, signature, token, hello, decision, acknowledgement.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import psutil
import urllib3
from django.db import connection
from django.utils import timezone

from bench.measure import Series
from bench.owner import as_owner
from clearing.branch.talking import CentralSide, Credentials
from clearing.branch.transport import Reply
from clearing.lives import current_life
from clearing.models import Node
from clearing.program import program_version
from clearing.protocol.keys import PrivateKey, issue_lease
from clearing.protocol.messages import Ack, Course, Decide, Decided, Hello
from clearing.protocol.parts import Manifest
from clearing.protocol.receipts import start_of_chain
from clearing.protocol.vocabulary import NOTHING
from launch import port
from locations.choices import OrganizationKind
from locations.models import Location, Organization
from locations.operations import Place, open_organization
from mcp.isolation import row_scope

ACCOUNT = 99_000
EVERY = 15 * 60
"""Seconds between two contacts of a node."""
THREADS = 24
"""Contacts that go on at the same time, at most."""
ALONE = 50
"""Contacts by which the cost of a single one is measured."""
START_SECONDS = 60
_BASES = """
    INSERT INTO locations_customerbase (organization_id, kind, branch_number)
    SELECT %(organization)s, 'offline', n FROM generate_series(2, %(last)s) AS n
"""
_LOCATIONS = """
    INSERT INTO locations_location (organization_id, kind, client_number, branch_number, name, street, postal_code,
        city, base_id, number_range, is_franchise)
    SELECT organization_id, 'branch', branch_number, branch_number, 'Filiale ' || branch_number, '', '', '', id,
        int4range(branch_number * 500, branch_number * 500 + 500), false
    FROM locations_customerbase WHERE organization_id = %(organization)s AND kind = 'offline'
"""


@dataclass
class Wire:
    """A transport that notes how long each request takes and how many bytes its bodies have."""

    url: str
    seconds: list[float] = field(default_factory=list)
    size: int = 0
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=THREADS))

    def send(self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str]) -> Reply:
        """Send it once."""
        started = time.perf_counter()
        response = self.pool.request(method, self.url + path, body=body, headers=dict(headers), retries=False)
        self.seconds.append(time.perf_counter() - started)
        self.size += len(body or b"") + len(response.data)
        return Reply(response.status, response.data, dict(response.headers))


@dataclass
class Caller:
    """One node as it knows itself."""

    node: UUID
    address: str
    key: PrivateKey
    receipt: str
    incarnation: UUID
    lease: str
    applied: int = 0

    def contact(self, wire: Wire) -> None:
        """An empty run. Raises what a refusal raises, and RuntimeError where it does not simply go on."""
        request = uuid4()
        central = CentralSide(
            wire, self.address, Credentials(self.node, self.incarnation, self.key, self.lease, request)
        )
        said = Hello(
            node=self.node, incarnation=self.incarnation, epoch="", applied=self.applied, receipt=self.receipt,
            counter=0, program=program_version(), clock=timezone.now(), free_bytes=10**10,
        )  # fmt: skip
        answer = central.hello(said)
        if answer.course is not Course.GO_ON:
            raise RuntimeError(answer.course)
        decided = central.decide(Decide(answer.cycle, request, self.receipt, Manifest()))
        if not isinstance(decided, Decided) or decided.answer.parts:
            raise RuntimeError(decided)
        central.renew(decided.lease)
        central.acknowledge(Ack(decided.cycle, decided.receipt))
        self.applied, self.receipt, self.lease = decided.cycle, decided.receipt, decided.lease


@dataclass(frozen=True, kw_only=True)
class Empty:
    """One empty run alone: the bytes of all its bodies, and milliseconds of the processor at the central."""

    bytes: float
    processor: float
    requests: int


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Many nodes: contacts, each request of theirs, those that failed, and what it took."""

    nodes: int
    contacts: int
    requests: Series
    errors: int
    late: float
    """Seconds that the last contact began later than it should have."""
    busy: float
    """Share of all cores that the central and its database took."""


def measured(*, nodes: int, minutes: float) -> tuple[Empty, Crowd]:
    """An empty run alone, and then so many nodes for so many minutes."""
    callers = _callers(nodes)
    with served() as (url, processes):
        alone = _alone(callers[:2], url, processes)
        return alone, _crowd(callers, url, processes, seconds=minutes * 60)


def _alone(callers: list[Caller], url: str, processes: list[psutil.Process]) -> Empty:
    first = Wire(url)
    for caller in callers:
        caller.contact(first)
    wire, before = Wire(url), _processor(processes)
    for _turn in range(ALONE // len(callers)):
        for caller in callers:
            caller.contact(wire)
    taken = _processor(processes) - before
    return Empty(bytes=wire.size / ALONE, processor=taken / ALONE * 1000, requests=len(wire.seconds) // ALONE)


def _crowd(callers: list[Caller], url: str, processes: list[psutil.Process], *, seconds: float) -> Crowd:
    wire, errors, late = Wire(url), 0, 0.0
    contacts = int(seconds * len(callers) / EVERY)
    before, started = _processor(processes), time.perf_counter()

    def one(number: int) -> float:
        behind = time.perf_counter() - started - number * EVERY / len(callers)
        callers[number % len(callers)].contact(wire)
        return behind

    with ThreadPoolExecutor(THREADS) as threads:
        going = []
        for number in range(contacts):
            time.sleep(max(0.0, started + number * EVERY / len(callers) - time.perf_counter()))
            going.append(threads.submit(one, number))
        for each in going:
            try:
                late = max(late, each.result())
            except Exception as error:
                errors += 1
                print(f"A contact failed: {error!r}", flush=True)
    taken, passed = _processor(processes) - before, time.perf_counter() - started
    return Crowd(
        nodes=len(callers), contacts=contacts, requests=Series(tuple(wire.seconds)), errors=errors, late=late,
        busy=taken / passed / (os.cpu_count() or 1),
    )  # fmt: skip


# --- the nodes ----------------------------------------------------------------------------------------------------


def _callers(count: int) -> list[Caller]:
    """So many nodes that nobody has heard of yet, each with a location of its own."""
    key = PrivateKey.make()
    with as_owner(), row_scope.without_scope(reason="nodes for the bench", actor="bench"):
        place = Place(name="Zentrale")
        number = ACCOUNT + Organization.objects.filter(account_number__gte=ACCOUNT, account_number__lt=100_000).count()
        group = open_organization(
            account_number=number, name=f"Bench {number}", kind=OrganizationKind.CENTRAL_GROUP, place=place
        )
        with connection.cursor() as cursor:
            for statement in (_BASES, _LOCATIONS):
                cursor.execute(statement, {"organization": group.pk, "last": count + 1})
        places = list(Location.objects.select_related("organization").filter(organization=group, base__kind="offline"))
        made = [_paired(place, key) for place in places]
        Node.objects.bulk_create([node for node, _caller in made], batch_size=1_000)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return [caller for _node, caller in made]


def _paired(place: Location, key: PrivateKey) -> tuple[Node, Caller]:
    """A node that has just been paired, as the central knows it, and as it knows itself."""
    pk, incarnation = uuid4(), uuid4()
    lease, receipt = issue_lease(node=pk, cycle=0), start_of_chain(node=pk, epoch=current_life())
    node = Node(
        id=pk, organization_id=place.organization_id, base_id=place.base_id, location=place, name="Kasse",
        public_key=key.public.text, paired_by="bench", receipt=receipt,
        told_vocabulary=NOTHING.to_json(), lease=lease.stored, incarnation=incarnation,
    )  # fmt: skip
    return node, Caller(pk, place.address, key, receipt, incarnation, lease.secret)


# --- the central --------------------------------------------------------------------------------------------------


@contextmanager
def served() -> Iterator[tuple[str, list[psutil.Process]]]:
    """Web server and worker; their address, and they and the database server as processes."""
    number = _free_port()
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "mcp.project.settings", "PUBLIC_URL": f"http://{port.HOST}:{number}/",
        "LOG_LEVEL": "ERROR",
    }  # fmt: skip
    commands = (
        ("-m", "gunicorn", "mcp.project.wsgi:application", "--no-control-socket", "--bind", f"{port.HOST}:{number}",
         "--workers", "2", "--threads", "4", "--keep-alive", "0", "--log-level", "error"),
        ("manage.py", "procrastinate", "worker", "--concurrency", "2"),
    )  # fmt: skip
    started = [subprocess.Popen([sys.executable, *command], env=environment) for command in commands]
    try:
        until = time.monotonic() + START_SECONDS
        while port.status(number, "/login/") is None:
            if time.monotonic() > until:
                raise RuntimeError("The web server does not answer.")
            time.sleep(0.2)
        yield f"http://{port.HOST}:{number}", [*(psutil.Process(one.pid) for one in started), _database_server()]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((port.HOST, 0))
        return int(probe.getsockname()[1])


def _database_server() -> psutil.Process:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [backend] = cursor.fetchone()
    parent = psutil.Process(backend).parent()
    assert parent is not None
    return parent


def _processor(processes: list[psutil.Process]) -> float:
    """Seconds of the processor that these and all that they have started have taken, those that ended included."""
    total = 0.0
    for process in processes:
        for one in (process, *process.children(recursive=True)):
            try:
                times = one.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + (times.children_user + times.children_system if one == process else 0)
    return total
