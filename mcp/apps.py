from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class McpConfig(AppConfig):
    name = "mcp"
    verbose_name = _("Central administration")

    def ready(self) -> None:
        """Each app registers who is served at its addresses, and may register panels for a location's front page."""
        autodiscover_modules("addresses", "dashboard")
