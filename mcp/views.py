"""Pages outside any location: the login, the chooser of locations and a sign of life."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from locations.models import Location
from locations.querysets import LocationQuerySet
from mcp import access, row_security
from mcp.context import look
from mcp.forms.login import LoginForm

_ADDRESS = re.compile(r"^/([1-9][0-9]{0,8})/")


PAGE_SIZE = 50
SWITCH_SIZE = 20
_LONGEST_SEARCH = 100

type Page = Callable[[HttpRequest, dict[str, Any]], HttpResponse]


class LoginView(auth_views.LoginView):
    """Asks who it is; the account number comes from the address that was asked for, if any."""

    form_class = LoginForm
    template_name = "admin/login.html"
    redirect_authenticated_user = True

    def get_initial(self) -> dict[str, Any]:
        asked = _ADDRESS.match(self.request.GET.get("next", ""))
        return {**super().get_initial(), "account_number": asked.group(1) if asked else None}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**look(self.request), **kwargs, title=_("Log in"))

    def form_valid(self, form: Any) -> HttpResponse:
        """In the language that was chosen on the login page, else in the user's own."""
        with row_security.rows_of_person(form.get_user().pk):  # the time of the login is noted in his row
            response = super().form_valid(form)
        if settings.LANGUAGE_COOKIE_NAME not in self.request.COOKIES:
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, form.get_user().language, samesite="Lax")
        return response


def choose_location(request: HttpRequest, page: Page) -> HttpResponse:
    """The locations at which the user has any right, searched by `q`; `open` goes to the first that is found.

    Two queries, whatever their number; asked by htmx, it answers with the list alone.
    """
    words = _words(request)
    found = _found_locations(request, words)
    if "open" in request.GET and (first := found.first()):
        return HttpResponseRedirect(first.address)
    shown = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    user: Any = request.user
    if shown.paginator.count == 1 and not words and user.organization_id:
        return HttpResponseRedirect(shown[0].address)
    context = {"title": _("Choose a location"), "page": shown, "words": words}
    if _is_htmx(request):
        response: HttpResponse = render(request, "shell/locations.html", context)
    else:
        response = page(request, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def switch_location(request: HttpRequest) -> HttpResponse:
    """The list behind the switch in the header: the first locations that `q` finds. One query."""
    if not request.user.is_authenticated:
        return redirect_to_login("/")
    words = _words(request)
    found = list(_found_locations(request, words)[: SWITCH_SIZE + 1])
    context = {
        "locations": found[:SWITCH_SIZE],
        "has_more": len(found) > SWITCH_SIZE,
        "here": request.GET.get("at", ""),
        "words": words,
    }
    return render(request, "shell/switch.html", context)


def health(request: HttpRequest) -> HttpResponse:
    """For a load balancer: 200 when the web process reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


def _found_locations(request: HttpRequest, words: str) -> QuerySet[Location]:
    user: Any = request.user
    locations: LocationQuerySet = access.accessible_locations(user)  # type: ignore[assignment]
    return locations.containing(words).order_by("organization__account_number", "client_number")


def _words(request: HttpRequest) -> str:
    """What was typed, without the NUL bytes that no database takes."""
    return request.GET.get("q", "").replace("\0", "")[:_LONGEST_SEARCH].strip()


def _is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
