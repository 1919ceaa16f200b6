"""What else than customers travels in a run: each matter is registered by the app that owns it.

    register(Matter("accounts", collect=…, take=…, …))      once, where the app is loaded

A matter travels in the parts of the run, behind the customers: so it has their checksums, is sent again with the same
bytes, and is decided and applied in the transactions of the run, whole or not at all. Whatever is sent can come again,
after a restore also in a later run: what takes it has one effect for each key, whoever counts.

    the branch    collect      what is to be sent, within the cut
    the central   take         what has arrived, within the decision, behind the customers of the run
                  tell         what the branch is told, within the decision
    the branch    apply        what was told, in the transaction that applies the answer
                  offer_again  the central was restored to before run `known`: what was settled since is sent again
    both          keeps        which of these customers cannot leave the base, because something here is theirs
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext_lazy

from clearing.models import Cycle, Node
from clearing.protocol.canonical import Json
from clearing.protocol.messages import PROTOCOL_OF_MATTERS
from clearing.protocol.records import MatterRecord
from clearing.protocol.versions import RefusedRecord
from locations.models import CustomerBase
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence

type Content = Mapping[str, Json]
"""One thing as it travels."""
KEPT = stored_sentence(
    "clearing_kept_by_matter",
    gettext_lazy(
        "The customer with the number %(number)s would have to leave the customer base on the other side, and has an "
        "account there. Settle it at the central, or register him there under another number."
    ),
)


@dataclass(frozen=True)
class Arrival:
    """The run at the central in which something arrives, or is answered. `again`: one of both sides was restored."""

    cycle: Cycle
    node: Node
    actor: Scope
    again: bool


@dataclass(frozen=True)
class Taken:
    """What became of what has arrived. `answers` is what the branch is told of it besides, at the end of the answer.

    `names_erased` says that it was about somebody who was erased, so that what was sent is not kept.
    """

    applied: int = 0
    same: int = 0
    held_back: int = 0
    answers: Sequence[Content] = ()
    names_erased: bool = False


@dataclass(frozen=True)
class Matter:
    """One kind of thing that travels."""

    name: str
    collect: Callable[[Scope], Iterable[Content]]
    take: Callable[[Sequence[Content], Arrival], Taken]
    tell: Callable[[Arrival], Iterable[Content]]
    apply: Callable[[Sequence[Content], Cycle, Scope], None]
    offer_again: Callable[[Scope, int], None]
    keeps: Callable[[CustomerBase, Collection[UUID]], Collection[UUID]]


_matters: dict[str, Matter] = {}


def register(matter: Matter) -> Matter:
    """Add a matter; returns it. Raises ValueError where the name is taken."""
    if _matters.setdefault(matter.name, matter) is not matter:
        raise ValueError(f"Two matters are called {matter.name!r}")
    return matter


def collected(actor: Scope) -> Iterator[MatterRecord]:
    """What the branch sends besides its customers."""
    for name, matter in sorted(_matters.items()):
        for content in matter.collect(actor):
            yield MatterRecord(name, content)


def take(records: Sequence[MatterRecord], arrival: Arrival) -> Iterator[tuple[str, Taken]]:
    """Take what has arrived at the central, matter by matter. Raises RefusedRecord for one that is not known here."""
    for name in sorted({one.matter for one in records}):
        yield name, _known(name).take([one.content for one in records if one.matter == name], arrival)


def told(arrival: Arrival) -> Iterator[MatterRecord]:
    """What the branch is told besides its customers; nothing where its program does not know of it."""
    if (arrival.node.protocol or 0) < PROTOCOL_OF_MATTERS:
        return
    for name, matter in sorted(_matters.items()):
        for content in matter.tell(arrival):
            yield MatterRecord(name, content)


def apply(records: Sequence[MatterRecord], cycle: Cycle, actor: Scope) -> None:
    """Apply at the branch what the central has told. A newer central may tell of a matter that is not known here."""
    for name, matter in sorted(_matters.items()):
        if of_matter := [one.content for one in records if one.matter == name]:
            matter.apply(of_matter, cycle, actor)


def offer_again(actor: Scope, known: int) -> None:
    """The central was restored and knows no run after `known`."""
    for matter in _matters.values():
        matter.offer_again(actor, known)


def keeping(base: CustomerBase, uids: Collection[UUID]) -> set[UUID]:
    """Which of these customers cannot leave the base."""
    return {uid for matter in _matters.values() for uid in matter.keeps(base, uids)}


def _known(name: str) -> Matter:
    if name not in _matters:
        raise RefusedRecord("matter")
    return _matters[name]
