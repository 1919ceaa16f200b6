"""Recording what customers agree to and take back, and asking what held at a moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.choices import TRANSFER, ConsentSource, ConsentState
from customers.consents.operations import consents_of, places_to_record, record_consent, save_purpose
from customers.models import Consent, ConsentPurpose, Customer
from customers.operations import archive_customers
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.customers.people import customer, customers, purpose, says
from tests.proofs.sampling import examples

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
QUERIES = 2


@pytest.fixture
def scope(cast):
    return cast.scope("anna", "Hamburg")


def states(row, at=None):
    """(code, said) of each purpose that anything was said about."""
    found = consents_of(row, at=at, base=row.base)
    return [(state.purpose.code, state.said) for state in found if state.said != ConsentState.NEVER]


def code_of(refusal):
    """The one code of a refusal."""
    [error] = [error for errors in refusal.value.error_dict.values() for error in errors]
    return error.code


class TestRecording:
    def test_statement_keeps_what_was_said_and_who_recorded_it_where(self, scope):
        row = customer(scope)
        said = {"wording_version": "2026-1", "receiver": 40200, "evidence": "Ordner 12"}
        assert says(scope, row, TRANSFER, True, NOON, **said) == 1
        stored = Consent.objects.get()
        assert (stored.customer, stored.base, stored.organization) == (row, scope.base, scope.organization)
        assert (stored.purpose, stored.is_given, stored.at, stored.source) == (TRANSFER, True, NOON, "form")
        assert (stored.wording_version, stored.receiver, stored.evidence) == ("2026-1", 40200, "Ordner 12")
        assert (stored.recorded_by, stored.location, stored.upload) == ("Anna Andresen", scope.location, None)
        assert stored.recorded_at <= timezone.now()

    def test_same_statement_twice_is_nothing(self, scope):
        rows = customers(scope, 2)
        assert says(scope, rows[0], "newsletter", True, NOON) == 1
        many: Any = {"purpose": "newsletter", "is_given": True, "at": NOON, "source": ConsentSource.WEB}
        assert record_consent(customers=[row.pk for row in rows], **many, actor=scope) == 1
        assert says(scope, rows[0], "newsletter", True, NOON + DAY) == 1
        assert Consent.objects.count() == 3

    def test_without_a_moment_it_is_said_now_by_the_clock_of_the_database(self, scope):
        says(scope, customer(scope), "newsletter", True)
        stored = Consent.objects.get()
        assert stored.at == stored.recorded_at

    def test_customers_of_another_base_are_left_alone(self, cast, scope):
        for place, account in (("Lübeck", 10400), ("München", 20800)):
            stranger = customer(Scope.of_system(cast.location(place, account), name="test"))
            assert says(scope, stranger, "newsletter", True) == 0
        assert not Consent.objects.exists()

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"about": "nirgends"}, "unknown_purpose"),
            ({"at": timezone.now() + DAY}, "consent_not_ahead_of_time"),
            ({"at": datetime(24, 1, 1, tzinfo=UTC)}, "at_too_early"),
            ({"receiver": 40200}, "consent_receiver_of_transfer"),
            ({"about": TRANSFER, "receiver": 0}, "min_value"),
            ({"source": "pigeon"}, "invalid_choice"),
            ({"evidence": "x" * 256}, "max_length"),
        ],
    )
    def test_what_is_wrong_is_refused(self, scope, wrong, code):
        row = customer(scope)
        with pytest.raises(ValidationError) as refusal:
            says(scope, row, **{"about": "newsletter", "is_given": True, "at": NOON, **wrong})
        assert code in {error.code for errors in refusal.value.error_dict.values() for error in errors}
        assert not Consent.objects.exists()

    def test_what_is_not_asked_for_any_more_can_only_be_withdrawn(self, scope):
        row, old = customer(scope), purpose(scope, "fax", is_active=False)
        with pytest.raises(ValidationError) as refusal:
            says(scope, row, old.code, True)
        assert code_of(refusal) == "purpose_inactive"
        assert says(scope, row, old.code, False) == 1
        assert states(row) == [("fax", ConsentState.WITHDRAWN)]

    def test_archived_customer_can_only_withdraw(self, scope):
        row, gone = customers(scope, 2)
        archive_customers(customers=[gone.pk], reason="Verzogen", actor=scope)
        both: Any = {"customers": [row.pk, gone.pk], "purpose": TRANSFER, "at": None, "source": ConsentSource.SPOKEN}
        with pytest.raises(ValidationError) as refusal:
            record_consent(**both, is_given=True, actor=scope)
        assert (refusal.value.code, Consent.objects.count()) == ("customer_archived", 0)
        assert record_consent(**both, is_given=False, actor=scope) == 2

    @pytest.mark.parametrize("held", [Right.VIEW_CUSTOMERS, Right.CHANGE_CUSTOMERS])
    def test_both_rights_are_needed(self, scope, held):
        row = customer(scope)
        with pytest.raises(MissingRight):
            says(Scope(user=scope.user, location=scope.location, rights=frozenset({held})), row, "newsletter", True)


class TestPurposes:
    def test_every_business_has_the_standard_ones_with_their_usual_names(self, cast):
        for account in (10400, 20800, 30100):
            found = ConsentPurpose.objects.of_organization(cast.organization(account))
            assert [one.code for one in found] == ["transfer", "transfer_any", "newsletter", "birthday", "profiling"]
            assert all(str(one) for one in found)
            assert [one.code for one in found if not one.is_active] == [
                "transfer_any"
            ]  # asked for as such, or not at all

    def test_name_and_wording_change_and_the_code_stays(self, scope):
        stored = ConsentPurpose.objects.of_organization(scope.organization).get(code="newsletter")
        stored.code, stored.name, stored.wording, stored.wording_version = "post", "Rundbrief", "Ja, gern.", "1"
        save_purpose(purpose=stored, actor=scope)
        stored.refresh_from_db()
        assert (stored.code, str(stored), stored.wording) == ("newsletter", "Rundbrief", "Ja, gern.")

    def test_other_wording_needs_another_version(self, scope):
        made = purpose(scope, "post", wording="Ja.", wording_version="1")
        made.wording = "Ja, gern."
        with pytest.raises(ValidationError) as refusal:
            save_purpose(purpose=made, actor=scope)
        assert code_of(refusal) == "same_version"
        made.wording_version = "2"
        assert save_purpose(purpose=made, actor=scope).wording_version == "2"

    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ({"code": "newsletter"}, "consentpurpose_code_unique"),
            ({"code": "Große Post"}, "invalid"),
            ({"code": "post", "name": ""}, "consentpurpose_has_name"),
        ],
    )
    def test_what_is_wrong_is_refused(self, scope, values, code):
        with pytest.raises(ValidationError) as refusal:
            purpose(scope, **values)
        assert code in {error.code for errors in refusal.value.error_dict.values() for error in errors}

    def test_purpose_of_another_business_is_not_there(self, cast, scope):
        foreign = ConsentPurpose.objects.of_organization(cast.organization(20800)).get(code="newsletter")
        with pytest.raises(ConsentPurpose.DoesNotExist):
            save_purpose(purpose=foreign, actor=scope)


class TestState:
    def test_state_follows_the_statements(self, scope):
        row = customer(scope)
        for days, is_given in enumerate((True, False, True)):
            says(scope, row, "newsletter", is_given, NOON + days * DAY)
        known = [states(row, NOON + days * DAY) for days in (-1, 0, 1, 2)]
        given, withdrawn = [("newsletter", ConsentState.GIVEN)], [("newsletter", ConsentState.WITHDRAWN)]
        assert known == [[], given, withdrawn, given]
        assert states(row) == given

    def test_of_two_at_the_same_moment_the_withdrawal_holds(self, scope):
        row = customer(scope)
        says(scope, row, "newsletter", False, NOON)
        says(scope, row, "newsletter", True, NOON)
        assert states(row) == [("newsletter", ConsentState.WITHDRAWN)]

    def test_what_holds_for_one_receiver_stands_beside_what_holds_for_all(self, scope):
        row = customer(scope)
        says(scope, row, TRANSFER, True, NOON, receiver=40200)
        assert states(row) == [(TRANSFER, ConsentState.CERTAIN)]
        says(scope, row, TRANSFER, True, NOON + DAY)
        says(scope, row, TRANSFER, False, NOON + 2 * DAY, receiver=50300)
        state = next(one for one in consents_of(row, at=None, base=row.base) if one.purpose.code == TRANSFER)
        assert state.is_given
        assert [(one.receiver, one.is_given) for one in state.certain] == [(40200, True), (50300, False)]
        says(scope, row, TRANSFER, False, NOON + 3 * DAY)
        state = next(one for one in consents_of(row, at=None, base=row.base) if one.purpose.code == TRANSFER)
        assert (state.is_withdrawn, state.certain) == (True, ())

    def test_old_purposes_are_told_where_something_was_said(self, scope):
        row, other = customers(scope, 2)
        says(scope, row, purpose(scope, "fax").code, True)
        old = ConsentPurpose.objects.get(code="fax")
        old.is_active = False
        save_purpose(purpose=old, actor=scope)
        told = [{state.purpose.code for state in consents_of(one, at=None, base=one.base)} for one in (row, other)]
        assert ["fax" in codes for codes in told] == [True, False]

    @pytest.mark.parametrize("count", [1, 3])
    def test_state_is_a_constant_number_of_queries(self, scope, count, django_assert_num_queries):
        row = customer(scope)
        for number in range(count):
            says(scope, row, TRANSFER, True, NOON + number * DAY, receiver=40200 + number)
        with django_assert_num_queries(QUERIES):
            consents_of(row, at=None, base=scope.base)


PURPOSES, RECEIVERS = (TRANSFER, "newsletter"), (None, 40200, 50300)
MOMENTS = [NOON + number * DAY for number in range(5)]
STATEMENTS = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from(PURPOSES), st.sampled_from(MOMENTS), st.booleans(),
        st.sampled_from(RECEIVERS),
    ).filter(lambda said: said[1] == TRANSFER or said[4] is None),
    max_size=30,
)  # fmt: skip
"""(customer, purpose, moment, given, receiver), with many at the same moment."""


def held(said, who, about, moment, receiver):
    """In plain words: what was said last up to the moment, to all or to this receiver; a withdrawal beats a giving."""
    heard = [
        (at, is_given)
        for one, purpose, at, is_given, to in said
        if one == who and purpose == about and at <= moment and (to is None or to == receiver)
    ]
    last = [is_given for at, is_given in heard if at == max(heard)[0]]
    return all(last) if last else None


def placed(said, who, about):
    """In which choice of the filter the customer is found."""
    for_all = held(said, who, about, MOMENTS[-1], None)
    found = {ConsentState.GIVEN} if for_all else {ConsentState.WITHDRAWN} if for_all is False else set()
    mine = [to for one, purpose, _at, _is_given, to in said if (one, purpose) == (who, about)]
    return found | ({ConsentState.CERTAIN} if any(mine) else set()) | (set() if mine else {ConsentState.NEVER})


@given(said=STATEMENTS)
@pytest.mark.isolation
@pytest.mark.in_part
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_state_at_any_moment_equals_the_plain_rule(cast, said):
    with transaction.atomic():
        scope = Scope.of_system(cast.location("Hamburg"), name="test")
        rows = customers(scope, 3)
        for who, about, at, is_given, receiver in said:
            says(scope, rows[who], about, is_given, at, receiver=receiver)
        for about in PURPOSES:
            _compare_holding(said, rows, about)
            _compare_filter(said, rows, about)
        transaction.set_rollback(True)


def _compare_holding(said, rows, about):
    for moment in [MOMENTS[0] - DAY, *MOMENTS]:
        for receiver in RECEIVERS if about == TRANSFER else RECEIVERS[:1]:
            expected = {row.pk: held(said, who, about, moment, receiver) for who, row in enumerate(rows)}
            holding = Consent.objects.in_base(rows[0].base).holding(about, at=moment, receiver=receiver)
            found = dict(holding.values_list("customer", "is_given"))
            assert found == {pk: is_given for pk, is_given in expected.items() if is_given is not None}
            if receiver is None:
                assert {row.pk: _told(row, about, moment) for row in rows} == expected


def _told(row, about, moment):
    """What holds with a location is told by tests/transitions/test_deciding_oracle.py."""
    state = next(one for one in consents_of(row, at=moment, base=row.base) if one.purpose.code == about)
    return state.holding and state.holding.is_given


def _compare_filter(said, rows, about):
    for choice in ConsentState:
        found = set(Customer.objects.with_consent(about, choice).values_list("pk", flat=True))
        assert found == {row.pk for who, row in enumerate(rows) if choice in placed(said, who, about)}, choice


class TestWhereAndToWhom:
    def test_transfer_holds_with_the_locations_at_which_it_was_given(self, cast, scope):
        row, bremen = customer(scope), cast.location("Bremen")
        says(scope, row, TRANSFER, True, NOON)
        says(scope, row, TRANSFER, True, NOON + DAY, location=bremen)
        state = next(one for one in consents_of(row, at=None, base=row.base) if one.purpose.code == TRANSFER)
        assert [place.name for place in state.places] == ["Hamburg", "Bremen"]
        says(scope, row, TRANSFER, False, NOON + 2 * DAY)
        says(scope, row, TRANSFER, True, NOON + 3 * DAY, location=bremen)
        state = next(one for one in consents_of(row, at=None, base=row.base) if one.purpose.code == TRANSFER)
        assert [place.name for place in state.places] == ["Bremen"]

    def test_the_same_moment_at_two_locations_are_two_statements(self, cast, scope):
        row = customer(scope)
        assert says(scope, row, TRANSFER, True, NOON) == 1
        assert says(scope, row, TRANSFER, True, NOON) == 0
        assert says(scope, row, TRANSFER, True, NOON, location=cast.location("Bremen")) == 1

    @pytest.mark.parametrize(
        ("place", "account", "code"), [("Lübeck", 10400, "no_place"), ("München", 20800, "no_place")]
    )
    def test_it_is_said_at_a_location_of_the_base(self, cast, scope, place, account, code):
        with pytest.raises(ValidationError) as refusal:
            says(scope, customer(scope), TRANSFER, True, location=cast.location(place, account))
        assert code_of(refusal) == code

    def test_who_records_for_another_location_holds_the_right_there(self, cast):
        bodo, row = cast.scope("bodo", "Hamburg"), customer(cast.scope("anna", "Hamburg"))
        assert [place.name for place in places_to_record(bodo)] == ["Hamburg", "Bremen"]
        assert says(bodo, row, TRANSFER, True, location=cast.location("Bremen")) == 1
        with pytest.raises(MissingRight):
            says(bodo, row, TRANSFER, True, location=cast.location("Flensburg"))

    def test_what_was_said_to_another_business_is_told_and_does_not_hold(self, scope):
        row = customer(scope)
        Consent.objects.create(
            organization=scope.organization, base=scope.base, customer=row, purpose="newsletter", is_given=True,
            at=NOON, source="form", recorded_by="Test", given_to=50300, holds_here=False,
        )  # fmt: skip
        state = next(one for one in consents_of(row, at=None, base=row.base) if one.purpose.code == "newsletter")
        assert (state.said, state.evidence and state.evidence.given_to) == (ConsentState.NEVER, 50300)
        assert not Customer.objects.with_consent("newsletter", ConsentState.GIVEN).exists()
        assert Customer.objects.with_consent("newsletter", ConsentState.NEVER).get() == row

    def test_evidence_names_the_business_it_was_given_to(self, scope):
        with pytest.raises(IntegrityError), transaction.atomic():
            Consent.objects.create(
                organization=scope.organization, base=scope.base, customer=customer(scope), purpose="newsletter",
                is_given=True, at=NOON, source="form", recorded_by="Test", holds_here=False,
            )  # fmt: skip

    def test_only_a_wording_with_a_version_says_that_it_holds_for_the_receiver(self, scope):
        made = purpose(scope, "post")
        assert not made.holds_for_receiver
        made.holds_for_receiver = True
        with pytest.raises(ValidationError, match="Only a wording with a version"):
            save_purpose(purpose=made, actor=scope)
        made.wording, made.wording_version = "Auch der Betrieb, der den Standort übernimmt.", "2"
        assert save_purpose(purpose=made, actor=scope).holds_for_receiver

    def test_it_is_another_wording_once_it_holds_for_the_receiver(self, scope):
        made = purpose(scope, "post", wording="Ja.", wording_version="1")
        made.holds_for_receiver = True
        with pytest.raises(ValidationError) as refusal:
            save_purpose(purpose=made, actor=scope)
        assert code_of(refusal) == "same_version"
