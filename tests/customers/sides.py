"""A base 1.0 with a node, whose customers are edited on one side or on both."""

from __future__ import annotations

from typing import Any

from django.db import connection

from locations.choices import EditSide, Side
from locations.models import CustomerBase
from locations.row_policies import side_sql


def with_node(base: CustomerBase, side: EditSide = EditSide.BRANCH) -> None:
    """From now on a node works with the base, and its customers are edited there."""
    CustomerBase.objects.filter(pk=base.pk).update(has_node=True, edit_side=side)


def without_node(base: CustomerBase) -> None:
    CustomerBase.objects.filter(pk=base.pk).update(has_node=False)


def here_is(side: Side, settings: Any) -> None:
    """This installation stands on the side, for the program and for the database. The test has to be `as_owner`."""
    settings.SIDE = str(side)
    with connection.cursor() as cursor:
        cursor.execute(side_sql(side))
