"""Installs programs of Debian that some tests need, as root."""

import os
import shutil
import subprocess

from launch.problem import CannotStart


def can_install() -> bool:
    """Whether this is root on a Debian."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def ensure(program: str, *, package: str, needed_by: str) -> str:
    """The path of a program; installs its package if it is missing. Raises CannotStart with the way to get it."""
    found = _find(program)
    if found is None and can_install():
        install(package)
        found = _find(program)
    if found is None:
        raise CannotStart(f"{needed_by} needs {program}, and none was found: apt install {package}")
    return found


def _find(program: str) -> str | None:
    """The path; also of programs in /usr/sbin, which not every PATH names."""
    return shutil.which(program) or shutil.which(f"/usr/sbin/{program}")


def install(package: str) -> None:
    """Install a package. It does not raise where that fails."""
    print(f"Installing {package} …", flush=True)
    # At run level 1 no package starts a service of its own.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", package]):
        subprocess.run(["apt-get", "-qq", *command], env=environment, stdout=subprocess.DEVNULL, check=False)
