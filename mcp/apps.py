from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class McpConfig(AppConfig):
    name = "mcp"
    verbose_name = _("Central administration")

    def ready(self) -> None:
        """Each app may register panels for the front page of a location, in a module `dashboard`."""
        autodiscover_modules("dashboard")
