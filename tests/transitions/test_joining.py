"""An independent business joins a group: a branch on the base of the group, at once (R2)."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from psycopg.types.range import Range

from customers.models import Customer
from locations.operations import Place
from locations.permissions import Right
from mcp.central import operations as central
from mcp.isolation import access
from mcp.isolation.scope import MissingRight
from mcp.models import User
from tests.conftest import Browser
from tests.customers.people import customer
from tests.transitions.moving import confirmed as confirm
from tests.transitions.moving import fresh, join_in, say
from transitions import operations
from transitions.choices import TransitionState
from transitions.models import Package, TransitionCustomer
from transitions.operations import admitting
from transitions.operations.stepping import reached_by


@pytest.fixture
def ines(cast):
    return cast.scope("ines", "Dresden", 30100)


def test_branch_works_on_the_base_of_the_group_at_once(cast, ines):
    known = customer(cast.scope("anna", "Hamburg"))
    join_in(cast, TransitionState.EXECUTED)
    branch = cast.location("Dresden", 10400)
    assert (branch.kind, branch.client_number, branch.city) == ("branch", 7, "Dresden")
    assert branch.base == cast.location("Hamburg").base
    anna = access.scope_at(cast.user("anna"), account_number=10400, client_number=7)
    assert list(Customer.objects.in_base(anna.base)) == [known]


def test_numbers_are_enough_for_all_who_come(cast, ines):
    for one in [customer(ines) for _ in range(3)]:
        say(one)
    join_in(cast, TransitionState.EXECUTED)
    branch = cast.location("Dresden", 10400)
    assert branch.last_number - branch.first_number + 1 == 10_003


def test_package_is_asked_for_at_the_business_that_joins(cast, ines):
    given = customer(ines)
    say(given)
    customer(ines)
    done = join_in(cast, TransitionState.EXECUTED)
    assert Package.objects.get(transition=done).base == ines.base
    assert TransitionCustomer.objects.get(transition=done, reason="").customer_id == given.pk


def test_old_business_can_only_look_and_hand_over(cast, ines, log_in):
    client = log_in("ines")
    join_in(cast, TransitionState.EXECUTED)
    scope = cast.scope("ines", "Dresden", 30100)
    assert scope.rights == {
        Right.VIEW_CUSTOMERS, Right.SEE_CONTACT_DATA, Right.SEE_BANK_DATA, Right.SEE_MEMOS, Right.SEE_HISTORY,
        Right.EXPORT_CUSTOMERS, Right.CARRY_OVER, Right.MANAGE_LOCATION,
        Right.MANAGE_USERS,
    }  # fmt: skip
    for page, status in {"": 200, "export/": 200, "add/": 403, "import/": 403}.items():
        assert client.get(f"/30100/2/customers/customer/{page}").status_code == status
    assert client.get("/30100/2/customers/customer/add/").status_code == 403


def test_closed_business_can_still_be_looked_at_and_joins_nothing_more(cast, ines, log_in):
    """It answers for those who have stayed behind, and its protocol can be read."""
    stays = customer(ines, last_name="Bleibt")
    done = join_in(cast, TransitionState.CARRIED_OVER)
    operations.close(transition=done, actor=ines)
    assert fresh(done).state == TransitionState.CLOSED
    client, page = log_in("ines"), f"/30100/2/transitions/transition/{done.pk}/"
    for address in (page, f"{page}protocol/", f"{page}protocol/pdf/", f"{page}package/"):
        assert client.get(address).status_code == 200
    assert "Bleibt" in client.get(f"/30100/2/customers/customer/{stays.pk}/change/").content.decode()
    with pytest.raises(operations.CannotLeave, match="has joined a group already"):
        operations.request_join(planned_for=timezone.localdate(), actor=cast.scope("ines", "Dresden", 30100))


def test_closed_business_still_hears_a_withdrawal_and_nothing_else(cast, ines, log_in):
    stays, went = customer(ines, last_name="Bleibt"), customer(ines, last_name="Ging")
    say(went)
    done = join_in(cast, TransitionState.CARRIED_OVER)
    operations.close(transition=done, actor=ines)
    client = log_in("ines")
    for one in (stays, went):
        page = f"/30100/2/customers/customer/{one.pk}/"
        shown = client.get(f"{page}consents/").content.decode()
        assert ('name="withdraw"' in shown, 'name="give"' in shown) == (True, False)
        assert (
            client.post(f"{page}withdraw/", {"withdraw": "newsletter:phone", "give": "birthday:form"}).status_code
            == 302
        )
        assert client.post(f"{page}consents/", {"give": "newsletter:counter"}).status_code == 403
        assert client.post(f"{page}consents/", {"withdraw": "birthday:phone"}).status_code == 403
        said = one.consents.filter(purpose__in=("newsletter", "birthday"))
        assert [(word.purpose, word.is_given) for word in said] == [("newsletter", False)]
    typed = {"purpose": "transfer", "is_given": "yes", "at": "2026-01-02T03:04", "source": "form", "evidence": "Brief"}
    assert client.post(f"{page}withdraw/", typed).status_code == 302
    [word] = went.consents.filter(evidence="Brief")
    assert (word.purpose, word.is_given) == ("transfer", False)
    wrong = client.post(f"{page}withdraw/", {**typed, "at": "2999-01-01T00:00"})
    assert wrong.status_code == 200
    assert went.consents.filter(is_given=False).count() == 2


class TestTheGroupIsAsked:
    @pytest.fixture
    def asked(self, cast):
        return join_in(cast, TransitionState.CONFIRMED, is_agreed=False)

    @pytest.fixture
    def anna(self, cast):
        return cast.scope("anna", "Zentrale")

    def test_nothing_is_executed_without_its_yes(self, cast, ines, anna, asked):
        with pytest.raises(ValidationError, match="has not answered yet"), transaction.atomic():
            operations.execute(transition=asked, at=timezone.now(), actor=ines)
        admitting.answer(transition=asked.pk, agrees=False, note="Kein Platz", actor=anna)
        with pytest.raises(ValidationError, match="has refused"), transaction.atomic():
            operations.execute(transition=asked, at=timezone.now(), actor=ines)
        assert not cast.organization().locations.filter(client_number=7).exists()
        admitting.answer(transition=asked.pk, agrees=True, actor=anna)
        operations.execute(transition=asked, at=timezone.now(), actor=ines)
        assert cast.location("Dresden", 10400).client_number == 7

    def test_yes_is_for_one_place_and_another_group_is_asked_anew(self, cast, ines, anna, asked):
        admitting.answer(transition=asked.pk, agrees=True, actor=anna)
        rita = cast.scope("rita", "Dresden", 30100)
        operations.assign_group(transition=fresh(asked), account_number=10400, client_number=9, actor=rita)
        assert [word.word for word in admitting.asked_here(anna)] == ["asked"]
        operations.assign_group(transition=fresh(asked), account_number=20800, client_number=9, actor=rita)
        assert admitting.asked_here(anna) == []
        sven = cast.scope("sven", "Zentrale", 20800)
        assert [word.client_number for word in admitting.asked_here(sven)] == [9]
        with pytest.raises(admitting.NotAnswerable):
            admitting.answer(transition=asked.pk, agrees=True, actor=anna)

    def test_cancelled_and_done_need_no_answer(self, cast, ines, anna, asked):
        operations.cancel(transition=asked, actor=ines)
        assert admitting.asked_here(anna) == []
        with pytest.raises(admitting.NotAnswerable):
            admitting.answer(transition=asked.pk, agrees=True, actor=anna)
        done = join_in(cast, TransitionState.EXECUTED)
        assert admitting.asked_here(anna) == []
        with pytest.raises(admitting.NotAnswerable):
            admitting.answer(transition=done.pk, agrees=False, actor=anna)

    def test_who_may_answer(self, cast, asked):
        for who, place, account in (("bodo", "Hamburg", 10400), ("carla", "Bremen", 10400)):
            with pytest.raises(MissingRight):
                admitting.answer(transition=asked.pk, agrees=True, actor=cast.scope(who, place, account))
        with pytest.raises(admitting.NotAnswerable):
            admitting.answer(transition=asked.pk, agrees=True, actor=cast.scope("sven", "Zentrale", 20800))
        with pytest.raises(PermissionDenied):
            admitting.answer(transition=asked.pk, agrees=True, actor=cast.scope("rita", "Zentrale"))

    def test_pages_ask_and_tell(self, asked, log_in):
        anna, own = log_in("anna"), f"/30100/2/transitions/transition/{asked.pk}/"
        assert "A business wants to join your group." in anna.get("/10400/1/transitions/transition/").content.decode()
        page = "/10400/1/transitions/transition/joinings/"
        assert "Café Einzeln" in anna.get(page).content.decode()
        assert "has not answered yet" in log_in("ines").get(own).content.decode()
        answer = anna.post(page, {"transition": asked.pk, "answer": "yes", "note": "Willkommen"})
        assert answer["Location"] == page
        seen = log_in("ines").get(own).content.decode()
        assert "has agreed on" in seen
        assert "Willkommen" in seen
        assert anna.post(page, {"transition": "x"}).status_code == 200

    def test_its_people_have_logins_and_the_carry_over_in_the_side_bar(self, cast, asked, anna):
        admitting.answer(transition=asked.pk, agrees=True, actor=anna)
        operations.execute(transition=asked, at=timezone.now(), actor=cast.scope("ines", "Dresden", 30100))
        branch, before = cast.location("Dresden", 10400), cast.user("ines")
        moved = User.objects.get(organization=branch.organization, username="ines-7")
        assert (moved.location, moved.password) == (branch, before.password)
        scope = access.scope_at(moved, account_number=10400, client_number=7)
        assert scope.rights == frozenset(Right) - {Right.CARRY_OVER, Right.MANAGE_CUSTOMER_GROUPS}
        assert access.scope_at(moved, account_number=10400, client_number=2).rights == frozenset()
        client = Browser()
        client.force_login(moved)
        assert "/10400/7/transitions/transition/arrivals/" in client.get("/10400/7/").content.decode()
        with pytest.raises(MissingRight):
            admitting.demand_admitter(scope)


def test_client_number_that_was_taken_meanwhile_stops_it(cast, ines):
    confirmed = join_in(cast, TransitionState.CONFIRMED)
    central.open_branch(place=Place(name="Neu", client_number=7), actor=cast.system("Zentrale"))
    with pytest.raises(
        ValidationError, match=r"It has given the client number 7 to another.* Support can enter another place"
    ):
        operations.execute(transition=confirmed, at=timezone.now(), actor=ines)
    assert fresh(confirmed).state == TransitionState.CONFIRMED
    assert cast.scope("ines", "Dresden", 30100).rights == frozenset(Right)


def test_group_without_a_block_of_numbers_stops_it_and_says_so(cast, ines):
    confirmed, group = join_in(cast, TransitionState.CONFIRMED), cast.organization()
    highest = max(place.last_number for place in group.locations.all())
    rest = Place(name="Tarp", client_number=50, number_range=Range(highest + 1, 9_995_000))
    central.open_branch(place=rest, actor=cast.system("Zentrale"))
    with pytest.raises(ValidationError, match=r"No block of 10000 customer numbers.* Support can enter another place"):
        operations.execute(transition=confirmed, at=timezone.now(), actor=ines)
    assert fresh(confirmed).state == TransitionState.CONFIRMED


@pytest.mark.parametrize("state", [TransitionState.NUMBERED, TransitionState.REVIEWED, TransitionState.CONFIRMED])
def test_support_enters_another_place_and_the_business_reviews_once_more(cast, ines, state):
    joining, rita = join_in(cast, state), cast.scope("rita", "Dresden", 30100)
    operations.assign_group(transition=joining, account_number=20800, client_number=9, actor=rita)
    moved = fresh(joining)
    assert (moved.state, moved.review, moved.ground) == (TransitionState.NUMBERED, None, "")
    assert (moved.receiver_account, moved.receiver_client_number) == (20800, 9)
    assert moved.receiver == cast.organization(20800)
    assert [step.remark for step in joining.steps.all()][-2:] == [
        "Number 7 in Nordlicht Bäckereien is given up for another place.", "",
    ]  # fmt: skip
    reached = reached_by(joining.steps.all())
    assert (reached[TransitionState.REQUESTED].user_name, reached[TransitionState.NUMBERED].user_name) == (
        ines.actor_name,
        "Rita Richter",
    )
    operations.review(transition=joining, is_narrowed=False, actor=ines)
    tried_as_before = {"transition": joining, "at": timezone.now(), "actor": ines}
    with pytest.raises(operations.NotThisStep):
        operations.execute(**tried_as_before)
    confirm(joining, ines)
    admitting.answer(transition=joining.pk, agrees=True, actor=cast.scope("sven", "Zentrale", 20800))
    operations.execute(**tried_as_before)
    assert cast.location("Dresden", 20800).client_number == 9
    assert not cast.organization(10400).locations.filter(name="Dresden").exists()


def test_another_place_that_does_not_fit_changes_nothing(cast):
    joining, rita = join_in(cast, TransitionState.CONFIRMED), cast.scope("rita", "Dresden", 30100)
    for account, client in [(10400, 2), (10400, 1), (30100, 5), (99999, 5)]:
        with pytest.raises(operations.NumberRefused), transaction.atomic():
            operations.assign_group(transition=joining, account_number=account, client_number=client, actor=rita)
    assert (fresh(joining).state, fresh(joining).receiver_client_number) == (TransitionState.CONFIRMED, 7)


@pytest.mark.parametrize("state", [TransitionState.EXECUTED, TransitionState.CARRIED_OVER, TransitionState.CANCELLED])
def test_no_other_place_once_it_is_executed(cast, ines, state):
    joining = join_in(cast, TransitionState.CONFIRMED if state == TransitionState.CANCELLED else state)
    if state == TransitionState.CANCELLED:
        operations.cancel(transition=joining, actor=ines)
    with pytest.raises(operations.NotThisStep):
        operations.assign_group(
            transition=joining, account_number=20800, client_number=9, actor=cast.scope("rita", "Dresden", 30100)
        )


def test_page_of_support_offers_another_place_until_it_is_executed(cast, log_in):
    joining, rita = join_in(cast, TransitionState.CONFIRMED), log_in("rita")
    page = f"/30100/2/transitions/transition/{joining.pk}/"
    assert "Enter another place in the group" in rita.get(page).content.decode()
    form = rita.get(f"{page}account/").content.decode()
    assert 'value="10400"' in form
    assert 'value="7"' in form
    assert "confirmed again" in form
    assert "Enter another place" not in log_in("ines").get(page).content.decode()
    operations.execute(transition=joining, at=timezone.now(), actor=cast.scope("ines", "Dresden", 30100))
    assert rita.get(f"{page}account/").status_code == 302


def test_people_of_the_group_do_not_see_the_transition(cast):
    join_in(cast, TransitionState.EXECUTED)
    assert not operations.visible_transitions(cast.scope("anna", "Zentrale")).exists()
