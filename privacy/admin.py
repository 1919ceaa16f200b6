"""Where the pages of the rights of persons are mounted, and what says of them elsewhere."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from customers.console import further_pages
from customers.erasure import register as register_place
from locations.permissions import Right
from mcp.console.operation_forms import OperationForm
from mcp.console.site import ConsoleModelAdmin, console
from mcp.isolation.scope import Scope
from privacy.erasing import PLACE
from privacy.models import PersonFile
from privacy.pages import PERSON, PERSON_DOWNLOAD, person_download, person_page


@admin.register(PersonFile, site=console)
class PersonFileAdmin(ConsoleModelAdmin):
    """Mounts the pages, which are functions: a file is no row that somebody edits."""

    rights = {"view": Right.PROTECT_DATA}
    is_in_menu: ClassVar[bool] = False
    form = OperationForm

    def rows(self, scope: Scope) -> QuerySet:
        return PersonFile.objects.filter(base=scope.base, location=scope.location.pk)

    def get_urls(self) -> list[URLPattern]:
        """Without the five addresses of a model."""
        return [
            path("<int:customer>/", console.admin_view(person_page), name=PERSON),
            path("file/<uuid:pk>/", console.admin_view(person_download), name=PERSON_DOWNLOAD),
        ]


register_place(PLACE)
further_pages.register(
    further_pages.FurtherPage(
        name="person_file",
        title=_("File of the person"),
        icon="folder_shared",
        url_name=f"admin:{PERSON}",
        right=Right.PROTECT_DATA,
    )
)
