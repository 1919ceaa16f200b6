"""A stock Django admin over the rows of one base, as a beginner's project would declare it."""

from __future__ import annotations

import os
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from bench.stock.models import StockCustomer
from mcp.isolation import row_scope
from mcp.models import User


class OpenSite(AdminSite):
    """A stock admin site that asks for no rights.

    What rights cost is measured apart, and the stock ones could not tell the locations apart. Its pages are exempt from
    row security, so that the comparison does not charge them for it.
    """

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        @row_scope.without_scope(reason="a stock page", actor="the bench")
        def open_view(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            request.user = User(username="bench", first_name="Bench", last_name="Head")  # the look prints initials
            response = inner(request, *args, **kwargs)
            return response.render() if hasattr(response, "render") else response

        return open_view

    def has_permission(self, request: HttpRequest) -> bool:
        return True


class StockCustomerAdmin(ModelAdmin):
    list_display = ["customer_number", "last_name", "first_name", "company", "city", "mobile", "email"]
    search_fields = [
        "customer_number", "first_name", "last_name", "company", "phone_private", "mobile", "email", "city",
        "postal_code",
    ]  # fmt: skip
    ordering = ["last_name", "first_name"]
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockCustomer]:
        return super().get_queryset(request).filter(base_id=int(os.environ["BENCH_STOCK_BASE"]))

    def has_view_permission(self, request: HttpRequest, obj: StockCustomer | None = None) -> bool:
        return True

    has_change_permission = has_module_permission = has_view_permission

    def log_change(self, request: HttpRequest, obj: StockCustomer, message: object) -> Any:
        """Writes no entry: our side keeps a full history in its place, the cost of which is part of our figure."""


stock = OpenSite(name="stock")
stock.register(StockCustomer, StockCustomerAdmin)
