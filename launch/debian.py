"""Programs of Debian that some tests need, installed where that can be done."""

import os
import shutil
import subprocess

from launch.problem import CannotStart


def can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def ensure(program: str, *, package: str, needed_by: str) -> str:
    """The path of a program, after installing its package if need be. Raises CannotStart with the way to get it."""
    found = _find(program)
    if found is None and can_install():
        install(package)
        found = _find(program)
    if found is None:
        raise CannotStart(f"{needed_by} needs {program}, and none was found: apt install {package}")
    return found


def _find(program: str) -> str | None:
    """Also among the programs of the system, which not everybody's PATH names."""
    return shutil.which(program) or shutil.which(f"/usr/sbin/{program}")


def install(package: str) -> None:
    print(f"Installing {package} …", flush=True)
    # At run level 1 no package starts a service of its own.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", package]):
        subprocess.run(["apt-get", "-qq", *command], env=environment, stdout=subprocess.DEVNULL, check=False)
