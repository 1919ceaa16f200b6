"""Customer groups and tags of a base 1.0, as they travel, and what both sides have of them after a run.

Each is known by its name: two names that differ in capitals only are one group, and two tags. Renaming is one that is
new, one that is gone, and customers who were changed.

    merged(agreed, branch=…, central=…)

What only one side has changed since both agreed stands; where both have, the branch's version does. What was changed at
one side is not deleted by the other. Whether something that goes is still in use is asked by whoever deletes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from clearing.protocol.canonical import Json
from clearing.protocol.field_kinds import FieldKind, UnfitValue, decode_value, encode_value
from clearing.protocol.strict import Fields

MOST = 10_000
"""Of groups, and of tags."""
LONGEST = 80


@dataclass(frozen=True)
class Group:
    """A customer group, with all that it says."""

    name: str
    price_level: int | None = None
    discount: Decimal = Decimal(0)

    @property
    def key(self) -> str:
        """By this it is known."""
        return self.name.lower()

    def to_json(self) -> Mapping[str, Json]:
        """As it travels."""
        return {
            "discount": encode_value(FieldKind.DECIMAL, self.discount),
            "name": self.name,
            "price_level": self.price_level,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> Group:
        """The group in a record. Raises what the fields raise."""
        try:
            discount = decode_value(FieldKind.DECIMAL, fields.text("discount", most=20))
        except UnfitValue:
            raise fields.refusal("discount") from None
        if not isinstance(discount, Decimal):
            raise fields.refusal("discount")
        return cls(fields.text("name", most=LONGEST), fields.number_or_none("price_level", most=9_999), discount)


@dataclass(frozen=True)
class Vocabulary:
    """The groups by their keys, and the tags of a base."""

    groups: Mapping[str, Group] = field(default=MappingProxyType({}))
    tags: frozenset[str] = frozenset()

    def to_json(self) -> Mapping[str, Json]:
        """As it travels, and as it is stored: in one order."""
        return {"groups": [self.groups[key].to_json() for key in sorted(self.groups)], "tags": sorted(self.tags)}

    @classmethod
    def from_fields(cls, fields: Fields) -> Vocabulary:
        """The vocabulary in a record. Raises what the fields raise."""
        groups = [Group.from_fields(one) for one in fields.objects("groups", most=MOST)]
        return cls({group.key: group for group in groups}, frozenset(fields.texts("tags", most=MOST, longest=LONGEST)))


NOTHING = Vocabulary()


def merged(agreed: Vocabulary, *, branch: Vocabulary, central: Vocabulary) -> Vocabulary:
    """What both sides have after a run; `agreed` is what both have had before, as far as it is known."""
    groups = {
        key: group
        for key in {*agreed.groups, *branch.groups, *central.groups}
        if (group := _stands(agreed.groups.get(key), branch.groups.get(key), central.groups.get(key))) is not None
    }
    tags = frozenset(
        tag
        for tag in agreed.tags | branch.tags | central.tags
        if (tag in branch.tags and tag in central.tags)
        or (tag in branch.tags | central.tags and tag not in agreed.tags)
    )
    return Vocabulary(groups, tags)


def _stands(agreed: Group | None, branch: Group | None, central: Group | None) -> Group | None:
    if branch == agreed:
        return central
    if central == agreed or branch is not None:
        return branch
    return central
