"""`python -m launch.demo_branch`: what `make demo-branch` runs, Lübeck's branch beside the demo's central.

The central is the one that `make run` has started in the same environment: its folder says at which port. The branch
has a folder of its own inside of that one, and reconciles by hand alone, so that what waits is there to be looked at.
Each step that is done stays done, so it can be started again and again.
"""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from launch import __main__ as installation
from launch import folders, port, running, side
from launch.problem import CannotStart
from launch.supervisor import Supervisor

COMMAND = "make demo-branch"
FOLDER = "demo-branch"
OK = 200
OF_CENTRAL = ("DATABASE_URL", "DATABASE_OWNER_URL", "SECRET_KEY", "TOMBSTONE_KEY", "PUBLIC_URL", "MAIL_URL")
"""What the environment says of the central, and not of the branch."""
STEP = (*installation.MANAGE, "demo_branch")
TOLD = "It is Lübeck of the demo, paired with {central}. Log in as dirk or anna (Stammhaus-Demo-2026)."
WAITS = (
    "Open Abgleich and press the button: a run waits whose line was cut, with conflicts and a change that the central "
    "holds back."
)


def main() -> None:
    """Raises CannotStart with the sentence for the user; returns after Ctrl-C."""
    central, at_central = _central(), dict(os.environ)
    os.environ["STAMMHAUS_VAR"] = str(folders.var() / FOLDER)
    os.environ.update(SIDE=side.BRANCH, CLEARS_ON_SCHEDULE="0")
    for name in OF_CENTRAL:
        os.environ.pop(name, None)
    installation.main(lambda supervisor: _make_ready(supervisor, central, at_central), command=COMMAND)


def _central() -> str:
    """The address of the central that runs here."""
    if side.settle() != side.CENTRAL:
        raise CannotStart(f"{COMMAND} starts a branch beside a central; SIDE and STAMMHAUS_VAR name a branch already.")
    address = running.address()
    if not address:
        raise CannotStart(f"No central runs in {folders.var()}. Start it with make run and leave it, then {COMMAND}.")
    if port.status(urlsplit(address).port or 0, "/health/") != OK:
        raise CannotStart(f"The central at {address} is not ready yet. Wait until it says so, then {COMMAND}.")
    return address


def _make_ready(supervisor: Supervisor, central: str, at_central: Mapping[str, str]) -> str:
    """Bring the branch to where the demo wants it; returns what is told of it."""

    def step(name: str, *more: str, environment: Mapping[str, str] | None = None) -> str:
        return supervisor.run(f"demo of the branch ({name})", *STEP, name, *more, environment=environment).strip()

    standing = step("standing")
    if standing == "unpaired":
        installation.say("Pairing with the central …")
        shown = step("code", environment=at_central)
        step("pair", "--central", central, "--shown", shown)
    told = TOLD.format(central=central)
    if standing == "ready":
        return told
    installation.say("Changing customers at both sides …")
    step("edit-at-central", environment=at_central)
    step("edit-at-branch")
    return f"{told}\n{WAITS}"


if __name__ == "__main__":
    main()
