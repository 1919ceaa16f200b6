"""One run, message by message, over a line that may break off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from clearing.protocol.messages import Course
from tests.clearing.model.branch import Branch
from tests.clearing.model.central import Central
from tests.clearing.model.disks import (
    Cut,
    Run,
)


@dataclass(frozen=True)
class Line:
    """Breaks off at one request, before the central has heard it or (`is_lost`) with its answer."""

    broken: str = ""
    is_lost: bool = False

    def ask[Answer](self, request: str, do: Callable[[], Answer]) -> Answer:
        """Let the central do it. Raises Cut."""
        if request == self.broken and not self.is_lost:
            raise Cut(request)
        answer = do()
        if request == self.broken:
            raise Cut(request)
        return answer


def run(branch: Branch, central: Central, *, broken: str = "", is_lost: bool = False) -> Run:
    """One run. `broken` is the request at which the line breaks off, before or (`is_lost`) after it was answered."""

    disk, line = branch.disk, Line(broken, is_lost=is_lost)
    request = disk.open.request if disk.open else None
    course = line.ask(
        "hello", lambda: central.hello(branch.name, disk.applied, disk.receipt, request, lacks_since=disk.lacks_since)
    )
    if course in {Course.GO_ON, Course.CENTRAL_RESTORED} and disk.open is not None and disk.open.receipt:
        branch.go_on_from(disk.open.number, disk.open.receipt)  # the central has forgotten that it had decided
        return run(branch, central, broken=broken, is_lost=is_lost)
    node = replace(central.disk.nodes[branch.name])
    if course is Course.RESTORED:
        branch.go_on_restored(node.decided, node.receipt)
    if course is Course.CENTRAL_RESTORED:
        branch.offer_again(node.known_before or 0, node.decided, node.receipt)
    cut = branch.collect()
    if not cut.receipt:
        decided = line.ask("decide", lambda: central.decide(branch.name, cut))
        assert decided is not None, (course, cut.number, node)
        cut.counts, cut.receipt = decided.counts, decided.receipt
        disk.numbers.add(cut.number)
    cut.answer = line.ask("answer", lambda: central.answer(branch.name, cut))
    branch.apply()
    line.ask("ack", lambda: central.acknowledge(branch.name, cut.number, cut.receipt))
    return cut
