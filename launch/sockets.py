"""The folder of the socket of an embedded server. The operating system limits the length of its path."""

import hashlib
import os
import re
import stat
from pathlib import Path

from launch.os_user import Account
from launch.problem import CannotStart

PORT = 5432  # only part of the socket's name: the server listens on no network address
# Linux takes 107 bytes, macOS 103. A comma in the path would mean two hosts.
_LONGEST = 103
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._ -]+")


def folder_for(data: Path, account: Account) -> Path:
    """The data folder itself, or a folder in /tmp where its path is too long or has unusual characters.

    It is not the temporary folder of the environment: all processes must find the same one.
    """
    fits = len(os.fsencode(data / f".s.PGSQL.{PORT}")) <= _LONGEST
    if fits and _PLAIN_PATH.fullmatch(str(data)):
        return data
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path("/tmp") / f"stammhaus-{account.uid}-{digest}"  # noqa: S108  # make_private checks the owner


def make_private(folder: Path, account: Account) -> None:
    """Make `folder` for this account alone. Raises CannotStart where somebody else has made one."""
    try:
        folder.mkdir(mode=0o700)
        account.own(folder)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
            raise CannotStart(f"{folder} is not a private folder of this user. Remove it and start again.") from None
