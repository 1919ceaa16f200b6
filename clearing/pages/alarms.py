"""Alarms of branches: the panel on the front page of a central, who is told by mail, and the button that chooses it."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from clearing.central import telling
from clearing.choices import AlarmKind
from clearing.models import AlarmRecipient
from clearing.pages.listed import alarm_counts, nodes_of
from locations.permissions import Right
from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope
from mcp.worker import mailing

MAIL = "clearing_alarm_mail"


def alarm_urls() -> list[URLPattern]:
    """The address of the button."""
    return [path("mail/", console.admin_view(mail_page), name=MAIL)]


def facts(scope: Scope) -> dict[str, object]:
    """The context of the panel: how many branches reconcile, their alarms, and their open conflicts. Two queries.

    Conflicts are of a base, whose rows the central does not see: each node keeps how many of its base are open.
    """
    nodes = nodes_of(scope).in_use()
    counts = alarm_counts(nodes)
    of_bases = nodes.order_by().values("base").annotate(open=Max("open_conflicts"))
    found = list(of_bases.values_list("open", flat=True))
    return {
        "bases": len(found),
        "conflicts": sum(found),
        "alarms": [(kind.value, kind.label, counts[kind]) for kind in AlarmKind if counts[kind]],
    }


def mail_facts(scope: Scope) -> dict[str, object]:
    """Who is told of alarms by mail, and whether the reader is; empty where that is not chosen."""
    user = scope.user
    if not scope.location.is_central or user is None or user.organization_id != scope.organization.pk:
        return {}
    return {
        "is_possible": mailing.is_configured(),
        "is_chosen": AlarmRecipient.objects.filter(organization=scope.organization, user=user).exists(),
        "address": user.email,
        "people": [person for person in telling.recipients_at(scope.location) if person.pk != user.pk],
    }


def mail_page(request: HttpRequest) -> HttpResponse:
    """The button: told from now on, or no more."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    if request.method == "POST":
        is_wanted = request.POST.get("choice") == "on"
        try:
            telling.choose_mail(is_wanted=is_wanted, actor=scope)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            said = _("You are told of new alarms by mail.") if is_wanted else _("You are told of alarms no more.")
            messages.success(request, said)
    return HttpResponseRedirect(reverse("admin:clearing_nodes"))
