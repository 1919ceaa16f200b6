"""What the tests of the holes and the run over the guards share: the list of probes.

A probe is a function that gets the world and raises AssertionError where something of another business, base or
location comes through, or something of one's own does not. It leaves the world as it was: its changes are rolled back.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.isolation.guards.world import World

type Probe = Callable[[World], None]

PROBES: dict[str, Probe] = {}


def probe(function: Probe) -> Probe:
    """Add a probe to the list, by its name."""
    assert function.__name__ not in PROBES, function.__name__
    PROBES[function.__name__] = function
    return function
