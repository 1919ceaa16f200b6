"""Row 2: the disk of one side is full. It is refused with a sentence, and nothing is lost once there is room again.

The server of that side lies in a small file system in memory. Where none can be made, because that takes root, there
are no such cells.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from tests.clearing.faults.cells import Day, cell
from tests.clearing.installation.editing import Edits
from tests.clearing.installation.points import POINTS, Held
from tests.clearing.installation.servers import Server, running

FULL_FROM = {"B1": "", "B7": "B6", "C1": "B2", "C2": "B4"}
"""From where on the disk is full, so that it is at the point; from the start for the first."""
ROOM = 700 * 1024**2
LONG = 4_000
"""Characters that many customers have in their memo, so that what is written needs new pages."""


_MOUNT = ("mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=755", "none")


def _is_possible() -> bool:
    """Whether a small file system can be made here."""
    with TemporaryDirectory() as folder:
        mounted = (
            os.geteuid() == 0 and not subprocess.run([*_MOUNT, folder], capture_output=True, check=False).returncode
        )
        if mounted:
            subprocess.run(["umount", folder], check=True)
    return mounted


class Disk:
    """A small file system, which can be filled to its end."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._filler = folder, folder / "filler"

    def fill(self) -> None:
        with suppress(OSError), self._filler.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(64 * 1024))

    def empty(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Mounted as long as the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([*_MOUNT, str(folder)], check=True)
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def _full(day: Day, point: str, of_log: bool) -> None:
    side = "branch" if point.startswith("B") else "central"
    both = day.both
    usual = both.server(side)
    template, folder = both.template, usual.cluster.folder.with_name(f"small_{side}")
    both.forget()
    with small_disk(folder) as disk, running(template, folder / "server") as server:
        both.use(side, server)
        try:
            _day_with(day, point, server, disk, of_log=of_log)
        finally:
            disk.empty()
            both.forget()
            both.use(side, usual)
    both.open()


def _day_with(day: Day, point: str, server: Server, disk: Disk, *, of_log: bool) -> None:
    both = day.both
    both.open()
    day.edits = Edits(both, day.seed)
    day.edits.before()
    other = "central" if point == "B7" else "branch"
    for _time in range(40):
        day.edits.change(other, name="memo", word=day.edits.long_word(LONG))
    both.serve(*(name for name in POINTS if name.startswith("C")))

    def fill(_held: Held | None = None) -> None:
        disk.fill()
        if of_log:
            for _segment in range(40):
                with suppress(psycopg.Error):
                    server.ask("postgres", "SELECT pg_switch_wal()")
                    server.ask("postgres", "SELECT pg_logical_emit_message(true, 'full', 'x')")

    begins = FULL_FROM[point]
    if begins:
        both.points.at(begins, fill)
    else:
        fill()
    ended = day.run(*POINTS)
    if begins:
        both.points.demand_reached(begins)
    assert not ended.is_done, ended
    if not of_log:
        assert len(ended.said.strip()) > len("sentence")
    disk.empty()
    server.start()
    day.demand_right()


for _point in FULL_FROM if _is_possible() else ():
    cell("disk", f"full at {_point}", partial(_full, point=_point, of_log=False))
    cell("disk", f"no room for the log at {_point}", partial(_full, point=_point, of_log=True))
