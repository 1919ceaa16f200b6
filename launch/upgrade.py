"""`python -m launch.upgrade INSTALL …`: what `make upgrade` runs once the new program lies in the folder.

It stops what runs, installs by the command that follows its name, brings the database up to date, says the version
before and after, and starts again what ran. A branch is meant where neither SIDE nor STAMMHAUS_VAR says anything else.
"""

import os
import subprocess
import sys
from collections.abc import Sequence

from launch import folders, running, side
from launch.__main__ import MANAGE, check_python
from launch.folders import PROJECT
from launch.problem import CannotStart


def main(install: Sequence[str]) -> bool:
    """Returns whether something ran before, and is to run again. Raises CannotStart."""
    check_python(sys.version_info[:2])
    if not os.environ.get("STAMMHAUS_VAR"):
        os.environ.setdefault("SIDE", side.BRANCH)
    side.settle()
    if not os.environ.get("DATABASE_URL") and not (folders.var() / "postgres").is_dir():
        raise CannotStart(f"There is no installation in {folders.var()}. make run-branch starts one.")
    did_run = running.stop()
    if did_run:
        _say("Stopped what ran.")
    for command in filter(None, (install, (*MANAGE, "upgrade"))):
        if subprocess.run(command, cwd=PROJECT, check=False).returncode:
            raise CannotStart("Nothing was started again. What stands above says why.")
    return did_run


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    starts_again = main(sys.argv[1:])
    if starts_again:
        os.chdir(PROJECT)
        os.execv(sys.executable, [sys.executable, "-m", "launch"])  # noqa: S606 - this program itself
    _say("Start it with make run-branch." if os.environ["SIDE"] == side.BRANCH else "Start it with make run.")
