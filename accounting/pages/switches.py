"""How locations keep their accounts, with the central or on their own: who asks for a change, and who confirms it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounting.balances import mode_of
from accounting.choices import AccountingMode
from accounting.models import AccountingSwitch
from accounting.operations.opening import NotOnThisBase
from accounting.operations.switching import (
    ask_accounting_switch,
    confirm_accounting_switch,
    may_confirm,
    person_of,
    refuse_accounting_switch,
    switchable,
    visible_switches,
    withdraw_accounting_switch,
)
from accounting.pages.forms import PlainForm
from accounting.pages.frame import SWITCHES, address_of, show_page
from accounting.pages.legacy import legacy_lines, switch_off, switch_on
from locations.models import Location
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.console.site import scope_of
from mcp.isolation.scope import Scope

SHOWN = 20
LONGEST = 200
_DIGITS_OF_AN_ID = 18


class WhyForm(PlainForm):
    """The reason of a request, or why it is refused."""

    why = forms.CharField(label=gettext_lazy("Reason"), max_length=LONGEST, required=False)


@dataclass(frozen=True)
class Line:
    """How one location keeps its accounts, and what can be done about it here."""

    location: Location
    mode: AccountingMode
    asked: AccountingSwitch | None
    may_confirm: bool
    may_withdraw: bool
    form: WhyForm

    @property
    def other(self) -> AccountingMode:
        """To what it can be changed."""
        return AccountingMode.CENTRAL if self.mode == AccountingMode.OWN else AccountingMode.OWN


def switches_page(request: HttpRequest) -> HttpResponse:
    """The locations with what holds and what is asked for; a step that was taken leads back here."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    form = WhyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _done(request, form, scope):
        return HttpResponseRedirect(address_of(SWITCHES))
    context = {
        "elsewhere": " ".join(NotOnThisBase().messages) if scope.base.is_discontinued else "",
        "lines": _lines(request, scope, form),
        "legacy": legacy_lines(scope),
        "mode_here": _mode(scope, scope.location).label if not scope.location.is_central else "",
        "is_central": scope.location.is_central,
        "may_change": person_of(scope) is not None,
        "form": form if request.method == "POST" else None,
        "decided": visible_switches(scope).exclude(decided_at=None).order_by("-decided_at")[:SHOWN],
    }
    return show_page(request, "switches", _("Accounts of the locations"), context)


def _lines(request: HttpRequest, scope: Scope, form: WhyForm) -> list[Line]:
    """One for each location that can be switched here. Those who asked and confirmed last are read in two queries."""
    if scope.base.is_discontinued:
        return []
    asked = {one.location_id: one for one in visible_switches(scope).asked()}
    modes = _modes(scope)
    posted = request.POST.get("location", "") or request.POST.get("switch", "")
    lines = []
    for location in switchable(scope):
        waits = asked.get(location.pk)
        is_asked_about = posted != "" and posted in (str(location.pk), str(waits.pk) if waits else "")
        lines.append(
            Line(
                location,
                modes.get(location.pk, AccountingMode.CENTRAL),
                waits,
                waits is not None and may_confirm(waits, scope),
                waits is not None and waits.asked_place == scope.location.pk,
                form if is_asked_about else WhyForm(auto_id=f"id_{location.pk}_%s"),
            )
        )
    return lines


def _modes(scope: Scope) -> dict[int, AccountingMode]:
    """By the id of the location what was confirmed last."""
    confirmed = visible_switches(scope).filter(state="confirmed").order_by("location", "-decided_at")
    rows = confirmed.distinct("location").values_list("location", "mode")
    return {location: AccountingMode(mode) for location, mode in rows}


def _mode(scope: Scope, location: Location) -> AccountingMode:
    return AccountingMode(mode_of(scope.base, location) or AccountingMode.CENTRAL)


# --- what is done -----------------------------------------------------------------------------------------------------


def _done(request: HttpRequest, form: WhyForm, scope: Scope) -> bool:
    """Take the step. False where it was refused; the form then says why. Raises Http404 for an unknown step or row."""
    if (perform := _STEPS.get(request.POST.get("step", ""))) is None:
        raise Http404
    try:
        sentence = perform(request, form.cleaned_data["why"], scope)
    except (Location.DoesNotExist, AccountingSwitch.DoesNotExist) as missing:
        raise Http404 from missing
    except ValidationError as refusal:
        show_refusal(form, refusal, {"accountingswitch_has_reason": "why", "note": "why"})
        return False
    messages.success(request, sentence)
    return True


def _ask(request: HttpRequest, why: str, scope: Scope) -> str:
    location, mode = _id(request.POST.get("location", "")), request.POST.get("mode", "")
    row = ask_accounting_switch(location=location, mode=mode, reason=why, actor=scope)
    return _("It is asked for. Another person confirms it before anything changes at %(location)s.") % {
        "location": row.location.name
    }


def _confirm(request: HttpRequest, why: str, scope: Scope) -> str:
    row = confirm_accounting_switch(switch=_uuid(request.POST.get("switch", "")), actor=scope)
    return _("%(location)s keeps its accounts %(mode)s from now on.") % {
        "location": row.location.name,
        "mode": row.get_mode_display(),
    }


def _refuse(request: HttpRequest, why: str, scope: Scope) -> str:
    refuse_accounting_switch(switch=_uuid(request.POST.get("switch", "")), note=why, actor=scope)
    return _("The change is refused.")


def _withdraw(request: HttpRequest, why: str, scope: Scope) -> str:
    withdraw_accounting_switch(switch=_uuid(request.POST.get("switch", "")), actor=scope)
    return _("The change is withdrawn.")


_STEPS: dict[str, Callable[[HttpRequest, str, Scope], str]] = {
    "ask": _ask, "confirm": _confirm, "refuse": _refuse, "withdraw": _withdraw,
    "legacy_on": lambda request, why, scope: switch_on(_id(request.POST.get("location", "")), scope),
    "legacy_off": lambda request, why, scope: switch_off(_id(request.POST.get("location", "")), scope),
}  # fmt: skip


def _id(value: str) -> int:
    if not value.isascii() or not value.isdecimal() or len(value) > _DIGITS_OF_AN_ID:
        raise Http404
    return int(value)


def _uuid(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise Http404 from error
