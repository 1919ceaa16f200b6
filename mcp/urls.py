"""Addresses outside any location."""

from django.urls import include, path

from mcp import views
from mcp.console import provider

handler403 = "mcp.errors.forbidden"
handler404 = "mcp.errors.not_found"
handler500 = "mcp.errors.broken"

urlpatterns = [
    path("locations/switch/", views.switch_location, name="switch_location"),
    path("health/", views.health, name="health"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", provider.urls),
]
