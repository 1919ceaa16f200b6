"""A run that fails ends with what failed and the command that repeats it; one that is too dear says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.proofs.closing import MOST, again

ROOT = Path(__file__).resolve().parents[2]


def test_few_failures_are_repeated_one_by_one():
    assert again(["tests/a.py::test_b[x y]"]) == ".venv/bin/python -m pytest 'tests/a.py::test_b[x y]'"


def test_many_failures_are_repeated_by_their_files():
    names = [f"tests/a{n % 2}.py::test_{n}" for n in range(MOST + 1)]
    assert again(names) == ".venv/bin/python -m pytest tests/a0.py tests/a1.py"


def spent(wanted: float, most: float, program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "launch/spent.py", str(wanted), str(most), sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_cost_of_a_run_is_told_with_its_budget():
    told = spent(50, 60, "pass")
    assert told.returncode == 0
    assert "s of processor time in" in told.stdout
    assert "wanted are 50 s, at most 60 s" in told.stdout


def test_run_that_costs_too_much_says_so():
    assert "TOO DEAR" in spent(0, 0, "sum(range(10**6))").stdout
    assert "TOO DEAR" not in spent(0, 60, "pass").stdout


def test_run_that_fails_fails_with_its_own_code():
    assert spent(50, 60, "raise SystemExit(3)").returncode == 3


SERVER = """
import subprocess, sys
busy = "import time; end = time.process_time() + 0.5\\nwhile time.process_time() < end: pass"
subprocess.Popen([sys.executable, "-c", busy], start_new_session=True)
"""


def test_what_outlives_its_starter_counts_as_well():
    """A server of the database is started by a program that ends before it."""
    told = spent(50, 60, SERVER)
    assert float(told.stdout.split()[0]) >= 0.5, told.stdout
