"""On which side customers of a base 1.0 are edited once a node works with it: at the branch, at the central, or both.

Operations ask here and refuse; pages ask here and say so before anybody types. The database has the last word
(customers/triggers/revisions.py).

It is about edits. While the base is switched to 2.0 it is about everything but erasures (`demand_open`). What customers
say about consents is recorded on either side, and whoever is erased is so on both. Customer groups and tags are sent in
both directions, so that they are kept on either side; only a tag that customers bear is renamed where they are edited.
Cards are not reconciled: they are kept where their customers are edited.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from customers.triggers.revisions import EDITED_AT_OTHER_SIDE
from locations.choices import EditSide, Side
from locations.models import CustomerBase
from locations.text import LazyText

_REFUSED: dict[EditSide, LazyText] = {
    EditSide.BRANCH: _(
        "Nothing was saved: customers of this customer base 1.0 are edited at the branch, on its node. Whoever manages "
        "all locations can change that at the central, on the page of the location."
    ),
    EditSide.CENTRAL: _(
        "Nothing was saved: customers of this customer base 1.0 are edited at the central. Whoever manages all "
        "locations can change that there, on the page of the location."
    ),
    EditSide.NEITHER: _(
        "Nothing was saved: this customer base 1.0 is being switched to 2.0, so nothing is changed in it any more. The "
        "page of the switch at the central says how far it is."
    ),
}
_SAID: dict[tuple[EditSide, Side], LazyText] = {
    (EditSide.BRANCH, Side.CENTRAL): _(
        "Customers of this customer base 1.0 are edited at the branch, on its node. Here at the central you can look "
        "at them, export them, and record consents. Whoever manages all locations can change that on the page of the "
        "location."
    ),
    (EditSide.CENTRAL, Side.BRANCH): _(
        "Customers of this customer base 1.0 are edited at the central. Here at the branch you can look at them, "
        "export them, and record consents. Whoever manages all locations can change that at the central, on the page "
        "of the location."
    ),
    (EditSide.BOTH, Side.CENTRAL): _(
        "Customers of this customer base 1.0 are edited at the branch and here at the central. If both change the same "
        "customer before the next reconciliation, what the branch has stands, and yours waits as a conflict."
    ),
    (EditSide.BOTH, Side.BRANCH): _(
        "Customers of this customer base 1.0 are edited here at the branch and at the central. If both change the same "
        "customer before the next reconciliation, what you have stands, and that of the central waits as a conflict."
    ),
    (EditSide.NEITHER, Side.CENTRAL): _(
        "This customer base 1.0 is being switched to 2.0. Until that is done you can look at customers and export "
        "them; nothing is changed, and no consents are recorded."
    ),
    (EditSide.NEITHER, Side.BRANCH): _(
        "This branch is being switched to the customer base 2.0. Here you can still look at customers and export them; "
        "nothing is changed any more, and no consents are recorded. Work at the address of the central from now on, or "
        "ask there how far it is."
    ),
}


class EditedAtOtherSide(ValidationError):
    """The customers of the base are not edited on this side."""

    def __init__(self, edited_at: EditSide) -> None:
        super().__init__(_REFUSED[edited_at], code=EDITED_AT_OTHER_SIDE)


@dataclass(frozen=True)
class Standing:
    """Where customers of a base 1.0 with a node are edited, as seen from this side."""

    edited_at: EditSide
    here: Side

    @property
    def is_closed(self) -> bool:
        """Whether they are edited on the other side alone."""
        return self.edited_at not in (EditSide.BOTH, EditSide(self.here))

    @property
    def is_doubtful(self) -> bool:
        """Whether they are edited on both sides, so that somebody else may be at it."""
        return self.edited_at == EditSide.BOTH

    @property
    def is_switched(self) -> bool:
        """Whether nothing at all is written, because the base is switched to 2.0."""
        return self.edited_at == EditSide.NEITHER

    @property
    def sentence(self) -> LazyText | None:
        """What a page says before somebody types; None where there is nothing to say."""
        return _SAID.get((self.edited_at, self.here))


def standing(base: CustomerBase) -> Standing | None:
    """How it stands with editing customers of this base; None for a base 2.0, and for one without a node."""
    if not (base.is_discontinued and base.has_node):
        return None
    return Standing(EditSide(base.edit_side), Side(settings.SIDE))


def is_edited_here(base: CustomerBase) -> bool:
    """Whether customers of this base are edited on this side."""
    found = standing(base)
    return found is None or not found.is_closed


def demand_edited_here(base: CustomerBase) -> None:
    """Raise EditedAtOtherSide unless customers of this base are edited on this side, as far as the object knows."""
    found = standing(base)
    if found is not None and found.is_closed:
        raise EditedAtOtherSide(found.edited_at)


def demand_open(base: CustomerBase) -> None:
    """Raise EditedAtOtherSide where nothing at all is written in this base, because it is switched to 2.0."""
    found = standing(base)
    if found is not None and found.is_switched:
        raise EditedAtOtherSide(found.edited_at)
