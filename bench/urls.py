"""The product's addresses, and the stock admin under /stock/."""

from django.urls import include, path

from bench.stock.site import stock

urlpatterns = [path("stock/", stock.urls), path("", include("mcp.project.urls"))]
