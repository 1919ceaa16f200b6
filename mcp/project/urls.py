"""Addresses outside any location."""

from django.urls import include, path

from mcp.central import password_views
from mcp.console import entry_pages
from mcp.console.site import provider

handler400 = "mcp.console.errors.misunderstood"
handler403 = "mcp.console.errors.forbidden"
handler404 = "mcp.console.errors.not_found"
handler500 = "mcp.console.errors.broken"

urlpatterns = [
    path("locations/switch/", entry_pages.switch_location, name="switch_location"),
    path("provider/login/", entry_pages.ProviderLoginView.as_view(), name="provider_login"),
    path("password/forgotten/", password_views.forgotten_page, name="password_forgotten"),
    path("password/<str:token>/", password_views.choose_page, name="password_link"),
    path("setup/", include("clearing.branch.urls")),
    path("health/", entry_pages.health, name="health"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", provider.urls),
]
