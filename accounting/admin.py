"""Where the pages of accounts are mounted, and what says of them elsewhere."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from accounting.erasing import PLACES
from accounting.models import AccountTerms
from accounting.pages.account import account_page, statement
from accounting.pages.booking import book_page, correct_page, reverse_page, terms_page
from accounting.pages.exceptions import exception_page, exceptions_page
from accounting.pages.frame import (
    ACCOUNT,
    BOOK,
    CORRECT,
    EXCEPTION,
    EXCEPTIONS,
    REVERSE,
    STATEMENT,
    TERMS,
)
from accounting.pages.telling import about
from customers.console import further_pages, notices
from customers.erasure import register as register_place
from locations.permissions import Right
from mcp.console import menu
from mcp.console.operation_forms import OperationForm
from mcp.console.site import ConsoleModelAdmin, console
from mcp.isolation.scope import Scope


@admin.register(AccountTerms, site=console)
class AccountAdmin(ConsoleModelAdmin):
    """Mounts the pages of accounts, which are functions: a booking is no row that somebody edits."""

    rights = {"view": Right.SEE_ACCOUNTS}
    is_in_menu: ClassVar[bool] = False
    form = OperationForm

    def rows(self, scope: Scope) -> QuerySet:
        return AccountTerms.objects.filter(base=scope.base)

    def get_urls(self) -> list[URLPattern]:
        """Without the five addresses of a model."""
        view = console.admin_view
        return [
            path("exceptions/", view(exceptions_page), name=EXCEPTIONS),
            path("exceptions/<uuid:pk>/", view(exception_page), name=EXCEPTION),
            path("<int:customer>/", view(account_page), name=ACCOUNT),
            path("<int:customer>/book/<slug:kind>/", view(book_page), name=BOOK),
            path("<int:customer>/correct/", view(correct_page), name=CORRECT),
            path("reverse/<uuid:movement>/", view(reverse_page), name=REVERSE),
            path("<int:customer>/terms/", view(terms_page), name=TERMS),
            path("<int:customer>/statement/", view(statement), name=STATEMENT),
        ]


for place in PLACES:
    register_place(place)
notices.register(notices.Notice(name="account", right=Right.SEE_ACCOUNTS, tell=about))
further_pages.register(
    further_pages.FurtherPage(
        name="account",
        title=_("Customer account"),
        icon="account_balance_wallet",
        url_name=f"admin:{ACCOUNT}",
        right=Right.SEE_ACCOUNTS,
        is_useful=lambda scope: not scope.base.is_discontinued,
    )
)
menu.register(
    menu.Entry(
        section=menu.Section.CUSTOMERS,
        title=_("Exceptions of accounts"),
        url_name=f"admin:{EXCEPTIONS}",
        icon="rule",
        right=Right.SEE_ACCOUNTS,
        order=32,
        is_useful=lambda scope: not scope.base.is_discontinued,
    )
)
