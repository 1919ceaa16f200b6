"""`python -m launch`: everything that `make run` runs, until Ctrl-C."""

import os
import sys
from collections.abc import Callable

from launch import database, folders, port, running, side
from launch.environment import prepare
from launch.problem import CannotStart
from launch.supervisor import Stopped, Supervisor

OLDEST_PYTHON = (3, 12)
ANSWER_SECONDS = 60
OK, FOUND = 200, 302
SET_UP = "Open this address in a browser on this machine and set the branch up."
MANAGE = (sys.executable, "manage.py")


def main(made_ready: Callable[[Supervisor], str] = lambda _supervisor: "", *, command: str = "") -> None:
    """Raises CannotStart with the sentence for the user; returns after Ctrl-C.

    `made_ready` is called once the database is up to date, and says what is told once all runs; `command` is what the
    user has typed, where it is not make run or make run-branch.
    """
    check_python(sys.version_info[:2])
    number = port.chosen(os.environ.get("PORT"), is_branch=side.settle() == side.BRANCH, command=command)
    address = f"http://{port.HOST}:{number}/"
    with Supervisor(folders.var() / "log") as supervisor, running.noted(address):
        try:
            os.environ.setdefault("PUBLIC_URL", address)
            is_demo = _prepare(supervisor)
            told = made_ready(supervisor)
            logins = _serve(supervisor, number, is_demo=is_demo)
            say(f"{_name()} is ready: {address}")
            for line in filter(None, (logins, told)):
                say(line)
            supervisor.watch()
        except Stopped:
            say("\nStopping …")


def check_python(version: tuple[int, int]) -> None:
    """Raise CannotStart for a Python that is too old."""
    if version < OLDEST_PYTHON:
        found, needed = (".".join(map(str, numbers)) for numbers in (version, OLDEST_PYTHON))
        raise CannotStart(f"This is Python {found}, and Stammhaus needs {needed} or newer. Install that first.")


def _is_branch() -> bool:
    return os.environ.get("SIDE") == side.BRANCH


def _name() -> str:
    return "Stammhaus at a branch" if _is_branch() else "Stammhaus"


def _prepare(supervisor: Supervisor) -> bool:
    """Make the database ready; returns whether it has the demo: the embedded one, and one's own where DEMO=1.

    A branch never has it.
    """
    own = os.environ.get("DATABASE_URL")
    if own:
        database.check(web=own, owner=os.environ.get("DATABASE_OWNER_URL"))
    else:
        say("Starting the embedded PostgreSQL …")
        os.environ.setdefault("MAIL_URL", (folders.var() / "mail").as_uri())
        os.environ.setdefault("REFUSALS_LOG", str(folders.var() / "log" / "refusals.log"))
    prepare()
    say("Bringing the database up to date …")
    supervisor.run("migration", *MANAGE, "migrate", "--no-input")
    side.keep()
    is_demo = (not own or os.environ.get("DEMO", "") == "1") and not _is_branch()
    if is_demo:
        supervisor.run("demo", *MANAGE, "demo", "--if-empty")
    return is_demo


def _serve(supervisor: Supervisor, number: int, *, is_demo: bool) -> str:
    """Start the web server and the worker; once the first page is served, returns who can log in.

    These are the demo's people or, where there is nobody yet, how the first person is created. At a branch its first
    page creates him.
    """
    say("Starting the web server and the worker …")
    supervisor.start(
        "web server", sys.executable, "-m", "gunicorn", "mcp.project.wsgi:application", "--no-control-socket",
        "--bind", f"{port.HOST}:{number}", "--workers", "2", "--threads", "4",
        "--graceful-timeout", "5", "--keep-alive", "0",
    )  # fmt: skip
    # Two jobs at a time: an export does not wait behind an import of a million rows.
    supervisor.start(
        "worker", *MANAGE, "procrastinate", "worker", "--concurrency", "2", "--shutdown-graceful-timeout", "5"
    )
    told = ("demo", "--logins") if is_demo else ("create_support", "--if-nobody")
    logins = "" if _is_branch() else supervisor.run("logins", *MANAGE, *told)
    served = (OK, FOUND) if _is_branch() else (OK,)
    if not supervisor.wait_until(lambda: port.status(number, "/login/") in served, seconds=ANSWER_SECONDS):
        answer = port.status(number, "/login/") or "nothing"
        log = folders.var() / "log" / "web-server.log"
        raise CannotStart(f"The web server answers {answer} at /login/; {log} says why.")
    if _is_branch() and port.status(number, "/login/") == FOUND:
        return SET_UP
    return logins.strip("\n")


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
