"""Pages for people without a password: choosing one by a link, and asking for a link."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from mcp.central import operations
from mcp.central.forms.password import PASSWORD_REFUSALS, ForgottenPasswordForm, PasswordTwice
from mcp.console.operation_forms import show_refusal
from mcp.console.page_context import look
from mcp.isolation.http import client_address
from mcp.login import throttling
from mcp.login.devices import account_number_on, note_account
from mcp.models import User
from mcp.worker import mailing
from mcp.worker.queueing import enqueue

MAIL_FORGOTTEN = "mcp.tasks.mail_forgotten_password"


@never_cache
@sensitive_post_parameters("password1", "password2")
def choose_page(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a password by a link. Opening the page does not use the link up, because mail filters open links too."""
    try:
        link = operations.open_link(token)
        form = PasswordTwice(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return _chosen(request, operations.choose_password(token=token, password=form.cleaned_data["password1"]))
    except operations.LinkUsedUp as refusal:
        return _show(request, "link_used_up", _("This link does not work"), status=410, errors=refusal.messages)
    except ValidationError as refusal:
        show_refusal(form, refusal, PASSWORD_REFUSALS)
    return _show(request, "choose_password", _("Choose a password"), form=form, link=link, person=link.user)


def _chosen(request: HttpRequest, user: User) -> HttpResponse:
    messages.success(request, _("Your password is set. Log in with it."))
    if user.organization is None:
        return HttpResponseRedirect(reverse("provider_login"))
    response = HttpResponseRedirect(settings.LOGIN_URL)
    note_account(response, user.organization.account_number)
    return response


def forgotten_page(request: HttpRequest) -> HttpResponse:
    """Ask for a link by mail. The answer is the same whether or not there is such a person."""
    known = {"account_number": account_number_on(request)}
    form, errors, is_asked = ForgottenPasswordForm(request.POST or None, initial=known), [], False
    if request.method == "POST" and form.is_valid():
        try:
            attempt = throttling.count_forgotten(address=client_address(request), **form.cleaned_data)
        except throttling.TooManyTries as refusal:
            errors = refusal.messages
        else:
            enqueue(MAIL_FORGOTTEN, attempt=attempt)
            is_asked = True
    return _show(
        request, "password_forgotten", _("Password forgotten?"), form=form, errors=errors, is_asked=is_asked,
        is_mailed=mailing.is_configured(), status=429 if errors else 200,
    )  # fmt: skip


def _show(request: HttpRequest, page: str, title: str, *, status: int = 200, **context: object) -> HttpResponse:
    """Render the template `shell/<page>.html`, without the side bar."""
    return render(request, f"shell/{page}.html", {**look(request), "title": title, **context}, status=status)
