"""Addresses outside any location."""

from django.urls import include, path

from mcp import password_views, views
from mcp.console import provider

handler400 = "mcp.errors.misunderstood"
handler403 = "mcp.errors.forbidden"
handler404 = "mcp.errors.not_found"
handler500 = "mcp.errors.broken"

urlpatterns = [
    path("locations/switch/", views.switch_location, name="switch_location"),
    path("provider/login/", views.ProviderLoginView.as_view(), name="provider_login"),
    path("password/forgotten/", password_views.forgotten_page, name="password_forgotten"),
    path("password/<str:token>/", password_views.choose_page, name="password_link"),
    path("health/", views.health, name="health"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", provider.urls),
]
