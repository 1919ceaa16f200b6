"""Pages outside any location: the login, the chooser of locations, and the check whether the process is up."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import NON_FIELD_ERRORS
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Case, QuerySet, When
from django.forms import HiddenInput
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from locations.models import Location
from locations.querysets import LocationQuerySet
from mcp.console import switching
from mcp.console.kept_forms import Kept, kept_through_login
from mcp.console.page_context import look
from mcp.isolation import access, branch, row_scope
from mcp.login import devices
from mcp.login.forms import LoginForm, ProviderLoginForm
from mcp.login.throttling import TooBusy, TooManyTries
from mcp.models import User

_ADDRESS = re.compile(r"^/([1-9][0-9]{0,8})/")


PAGE_SIZE = 50
SWITCH_SIZE = 20
_LONGEST_SEARCH = 100

type Page = Callable[[HttpRequest, dict[str, object]], HttpResponse]
"""Renders a page of the site for a context."""


class ProviderLoginView(auth_views.LoginView):
    """The login of the provider's own people."""

    form_class: type[ProviderLoginForm] = ProviderLoginForm
    template_name = "admin/login.html"
    redirect_authenticated_user = True
    is_of_provider = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("Log in as the provider") if self.is_of_provider else _("Log in")
        shown = {"title": title, "is_of_provider": self.is_of_provider, "kept": kept_through_login(self.request.POST)}
        return super().get_context_data(**look(self.request), **kwargs, **shown)

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Somebody who has logged in meanwhile in another tab gets back what he has typed."""
        kept = kept_through_login(request.POST) if request.user.is_authenticated else None
        if kept is not None and kept.is_of(request.user):
            return _back_again(request, kept)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Log in. The language is the one chosen on the login page, else the user's own."""
        user = form.get_user()
        with row_scope.rows_of_person(user.pk):  # the time of the login is noted in his row
            response = super().form_valid(form)
        if settings.LANGUAGE_COOKIE_NAME not in self.request.COOKIES:
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME, user.language, samesite="Lax", secure=settings.LANGUAGE_COOKIE_SECURE
            )
        kept = kept_through_login(self.request.POST)
        if kept is not None and kept.is_of(user):
            page = _back_again(self.request, kept)
            page.cookies.update(response.cookies)
            response = page
        devices.remember(self.request, response, user)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Too many attempts are answered with 429 and Retry-After, so that programs understand it too."""
        response = super().form_invalid(form)
        refusals = form.errors.get(NON_FIELD_ERRORS)
        for refusal in refusals.as_data() if refusals else []:
            if isinstance(refusal, TooManyTries | TooBusy):
                response.status_code = HTTPStatus.TOO_MANY_REQUESTS
                response["Retry-After"] = str(refusal.seconds)
        return response


class LoginView(ProviderLoginView):
    """The login of a business's people.

    The account number is filled in from the address that was asked for, or from the last login on this device. A branch
    knows its own.
    """

    form_class = LoginForm
    is_of_provider = False

    @cached_property
    def own(self) -> Location | None:
        """The location at a branch, which has no other; None at the central."""
        return branch.own_location()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, own=self.own)

    def get_form(self, form_class: type[AuthenticationForm] | None = None) -> AuthenticationForm:
        form = super().get_form(form_class)
        if self.own is not None:
            form.fields["account_number"].widget = HiddenInput()
        return form

    def get_initial(self) -> dict[str, Any]:
        if self.own is not None:
            return {**super().get_initial(), "account_number": self.own.organization.account_number}
        asked = _ADDRESS.match(self.request.GET.get("next", ""))
        known = int(asked.group(1)) if asked else devices.account_number_on(self.request)
        return {**super().get_initial(), "account_number": known}


def _back_again(request: HttpRequest, kept: Kept) -> HttpResponse:
    """The page after a login with what was typed before it, to be sent again."""
    context = {**look(request), "title": _("You are logged in again"), "kept": kept}
    return render(request, "errors/back_again.html", context)


def choose_location(request: HttpRequest, page: Page) -> HttpResponse:
    """The locations at which the user has any right, searched by `q`.

    With `open` it redirects to the first that is found.

    Somebody who has chosen a start location is redirected there, unless he asks for `all`. The location that was used
    last on this device comes first. Two queries, whatever their number. A request by htmx gets only the list.
    """
    words = _words(request)
    if not request.GET and (start := _start_of(request)):
        return HttpResponseRedirect(start.address)
    last = devices.place_on(request)
    found = _found_locations(request, words)
    found = found.order_by(*_last_first(last), *found.query.order_by)
    onward = _onward(request)
    if "open" in request.GET and (first := found.first()):
        return HttpResponseRedirect(first.address + onward)
    shown = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    if shown.paginator.count == 1 and not words and _person(request).organization_id:
        return HttpResponseRedirect(shown[0].address)
    context: dict[str, object] = {
        "title": _("Choose a location"),
        "page": shown,
        "words": words,
        "onward": onward,
        "last": last,
    }
    context |= {"at": request.GET.get("at", ""), "come_from": request.GET.get("from", "")} if onward else {}
    if _is_htmx(request):
        response: HttpResponse = render(request, "shell/locations.html", context)
    else:
        response = page(request, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def switch_location(request: HttpRequest) -> HttpResponse:
    """The list behind the switch in the header: the first SWITCH_SIZE locations that `q` finds. One query."""
    if not request.user.is_authenticated:
        return redirect_to_login("/")
    words = _words(request)
    found = list(_found_locations(request, words)[: SWITCH_SIZE + 1])
    context = {
        "locations": found[:SWITCH_SIZE],
        "has_more": len(found) > SWITCH_SIZE,
        "here": request.GET.get("at", ""),
        "words": words,
        "onward": _onward(request),
    }
    return render(request, "shell/switch.html", context)


def health(request: HttpRequest) -> HttpResponse:
    """For a load balancer: 200 where the web process reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


def _person(request: HttpRequest) -> User:
    """Who has logged in: strangers are sent to the login before these pages."""
    return request.user  # type: ignore[return-value]


def _found_locations(request: HttpRequest, words: str) -> QuerySet[Location]:
    locations: LocationQuerySet = access.accessible_locations(_person(request))  # type: ignore[assignment]
    return locations.containing(words).order_by("organization__account_number", "client_number")


def _start_of(request: HttpRequest) -> Location | None:
    """Where the user has chosen to start, if he may still work there."""
    user = _person(request)
    if user.start_location_id is None:
        return None
    return access.accessible_locations(user).filter(pk=user.start_location_id).first()


def _last_first(place: tuple[int, int] | None) -> list[Case]:
    """Order expressions: the business that was used last first, and in it the location."""
    if place is None:
        return []
    business, location = {"organization__account_number": place[0]}, {"client_number": place[1]}
    return [Case(When(**business, then=0), default=1), Case(When(**business, **location, then=0), default=1)]


def _onward(request: HttpRequest) -> str:
    """What is added to the address of each location: the page from which the user comes."""
    return switching.onward(request.GET.get("at", ""), request.GET.get("from", ""))


def _words(request: HttpRequest) -> str:
    """What was typed, without the NUL bytes that no database takes."""
    return request.GET.get("q", "").replace("\0", "")[:_LONGEST_SEARCH].strip()


def _is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
