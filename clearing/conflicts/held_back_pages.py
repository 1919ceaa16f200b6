"""Changes that a rule of the central has held back: the list, and one of them with what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clearing.conflicts.comparing import Sent, sent_lines
from clearing.conflicts.deciding import demand_resolving
from clearing.conflicts.dismissing import can_be_dismissed, dismiss, take_up
from clearing.models import HeldBack
from customers.console.frame import page_number
from customers.models import Customer
from locations.permissions import Right
from mcp.console.pages import show
from mcp.console.site import console, scope_of
from mcp.isolation.branch import is_branch
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences, Stored

HELD_BACK, HELD_BACK_ONE = "clearing_held_back", "clearing_held_back_one"
PAGE = 50
LAST_PAGE = 200
DISMISSED = "dismissed"
"""What the list shows, where it does not show what waits."""


@dataclass(frozen=True)
class Remedy:
    """Where somebody mends what a rule has refused, and the right that he needs for it."""

    title: Promise
    page: str
    right: Right
    is_at_central_alone: bool = False


_LOCATIONS = Remedy(
    gettext_lazy("To the number ranges of the locations"),
    "admin:locations_location_changelist",
    Right.MANAGE_LOCATION,
    is_at_central_alone=True,
)
_TAGS = Remedy(gettext_lazy("To the tags"), "admin:customers_tag_changelist", Right.VIEW_CUSTOMERS)
_GROUPS = Remedy(
    gettext_lazy("To the customer groups"), "admin:customers_customergroup_changelist", Right.VIEW_CUSTOMERS
)
_PURPOSES = Remedy(
    gettext_lazy("To the purposes of consents"),
    "admin:customers_consentpurpose_changelist",
    Right.VIEW_CUSTOMERS,
    is_at_central_alone=True,
)
REMEDIES: dict[str, Remedy] = {
    "clearing_unknown_tag": _TAGS,
    "unknown_tag": _TAGS,
    "customer_tags_known": _TAGS,
    "clearing_unknown_group": _GROUPS,
    "unknown_group": _GROUPS,
    "customer_group_in_base": _GROUPS,
    "unknown_purpose": _PURPOSES,
    "consent_purpose_of_organization": _PURPOSES,
    "clearing_number_out_of_range": _LOCATIONS,
    "clearing_unknown_home": _LOCATIONS,
    "number_out_of_range": _LOCATIONS,
    "customer_number_in_range": _LOCATIONS,
    "number_range_exhausted": _LOCATIONS,
}
"""By the code of the reason."""


@dataclass(frozen=True)
class Reason:
    """A sentence, and the link to what mends it, where that is plain."""

    sentence: str
    title: str = ""
    address: str = ""


def held_back_urls() -> list[URLPattern]:
    """To be put among the addresses of conflicts."""
    return [
        path("held-back/", console.admin_view(held_back_page), name=HELD_BACK),
        path("held-back/<int:pk>/", console.admin_view(one_page), name=HELD_BACK_ONE),
    ]


def held_back_page(request: HttpRequest) -> HttpResponse:
    """The changes of the base that wait, the oldest first."""
    scope = _resolver(request)
    of_base = HeldBack.objects.in_base(scope.base)
    is_dismissed = request.GET.get("show") == DISMISSED
    found = of_base.dismissed().order_by("-dismissed_at", "-pk") if is_dismissed else of_base.waiting()
    page = min(page_number(request), LAST_PAGE)
    rows = list(found.select_related("node")[(page - 1) * PAGE : page * PAGE + 1])
    return show(
        request,
        "clearing/held_back.html",
        {
            "title": _("Changes held back"),
            "rows": rows[:PAGE],
            "count": found.count(),
            "is_dismissed": is_dismissed,
            "dismissed": of_base.dismissed().count(),
            "newer": page - 1,
            "older": page + 1 if len(rows) > PAGE else 0,
        },
    )


def one_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What was sent, and why it was refused. A form that was sent dismisses it, or takes that back."""
    scope = _resolver(request)
    held = HeldBack.objects.in_base(scope.base).filter(pk=pk).select_related("node").first()
    if held is None:
        raise Http404
    if request.method == "POST":
        _decide(request, held, scope)
        return HttpResponseRedirect(reverse(f"admin:{HELD_BACK_ONE}", args=[held.pk]))
    sent: Sent = sent_lines(held.record, actor=scope)
    return show(
        request,
        "clearing/held_back_one.html",
        {
            "title": _("Held back: %(customer)s") % {"customer": held},
            "held": held,
            "sent": sent,
            "reasons": list(_reasons(held.reasons, scope)),
            "customer": Customer.objects.in_base(scope.base).filter(uid=held.uid).first(),
            "can_be_dismissed": held.dismissed_at is None and can_be_dismissed(held),
            "is_branch": is_branch(),
        },
    )


def _decide(request: HttpRequest, held: HeldBack, scope: Scope) -> None:
    """Do what was asked for with it, and say what became of it. Raises Http404."""
    try:
        match request.POST.get("step"):
            case "dismiss":
                dismiss(held=held.pk, note=request.POST.get("note", ""), actor=scope)
                said = _("This is dismissed: it waits no more.")
            case "undo":
                take_up(held=held.pk, actor=scope)
                said = _("This waits again.")
            case _:
                raise Http404
    except HeldBack.DoesNotExist:
        raise Http404 from None
    except ValidationError as refusal:
        messages.warning(request, " ".join(refusal.messages))
    else:
        messages.success(request, said)


def _resolver(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    demand_resolving(scope)
    return scope


def _reasons(reasons: list[Stored], scope: Scope) -> Iterator[Reason]:
    with scope.asked.only_looking():
        for reason in reasons:
            remedy = REMEDIES.get(reason["code"])
            sentence = str(Sentences([reason]))
            is_elsewhere = remedy is not None and remedy.is_at_central_alone and is_branch()
            if remedy is None or is_elsewhere or not scope.allows(remedy.right):
                yield Reason(sentence)
            else:
                yield Reason(sentence, str(remedy.title), reverse(remedy.page))
