"""Reading and writing need as much memory for many rows as for few, by rows and by blocks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from spreadsheets.writing import ENDINGS, Profile
from tests.spreadsheets.tables import repository

WRITE_AND_READ = r"""
import json, re, sys
from spreadsheets import open_table, open_writer
path, profile, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open(path, "wb") as file, open_writer(file, profile=profile) as writer:
    writer.write_headings(["Nr", "Name", "Ort", "Notiz"])
    for number in range(count):
        writer.write_row([str(number), f"Müller {number}", "Lübeck", "Fensterplatz; Allergie"])
with open_table(path) as table:
    rows = sum(len(block.rows) - len(block.problems) for block in table.blocks())
    assert rows == sum(1 for row in table if not row.problems)
# Not ru_maxrss: it begins with what the parent process used.
peak = int(re.search(r"VmHWM:\s*(\d+)", open("/proc/self/status").read())[1]) / 1024
print(json.dumps([rows, peak]))
"""


def megabytes(path: Path, *, profile: Profile, count: int) -> float:
    command = [sys.executable, "-c", WRITE_AND_READ, str(path), profile, str(count)]
    answer = subprocess.run(command, cwd=repository(), capture_output=True, check=True)
    rows, used = json.loads(answer.stdout)
    assert rows == count
    return float(used)


@pytest.mark.proof
@pytest.mark.parametrize("profile", ["excel-de", "plain", "xlsx", "jsonl"])
def test_memory_is_flat(profile: Profile, tmp_path: Path) -> None:
    path = tmp_path / f"customers{ENDINGS[profile]}"
    few = megabytes(path, profile=profile, count=2_000)
    many = megabytes(path, profile=profile, count=40_000)
    assert many < few + 8
    assert many < 60
