"""Of which documents a letter was mailed, or is on its way."""

from __future__ import annotations

from django.db.models import Exists, OuterRef
from django.db.models.expressions import Combinable, NegatedExpression

from accounting.models import Letter


def not_mailed() -> NegatedExpression[Combinable]:
    """Condition about a document (an invoice, a debit or a notice): no letter of it stands."""
    return ~Exists(Letter.objects.standing().filter(document=OuterRef("pk"), base=OuterRef("base")))


def on_its_way() -> Exists:
    """Condition about a document: a letter of it waits to be mailed, or is being mailed."""
    return Exists(Letter.objects.under_way().filter(document=OuterRef("pk"), base=OuterRef("base")))
