"""Opening balances that stand in a file of customers: taken from it once they are imported, and undone with it.

They are told from others by the file itself and where it came in: SHA-256 and location are those of the import.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounting.choices import BalanceImportState
from accounting.models import Allocation, BalanceImport, Movement
from accounting.opening_balances.reading import has_balances
from accounting.opening_balances.taking_in import check_balances, discard_balances, undo_balances
from accounting.owners import owners_of
from accounting.querysets import BalanceImportQuerySet
from customers.imports import content_of
from customers.models import ImportUpload
from locations.permissions import Right
from mcp.isolation.scope import Scope

NAME = _("Opening balances")


class BalancesUsed(ValidationError):
    """Somebody has dealt with an opening balance of the file since, so the import is not undone as a whole."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Opening balances came with this file, and one of them was reversed or paid since. Undo them first, "
                "at “Opening balances”, or leave the import as it is."
            ),
            code="balances_used",
        )


class BalancesElsewhere(ValidationError):
    """Opening balances of the file stand in the ledger of the central, and the location keeps one of its own since."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Opening balances came with this file, and are booked with the central. Have them undone there, at "
                "“Opening balances”, and undo the import then."
            ),
            code="balances_elsewhere",
        )


def is_offered(headings: Sequence[str], scope: Scope) -> bool:
    """Whether a file has balances, and the scope may take them in."""
    rights = (Right.SEE_ACCOUNTS, Right.CORRECT_ACCOUNTS, Right.MANAGE_ACCOUNT_TERMS)
    with scope.asked.only_looking():
        may = all(scope.allows(right) for right in rights)
    return may and not scope.base.is_discontinued and has_balances(headings)


def check_balances_of(*, upload: ImportUpload, actor: Scope) -> BalanceImport:
    """Read the balances of the file of an import; nothing is booked before its totals are proven. Raises as
    `check_balances`, or ValidationError where the file is not kept any more.
    """
    return check_balances(file_name=upload.name, content=content_of(upload), actor=actor)


def demand_undoable(upload: ImportUpload, actor: Scope) -> None:
    """Raise BalancesUsed where an opening balance of the file was reversed or has been paid since, BalancesElsewhere
    where they are of a ledger with which the location does not work any more, MissingRight where the actor may not undo
    them.
    """
    for kept in _booked_of(upload, actor):
        actor.demand(Right.CORRECT_ACCOUNTS)
        actor.demand(Right.MANAGE_ACCOUNT_TERMS)
        keys = [kept.key_of(row, kind) for row, kind in kept.booked_rows]
        made = Movement.objects.filter(base=kept.base_id, ledger=kept.ledger_id, key__in=keys).values("pk")
        back = Movement.objects.filter(base=kept.base_id, reverses__in=made)
        paid = Allocation.objects.filter(Q(item__in=made) | Q(payment__in=made), base=kept.base_id)
        if back.exists() or paid.exists():
            raise BalancesUsed


def undo_balances_of(upload: ImportUpload, actor: Scope) -> None:
    """Undo what was booked from the file, and discard what was only checked. Raises as `undo_balances`, and
    BalancesElsewhere.
    """
    for kept in _booked_of(upload, actor):
        undo_balances(balances=kept.pk, reason=upload.name, actor=actor)
    for kept in _of(upload).filter(state=BalanceImportState.CHECKED, owner_key__in=owners_of(actor).all):
        discard_balances(balances=kept.pk, actor=actor)


def _of(upload: ImportUpload) -> BalanceImportQuerySet:
    return BalanceImport.objects.filter(base=upload.base_id, location=upload.location_id, sha256=upload.sha256)


def _booked_of(upload: ImportUpload, actor: Scope) -> list[BalanceImport]:
    """Those that are booked. Raises BalancesElsewhere. The caller has entered the scope."""
    found = list(_of(upload).filter(state=BalanceImportState.BOOKED))
    if found and not {one.owner_key for one in found} <= owners_of(actor).all:
        raise BalancesElsewhere
    return found
