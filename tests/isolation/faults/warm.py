"""A worker of which copies are made: it has loaded the product once, and each copy does one task and is killed or ends.

As a program it reads one order a line, as JSON, and answers with one line:
{"task": "customers.imports.tasks.apply_upload", "arguments": {…}, "said": file} forks a copy and gives its process id;
{"wait": id} gives how it ended. An order with "kill": [module, function, "before" | "after"] kills the copy at that
call. {"command": ["procrastinate", …], "said": file} has a copy do what `manage.py` does.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import Any

from django.core import management

TASKS = (
    "customers.imports.tasks",
    "customers.exports.tasks",
    "customers.bulk.tasks",
    "accounting.tasks",
    "transitions.tasks",
    "transitions.package.tasks",
)

type Call = tuple[str, str, str]
"""Module, function, and whether the copy is killed before or after it."""


@dataclass(frozen=True)
class Work:
    """One copy at its task."""

    process: int
    warm: Warm
    said: Path

    def kill(self) -> None:
        os.kill(self.process, signal.SIGKILL)
        assert self.ended() == -signal.SIGKILL, f"it had ended by itself: {self.said.read_text()}"

    def ended(self) -> int:
        """Wait for it; the exit code, negative for the signal that ended it."""
        code: int = self.warm.ask(wait=self.process)
        return code

    def finish(self) -> None:
        assert self.ended() == 0, self.said.read_text()


@dataclass
class Warm:
    """The process that is copied. Several threads may ask it, one after the other."""

    process: subprocess.Popen[str]
    folder: Path
    begun: int = 0
    turn: Any = field(default_factory=Lock)

    def begin(self, task: str, arguments: dict[str, Any], *, kill: Call | None = None) -> Work:
        """A copy that has begun with the task, named by module and function."""
        return self.do(task=task, arguments=arguments, kill=kill)

    def run(self, *command: str) -> Work:
        """A copy that does what `manage.py` does with the command."""
        return self.do(command=command)

    def do(self, **order: Any) -> Work:
        """A copy that has begun with what the order says."""
        self.begun += 1
        said = self.folder / f"{self.begun}.txt"
        return Work(self.ask(**order, said=str(said)), self, said)

    def ask(self, **order: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self.turn:
            print(json.dumps(order), file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
        assert answer, "the warm process has ended"
        return json.loads(answer)


@contextmanager
def warm_process(
    environment: dict[str, str], folder: Path, program: str = "tests.isolation.faults.warm"
) -> Iterator[Warm]:
    """Loads the product in this environment; `folder` takes what the copies say."""
    command = [sys.executable, "-m", program]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Warm(process, folder)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)


def serve() -> None:
    """Read orders until nobody gives any."""
    import django  # noqa: PLC0415 - the settings are those of the environment of this process alone

    django.setup()
    for module in TASKS:
        importlib.import_module(module)
    for line in sys.stdin:
        order = json.loads(line)
        answer = _ended(order["wait"]) if "wait" in order else _begun(order)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _begun(order: dict[str, Any]) -> int:
    process = os.fork()
    if process == 0:
        os._exit(_done(order))
    return process


def _ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _done(order: dict[str, Any]) -> int:
    """What the copy does; its exit code. Standard output is for the answers, so all that it says goes to a file."""
    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    try:
        if "command" in order:
            management.call_command(*order["command"])
            return 0
        if order["kill"]:
            _kill_at(*order["kill"])
        module, _dot, name = order["task"].rpartition(".")
        getattr(importlib.import_module(module), name).func(**order["arguments"])
    except BaseException:
        os.write(2, traceback.format_exc().encode())
        return 1
    return 0


def _kill_at(module: str, name: str, when: str) -> None:
    owner = importlib.import_module(module)
    real = getattr(owner, name)

    @wraps(real)
    def killing(*args: Any, **given: Any) -> None:
        if when == "after":
            real(*args, **given)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, killing)


if __name__ == "__main__":
    serve()
