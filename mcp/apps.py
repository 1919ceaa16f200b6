"""The app of the central administration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class McpConfig(AppConfig):
    name = "mcp"
    verbose_name = _("Central administration")

    def ready(self) -> None:
        """Imports `addresses` and `dashboard` of each app, which register their rules and panels."""
        autodiscover_modules("addresses", "dashboard")
        from mcp.isolation.database_roles import grant_privileges  # noqa: PLC0415 - needs the models, which are not there before

        # Tied to migrating, so that no table is ever there without its privileges, in tests as well.
        post_migrate.connect(grant_privileges, sender=self)
