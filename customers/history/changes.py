"""What changed, in plain words: from the history that the database keeps, and between two states of a customer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.choices import CardReason, CardState
from customers.disclosures import disclosures_of
from customers.field_groups import MASK, sees_evidence, withheld
from customers.history.former_numbers import FormerNumbers, tell_former_numbers
from customers.models import Card, Consent, ConsentPurpose, Customer, CustomerGroup, CustomerMembership, Disclosure
from customers.readable import READABLE
from locations.models import Location
from mcp.isolation.scope import Scope, actor_shown, name_shown
from mcp.stored_sentences import Sentences, stored_sentence

CustomerEvent: Any = Customer._meta.get_field("history").related_model
ConsentEvent: Any = Consent._meta.get_field("history").related_model
CardEvent: Any = Card._meta.get_field("history").related_model
MembershipEvent: Any = CustomerMembership._meta.get_field("history").related_model
EVENTS_PER_PAGE = 25
NOT_SHOWN = frozenset({"id", "uid", "organization", "base", "created_at", "changed_at", "search_text", "sort_name"})
"""Fields that change by themselves or never; the history is about what people change."""
_STORED: tuple[Any, ...] = tuple(field for field in Customer._meta.concrete_fields if field.name not in NOT_SHOWN)
FIELDS: tuple[Any, ...] = (_STORED[0], FormerNumbers, *_STORED[1:])
"""Behind the customer number, which is the first, the former ones."""
_BY_NAME = {field.name: field for field in FIELDS}

RESTORED = stored_sentence("history_restored", gettext_lazy("An older state restored"))

type Names = Mapping[tuple[str, object], str]
"""(field, key) → name of the row that a foreign key refers to."""


@dataclass(frozen=True)
class Change:
    """One field that has changed: its label, and its old and new value for reading; blank where there is none."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Entry:
    """One entry of the history: who did what, when and where. User and location are blank where nobody knows."""

    happened_at: datetime
    kind: str
    user: str
    location: str
    reason: str
    changes: tuple[Change, ...]
    version: UUID | None = None
    """Of an older state of the customer, which can be brought back."""

    @property
    def title(self) -> str:
        titles = {
            "insert": _("Registered"),
            "update": _("Changed"),
            "delete": _("Deleted"),
            "disclosed": _("Handed over"),
            "given": _("Consent given"),
            "withdrawn": _("Consent withdrawn"),
            "given_removed": _("Consent removed with its import"),
            "withdrawn_removed": _("Withdrawal removed with its import"),
            "given_struck_out": _("Consent struck out as a slip"),
            "withdrawn_struck_out": _("Withdrawal struck out as a slip"),
            "card_assigned": _("Card assigned"),
            "card_blocked": _("Card blocked"),
            "card_unblocked": _("Card unblocked"),
            "card_replaced": _("Card replaced"),
            "card_removed": _("Card removed"),
            "membership_added": _("Membership added"),
            "membership_changed": _("Membership changed"),
            "membership_ended": _("Membership ended"),
        }
        return titles.get(self.kind, self.kind)


def history_of(customer: Customer, *, page: int, scope: Scope) -> tuple[list[Entry], bool]:
    """One page of the history of a customer, newest first, and whether there is another page. Ten queries at most.

    It holds changes of the customer, statements about consents, steps of cards, memberships and hand-overs, in the
    order in which they were recorded, also those of imports that were undone and statements that were struck out. Of
    fields that the scope may not see it says only that they were changed, and by whom.
    """
    last = page * EVENTS_PER_PAGE
    events = list(_events(customer)[: last + 1])
    tell_former_numbers(customer, events)
    names = _names(events)
    hidden = withheld(scope)
    changes = [_entry(event, before, names, hidden) for event, before in zip(events, [*events[1:], None], strict=True)]
    changes[:1] = [replace(newest, version=None) for newest in changes[:1]]  # as he is now
    said = _said(customer, last + 1, is_open=sees_evidence(scope))
    linked = [*_of_cards(customer, last + 1), *_of_memberships(customer, last + 1)]
    told = [*said, *linked, *map(_of_disclosure, disclosures_of(customer)[: last + 1])]
    entries = sorted([*told, *changes], key=lambda entry: entry.happened_at, reverse=True)
    return entries[last - EVENTS_PER_PAGE : last], len(entries) > last


def differences(old: Customer, new: Mapping[str, object]) -> list[Change]:
    """The fields in which a stored customer and the values of a form differ."""
    return changes_between(old, {field.name: _key(new[field.name]) for field in FIELDS if field.name in new})


def changes_between(old: Customer, wanted: Mapping[str, object], *, fields: Iterable[Any] = FIELDS) -> list[Change]:
    """The fields in which a stored customer and `wanted` differ. The value of a foreign key is its key."""
    values = {field.name: getattr(old, field.attname) for field in FIELDS}
    differing = [field for field in fields if field.name in wanted and values[field.name] != wanted[field.name]]
    return list(_changes(differing, values, wanted, _names([old], extra=wanted)))


def _events(customer: Customer) -> models.QuerySet[Any]:
    """The events of a customer, newest first; those of one transaction by the time stamp on the row."""
    events = CustomerEvent.objects.filter(pgh_obj=customer.pk, base=customer.base_id)
    ordered: models.QuerySet[Any] = events.select_related("pgh_context").order_by("-pgh_created_at", "-changed_at")
    return ordered


def _said(customer: Customer, limit: int, *, is_open: bool) -> list[Entry]:
    """The latest statements about consents, and those that were removed again; at most `limit` of each.

    `is_open` says whether the evidence may be seen.
    """
    statements = Consent.objects.of_customer(customer).order_by("-recorded_at", "-at", "is_given")
    removals = ConsentEvent.objects.filter(base=customer.base_id, customer=customer.pk, pgh_label="delete")
    found = list(statements.select_related("location", "upload")[:limit])
    removed = list(removals.select_related("location", "upload", "pgh_context").order_by("-pgh_created_at")[:limit])
    purposes = ConsentPurpose.objects.filter(organization=customer.organization_id) if found or removed else []
    titles = _Titles({purpose.code: str(purpose) for purpose in purposes})
    return [
        *(_of_removal(event, _shown_of(event, titles[event.purpose], is_open=is_open)) for event in removed),
        *(_of_slip(one, _shown_of(one, titles[one.purpose], is_open=is_open)) for one in found if one.struck_out_at),
        *(_of_consent(one, _shown_of(one, titles[one.purpose], is_open=is_open)) for one in (*found, *removed)),
    ]


class _Titles(dict[str, str]):
    """By code what a purpose is called; one that is there no more by its code."""

    def __missing__(self, code: str) -> str:
        return code


def _of_consent(said: Any, shown: list[tuple[str, str]]) -> Entry:
    """`said` is a statement, or the event of its removal, which has the same fields."""
    return Entry(
        happened_at=said.recorded_at,
        kind="given" if said.is_given else "withdrawn",
        user=said.recorded_by,
        location=said.location.name if said.location else "",
        reason=_("Import of %(name)s") % {"name": said.upload.name} if said.upload else "",
        changes=tuple(Change(label, "", value) for label, value in shown),
    )


def _of_removal(event: Any, shown: list[tuple[str, str]]) -> Entry:
    facts = _facts(event)
    return Entry(
        happened_at=event.pgh_created_at,
        kind="given_removed" if event.is_given else "withdrawn_removed",
        user=actor_shown(facts),
        location=facts.get("location_name") or "",
        reason=_reason(facts),
        changes=tuple(Change(label, value, "") for label, value in shown),
    )


def _of_slip(said: Consent, shown: list[tuple[str, str]]) -> Entry:
    """The entry of a statement that was struck out. Its location is not known."""
    return Entry(
        happened_at=said.struck_out_at or said.recorded_at,
        kind="given_struck_out" if said.is_given else "withdrawn_struck_out",
        user=said.struck_out_by,
        location="",
        reason="",
        changes=tuple(Change(label, value, "") for label, value in shown),
    )


def _of_cards(customer: Customer, limit: int) -> list[Entry]:
    """The entries of cards, the latest first. A replaced card is shown with its successor."""
    events = CardEvent.objects.filter(base=customer.base_id, customer=customer.pk).select_related("pgh_context")
    found = list(events.order_by("-pgh_created_at", "-state_since")[:limit])
    numbers = {event.pgh_obj_id: event.number for event in found}
    return [_of_card(event, numbers) for event in found]


def _of_card(event: Any, numbers: Mapping[int, str]) -> Entry:
    facts = _facts(event)
    shown = {
        _("Card number"): event.number,
        _("Reason of the block"): str(CardReason(event.reason).label) if event.reason else "",
        _("Successor"): numbers.get(event.successor_id, ""),
    }
    return Entry(
        happened_at=event.pgh_created_at,
        kind=_kind_of_card(event),
        user=actor_shown(facts),
        location=facts.get("location_name") or "",
        reason=_reason(facts),
        changes=tuple(Change(label, "", value) for label, value in shown.items() if value),
    )


def _kind_of_card(event: Any) -> str:
    if event.pgh_label != "update":
        return "card_removed" if event.pgh_label == "delete" else "card_assigned"
    if event.state == CardState.ACTIVE:
        return "card_unblocked"
    return "card_replaced" if event.successor_id else "card_blocked"


def _of_memberships(customer: Customer, limit: int) -> list[Entry]:
    """The entries of memberships, his own and those of his members, the latest first."""
    either = models.Q(member=customer.pk) | models.Q(of=customer.pk)
    events = MembershipEvent.objects.filter(either, base=customer.base_id)
    return [
        _of_membership(event)
        for event in events.select_related("pgh_context", "member", "of").order_by("-pgh_id")[:limit]
    ]


def _of_membership(event: Any) -> Entry:
    facts = _facts(event)
    shown = {
        _("Member"): str(event.member),
        _("Belongs to"): str(event.of),
        _("What it is"): str(event.get_kind_display()),
        _("Role"): event.role,
        _("Invoice to"): str(event.get_invoice_to_display()),
        _("Member from"): _plain(event.valid_from),
        _("Member until"): _plain(event.valid_until) if event.valid_until else "",
    }
    changed = "membership_ended" if event.ended_at else "membership_changed"
    return Entry(
        happened_at=event.pgh_created_at,
        kind=changed if event.pgh_label == "update" else "membership_added",
        user=actor_shown(facts),
        location=facts.get("location_name") or "",
        reason=_reason(facts),
        changes=tuple(Change(label, "", value) for label, value in shown.items() if value),
    )


def _of_disclosure(disclosure: Disclosure) -> Entry:
    shown = {
        _("Receiver"): disclosure.shown_receiver,
        _("Legal ground"): str(disclosure.ground),
        _("Fields that go along"): str(disclosure.fields),
    }
    return Entry(
        happened_at=disclosure.at,
        kind="disclosed",
        user=name_shown(disclosure.user),
        location=disclosure.location,
        reason=disclosure.occasion,
        changes=tuple(Change(label, "", value) for label, value in shown.items() if value),
    )


def _shown_of(said: Any, title: str, *, is_open: bool) -> list[tuple[str, str]]:
    shown = {
        _("Purpose"): title,
        _("When"): _plain(said.at),
        _("How"): str(said.get_source_display()),
        _("Version of the wording"): said.wording_version,
        _("Receiver"): str(said.receiver or ""),
        _("Said to"): str(said.given_to or ""),
        _("Holds here"): "" if said.holds_here else _("No, it is evidence of the transfer"),
        _("Evidence"): said.evidence if is_open else MASK,
    }
    return [(label, value) for label, value in shown.items() if value]


def _facts(event: Any) -> Mapping[str, Any]:
    return (event.pgh_context.metadata if event.pgh_context else None) or {}


def _reason(facts: Mapping[str, Any]) -> str:
    """The reason in the language of the reader. A text that a command has given is shown as it is."""
    kept = facts.get("reason") or ""
    return str(Sentences(kept) if isinstance(kept, list) else kept)


def _entry(event: Any, before: Any, names: Names, hidden: Set[str]) -> Entry:
    facts = _facts(event)
    new = {field.name: getattr(event, field.attname) for field in FIELDS}
    old = {field.name: getattr(before, field.attname) for field in FIELDS} if before else {}
    # Nobody knows what an update changed whose row was written while no history was kept.
    is_known = event.pgh_label == "insert" or (event.pgh_label == "update" and before is not None)
    changed = [field for field in FIELDS if is_known and _differs(field, old, new)]
    # What a new customer had of it is not told at all: that would say what is there and what is not.
    told = [field for field in changed if old or field.name not in hidden]
    return Entry(
        happened_at=event.pgh_created_at,
        kind=event.pgh_label,
        user=actor_shown(facts),
        location=facts.get("location_name") or "",
        reason=_reason(facts),
        changes=tuple(_changes(told, old, new, names, hidden)),
        version=event.pgh_id if event.pgh_label != "delete" else None,
    )


def _differs(field: Any, old: Mapping[str, object], new: Mapping[str, object]) -> bool:
    """Whether a field differs from the state before, or from an empty customer where there is none."""
    if old:
        return bool(old[field.name] != new[field.name])
    return bool(new[field.name]) and field.name != "customer_number"


def _changes(
    fields: Iterable[Any],
    old: Mapping[str, object],
    new: Mapping[str, object],
    names: Names,
    hidden: Set[str] = frozenset(),
) -> Iterator[Change]:
    for field in fields:
        if field.name in hidden:
            yield Change(label=capfirst(str(field.verbose_name)), old=MASK, new=MASK)
            continue
        yield Change(
            label=capfirst(str(field.verbose_name)),
            old=_shown(field, old.get(field.name), names),
            new=_shown(field, new[field.name], names),
        )


def _names(rows: Iterable[Any], *, extra: Mapping[str, object] | None = None) -> Names:
    """The names of the groups and locations that the rows refer to. Two queries."""
    rows = list(rows)
    found: dict[tuple[str, object], str] = {}
    for name, model in (("customer_group", CustomerGroup), ("home_location", Location)):
        keys = {getattr(row, f"{name}_id") for row in rows} | {(extra or {}).get(name)}
        found |= {(name, row.pk): row.name for row in model._default_manager.filter(pk__in=keys - {None})}
    return found


def _key(value: object) -> object:
    return value.pk if isinstance(value, models.Model) else value


def label_of(name: str) -> str:
    """What a field is called on the pages of a customer."""
    return capfirst(str(_BY_NAME[name].verbose_name))


def shown_value(name: str, value: Any) -> str:
    """A value of a field as the pages of a customer show it; that of a reference is what it is called."""
    field = _BY_NAME[name]
    return value or "" if field.is_relation else _shown(field, value, {})


def _shown(field: Any, value: Any, names: Names) -> str:
    if value is None or value == "" or value == []:
        return ""
    if field.is_relation:
        return names.get((field.name, value), _("no longer there"))
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    special = READABLE.get(field.name)
    return special(value) if special else _plain(value)


def _plain(value: object) -> str:
    match value:
        case bool():
            return _("Yes") if value else _("No")
        case datetime():
            return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
        case date():
            return date_format(value, "SHORT_DATE_FORMAT")
        case Decimal():
            return number_format(value, use_l10n=True)
        case list():
            return ", ".join(value)
        case _:
            return str(value)
