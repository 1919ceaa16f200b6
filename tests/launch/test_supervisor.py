"""Nothing that was started is left behind, however the end comes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from launch.folders import PROJECT
from launch.problem import CannotStart
from launch.supervisor import Supervisor

# Two programs, each with a child of its own; the stubborn one does not listen to SIGTERM.
SUPERVISE = """
import sys
from pathlib import Path
from launch.supervisor import Stopped, Supervisor
import launch.supervisor
launch.supervisor.STOP_SECONDS = 1
with Supervisor(Path(sys.argv[1])) as supervisor:
    try:
        first = supervisor.start("first", "sh", "-c", "sleep 300 & wait")
        stubborn = supervisor.start("stubborn", "sh", "-c", "trap '' TERM; sleep 300 & wait; sleep 300")
        print(first.process.pid, stubborn.process.pid, flush=True)
        supervisor.watch()
    except Stopped:
        print("stopped", flush=True)
"""


@pytest.fixture(autouse=True)
def _signals_as_before():
    """A supervisor of a whole program leaves the signals ignored; the tests go on."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def supervised(folder: Path) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(folder)],
        cwd=PROJECT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    leaders = [psutil.Process(int(number)) for number in process.stdout.readline().split()]
    deadline = time.monotonic() + 5
    while not all(leader.children() for leader in leaders) and time.monotonic() < deadline:
        time.sleep(0.02)
    return process, [*leaders, *(child for leader in leaders for child in leader.children())]


def alive(family: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; one that ended but was not waited for counts as gone."""
    return [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_every_program_and_its_children(tmp_path: Path, number: signal.Signals):
    process, family = supervised(tmp_path)
    assert len(alive(family)) == 4
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "stopped\n", "")
    assert alive(family) == []


def test_impatient_second_ctrl_c_leaves_nothing_behind(tmp_path: Path):
    process, family = supervised(tmp_path)
    for _ in range(2):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.3)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert alive(family) == []


def test_death_of_one_program_stops_the_others_and_is_named(tmp_path: Path):
    process, family = supervised(tmp_path)
    family[0].kill()
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, "")
    assert err.startswith(f"The first ended by SIGKILL. Its last lines, from {tmp_path / 'first.log'}:")
    assert alive(family) == []


def test_killed_supervisor_takes_its_programs_along(tmp_path: Path):
    process, family = supervised(tmp_path)
    process.kill()
    process.communicate()
    psutil.wait_procs(family[:2], timeout=5)
    left = alive(family)  # the children, which only their parents end
    for one in left:
        one.kill()
    assert not set(family[:2]) & set(left) or sys.platform != "linux"


def test_program_that_ends_by_itself_shows_its_last_lines(tmp_path: Path):
    with Supervisor(tmp_path) as supervisor:
        supervisor.start("web server", "sh", "-c", "for n in $(seq 100); do echo line $n; done; exit 3")
        with pytest.raises(CannotStart) as caught:
            supervisor.watch()
    sentence, *lines = caught.value.sentence.splitlines()
    assert sentence == f"The web server ended with exit code 3. Its last lines, from {tmp_path / 'web-server.log'}:"
    assert lines == [f"line {n}" for n in range(21, 101)]


def test_program_that_ends_without_an_error_is_missed_too(tmp_path: Path):
    with Supervisor(tmp_path) as supervisor:
        supervisor.start("worker", "true")
        with pytest.raises(CannotStart, match="The worker ended with exit code 0"):
            supervisor.watch()


def test_run_returns_the_output(tmp_path: Path):
    with Supervisor(tmp_path) as supervisor:
        assert supervisor.run("logins", "printf", "anna\nbodo\n") == "anna\nbodo\n"


def test_run_that_fails_is_named(tmp_path: Path):
    failed = pytest.raises(CannotStart, match=r"The migration ended with exit code 2\. .*\nno such table$")
    with Supervisor(tmp_path) as supervisor, failed:
        supervisor.run("migration", "sh", "-c", "echo no such table; exit 2")
