"""Customers who were erased for good, each with what is kept of that, and files in which others were handed over."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.db import connection

from customers.choices import DisclosureKind, MarkKind
from customers.models import Customer, DisclosedNumbers, Disclosure, Tombstone, TombstoneMark
from customers.querysets import NUMBERS_OF_A_BLOCK


def plant_erasures(business: Any) -> None:
    """One of each base; and a file of the customers that the pages show."""
    for base in business.bases:
        owner = {"organization": business.organization, "base": base}
        _erased(business, owner)
        shown = [row for row in business.rows["customers.Customer"] if row.base_id == base.pk]
        told = business.row(Disclosure, **owner, kind=DisclosureKind.EXPORT, source=uuid4(), receiver=None)
        blocks: dict[int, list[int]] = {}
        for row in shown:
            blocks.setdefault(row.customer_number // NUMBERS_OF_A_BLOCK, []).append(row.customer_number)
        DisclosedNumbers.objects.bulk_create(
            DisclosedNumbers(
                base=base, disclosure=told, block=block,
                numbers="{" + ",".join(f"[{number},{number}]" for number in numbers) + "}",
            )
            for block, numbers in blocks.items()
        )  # fmt: skip


def _erased(business: Any, owner: dict[str, Any]) -> None:
    gone = business.row(Customer, **owner, customer_number=599, home_location=None, is_blocked=True, birthday=None,
                        birthday_without_year="", archived_reason="", tags=[])  # fmt: skip
    business.rows["customers.Customer"].remove(gone)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('stammhaus.base', %s, true)", [str(gone.base_id)])
        stone = business.row(Tombstone, **owner, customer_id=gone.pk)
        mark = {"base": owner["base"], "tombstone": stone, "kind": MarkKind.UID, "digest": bytes(32)}
        TombstoneMark.objects.create(**mark)
        cursor.execute("SELECT customers_erase(%s, %s, '{}')", [gone.base_id, gone.pk])
        cursor.execute("SELECT set_config('stammhaus.base', '', true)")
