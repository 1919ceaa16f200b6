"""The page of the rules of the customer base 1.0, for the provider's support only: for all businesses, and for one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from locations import legacy
from locations.choices import LegacyRule
from locations.models import LegacySwitch, Organization
from locations.violations import told_as_refusals
from mcp.central import operations
from mcp.central.admin.support import demand_support
from mcp.central.forms.legacy import SwitchForm
from mcp.console.operation_forms import show_refusal
from mcp.console.pages import done, show
from mcp.console.site import provider
from mcp.isolation.scope import actor_shown

NEWEST = 200
"""The number of entries of the history that are shown."""


@dataclass(frozen=True)
class Row:
    """One rule on the page; without a form where it cannot be lifted yet."""

    standing: legacy.Standing
    form: SwitchForm | None


@dataclass(frozen=True)
class Entry:
    """One line of the history; `whom` is empty for all businesses, `is_lifted` is None for one that is as they are."""

    at: datetime
    who: str
    whom: str
    rule: str
    is_lifted: bool | None
    reason: str


def rules_page(request: HttpRequest, object_id: int | None = None) -> HttpResponse:
    """Shows how it stands with each rule, and switches one; with a key for this business, without for all."""
    demand_support(request)
    business = None if object_id is None else _business(object_id)
    standings = legacy.standings(business)
    sent = _sent(request, standings, business)
    if sent is not None and sent.is_valid():
        try:
            return _switch(request, sent, business)
        except ValidationError as refusal:
            show_refusal(sent, refusal, {})
    context = {
        "title": _("Rules of 1.0: %(business)s") % {"business": business} if business else _("Rules of 1.0"),
        "business": business,
        "rows": [Row(standing, _form(standing, sent, business)) for standing in standings],
        "others": [] if business else _others(),
        "entries": list(_entries(business)),
        "back": reverse("admin:locations_organization_change", args=[business.pk]) if business else "",
    }
    return show(request, "mcp/legacy_rules.html", context, site=provider, status=400 if sent else 200)


def _business(object_id: int) -> Organization:
    business = Organization.objects.filter(pk=object_id).first()
    if business is None:
        raise Http404
    return business


def _sent(request: HttpRequest, standings: list[legacy.Standing], business: Organization | None) -> SwitchForm | None:
    """The form that was sent; None where none was. What names no rule that can be lifted is the first one's."""
    if request.method != "POST":
        return None
    liftable = [standing for standing in standings if standing.rule.can_be_lifted]
    named = [standing for standing in liftable if standing.rule == request.POST.get("rule")]
    return SwitchForm((named or liftable)[0], is_of_business=business is not None, data=request.POST)


def _form(standing: legacy.Standing, sent: SwitchForm | None, business: Organization | None) -> SwitchForm | None:
    if not standing.rule.can_be_lifted:
        return None
    if sent is not None and sent.initial["rule"] == standing.rule:
        return sent
    return SwitchForm(standing, is_of_business=business is not None)


def _switch(request: HttpRequest, form: SwitchForm, business: Organization | None) -> HttpResponse:
    rule, wanted = form.chosen
    with told_as_refusals():
        operations.switch_legacy_rule(
            rule=rule,
            organization=business,
            is_lifted=wanted.is_lifted,
            reason=form.cleaned_data["reason"],
            support=request.user,  # type: ignore[arg-type]
        )
    return done(request, _("Saved: “%(rule)s”.") % {"rule": rule.label}, request.path)


def _others() -> list[LegacySwitch]:
    """What was decided for single businesses and holds for them now."""
    found = LegacySwitch.objects.filter(organization__isnull=False, is_lifted__isnull=False)
    return list(found.select_related("organization").order_by("organization__account_number", "rule"))


def _entries(business: Organization | None) -> Iterator[Entry]:
    """The history, newest first: of a business what was decided for it and for all, else of all of them."""
    events = apps.get_model("locations", "LegacySwitchEvent")._default_manager.all()
    if business is not None:
        events = events.filter(organization__isnull=True) | events.filter(organization=business)
    for event in events.select_related("pgh_context", "organization").order_by("-pgh_id")[:NEWEST]:
        metadata = event.pgh_context.metadata if event.pgh_context else {}
        yield Entry(
            at=event.pgh_created_at,
            who=actor_shown(metadata) or _("the system"),
            whom=str(event.organization or ""),
            rule=str(LegacyRule(event.rule).label),
            is_lifted=event.is_lifted,
            reason=event.reason,
        )
