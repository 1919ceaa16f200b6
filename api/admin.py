"""The link to the API's page in the side bar, and where erased customers stand in what it keeps."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from api.erasing import PLACE
from api.page import RIGHT
from customers.erasure import register as register_place
from mcp.console import menu

menu.register(
    menu.Entry(
        section=menu.Section.ADMINISTRATION,
        title=_("API for tills"),
        url_name="api_page",
        icon="api",
        right=RIGHT,
        order=19,
    )
)
register_place(PLACE)
