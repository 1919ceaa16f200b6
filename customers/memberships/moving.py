"""What the floor above asks before customers go to another base: whom a membership keeps where he is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.backends.utils import CursorWrapper
from django.utils.translation import ngettext_lazy

SHOWN = 20


def memberships_in_the_way(
    cursor: CursorWrapper, base: int, ids: str, params: Mapping[str, Any], *, is_back: bool = False
) -> ValidationError | None:
    """Why customers cannot go to another base: some have memberships or members, which a base 1.0 does not keep.

    `ids` is a SELECT of the ids of those who would go; `is_back` says that a switch would be undone. None where nobody
    has any.
    """
    cursor.execute(
        f"""SELECT customer_number FROM customers_customer WHERE base_id = %(of_base)s AND id IN ({ids}) AND id IN (
                SELECT member_id FROM customers_customermembership WHERE base_id = %(of_base)s
                UNION ALL SELECT of_id FROM customers_customermembership WHERE base_id = %(of_base)s
            ) ORDER BY customer_number""",
        {**params, "of_base": base},
    )
    numbers = [number for (number,) in cursor.fetchall()]
    if not numbers:
        return None
    named = ", ".join(map(str, numbers[:SHOWN])) + (" …" if len(numbers) > SHOWN else "")
    sentence = (
        ngettext_lazy(
            "%(count)s customer has got a membership meanwhile, which a customer base 1.0 cannot keep: number "
            "%(numbers)s. So this cannot be undone any more.",
            "%(count)s customers have got memberships meanwhile, which a customer base 1.0 cannot keep: numbers "
            "%(numbers)s. So this cannot be undone any more.",
            len(numbers),
        )
        if is_back
        else ngettext_lazy(
            "%(count)s customer has a membership, which a customer base 1.0 cannot keep: number %(numbers)s. Begin "
            "with an empty base 1.0.",
            "%(count)s customers have memberships, which a customer base 1.0 cannot keep: numbers %(numbers)s. Begin "
            "with an empty base 1.0.",
            len(numbers),
        )
    )
    return ValidationError(sentence, code="memberships_in_the_way", params={"count": len(numbers), "numbers": named})
