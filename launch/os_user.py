"""The system account that runs PostgreSQL, which refuses to run as root."""

import os
import pwd
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from launch.problem import CannotStart

NAME = "stammhaus"
_READ_AND_PASS = stat.S_IROTH | stat.S_IXOTH


@dataclass(frozen=True, kw_only=True)
class Account:
    """The owner of the database files: the caller himself, unless he is root."""

    uid: int
    gid: int

    @property
    def is_caller(self) -> bool:
        """Whether it is the account of this process."""
        return self.uid == os.geteuid()

    def own(self, path: Path) -> None:
        """Make the account the owner of a file."""
        if not self.is_caller:
            os.chown(path, self.uid, self.gid)

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program as this account to its end; returns its exit code and output.

        Ctrl-C at the terminal does not reach it, because a half-finished start is worse than a late stop. The output
        goes through a file: a server that is started by the program would keep a pipe open.
        """
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=_environment(),
                user=None if self.is_caller else self.uid,
                group=None if self.is_caller else self.gid,
                extra_groups=None if self.is_caller else [],
                start_new_session=True,
                check=False,
            )
            output.seek(0)
            return subprocess.CompletedProcess(arguments, done.returncode, output.read())


def _environment() -> dict[str, str]:
    """The environment without PGPORT and the like, and with a locale that PostgreSQL knows."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}


def account_for(data: Path) -> Account:
    """The owner of the existing files, else the caller; for root a system account, created if it is missing."""
    if os.geteuid() != 0:
        return Account(uid=os.geteuid(), gid=os.getegid())
    if data.exists() and data.stat().st_uid != 0:
        return Account(uid=data.stat().st_uid, gid=data.stat().st_gid)
    entry = _system_account()
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def _system_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        _add_system_account()
    return pwd.getpwnam(NAME)


def _add_system_account() -> None:
    try:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        # Another process may have made the account in the meantime; useradd answers 9 then.
        if isinstance(error, subprocess.CalledProcessError) and error.returncode == 9:
            return
        raise CannotStart(
            f'PostgreSQL does not run as root, and the account "{NAME}" for it cannot be made. '
            "Start Stammhaus as a normal user."
        ) from None


def open_way(account: Account, *, data_parent: Path, programs: Path) -> None:
    """Let another account reach the data folder and read the programs, with no more permissions than needed.

    Folders above them can be entered, but not listed.
    """
    if account.is_caller:
        return
    for folder in {data_parent, *data_parent.parents, *programs.parents}:
        _add_mode(folder, stat.S_IXOTH)
    if programs.stat().st_mode & _READ_AND_PASS != _READ_AND_PASS:
        for path in (programs, *programs.rglob("*")):
            _add_mode(path, _READ_AND_PASS if path.is_dir() or path.parent.name == "bin" else stat.S_IROTH)


def _add_mode(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(stat.S_IMODE(mode) | bits)
