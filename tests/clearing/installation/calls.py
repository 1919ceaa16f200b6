"""What a copy of the warm process is asked to do besides reconciling: it runs in an installation, as a person there."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.db import transaction
from django.utils import timezone
from procrastinate.exceptions import AlreadyEnqueued
from psycopg.types.range import Range

from accounting.operations import set_terms
from clearing.branch import pairing, starting
from clearing.branch.first_start import set_up_branch
from clearing.central import pairing as at_central
from clearing.central import quarantine
from clearing.keeping import forget_old_parts
from clearing.models import Node
from customers.erasure import erase_customer
from customers.models import Customer
from locations.models import Location
from locations.operations import Place
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.models import User
from mcp.tasks import resume_stalled_jobs
from tests.clearing.installation.building import ACCOUNT, BRANCH_NUMBER, BUYER, CLIENT, uid_of

NUMBERS = Range(1, 5_000_000)


def set_up() -> None:
    """The first start of the branch."""
    set_up_branch(
        account_number=ACCOUNT, business="Nordlicht",
        place=Place(name="Lübeck", client_number=CLIENT, branch_number=BRANCH_NUMBER, number_range=NUMBERS),
        administrator=User(username="karin", first_name="Karin"), password="Sauerteig-und-Butter-7",
        group_name="Verwaltung der Filiale",
    )  # fmt: skip


def _here() -> Scope:
    with row_scope.without_scope(reason="test", actor="test"):
        location = Location.objects.select_related("organization", "base").get(
            client_number=CLIENT, organization__account_number=ACCOUNT
        )
    return Scope.of_system(location, name="test")


def pairing_code() -> str:
    """A code that is shown at the central."""
    actor = _here()
    with row_scope.rows_of(actor):
        return at_central.make_pairing_code(location=actor.location, actor=actor)


def pair(code: str, port: int) -> None:
    """The code is typed at the branch."""
    own = starting.this_branch(actor="test")
    assert own is not None
    actor = starting.scope_here(own, name="test")
    with row_scope.rows_of(actor):
        pairing.pair(own, code=code, central_url=f"http://127.0.0.1:{port}", machine="Kasse 1", actor=actor)


def open_account() -> None:
    """Accounting for customer base 1.0 is switched on, and one customer may buy on account."""
    actor = _here()
    with row_scope.rows_of(actor):
        Location.objects.filter(pk=actor.location.pk).update(has_legacy_accounts=True)
    actor = _here()
    with row_scope.rows_of(actor):
        buyer = Customer.objects.in_base(actor.base).get(uid=uid_of(BUYER)).pk
        set_terms(customer=buyer, may_buy_on_account=True, may_hold_credit=False, actor=actor)


def erase(uid: str) -> None:
    """Somebody is erased for good."""
    actor = _here()
    with row_scope.rows_of(actor):
        customer = Customer.objects.in_base(actor.base).get(uid=uid).pk
        erase_customer(customer=customer, reason="Wunsch", actor=actor)


def forget_parts() -> int:
    """What the worker does each night."""
    with row_scope.without_scope(reason="test", actor="test"):
        return forget_old_parts(now=timezone.now())


def resume_jobs() -> None:
    """What the worker does each minute."""
    with row_scope.without_scope(reason="test", actor="test"), suppress(AlreadyEnqueued), transaction.atomic():
        task: Any = resume_stalled_jobs
        task.defer(timestamp=0)


def release(heir: str) -> None:
    """Support names which of two goes on."""
    with row_scope.without_scope(reason="test", actor="test"):
        node = Node.objects.select_related("location__organization", "location__base").get(state="quarantined")
        support = User.objects.filter(provider_role="support").first()
        scope: Any = Scope.of_system(node.location, name="support")
        object.__setattr__(scope, "user", support)
        quarantine.release(node=node, heir=quarantine.Heir(heir), actor=scope)
