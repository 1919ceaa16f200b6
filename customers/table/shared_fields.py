"""Which columns of a file may go to one field, and how they are joined there: told before anything is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.table.birthday_cells import DAY
from customers.table.columns import (
    BirthdayField,
    BranchNumberField,
    CustomerField,
    HintField,
    PartField,
    PersonField,
    PhoneNumberField,
)
from customers.table.combined_columns import PERSON
from customers.table.headings import IGNORE
from customers.table.phone_kinds import NUMBERS


def demand_combinable(
    fields: Mapping[str, CustomerField], headings: Sequence[str], targets: Sequence[str], several: str
) -> None:
    """Raise ValidationError unless each field is filled by one column, or by several under a rule that is chosen."""
    for at, (heading, target) in enumerate(zip(headings, targets, strict=True)):
        known = fields.get(target)
        if known is None or target == IGNORE or known.readonly:
            continue
        if target in targets[:at] and not _may_repeat(known) and not several:
            raise ValidationError(
                _("Two columns go to the same field: “%(first)s” and “%(heading)s”. Leave one of them out, "
                  "or choose below how several columns fill one field."),
                code="column_twice",
                params={"first": headings[list(targets).index(target)], "heading": heading},
            )  # fmt: skip
        if isinstance(known, PartField) and not known.is_labelled and known.part_of not in targets:
            raise ValidationError(
                _("“%(heading)s” is a part of the field “%(field)s”, but no column goes there. "
                  "Choose one, or leave “%(heading)s” out."),
                code="part_alone",
                params={"heading": heading, "field": fields[known.part_of].shown_heading()},
            )  # fmt: skip


def shown_as(known: object, name: str) -> tuple[str, ...]:
    """The fields in which people see what a column has become."""
    match known:
        case PartField():
            return (known.part_of,)
        case PersonField():
            return (*PERSON, "company") if known.may_be_company else PERSON
        case PhoneNumberField():
            return NUMBERS
        case HintField() | BranchNumberField():
            return ()
        case BirthdayField():
            return (name, DAY)
    return (name,)


def _may_repeat(known: object) -> bool:
    return isinstance(known, PartField | PhoneNumberField | HintField)


def rules_of(fields: Mapping[str, CustomerField], headings: Sequence[str], targets: Sequence[str]) -> list[str]:
    """How columns of this file are joined, in sentences for people; columns under the same rule in one of them."""
    named = [
        (heading, fields[target], target) for heading, target in zip(headings, targets, strict=True) if target in fields
    ]
    mains = {target: heading for heading, _known, target in reversed(named)}
    parts = [(heading, known) for heading, known, _target in named if isinstance(known, PartField)]
    people = [heading for heading, known, _target in named if isinstance(known, PersonField)]
    lines = [heading for heading, part in parts if part.is_labelled]
    phones = [heading for heading, known, _target in named if isinstance(known, PhoneNumberField)]
    several = [
        known.shown_heading() for heading, known, target in named if mains[target] != heading and not _may_repeat(known)
    ]
    found = [_part_rule(heading, part, mains) for heading, part in parts if not part.is_labelled]
    if people and any(name in mains for name in PERSON):
        rule = _(
            "The name where a row has no other: %(headings)s. "
            "A row with two different names is rejected, unless the first one is to count."
        )
        found.append(_about(rule, people))
    rules = (
        (phones, _("To the phone field that fits and is still free: %(headings)s.")),
        (lines, _("A line of the memo, behind its heading: %(headings)s.")),
    )
    found += [_about(rule, concerned) for concerned, rule in rules if concerned]
    if several:
        rule = _("Filled by several columns, of which a row may fill one: %(headings)s.")
        found.append(str(rule) % {"headings": ", ".join(dict.fromkeys(several))})
    return found


def _about(rule: str | Promise, headings: Sequence[str]) -> str:
    return str(rule) % {"headings": ", ".join(str(_("“%(heading)s”")) % {"heading": heading} for heading in headings)}


def _part_rule(heading: str, part: PartField, mains: Mapping[str, str]) -> str:
    before = _("“%(heading)s” is put before “%(main)s”.")
    behind = _("“%(heading)s” is put behind “%(main)s”.")
    return str(before if part.is_before else behind) % {"heading": heading, "main": mains.get(part.part_of, "")}
