"""Who is carried over is handed over: recorded with the execution, and so told on the customers' pages."""

from __future__ import annotations

from datetime import datetime
from functools import reduce

from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers import disclosures
from customers.choices import DisclosureKind
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences, stored_sentence
from transitions.choices import FieldGroup, LegalBasis
from transitions.models import Transition, TransitionCustomer

_AND = stored_sentence("fields_and", "%(one)s, %(more)s")
_ALONE = stored_sentence("fields_alone", "%(fields)s")
_NONE = stored_sentence("fields_none", pgettext_lazy("groups of fields", "none"))
_WITHOUT = stored_sentence("fields_without", _("without: %(fields)s"))
_BOTH = stored_sentence("fields_both", "%(chosen)s; %(without)s")
_GROUND = stored_sentence("disclosed_on_ground", "%(basis)s. %(ground)s")


def record_carried_over(cursor: CursorWrapper, moving: Transition, at: datetime, *, carried: int, actor: Scope) -> None:
    """Record the hand-over of those who were fixed as carried over. The package is made of them."""
    if not carried:
        return
    going = TransitionCustomer.objects.filter(base=moving.location.base_id, transition=moving, reason="")
    numbers = going.order_by().values_list("customer_number")
    disclosures.record(
        kind=DisclosureKind(moving.kind),
        numbers=disclosures.numbers_in(cursor, *numbers.query.sql_with_params()),
        total=carried,
        source=moving.pk,
        receiver=moving.receiver_account,
        receiver_name=moving.receiver_name or str(moving.receiver_account),
        ground=_GROUND(basis=LegalBasis(moving.basis).label, ground=moving.ground),
        fields=told_fields(moving),
        at=at,
        location=str(moving.location),
        actor=actor,
    )


def told_fields(moving: Transition) -> Sentences:
    """The groups of fields that go along, of those that have to be chosen, and the ones that do not."""
    chosen = _listed([group for group in FieldGroup if group in moving.field_groups]) or _NONE()
    without = _listed([group for group in FieldGroup if group not in moving.field_groups])
    return _BOTH(chosen=chosen, without=_WITHOUT(fields=without)) if without else chosen


def _listed(groups: list[FieldGroup]) -> Sentences:
    told = [_ALONE(fields=group.label) for group in groups]
    return reduce(lambda more, one: _AND(one=one, more=more), told[::-1]) if told else Sentences()
