"""As long as nobody can log in at a branch, every address leads to the page that sets it up."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from clearing.branch.first_start import Stage, stage
from mcp.isolation.branch import is_branch

SETUP = "/setup/"
ALSO_SERVED = (SETUP, "/health/", "/i18n/")


class FirstStartMiddleware:
    """Asks only about requests of nobody: before a branch is set up there is nobody who could have logged in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self._is_served(request) and self._is_of_nobody(request) and stage() is not Stage.SET_UP:
            return HttpResponseRedirect(SETUP)
        return self.get_response(request)

    def _is_of_nobody(self, request: HttpRequest) -> bool:
        return is_branch() and not request.user.is_authenticated

    def _is_served(self, request: HttpRequest) -> bool:
        is_outside = getattr(request, "address", None) is None
        return is_outside and request.path_info.startswith(ALSO_SERVED)
