"""Starts programs, watches them, and stops them all at the end.

Each program leads a process group of its own: Ctrl-C at the terminal reaches only this process, which then ends the
groups.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from launch.folders import PROJECT
from launch.problem import CannotStart

STOP_SECONDS = 10
TURN_SECONDS = 0.05
SHOWN_LINES = 80
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Stopped(Exception):
    """Ctrl-C, or a signal that asks to stop."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A running program and the file that takes its output."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    is_meant_to_stay: bool

    def last_lines(self) -> str:
        """The last SHOWN_LINES lines of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-SHOWN_LINES:])

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the whole group, which may outlive its leader."""
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):  # nobody is left; macOS says so by the second
            return


class Supervisor:
    """Use it in a `with` statement: at its end everything that was started is stopped."""

    def __init__(self, logs: Path) -> None:
        """`logs` is the folder with one file for each program."""
        self._logs = logs
        self._programs: list[Program] = []
        self._asked_to_stop = False

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        for number in _SIGNALS:
            signal.signal(number, self._ask_to_stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # the end is bounded in time, and a half-done one leaves orphans
        self._stop_all()

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        """Only noted here: an exception at any point could lose a program that was just started."""
        self._asked_to_stop = True

    def start(self, name: str, *arguments: str) -> Program:
        """Start a program that is to run until the end. Raises Stopped or CannotStart as `check` does."""
        return self._start(name, arguments, is_meant_to_stay=True)

    def _start(
        self,
        name: str,
        arguments: tuple[str, ...],
        *,
        is_meant_to_stay: bool,
        environment: Mapping[str, str] | None = None,
    ) -> Program:
        self.check()
        log = self._logs / f"{name.replace(' ', '-')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=PROJECT,
                env=environment,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # one system call, and no thread runs here
            )
        program = Program(name=name, process=process, log=log, is_meant_to_stay=is_meant_to_stay)
        self._programs.append(program)
        return program

    def run(self, name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """Run a program to its end, in an environment of its own if one is given; returns its output.

        Raises CannotStart if it fails, and Stopped.
        """
        program = self._start(name, arguments, is_meant_to_stay=False, environment=environment)
        while program.process.poll() is None:
            self.check()
            time.sleep(TURN_SECONDS)
        self._programs.remove(program)
        if program.process.returncode:
            raise _ended(program)
        return program.log.read_text(errors="replace")

    def wait_until(self, condition: Callable[[], bool], *, seconds: float) -> bool:
        """Wait until `condition` is true; returns whether that was within `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            if condition():
                return True
            time.sleep(TURN_SECONDS)
        return False

    def watch(self) -> None:
        """Wait until somebody asks to stop (Stopped) or a program ends by itself (CannotStart)."""
        while True:
            self.check()
            time.sleep(TURN_SECONDS * 4)

    def check(self) -> None:
        """Raise Stopped after a signal, and CannotStart where a program has ended that is to run."""
        if self._asked_to_stop:
            raise Stopped
        for program in self._programs:
            if program.is_meant_to_stay and program.process.poll() is not None:
                raise _ended(program)

    def _stop_all(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        for program in self._programs:
            program.send(signal.SIGTERM)
        for program in self._programs:
            try:
                program.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
            finally:
                program.send(signal.SIGKILL)
                program.process.wait()
        self._programs.clear()


def _ended(program: Program) -> CannotStart:
    code = program.process.returncode
    how = f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
    return CannotStart(f"The {program.name} ended {how}. Its last lines, from {program.log}:\n{program.last_lines()}")


def _end_with_parent() -> None:
    """On Linux: have the program killed when this process is killed.

    A polite signal is not enough for a worker whose database ends at the same moment.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
