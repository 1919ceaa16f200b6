"""Addresses at a location: what comes behind `/<account_number>/<client_number>`."""

from django.urls import include, path

from mcp.console import console

handler400 = "mcp.errors.misunderstood"
handler403 = "mcp.errors.forbidden"
handler404 = "mcp.errors.not_found"
handler500 = "mcp.errors.broken"

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("", console.urls),
]
