"""Pages outside any location: the login and a sign of life."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.db import connection
from django.http import HttpRequest, HttpResponse

from mcp.forms.login import LoginForm

_ADDRESS = re.compile(r"^/([1-9][0-9]{0,8})/")


class LoginView(auth_views.LoginView):
    """Asks who it is; the account number comes from the address that was asked for, if any."""

    form_class = LoginForm
    template_name = "admin/login.html"
    redirect_authenticated_user = True

    def get_initial(self) -> dict[str, Any]:
        asked = _ADDRESS.match(self.request.GET.get("next", ""))
        return {**super().get_initial(), "account_number": asked.group(1) if asked else None}

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, form.get_user().language, samesite="Lax")
        return response


def health(request: HttpRequest) -> HttpResponse:
    """For a load balancer: 200 when the web process reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")
