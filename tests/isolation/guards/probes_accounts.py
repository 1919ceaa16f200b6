"""Accounts of customers: who sees, books, corrects and sets terms, and that none of another base is seen or written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.utils import timezone

from accounting.balances import standing
from accounting.choices import AccountKind
from accounting.leaving import open_money
from accounting.models import BalanceImport, LedgerException, Movement
from accounting.opening_balances import book_balances, check_balances, discard_balances, taking_in, undo_balances
from accounting.operations import (
    allocate,
    correct,
    decide_exception,
    pay_out,
    post_sale,
    receive_payment,
    reverse,
    set_terms,
    top_up,
    transfer_credit,
    use_credit,
)
from accounting.pages.exceptions import facts
from accounting.statements import paper_of, statement_of
from customers.models import Customer
from locations.permissions import Right
from mcp.console.panels import find
from mcp.isolation import grants, row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import UserGroup
from tests.accounting.accounts import guest, key
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, HAMBURG, HEAD, NORTH, World
from tests.transitions.moving import GROUND, exit_in
from transitions.choices import TransitionState
from transitions.operations import assign_money

PAGES = f"{HAMBURG}/accounting/accountterms/"
ONE = Decimal(1)


def own(world: World) -> Customer:
    return guest(world.scope("anna", "Hamburg"), last_name="Konto")


def foreign(world: World) -> Customer:
    """Of Südstern, with a sale above his limit that waits."""
    whose = guest(world.south, last_name=CANARY)
    post_sale(customer=whose.pk, amount=Decimal(120), key=key(), document=CANARY, is_late=True, actor=world.south)
    return whose


def late(world: World) -> Movement:
    here = world.scope("anna", "Hamburg")
    return post_sale(customer=own(world).pk, amount=Decimal(120), key=key(), is_late=True, actor=here).movement


WRITES: list[tuple[Right, Callable[[int, Scope], Any]]] = [
    (Right.POST_TO_ACCOUNTS, lambda pk, actor: post_sale(customer=pk, amount=ONE, key=key(), actor=actor)),
    (Right.RECEIVE_PAYMENTS, lambda pk, actor: receive_payment(customer=pk, amount=ONE, key=key(), actor=actor)),
    (Right.TOP_UP_CREDIT, lambda pk, actor: top_up(customer=pk, amount=ONE, key=key(), actor=actor)),
    (Right.POST_TO_ACCOUNTS, lambda pk, actor: use_credit(customer=pk, amount=ONE, key=key(), actor=actor)),
    (Right.PAY_OUT_CREDIT, lambda pk, actor: pay_out(customer=pk, amount=ONE, key=key(), actor=actor)),
    (
        Right.CORRECT_ACCOUNTS,
        lambda pk, actor: correct(
            customer=pk, kind=AccountKind.CREDIT, is_in_favour=True, amount=ONE, reason="x", key=key(), actor=actor
        ),
    ),
    (
        Right.MANAGE_ACCOUNT_TERMS,
        lambda pk, actor: set_terms(customer=pk, may_buy_on_account=True, may_hold_credit=True, actor=actor),
    ),
]


@probe
def accounts_take_a_right_for_each_thing(world: World) -> None:
    whose = own(world)
    top_up(customer=whose.pk, amount=Decimal(9), key=key(), actor=world.scope("anna", "Hamburg"))
    for right, write in WRITES:
        others = set(Right) - {right}
        with refused(MissingRight):
            write(whose.pk, bare(world, "Hamburg", *others, who="anna"))
        write(whose.pk, bare(world, "Hamburg", right, who="anna"))


@probe
def corrections_take_their_right(world: World) -> None:
    movement = late(world)
    whose, other = own(world).pk, own(world).pk
    waiting = LedgerException.objects.get(movement=movement)
    nobody = bare(world, "Hamburg", *set(Right) - {Right.CORRECT_ACCOUNTS}, who="anna")
    with refused(MissingRight):
        reverse(movement=movement.pk, reason="x", key=key(), actor=nobody)
    with refused(MissingRight):
        transfer_credit(customer=whose, receiver=other, amount=ONE, reason="x", key=key(), actor=nobody)
    with refused(MissingRight):
        decide_exception(exception=waiting.pk, note="x", actor=nobody)
    paid = receive_payment(customer=whose, amount=ONE, key=key(), actor=world.scope("anna", "Hamburg")).movement
    with refused(MissingRight):
        allocate(payment=paid.pk, parts=[], actor=nobody)


@probe
def accounts_of_another_base_are_written_by_nobody(world: World) -> None:
    theirs, here = foreign(world), world.scope("anna", "Hamburg")
    mine = own(world)
    for _right, write in WRITES:
        with refused(ObjectDoesNotExist):
            write(theirs.pk, here)
    movement = Movement.objects.get(document=CANARY)
    with refused(ObjectDoesNotExist):
        reverse(movement=movement.pk, reason="x", key=key(), actor=here)
    with refused(ObjectDoesNotExist):
        decide_exception(exception=LedgerException.objects.get(movement=movement).pk, note="x", actor=here)
    paid = receive_payment(customer=theirs.pk, amount=ONE, key=key(), actor=world.south).movement
    with refused(ObjectDoesNotExist):
        allocate(payment=paid.pk, parts=[], actor=here)
    with refused(ObjectDoesNotExist):
        transfer_credit(customer=mine.pk, receiver=theirs.pk, amount=ONE, reason="x", key=key(), actor=here)


def balances_of(scope: Scope, whose: Customer, name: str = "x") -> BalanceImport:
    """A file with an amount of one customer."""
    content = f"Nummer;Offen\n{whose.customer_number};1".encode()
    return check_balances(file_name=f"{name}.csv", content=content, actor=scope)


@probe
def opening_balances_take_both_rights(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    waiting, done = balances_of(here, own(world)), balances_of(here, own(world))
    totals = {"owed_total": ONE, "credit_total": Decimal(0)}
    book_balances(balances=done.pk, **totals, actor=here)
    for missing in (Right.CORRECT_ACCOUNTS, Right.MANAGE_ACCOUNT_TERMS):
        nobody = bare(world, "Hamburg", *set(Right) - {missing}, who="anna")
        for step in (
            lambda nobody=nobody: balances_of(nobody, own(world)),
            lambda nobody=nobody: book_balances(balances=waiting.pk, **totals, actor=nobody),
            lambda nobody=nobody: undo_balances(balances=done.pk, reason="x", actor=nobody),
            lambda nobody=nobody: discard_balances(balances=waiting.pk, actor=nobody),
        ):
            with refused(MissingRight):
                step()


@probe
def opening_balances_of_another_base_are_touched_by_nobody(world: World) -> None:
    here, theirs = world.scope("anna", "Hamburg"), balances_of(world.south, guest(world.south), CANARY)
    with refused(ObjectDoesNotExist):
        book_balances(balances=theirs.pk, owed_total=ONE, credit_total=Decimal(0), actor=here)
    numbers = set(Customer.objects.filter(base=here.base).values_list("customer_number", flat=True))
    while (stranger := guest(world.south, last_name=CANARY)).customer_number in numbers:
        pass
    assert balances_of(here, stranger).customers == 0
    taking_in.LIFETIME = timedelta(seconds=-1)
    try:
        balances_of(here, own(world))
    finally:
        taking_in.LIFETIME = timedelta(hours=24)
    assert BalanceImport.objects.get(pk=theirs.pk).state == "checked"
    page = f"{PAGES}balances/"
    assert CANARY not in world.get("anna", page).content.decode()
    assert world.get("anna", f"{page}{theirs.pk}/").status_code == 404
    with refused(ValidationError, code="ledger_of_shared_base"):
        check_balances(file_name="x.csv", content=b"Nummer;Offen\n1;1", actor=world.cast.system("Lübeck"))
    assert world.get("anna", "/10400/4/accounting/accountterms/balances/").status_code == 404


@probe
def pages_of_opening_balances_take_both_rights(world: World) -> None:
    """Carla is given one right after the other."""
    kept = balances_of(world.scope("anna", "Bremen"), own(world))
    group, bremen = world.cast.group("Auskunft Bremen"), world.place("Bremen").pk
    pages = [f"{BREMEN}/accounting/accountterms/balances/", f"{BREMEN}/accounting/accountterms/balances/{kept.pk}/"]
    for right in (Right.SEE_ACCOUNTS, Right.CORRECT_ACCOUNTS, Right.MANAGE_ACCOUNT_TERMS):
        assert [world.get("carla", page).status_code for page in pages] == [403, 403]
        grants.add_grants(group, [(right, bremen)])
    assert [world.get("carla", page).status_code for page in pages] == [200, 200]
    of_import = f"{pages[0]}import/{world.imported.pk}/"
    assert world.post("carla", of_import, {}).status_code == 403
    grants.add_grants(group, [(Right.IMPORT_CUSTOMERS, bremen)])
    assert world.post("carla", of_import, {}).status_code == 404
    theke = UserGroup.objects.get(name="Theke Hamburg und Bremen", organization__account_number=10400)
    grants.add_grants(theke, [(Right.MANAGE_ACCOUNT_TERMS, world.place("Hamburg").pk)])
    assert world.get("bodo", f"{PAGES}balances/").status_code == 403


@probe
def movement_is_reversed_once_and_a_reversal_never(world: World) -> None:
    movement, here = late(world), world.scope("anna", "Hamburg")
    back = reverse(movement=movement.pk, reason="x", key=key(), actor=here).movement
    for one in (movement, back):
        with refused(ValidationError, code="movement_reversed_once" if one == movement else "movement_reverses_one"):
            reverse(movement=one.pk, reason="x", key=key(), actor=here)


@probe
def base_1_0_has_no_accounts(world: World) -> None:
    luebeck = world.cast.system("Lübeck")
    with refused(ValidationError, code="ledger_of_shared_base"):
        set_terms(customer=1, may_buy_on_account=True, may_hold_credit=True, actor=luebeck)
    with refused(ValidationError, code="ledger_of_shared_base"):
        post_sale(customer=1, amount=ONE, key=key(), actor=luebeck)


@probe
def pages_of_accounts_show_nothing_of_another_base(world: World) -> None:
    theirs = foreign(world)
    movement = Movement.objects.get(document=CANARY)
    waiting = LedgerException.objects.get(movement=movement)
    paid = receive_payment(customer=theirs.pk, amount=ONE, key=key(), actor=world.south).movement
    for page in (
        f"{theirs.pk}/", f"{theirs.pk}/book/top_up/", f"{theirs.pk}/correct/", f"{theirs.pk}/terms/",
        f"{theirs.pk}/statement/?first=2026-01-01&last=2026-01-02", f"reverse/{movement.pk}/",
        f"exceptions/{waiting.pk}/", f"allocate/{paid.pk}/",
    ):  # fmt: skip
        answer = world.get("anna", PAGES + page)
        assert answer.status_code == 404, page
        assert CANARY not in answer.content.decode()
    assert CANARY not in world.get("anna", f"{PAGES}exceptions/?all=1").content.decode()
    scope = world.scope("anna", "Hamburg")
    with row_scope.rows_of(scope):
        assert facts(scope)["open"] == 0
    panel = find("ledger_exceptions")
    assert panel is not None
    assert not panel.is_useful(scope)


@probe
def account_counts_the_exceptions_of_its_customer_alone(world: World) -> None:
    foreign(world)
    whose = own(world)
    assert world.get("anna", f"{PAGES}{whose.pk}/").context["waiting"] == 0


@probe
def ledger_is_that_of_the_base(world: World) -> None:
    """Südstern has one too: what Hamburg opens and posts is in its own."""
    foreign(world)
    here, whose = world.scope("anna", "Hamburg"), own(world)
    done = top_up(customer=whose.pk, amount=ONE, key=key(), actor=here)
    assert done.movement.ledger.base_id == here.base.pk


@probe
def statement_takes_the_right_to_see_accounts(world: World) -> None:
    whose, here = own(world), world.scope("anna", "Hamburg")
    with row_scope.rows_of(here):
        now = standing(whose, here)
    assert now is not None
    today = timezone.localdate()
    with refused(MissingRight), transaction.atomic():
        statement_of(
            customer=whose, standing=now, first=today, last=today,
            actor=bare(world, "Hamburg", *set(Right) - {Right.SEE_ACCOUNTS}, who="anna"),
        )  # fmt: skip


@probe
def statement_has_no_address_for_whoever_does_not_see_it(world: World) -> None:
    whose, here = own(world), world.scope("anna", "Hamburg")
    with row_scope.rows_of(here):
        now, today = standing(whose, here), timezone.localdate()
        assert now is not None
        found = statement_of(customer=whose, standing=now, first=today, last=today, actor=here)
    for actor, sees in ((here, True), (bare(world, "Hamburg", Right.SEE_ACCOUNTS, who="anna"), False)):
        facts = dict(paper_of(found, actor).sections[0].facts)
        assert [word in " ".join(facts.values()) for word in ("Deichstraße", "20095", "Hamburg")] == [sees, sees, True]


@probe
def reason_of_a_block_is_for_whoever_sees_memos(world: World) -> None:
    here, whose = world.scope("anna", "Hamburg"), own(world)
    set_terms(
        customer=whose.pk, may_buy_on_account=True, may_hold_credit=True, is_blocked=True, blocked_reason=CANARY,
        actor=here,
    )  # fmt: skip
    blind = bare(world, "Hamburg", Right.POST_TO_ACCOUNTS, who="anna")
    with pytest.raises(ValidationError) as caught, transaction.atomic():
        post_sale(customer=whose.pk, amount=ONE, key=key(), actor=blind)
    assert CANARY not in str(caught.value)


@probe
def customer_without_an_account_has_no_page_to_book_on(world: World) -> None:
    assert world.get("anna", f"{PAGES}{world.customer.pk}/book/top_up/").status_code == 404
    assert world.get("anna", f"{PAGES}{own(world).pk}/book/gift/").status_code == 404


@probe
def base_1_0_has_no_page_of_terms(world: World) -> None:
    assert world.get("anna", f"/10400/4/accounting/accountterms/{world.offline_customer.pk}/terms/").status_code == 404
    page = world.get("anna", f"/10400/4/accounting/accountterms/{world.offline_customer.pk}/")
    assert "2.0" in page.context["elsewhere"]


@probe
def pages_of_accounts_take_a_right_for_each_thing(world: World) -> None:
    """Carla sees customers at Bremen; she is given one right after the other."""
    bremen = world.place("Bremen").pk
    group, movement, whose = world.cast.group("Auskunft Bremen"), late(world), own(world)
    waiting = LedgerException.objects.get(movement=movement).pk
    paid = receive_payment(customer=whose.pk, amount=ONE, key=key(), actor=world.scope("anna", "Hamburg")).movement
    at = f"{BREMEN}/accounting/accountterms/"
    page = f"{at}{whose.pk}/"
    seen = [page, f"{at}exceptions/", f"{at}received/", f"{page}statement/?first=2026-01-01&last=2026-01-02"]
    for address in seen:
        assert world.get("carla", address).status_code == 403, address
    grants.add_grants(group, [(Right.SEE_ACCOUNTS, bremen)])
    for address in seen:
        assert world.get("carla", address).status_code == 200, address
    shown = world.get("carla", page).content.decode()
    assert "/book/" not in shown
    assert "/correct/" not in shown
    for address in (
        f"{page}book/top_up/", f"{page}correct/", f"{page}terms/", f"{at}reverse/{movement.pk}/",
        f"{at}exceptions/{waiting}/", f"{at}allocate/{paid.pk}/",
    ):  # fmt: skip
        assert world.get("carla", address).status_code == 403, address


@probe
def accounts_are_for_those_who_see_customers(world: World) -> None:
    """Blind holds every right but that."""
    address = f"{HAMBURG}/accounting/accountterms/{own(world).pk}/"
    assert world.get("blind", address).status_code == 403


@probe
def money_of_a_location_that_leaves_is_of_its_customers_alone(world: World) -> None:
    theirs = foreign(world)
    top_up(customer=theirs.pk, amount=ONE, key=key(), actor=world.south)
    hamburg = world.place("Hamburg")
    assert open_money(hamburg, whole_base=True) is None
    late(world)
    found = open_money(hamburg, whole_base=True)
    assert found is not None
    assert (found.customers, found.owed, found.credit) == (1, Decimal(120), Decimal(0))


@probe
def money_of_a_location_that_leaves_is_for_whoever_sees_accounts(world: World) -> None:
    here = world.scope("anna", "Bremen")
    post_sale(customer=guest(here).pk, amount=ONE, key=key(), actor=here)
    asked = exit_in(world.cast, TransitionState.REVIEWED, place="Bremen")
    head = f"{HEAD}/transitions/transition/{asked.pk}/"
    blind = UserGroup.objects.get(organization__account_number=NORTH, name="Ohne Ansehen")
    grants.remove_grants(blind, [(Right.SEE_ACCOUNTS, None)])
    for who, sees in (("anna", True), ("blind", False)):
        shown = world.get(who, head).context
        assert (shown["money"] is not None) == sees, who
        assert ("money" in [step.name for step, _form in shown["forms"]]) == sees, who
    with refused(MissingRight):
        assign_money(
            transition=asked, agreement=GROUND,
            actor=bare(world, "Zentrale", *set(Right) - {Right.SEE_ACCOUNTS}, who="anna"),
        )  # fmt: skip
