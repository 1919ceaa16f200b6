"""A central and a branch as processes of their own, each with a database of its own, and the line between.

both = Installations(central_server, branch_server, warm, folder)
with both:
    both.open()                        new copies of the paired databases
    both.serve()
    both.points.at("C2", lambda held: both.kill_web())
    ended = both.run("C2")             the branch reconciles; at C2 the central's web server is killed
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import psycopg

from tests.clearing.installation.line import Line
from tests.clearing.installation.points import AT_WORKER, POINTS, Points
from tests.clearing.installation.servers import Server
from tests.isolation.faults.warm import Warm, Work

SECONDS = 60
REFUSED = 3
"""How a branch ends that was told why not, by a sentence."""


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it said."""

    code: int
    said: str

    @property
    def is_done(self) -> bool:
        return self.code == 0

    @property
    def is_refused(self) -> bool:
        return self.code == REFUSED

    def demand_done(self) -> None:
        assert self.is_done, self.said


@dataclass
class Installations:
    """Both sides. `names` are their databases."""

    central: Server
    branch: Server
    warm: Warm
    folder: Path
    names: dict[str, str] = field(default_factory=lambda: {"central": "central", "branch": "branch"})
    later: float = 0
    """By how many seconds the clocks of both sides are later."""
    branch_later: float = 0
    """By how many more that of the branch is."""
    instead: dict[str, Any] = field(default_factory=dict)
    """What has another value in all processes, by its dotted name."""
    twists: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    """What else is different in the processes of a side (see twists.py)."""
    template: Path = Path()
    """The folder that both servers were copied from; for who makes another one."""

    def __post_init__(self) -> None:
        self.points = Points(self.folder)
        self.line = Line(self.points)
        self.port = free_port()
        self._web: Work | None = None
        self._worker: Work | None = None
        self._running: Work | None = None
        self._at_web: tuple[str, ...] = ()
        self._looking = threading.local()
        self.points.afterwards = self.look_no_more

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_serving()
        self.stop_working()
        self.look_no_more()
        self.line.close()
        self.points.close()

    # --- databases ------------------------------------------------------------------------------------------------

    def open(self, name: str = "now") -> None:
        """Both sides anew, as they were after their first run."""
        self.points.forget()
        self.line.forget()
        self.later = self.branch_later = 0
        self.instead = {}
        self.twists.clear()
        for side in ("central", "branch"):
            self.names[side] = f"{side}_{name}"
            self.server(side).copy(side, self.names[side])
        self.ask("branch", "UPDATE clearing_ownnode SET central_url = %s", f"http://127.0.0.1:{self.line.port}")

    def forget(self) -> None:
        """Let the databases go."""
        self.look_no_more()
        self.stop_serving()
        self.stop_working()
        for side in ("central", "branch"):
            self.server(side).drop(self.names[side])
            self.server(side).drop(f"{self.names[side]}_backup")

    def back_up(self, side: str) -> None:
        """Keep the database of a side as it is now."""
        self.copy(side, f"{self.names[side]}_backup")

    def copy(self, side: str, name: str) -> None:
        """Another database like that of the side, on which nobody else works."""
        self.look_no_more()
        self.server(side).copy(self.names[side], name)

    def restore(self, side: str, *, life: str) -> None:
        """It becomes what was kept. With another life it says so."""
        self.look_no_more()
        self.server(side).rename(f"{self.names[side]}_backup", self.names[side])
        self.server(side).set_life(self.names[side], life)

    def use(self, side: str, server: Server) -> None:
        """The databases of a side lie on another server from now on."""
        if side == "central":
            self.central = server
        else:
            self.branch = server

    def server(self, side: str) -> Server:
        return self.central if side == "central" else self.branch

    def ask(self, side: str, question: str, *parameters: Any) -> list[Any]:
        """The rows that the question finds at a side, whoever they belong to; none for a statement."""
        found = self.looking(side).execute(question.encode(), parameters or None)
        return found.fetchall() if found.description else []

    def looking(self, side: str) -> psycopg.Connection[Any]:
        """This thread's connection to a side."""
        known: dict[str, psycopg.Connection[Any]] = self._looking.__dict__
        connection = known.get(side)
        if connection is not None and not _is_usable(connection, self.names[side]):
            connection.close()
            connection = None
        if connection is None:
            connection = known[side] = self.server(side).open(self.names[side])
        return connection

    def look_no_more(self) -> None:
        """Hang up, so that databases can be copied."""
        while self._looking.__dict__:
            self._looking.__dict__.popitem()[1].close()

    # --- processes ------------------------------------------------------------------------------------------------

    def begin(self, what: str, side: str, points: tuple[str, ...] = (), **more: Any) -> Work:
        """A process of this side that has begun with what it does."""
        known = POINTS | (AT_WORKER if what == "work" else {})
        at = {name: known[name][1:] for name in points if known[name][0] == side}
        return self.warm.do(
            what=what, side=side, database=self.server(side).url(self.names[side]), points=at,
            socket=str(self.points.path), instead=self.instead,
            twists=[[name, values] for at_side, name, values in self.twists if at_side == side],
            later=self.later + (self.branch_later if side == "branch" else 0), **more,
        )  # fmt: skip

    def twist(self, side: str, what: str, **values: Any) -> None:
        """Something is different in all processes of this side that begin from now on."""
        self.twists.append((side, what, values))

    def run(self, *points: str, **more: Any) -> Ended:
        """The branch reconciles."""
        self._running = None
        self._running = work = self.begin("run", "branch", points, **more)
        return self.end(work)

    def kill_run(self) -> None:
        """Kill the branch while it reconciles, wherever it is."""
        while self._running is None:  # it is at a point before this process has heard that it has begun
            time.sleep(0.001)
        os.kill(self._running.process, signal.SIGKILL)

    def call(self, side: str, function: str, **arguments: Any) -> Any:
        """What a function of the tests returns at this side."""
        ended = self.end(self.begin("call", side, function=function, arguments=arguments))
        ended.demand_done()
        return json.loads(ended.said.splitlines()[-1])

    def end(self, work: Work) -> Ended:
        """Wait for it, meanwhile others may ask the warm process."""
        wait_for(work.process)
        return Ended(work.ended(), work.said.read_text())

    def serve(self, *points: str) -> None:
        """The central's web server begins."""
        self._at_web = points or self._at_web
        self.line.to = self.port
        self._web = self.begin("serve", "central", self._at_web, port=self.port)
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as found:
                    is_there = found.getsockname() != found.getpeername()  # else it has called itself
            except OSError:
                is_there = False
            if not is_there:
                assert time.monotonic() < deadline, self._web.said.read_text()
                time.sleep(0.005)
            else:
                return

    def stop_serving(self) -> None:
        self._at_web = ()
        self._web = _killed(self._web)

    def kill_web(self) -> None:
        """The machine's memory is full, or somebody has killed the wrong process; and it is started again."""
        self._web = _killed(self._web)
        self.serve()

    def memory_of_web(self) -> int:
        """The most that the central's web server has ever held, in kilobytes."""
        assert self._web is not None
        arbiter, deadline = psutil.Process(self._web.process), time.monotonic() + SECONDS
        while not (workers := arbiter.children()):  # it listens before it has begun with one
            assert time.monotonic() < deadline, self._web.said.read_text()
            time.sleep(0.005)
        found = [re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{one.pid}/status").read_text()) for one in workers]
        return max(int(one[1]) for one in found if one)

    def work(self, *points: str) -> None:
        """The central's worker begins."""
        self._worker = self.begin("work", "central", points)

    def stop_working(self) -> None:
        self._worker = _killed(self._worker)

    def kill_worker(self) -> None:
        """And the next one finds what it had left."""
        self._worker = _killed(self._worker)
        self.ask("central", "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 day'")
        self.call("central", "tests.clearing.installation.calls.resume_jobs")
        self.work()


def _is_usable(connection: psycopg.Connection[Any], name: str) -> bool:
    """Whether it leads to the database of this name, and its server was not killed since."""
    if connection.closed or connection.info.dbname != name:
        return False
    ready, _writing, _broken = select.select([connection.fileno()], [], [], 0)
    return not ready  # there is nothing to read from a server that has not hung up


def _killed(work: Work | None) -> Work | None:
    """Kill it with all that it has begun; what is there then, which is nothing."""
    if work is not None:
        with suppress(ProcessLookupError):
            os.killpg(work.process, signal.SIGKILL)
        work.ended()
    return None


def wait_for(process: int) -> None:
    """Wait until it has ended, however; it is not ours, so nothing is reaped here."""
    found = os.pidfd_open(process)
    try:
        assert select.select([found], [], [], SECONDS)[0], f"{process} does not end"
    finally:
        os.close(found)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
