"""The named points of a run, and who waits there: a test does something while an installation is held at one.

    points = Points(folder)
    points.at("C2", lambda held: held.kill())
    … the work begins, is told POINTS, and comes there …
    assert points.reached["C2"]

A process that comes to a point says so over a socket and waits for the answer. What shall happen there happens the
first time; whoever comes there later goes on. Points between two processes, in the line, are asked by `reach`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

POINTS: dict[str, tuple[str, str, str]] = {
    "B1": ("branch", "clearing.rows.parts.store", "after"),
    "B2": ("branch", "clearing.branch.running.cut", "after"),
    "B3": ("line", "PUT .*/parts/", "request"),
    "B4": ("branch", "clearing.branch.running._Run._decide", "before"),
    "B5": ("line", "GET .*/answer/", "answer"),
    "B6": ("branch", "clearing.branch.running._Run._fetch", "after"),
    "B7": ("branch", "clearing.branch.applying._Answer._apply", "after"),
    "B8": ("branch", "clearing.branch.running.apply_answer", "after"),
    "B9": ("branch", "clearing.branch.running._Run._keep", "before"),
    "C1": ("central", "clearing.central.receiving.keep_part", "after"),
    "C2": ("central", "clearing.central.deciding._Run._finish", "after"),
    "C3": ("central", "clearing.central.receiving._decide_cycle", "after"),
    "C4": ("central", "clearing.central.receiving.take_ack", "before"),
    "C5": ("central", "clearing.central.receiving.take_ack", "after"),
}
"""Where each is: at which side, the function, and whether before or after it; in the line half of a body has passed.

B1 before the cut is committed · B2 after · B3 within a part · B4 before the decision is asked for · B5 within the
download · B6 all is staged · B7 within applying · B8 applied and not acknowledged · B9 the lease has come and is not
stored · C1 while a part is staged · C2 before the decision is committed · C3 after it, before the answer · C4, C5
before and after the acknowledgement is kept.
"""

AT_WORKER = {"C3": ("central", "clearing.central.receiving._decide_left", "after")}
"""Where the worker decides, it is somewhere else."""


@dataclass(frozen=True)
class Held:
    """Who waits at a point: the process, and its session at the database. Both 0 in the line."""

    point: str
    process: int = 0
    session: int = 0

    def kill(self) -> None:
        os.kill(self.process, signal.SIGKILL)


type Action = Callable[[Held], None]


class Points:
    """Answers whoever comes to a point, one after the other, in a thread."""

    def __init__(self, folder: Path) -> None:
        self.reached: Counter[str] = Counter()
        self.broken: list[BaseException] = []
        """What has gone wrong in what a test does at a point; `demand_reached` raises it."""
        self.afterwards: Callable[[], None] = lambda: None
        """Done by the thread that has done something at a point."""
        self._actions: dict[str, Action] = {}
        self._turn = threading.Lock()
        self.path = folder / "points"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(self.path))
        self._socket.listen(20)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        self.path.unlink()

    def forget(self) -> None:
        """A new test begins."""
        self.reached.clear()
        self.broken.clear()
        self._actions.clear()

    def at(self, point: str, action: Action) -> None:
        """Do this when somebody comes to the point for the first time."""
        assert point in POINTS, point
        self._actions[point] = action

    def reach(self, held: Held) -> None:
        """Somebody is at a point; he goes on when this returns."""
        with self._turn:
            self.reached[held.point] += 1
            action = self._actions.pop(held.point, None)
            if action is not None:
                try:
                    action(held)
                except BaseException as error:
                    self.broken.append(error)
                finally:
                    self.afterwards()

    def demand_reached(self, point: str) -> None:
        """Raise what went wrong at the point, or AssertionError where nobody came there."""
        if self.broken:
            raise self.broken[0]
        assert self.reached[point], f"nobody came to {point}, only to {dict(self.reached)}"

    def _serve(self) -> None:
        while True:
            try:
                asking, _address = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(asking,), daemon=True).start()

    def _answer(self, asking: socket.socket) -> None:
        with asking:
            point, process, session = json.loads(asking.recv(1000))
            self.reach(Held(point, process, session))
            try:
                asking.sendall(b"go on")
            except OSError:  # it was killed there
                return
