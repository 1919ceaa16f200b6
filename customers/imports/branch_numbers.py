"""Whose an old base 1.0 is: a file for it says client and branch number, in columns or by whoever uploads it.

They are compared with those of the chosen location, and each row of another branch is rejected. Where two branches
share a client number nothing is imported, and both are named (R17). The database keeps for the record that an upload
was received under the numbers of its own location (see customers/triggers/uploads.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from customers.models import CustomerCount
from locations.models import Location
from mcp.isolation.scope import Scope


class BranchNumbers(NamedTuple):
    """The two numbers of a branch; None where a file does not say one."""

    client: int | None
    branch: int | None


class OtherBranch(ValidationError):
    """The file is of another branch than the chosen one."""

    def __init__(self, said: BranchNumbers, here: Location) -> None:
        super().__init__(
            gettext_lazy(
                "These are the customers of client number %(client)s, branch number %(branch)s, but %(location)s has "
                "%(client_here)s and %(branch_here)s. Switch to their location, or correct the numbers."
            ),
            code="other_branch",
            params={
                "client": said.client, "branch": said.branch, "location": here.name,
                "client_here": here.client_number, "branch_here": here.branch_number,
            },
        )  # fmt: skip


class SharedClientNumber(ValidationError):
    """Two branches share a client number; each of them needs its own."""

    def __init__(self, number: int, branches: Iterable[int]) -> None:
        super().__init__(
            gettext_lazy(
                "Client number %(number)s stands for more than one branch: branch numbers %(branches)s. Nothing is "
                "imported. Give each branch a client number of its own, here and in the file."
            ),
            code="shared_client_number",
            params={"number": number, "branches": ", ".join(map(str, sorted(branches)))},
        )


def is_asked_for(scope: Scope) -> bool:
    """Whether somebody must say whose the file is: where an old base is brought into one that is still empty."""
    return scope.base.is_discontinued and not sum(CustomerCount.objects.in_base(scope.base).totals())


def numbers_here(scope: Scope) -> BranchNumbers:
    """Under which numbers a file is received: those of the location, on a base 1.0."""
    if not scope.base.is_discontinued:
        return BranchNumbers(None, None)
    return BranchNumbers(scope.location.client_number, scope.location.branch_number)


def demand_own_branch(said: BranchNumbers | None, scope: Scope) -> None:
    """Raise SharedClientNumber or OtherBranch where somebody has said other numbers than those of the location."""
    if said is not None and scope.base.is_discontinued:
        demand_apart([said], scope)
        if said != numbers_here(scope):
            raise OtherBranch(said, scope.location)


def demand_apart(found: Iterable[BranchNumbers], scope: Scope) -> None:
    """Raise a ValidationError that names each client number that stands for several branches.

    What a file says is compared within itself and with the locations of the business.
    """
    branches: defaultdict[int, set[int]] = defaultdict(set)
    for said in found:
        if said.client is not None and said.branch is not None:
            branches[said.client].add(said.branch)
    places = Location.objects.of_organization(scope.organization).filter(client_number__in=branches)
    for number, branch in places.values_list("client_number", "branch_number"):
        branches[number].add(branch)
    shared = [SharedClientNumber(number, several) for number, several in sorted(branches.items()) if len(several) > 1]
    if shared:
        raise ValidationError(shared)
