"""Runs a command and prints how much processor time it and everything it has started took, against a budget.

    python3 launch/spent.py 1500 2000 make check

The two budgets are in seconds: what the run should take, and what it may take at most. Beyond the second it prints a
warning but does not fail, because a second of a slow machine is worth less. Servers that outlive the process which has
started them are counted too: on Linux this process adopts them, and waits for them.
"""

import ctypes
import os
import resource
import sys
import time

PR_SET_CHILD_SUBREAPER = 36


def main(wanted: float, most: float, command: list[str]) -> int:
    """Run the command; returns its exit code."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    started = time.monotonic()
    process = os.posix_spawnp(command[0], command, os.environ)
    code = _code_of(process)
    is_all = _reap()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, minutes = used.ru_utime + used.ru_stime, (time.monotonic() - started) / 60
    print(
        f"\n{seconds:.1f} s of processor time in {minutes:.1f} minutes "
        f"({used.ru_utime:.0f} s in programs, {used.ru_stime:.0f} s in the system); "
        f"wanted are {wanted:.0f} s, at most {most:.0f} s",
        flush=True,
    )
    if not is_all:
        print("Something that was started still runs, and is not counted.", flush=True)
    if seconds > most:
        print("TOO DEAR: save or sample what was added; CONTRIBUTING.md, “What the checks may cost”.", flush=True)
    return code


def _code_of(process: int) -> int:
    """Wait for children until the command has ended; returns its exit code. (A server may run on without end.)"""
    code = None
    while code is None:
        ended, status = os.wait()
        if ended == process:
            code = os.waitstatus_to_exitcode(status)
    return code


def _reap(patience: float = 20) -> bool:
    """Wait for the other children, at most `patience` seconds; whether all have ended, and so are counted."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            ended, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if ended == 0:
            time.sleep(0.1)
    return False


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
