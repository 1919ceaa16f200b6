"""Addresses at a location: what comes behind `/<account_number>/<client_number>`."""

from django.urls import include, path

from mcp.console.site import console

handler400 = "mcp.console.errors.misunderstood"
handler403 = "mcp.console.errors.forbidden"
handler404 = "mcp.console.errors.not_found"
handler500 = "mcp.console.errors.broken"

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("tills/", include("api.page_urls")),
    path("", console.urls),
]
