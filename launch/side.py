"""On which side of a reconciliation a folder's installation stands: at the central, or at a branch.

SIDE says it, or the file `side` in the folder, which the first start writes. They have to agree: the database of a
branch is not served as a central, nor the other way round.
"""

import os
from pathlib import Path

from launch import folders
from launch.problem import CannotStart

CENTRAL, BRANCH = SIDES = ("central", "branch")
_FILE = "side"


def settle() -> str:
    """The side of this start, which is left in SIDE for all that it starts. Raises CannotStart where it is in doubt."""
    said, kept = os.environ.get("SIDE", "").strip(), _kept(folders.var())
    if said and said not in SIDES:
        raise CannotStart(f"SIDE={said} is neither central nor branch. Write one of them, or leave it out.")
    if said and kept and said != kept:
        raise CannotStart(
            f"The folder {folders.var()} is that of a {kept}, and SIDE={said} would serve it as a {said}. Leave SIDE "
            "out, or name another folder in STAMMHAUS_VAR."
        )
    os.environ["SIDE"] = said or kept or CENTRAL
    return os.environ["SIDE"]


def keep() -> None:
    """Write down in the folder, once, on which side its database is."""
    path = folders.var() / _FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{os.environ.get('SIDE') or CENTRAL}\n", encoding="ascii")


def _kept(folder: Path) -> str:
    """What the folder says; empty where nobody has started there yet."""
    try:
        text = (folder / _FILE).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
    if text not in SIDES:
        raise CannotStart(f"{folder / _FILE} says {text!r}, which is neither central nor branch. Correct the file.")
    return text
