"""The app of businesses, their locations and their customer bases."""

from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _

from locations.inventory import check_personal


class LocationsConfig(AppConfig):
    name = "locations"
    verbose_name = _("Locations")

    def ready(self) -> None:
        """Have each start, each migration and each test ask what columns say of people."""
        checks.register(check_personal, checks.Tags.models)
