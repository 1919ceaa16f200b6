"""Which documents are to be printed, because no letter of them was mailed or is about to be."""

from __future__ import annotations

from django.db.models import Exists, OuterRef
from django.db.models.expressions import Combinable, NegatedExpression

from accounting.models import Letter


def not_mailed() -> NegatedExpression[Combinable]:
    """Condition about a document (an invoice, a debit or a notice): no letter of it stands."""
    return ~Exists(Letter.objects.standing().filter(document=OuterRef("pk"), base=OuterRef("base")))
