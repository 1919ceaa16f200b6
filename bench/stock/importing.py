"""Customers through import-export as its documentation has it, in bulk mode."""

from __future__ import annotations

from typing import Any, ClassVar

import tablib
from import_export import fields, resources, widgets
from import_export.instance_loaders import CachedInstanceLoader

from bench.importing import FILE_COLUMNS
from customers.models import Customer
from locations.models import Location

LEFT_OUT = {"customer_group", "newsletter", "transfer_allowed"}


class GermanDecimal(widgets.DecimalWidget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return super().clean(value.replace(".", "").replace(",", "."), row, **kwargs)


class GermanBoolean(widgets.BooleanWidget):
    TRUE_VALUES: ClassVar[list[Any]] = ["ja"]
    FALSE_VALUES: ClassVar[list[Any]] = ["nein"]


class StockResource(resources.ModelResource):
    birthday = fields.Field("birthday", "birthday", widgets.DateWidget(format="%d.%m.%Y"))
    credit_limit = fields.Field("credit_limit", "credit_limit", GermanDecimal())
    is_blocked = fields.Field("is_blocked", "is_blocked", GermanBoolean())

    class Meta:
        model = Customer
        fields = tuple(name for name in FILE_COLUMNS if name not in LEFT_OUT)
        import_id_fields = ("customer_number",)
        instance_loader_class = CachedInstanceLoader
        use_bulk = True
        batch_size = 1_000
        skip_diff = True
        skip_html_diff = True

    def __init__(self, place: Location) -> None:
        super().__init__()
        self.place = place

    def get_queryset(self) -> Any:
        return Customer.objects.filter(base=self.place.base_id)

    def init_instance(self, row: Any = None) -> Customer:
        return Customer(
            organization_id=self.place.organization_id, base_id=self.place.base_id, home_location_id=self.place.pk
        )


def import_with_stock(table: list[list[str]], place: Location) -> None:
    """Import a file with import-export in bulk mode.

    Raises what the library raises, or RuntimeError unless all rows are new.
    """
    wanted = [at for at, name in enumerate(FILE_COLUMNS) if name not in LEFT_OUT]
    dataset = tablib.Dataset(headers=[FILE_COLUMNS[at] for at in wanted])
    for row in table:
        dataset.append([row[at] for at in wanted])
    result = StockResource(place).import_data(dataset, dry_run=False, raise_errors=True, use_transactions=True)
    if result.has_errors() or result.totals["new"] != len(table):
        raise RuntimeError(f"stock import-export: {result.totals}")
