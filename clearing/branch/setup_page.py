"""The page on which a branch is set up: once, by whoever sits at the machine itself."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from clearing.branch import pairing_door
from clearing.branch.first_start import AlreadySetUp, is_set_up, set_up_branch
from clearing.branch.forms import REFUSED_FIELDS, AdministratorForm, PairingForm, PlaceForm
from mcp.console.operation_forms import show_refusal
from mcp.console.page_context import look

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_FORWARDED")
"""What a web server in front adds: then the address that is seen is that of this server."""


@never_cache
@sensitive_post_parameters("password1", "password2", "code")
def setup_page(request: HttpRequest) -> HttpResponse:
    """Ask which branch this is, then for its number and its administrator. Raises Http404 once it is set up."""
    if is_set_up():
        raise Http404
    if not is_at_this_machine(request):
        return _show(request, "setup_elsewhere", _("This branch is not set up yet"), status=403)
    step = request.POST.get("step", "")
    if step == "pair" and pairing_door.found() is not None:
        return _pair(request)
    place = PlaceForm(request.POST or None)
    if request.method != "POST" or step not in {"place", "administrator"} or not place.is_valid():
        return _first(request, place)
    if step == "place":
        proposed = {"branch_number": place.cleaned_data["client_number"]}
        return _second(request, place, AdministratorForm(initial=proposed))
    administrator = AdministratorForm(request.POST)
    if not administrator.is_valid():
        return _second(request, place, administrator)
    return _set_up(request, place, administrator)


def is_at_this_machine(request: HttpRequest) -> bool:
    """Whether the browser runs on this machine, with nothing in between that hands on what others ask."""
    if any(name in request.META for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _set_up(request: HttpRequest, place: PlaceForm, administrator: AdministratorForm) -> HttpResponse:
    data: dict[str, Any] = place.cleaned_data
    try:
        set_up_branch(
            account_number=data["account_number"],
            business=data["business"],
            place=place.place(administrator.cleaned_data["branch_number"]),
            administrator=administrator.administrator(),
            password=administrator.cleaned_data["password1"],
            group_name=_("Administration of the branch"),
        )
    except AlreadySetUp as refusal:
        messages.info(request, " ".join(refusal.messages))
        return HttpResponseRedirect(settings.LOGIN_URL)
    except ValidationError as refusal:
        show_refusal(administrator, refusal, REFUSED_FIELDS)
        return _second(request, place, administrator)
    messages.success(request, _("The branch is set up. Log in."))
    return HttpResponseRedirect(settings.LOGIN_URL)


def _pair(request: HttpRequest) -> HttpResponse:
    pair, form, place = pairing_door.found(), PairingForm(request.POST), ""
    assert pair is not None  # noqa: S101 - asked before
    if form.is_valid():
        data = form.cleaned_data
        try:
            pair(central=data["central"], code=data["code"], branch_number=data.get("branch_number"))
        except pairing_door.BranchNumberWanted as wanted:
            form, place = PairingForm(initial={**data, "branch_number": wanted.proposed}), wanted.place
        except ValidationError as refusal:
            show_refusal(form, refusal, {})
        else:
            messages.success(request, _("The branch is paired with its central. Log in as there."))
            return HttpResponseRedirect(settings.LOGIN_URL)
    return _first(request, PlaceForm(), pairing=form, paired_place=place)


def _first(
    request: HttpRequest, place: PlaceForm, *, pairing: PairingForm | None = None, paired_place: str = ""
) -> HttpResponse:
    if pairing is None and pairing_door.found() is not None:
        pairing = PairingForm()
    title = _("Set up the branch")
    return _show(request, "setup", title, form=place, pairing=pairing, paired_place=paired_place)


def _second(request: HttpRequest, place: PlaceForm, administrator: AdministratorForm) -> HttpResponse:
    return _show(request, "setup_administrator", _("Set up the branch"), place=place, form=administrator)


def _show(request: HttpRequest, page: str, title: str, *, status: int = 200, **context: object) -> HttpResponse:
    return render(request, f"clearing/{page}.html", {**look(request), "title": title, **context}, status=status)
