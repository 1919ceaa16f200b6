"""The page on which a branch is set up: once, by whoever sits at the machine itself.

Paired at once, it says how the first contact goes that brings the people, until somebody can log in.
"""

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

from clearing.branch.first_start import (
    ACTOR,
    AlreadySetUp,
    BranchNumberWanted,
    Stage,
    set_up_branch,
    set_up_paired,
    stage,
)
from clearing.branch.forms import REFUSED_FIELDS, REFUSED_PAIRING, AdministratorForm, PairingForm, PlaceForm
from clearing.branch.starting import clear_now, scope_here, this_branch
from clearing.branch.talking import CentralRefused
from mcp.console.operation_forms import show_refusal
from mcp.console.page_context import look
from mcp.isolation import row_scope

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_FORWARDED")
"""What a web server in front adds: then the address that is seen is that of this server."""


@never_cache
@sensitive_post_parameters("password1", "password2", "code")
def setup_page(request: HttpRequest) -> HttpResponse:
    """Ask which branch this is: the central, or whoever sits here. Raises Http404 once somebody can log in.

    A form that was sent twice, as by a double click, leads where the first one has led.
    """
    reached, is_here = stage(), is_at_this_machine(request)
    if reached is Stage.SET_UP:
        return _lead_on(request, is_here=is_here)
    if not is_here:
        return _show(request, "setup_elsewhere", _("This branch is not set up yet"), status=403)
    if reached is Stage.AWAITS_PEOPLE:
        return _await_people(request)
    return _pair(request) if request.POST.get("step") == "pair" else _ask(request)


def _lead_on(request: HttpRequest, *, is_here: bool) -> HttpResponse:
    if is_here and request.method == "POST":
        return HttpResponseRedirect(settings.LOGIN_URL)
    raise Http404


def _ask(request: HttpRequest) -> HttpResponse:
    """The way without the central, in two steps."""
    step = request.POST.get("step", "")
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
    form = PairingForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            set_up_paired(central=data["central"], code=data["code"], branch_number=data.get("branch_number"))
        except BranchNumberWanted as wanted:
            form = PairingForm(initial={**data, "branch_number": wanted.proposed, "place": wanted.place})
        except CentralRefused as refusal:
            form.add_error("code", str(refusal.sentences))
        except AlreadySetUp as refusal:
            messages.info(request, " ".join(refusal.messages))
            return HttpResponseRedirect(settings.LOGIN_URL)
        except ValidationError as refusal:
            show_refusal(form, refusal, REFUSED_PAIRING)
        else:
            return HttpResponseRedirect(request.path)
    return _first(
        request,
        PlaceForm(),
        pairing=form,
        paired_place=str(form["place"].value() or "") if "place" in form.fields else "",
    )


def _await_people(request: HttpRequest) -> HttpResponse:
    """How the first contact goes; a form that was sent begins it at once."""
    own = this_branch(actor=ACTOR)
    if own is None:
        raise Http404
    if request.method == "POST":
        scope = scope_here(own, name=ACTOR)
        with row_scope.rows_of(scope):
            clear_now(actor=scope)
        return HttpResponseRedirect(request.path)
    response = _show(request, "setup_waiting", _("The branch is paired"), own=own)
    response["Refresh"] = f"3; url={settings.LOGIN_REDIRECT_URL}"  # it leads back here, until somebody can log in
    return response


def _first(
    request: HttpRequest, place: PlaceForm, *, pairing: PairingForm | None = None, paired_place: str = ""
) -> HttpResponse:
    title = _("Set up the branch")
    return _show(request, "setup", title, form=place, pairing=pairing or PairingForm(), paired_place=paired_place)


def _second(request: HttpRequest, place: PlaceForm, administrator: AdministratorForm) -> HttpResponse:
    return _show(request, "setup_administrator", _("Set up the branch"), place=place, form=administrator)


def _show(request: HttpRequest, page: str, title: str, *, status: int = 200, **context: object) -> HttpResponse:
    return render(request, f"clearing/{page}.html", {**look(request), "title": title, **context}, status=status)
