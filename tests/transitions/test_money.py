"""A location leaves with its customers' money at zero, or with a written assignment of it (R43)."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounting.models import Account, Movement
from accounting.operations import pay_out, post_sale, receive_payment, top_up
from customers.memberships.operations import Details, join_customer
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting.accounts import guest, key, terms
from tests.customers.people import customer
from tests.transitions.moving import exit_in, fresh, join_in, last_step, second
from tests.transitions.switched import asked_to_offline, to_offline, to_shared
from tests.transitions.test_pages import page, step, text
from tests.transitions.test_protocol import told, words
from transitions import operations, switching
from transitions.choices import StartsWith, TransitionState
from transitions.models import BaseSwitch, Transition
from transitions.tasks import execute_due_transitions

AGREED = "Vertrag vom 3. Mai, Paragraf 7: die neue Inhaberin übernimmt alle offenen Posten."


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def there(cast) -> Scope:
    return cast.scope("anna", "Flensburg")


def execute(transition: Transition, actor: Scope) -> Transition:
    return operations.execute(transition=transition, at=timezone.now(), actor=actor)


def owing(there: Scope, amount: int = 30) -> Any:
    whose = guest(there)
    post_sale(customer=whose.pk, amount=Decimal(amount), key=key(), actor=there)
    return whose


@pytest.mark.django_db
def test_nobody_leaves_while_money_is_open(cast, anna, there):
    """Neither by hand nor by the worker, whichever side is open; settled, it goes on."""
    whose, saver = owing(there), guest(there)
    elsewhere = cast.scope("anna", "Bremen")
    owing(elsewhere)  # of another location: nobody asks for that
    leaves = exit_in(cast, TransitionState.CONFIRMED)
    with pytest.raises(ValidationError) as caught:
        execute(leaves, anna)
    assert caught.value.code == "money_open"
    execute_due_transitions(timestamp=0)
    assert "Money is open on accounts" in str(last_step(fresh(leaves)).told)
    receive_payment(customer=whose.pk, amount=Decimal(30), key=key(), actor=elsewhere)
    top_up(customer=saver.pk, amount=Decimal(5), key=key(), actor=there)
    with pytest.raises(ValidationError):
        execute(leaves, anna)
    pay_out(customer=saver.pk, amount=Decimal(5), key=key(), actor=there)
    done = execute(leaves, anna)
    assert (done.state, (done.result or {})["money"]) == (TransitionState.EXECUTED, None)
    assert "Nothing was open." in words(told(done, anna))


@pytest.mark.django_db
def test_with_a_written_assignment_it_leaves_and_the_accounts_stay(cast, anna, there):
    whose = owing(there)
    top_up(customer=whose.pk, amount=Decimal(5), key=key(), actor=there)
    leaves = exit_in(cast, TransitionState.CONFIRMED)
    with pytest.raises(ValidationError) as caught:
        operations.assign_money(transition=leaves, agreement="geht klar", actor=anna)
    assert caught.value.error_dict["agreement"][0].code == "assignment_says_nothing"
    operations.assign_money(transition=leaves, agreement=AGREED, actor=anna)
    assert str(last_step(fresh(leaves)).told) == "The written assignment of open money is noted."
    done = execute(fresh(leaves), anna)
    assert (done.result or {})["money"] == {"customers": 1, "owed": "30.00", "credit": "5.00", "currency": "EUR"}
    protocol = words(told(done, anna))
    for said in ("Owed by them €30.00", "Paid in advance by them €5.00", AGREED, "Noted by Anna Andresen"):
        assert said in protocol, said
    # At the group everything goes on, and nothing of it is at the new business.
    receive_payment(customer=whose.pk, amount=Decimal(30), key=key(), actor=cast.scope("anna", "Hamburg"))
    assert not Account.objects.filter(organization=done.receiver).exists()
    with pytest.raises(ValidationError) as caught:
        post_sale(customer=whose.pk, amount=Decimal(1), key=key(), actor=there)
    assert caught.value.error_list[0].code == "movement_at_open_location"
    with pytest.raises(DatabaseError), transaction.atomic():
        Transition.objects.filter(pk=done.pk).update(money_agreement="Doch nicht")


@pytest.mark.django_db
def test_business_that_joins_settles_all_of_its_base(cast):
    """Afterwards its old base can only be read, so also whoever is registered nowhere counts."""
    ines = cast.scope("ines", "Dresden", 30100)
    whose = guest(ines)
    type(whose).objects.filter(pk=whose.pk).update(home_location=None)
    post_sale(customer=whose.pk, amount=Decimal(8), key=key(), actor=ines)
    joins = join_in(cast, TransitionState.CONFIRMED)
    with pytest.raises(ValidationError) as caught:
        execute(joins, ines)
    assert caught.value.code == "money_open"
    operations.assign_money(transition=joins, agreement=AGREED, actor=ines)
    # Another group has agreed to nothing.
    moved = operations.assign_group(
        transition=fresh(joins), account_number=20800, client_number=9, actor=cast.scope("rita", "Dresden", 30100)
    )
    assert (moved.money_agreement, moved.money_by) == ("", "")
    receive_payment(customer=whose.pk, amount=Decimal(8), key=key(), actor=ines)
    assert operations.money_of(fresh(joins)) is None


@pytest.mark.django_db
def test_whoever_notes_it_sees_accounts_and_may_carry_over(cast, anna, there):
    owing(there)
    leaves = exit_in(cast, TransitionState.REVIEWED)
    for missing in (Right.SEE_ACCOUNTS, Right.CARRY_OVER):
        weak = Scope(user=anna.user, location=anna.location, rights=frozenset(Right) - {missing})
        with pytest.raises(MissingRight):
            operations.assign_money(transition=leaves, agreement=AGREED, actor=weak)


@pytest.mark.django_db
def test_page_says_what_is_open_and_takes_the_assignment(cast, anna, there, log_in):
    owing(there)
    leaves = exit_in(cast, TransitionState.CONFIRMED)
    client = log_in("anna")
    shown = text(client, page(leaves))
    assert "30,00" in shown
    assert "vorher wird nichts ausgeführt" in shown
    step(client, leaves, "money", agreement=AGREED)
    assert fresh(leaves).money_agreement == AGREED
    shown = text(client, page(leaves))
    assert AGREED in shown
    assert "vorher wird nichts ausgeführt" not in shown
    step(client, leaves, "execute", is_sure="on")
    assert fresh(leaves).state == TransitionState.EXECUTED
    assert "Bei der Ausführung war auf dem Kundenkonto von 1 Kunden Geld offen" in text(client, page(leaves))
    # Zoe decides as well, and sees no accounts.
    second(anna)
    shown = text(log_in("zweite"), page(leaves))
    assert "30,00" not in shown


@pytest.mark.django_db(transaction=True)
def test_what_is_booked_as_it_leaves_is_there_before_or_refused(cast, anna, there):
    """A till books again and again while the location leaves: what it was told to be booked is in the sums."""
    whose = owing(there, 1)
    operations.assign_money(transition=exit_in(cast, TransitionState.CONFIRMED), agreement=AGREED, actor=anna)
    leaves = Transition.objects.get()
    terms(there, whose, hard_limit=Decimal(500))
    begun = threading.Event()
    told_of: list[Any] = []

    def sell() -> None:
        try:
            for _turn in range(200):
                post_sale(customer=whose.pk, amount=Decimal(1), key=key(), actor=there)
                begun.set()
        except ValidationError as refusal:
            told_of.append(refusal.error_list[0].code)
        finally:
            connection.close()

    till = threading.Thread(target=sell)
    till.start()
    assert begun.wait(20)
    execute(fresh(leaves), anna)
    till.join()
    assert told_of == ["movement_at_open_location"]
    done = fresh(leaves)
    assert done.result is not None
    assert Decimal(done.result["money"]["owed"]) == Movement.objects.filter(kind="sale").count() > 1


# --- the switches between 2.0 and 1.0 ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_customers_with_accounts_do_not_go_to_1_0(cast):
    hamburg = cast.scope("anna", "Hamburg")
    whose = owing(hamburg)
    customer(hamburg)
    rita = cast.scope("rita", "Hamburg")
    found = switching.look(switch=asked_to_offline(cast), actor=rita)
    assert len(found.obstacles) == 1
    assert f"number {whose.customer_number}. Begin with an empty base 1.0." in found.obstacles[0]
    asked = BaseSwitch.objects.get()
    switching.sign(switch=asked.pk, developer=cast.user("dev"))
    with pytest.raises(ValidationError):
        switching.execute(switch=asked, actor=rita)


@pytest.mark.django_db
def test_customers_with_memberships_do_not_go_to_1_0_and_keep_a_switch_from_being_undone(cast):
    hamburg, rita = cast.scope("anna", "Hamburg"), cast.scope("rita", "Hamburg")
    member, firm = customer(hamburg), customer(hamburg, company="Firma")
    joined = {"details": Details(valid_from=timezone.localdate()), "actor": hamburg}
    join_customer(member=member.pk, of=firm.pk, **joined)
    [said] = switching.look(switch=asked_to_offline(cast), actor=rita).obstacles
    both = f"{member.customer_number}, {firm.customer_number}"
    assert said.startswith("2 customers have memberships, which a customer base 1.0 cannot keep")
    assert f"numbers {both}. Begin with an empty base 1.0." in said
    one, two = (customer(cast.system("Lübeck"), last_name=name) for name in ("Eins", "Zwei"))
    done = to_shared(cast)
    assert switching.look_back(switch=done, actor=cast.scope("rita", "Lübeck")).obstacles == []
    joined["actor"] = cast.scope("anna", "Lübeck")
    join_customer(member=one.pk, of=two.pk, **joined)
    [said] = switching.look_back(switch=done, actor=cast.scope("rita", "Lübeck")).obstacles
    assert said.endswith("So this cannot be undone any more.")


@pytest.mark.django_db
def test_location_that_begins_anew_on_1_0_leaves_its_accounts_with_the_group(cast):
    hamburg = cast.scope("anna", "Hamburg")
    whose = owing(hamburg)
    to_offline(cast, starts_with=StartsWith.NOTHING)
    with pytest.raises(ValidationError) as caught:
        post_sale(customer=whose.pk, amount=Decimal(1), key=key(), actor=cast.scope("anna", "Hamburg"))
    assert caught.value.code == "ledger_of_shared_base"
    receive_payment(customer=whose.pk, amount=Decimal(30), key=key(), actor=cast.scope("anna", "Bremen"))


@pytest.mark.django_db
def test_switch_is_not_undone_for_whoever_has_got_an_account_since(cast):
    luebeck = cast.system("Lübeck")
    whose = customer(luebeck)
    done = to_shared(cast)
    rita = cast.scope("rita", "Lübeck")
    assert switching.look_back(switch=done, actor=rita).obstacles == []
    whose.refresh_from_db()
    terms(cast.scope("anna", "Lübeck"), whose)
    [said] = switching.look_back(switch=done, actor=rita).obstacles
    assert said.endswith("So this cannot be undone any more.")
    with pytest.raises(ValidationError):
        switching.undo(switch=done, actor=rita)
