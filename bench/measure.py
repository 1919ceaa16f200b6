"""Times of calls, as whole series, so that what is compared was measured in turns in the same run."""

from __future__ import annotations

import gc
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Series:
    """Seconds of repeated calls."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        return sorted(self.seconds)[max(0, -(-len(self.seconds) * 95 // 100) - 1)]


def in_turns(calls: dict[str, Callable[[], object]], *, repeat: int, warm_up: int = 2) -> dict[str, Series]:
    """Call each of the functions `repeat` times, A B C A B C …, after a warm-up that is not counted.

    What was there before is set aside, so that a call pays only for its own garbage.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _round in range(warm_up):
        for call in calls.values():
            call()
    gc.collect()
    gc.freeze()
    for _round in range(repeat):
        for name, call in calls.items():
            gc.collect()
            started = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - started)
    gc.unfreeze()
    return {name: Series(tuple(seconds)) for name, seconds in taken.items()}


def peak_memory() -> float:
    """Megabytes that this process has needed at most until now."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
