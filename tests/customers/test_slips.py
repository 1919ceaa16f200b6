"""A statement that was recorded by mistake is struck out within minutes: it stays, and counts nowhere."""

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from customers.choices import TRANSFER, ConsentSource, ConsentState
from customers.consents.operations import consents_of, record_consent, strike_out
from customers.history.changes import history_of
from customers.models import Consent, ConsentRelease, Customer
from customers.triggers import slips
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from tests.customers.consents import besides, figures, known
from tests.customers.people import customer, says
from tests.customers.transfer import take_in, taken_out
from tests.locations.refusals import refused_by, run
from tests.test_structure import PRODUCT, ROOT

MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHOICES: list[Any] = [{}, {"known": "fill"}]
COLUMNS = ["customer_number", "newsletter"]
UPDATE = "UPDATE customers_consent SET struck_out_at = now(), struck_out_by = 'x' WHERE id = %s"


@pytest.fixture
def bodo(cast):
    return cast.scope("bodo", "Hamburg")


@pytest.fixture
def row(bodo):
    return customer(bodo)


def recorded_by(scope: Scope, row: Customer, about: str = "newsletter", is_given: bool = True, **more: Any) -> Consent:
    says(scope, row, about, is_given, **more)
    return Consent.objects.latest("recorded_at")


def strike(statement: Consent, scope: Scope) -> Consent:
    with row_scope.rows_of(scope):
        return strike_out(statement=statement.pk, actor=scope)


def said_of(row: Customer, about: str = "newsletter") -> ConsentState:
    [state] = [one for one in consents_of(row, at=None, base=row.base) if one.purpose.code == about]
    return state.said


def long_ago(scope: Scope, row: Customer, *, minutes: int) -> Consent:
    at, user = timezone.now() - timedelta(minutes=minutes), scope.user
    assert user is not None
    return Consent.objects.create(
        organization=scope.organization, base=scope.base, location=scope.location, customer=row, purpose="newsletter",
        is_given=True, at=at, recorded_at=at, source=ConsentSource.FORM, recorded_by="Bodo Brandt",
        recorder_id=user.pk,
    )  # fmt: skip


class TestStrikingOut:
    def test_statement_stays_with_who_and_when_and_what_was_before_counts_again(self, bodo, row):
        says(bodo, row, "newsletter", False, MARCH)
        slip = recorded_by(bodo, row)
        assert said_of(row) == ConsentState.GIVEN
        before = timezone.now()
        strike(slip, bodo)
        kept = Consent.objects.get(pk=slip.pk)
        assert (kept.is_given, kept.recorded_by, kept.struck_out_by) == (True, "Bodo Brandt", "Bodo Brandt")
        assert kept.struck_out_at is not None
        assert before <= kept.struck_out_at <= timezone.now()
        assert said_of(row) == ConsentState.WITHDRAWN

    def test_same_statement_can_be_recorded_again(self, bodo, row):
        slip = recorded_by(bodo, row, at=MARCH)
        strike(slip, bodo)
        assert says(bodo, row, "newsletter", True, MARCH) == 1
        assert says(bodo, row, "newsletter", True, MARCH) == 0
        assert (said_of(row), Consent.objects.count()) == (ConsentState.GIVEN, 2)

    def test_history_keeps_both(self, bodo, row):
        slip = recorded_by(bodo, row)
        strike(slip, bodo)
        events = apps.get_model("customers", "ConsentEvent").objects.order_by("pgh_created_at")
        assert [(event.pgh_label, event.struck_out_by) for event in events] == [
            ("insert", ""), ("update", "Bodo Brandt"),
        ]  # fmt: skip
        told = [(entry.kind, entry.user) for entry in history_of(row, page=1, scope=bodo)[0][:2]]
        assert told == [("given_struck_out", "Bodo Brandt"), ("given", "Bodo Brandt")]

    def test_right_is_asked_that_recording_asks(self, bodo, row):
        slip, no = recorded_by(bodo, row), recorded_by(bodo, row, "birthday", False)

        def with_rights(*rights: Right) -> Scope:
            return Scope(user=bodo.user, location=bodo.location, rights=frozenset(rights))

        for rights in ([Right.CHANGE_CUSTOMERS], [Right.VIEW_CUSTOMERS], [Right.VIEW_CUSTOMERS, Right.CARRY_OVER]):
            with pytest.raises(MissingRight):
                strike(slip, with_rights(*rights))
        strike(no, with_rights(Right.VIEW_CUSTOMERS, Right.CARRY_OVER))
        assert list(Consent.objects.standing()) == [slip]


class TestRefused:
    """By the database: the operation only says it in words."""

    @pytest.fixture
    def refused(self, cast, bodo, row):
        def refuse(statement: Consent, code: str, scope: Scope = bodo) -> None:
            with pytest.raises(ValidationError) as refusal:
                strike(statement, scope)
            assert (refusal.value.code, bool(refusal.value.messages)) == (code, True)
            with row_scope.rows_of(scope), refused_by(code):
                run(
                    "UPDATE customers_consent SET struck_out_at = now(), struck_out_by = 'x' WHERE id = %s",
                    statement.pk,
                )
            assert Consent.objects.filter(pk=statement.pk).standing().exists() == (code != "consent_struck_out_once")

        return refuse

    def test_after_some_minutes(self, bodo, row, refused):
        strike(long_ago(bodo, row, minutes=slips.MINUTES - 1), bodo)
        refused(long_ago(bodo, row, minutes=slips.MINUTES), "consent_struck_out_soon")

    def test_by_somebody_else(self, cast, bodo, row, refused):
        statement = recorded_by(bodo, row)
        for place in ("Hamburg", "Bremen"):
            refused(statement, "consent_struck_out_by_recorder", cast.scope("anna", place))
        strike(statement, cast.scope("bodo", "Bremen"))

    def test_by_nobody(self, bodo, row):
        statement = recorded_by(bodo, row)
        with refused_by("consent_struck_out_by_recorder"):
            Consent.objects.filter(pk=statement.pk).update(struck_out_at=timezone.now(), struck_out_by="x")

    def test_what_no_person_has_recorded(self, cast, bodo, row, refused):
        machine = Scope.of_system(cast.location("Hamburg"), name="worker")
        refused(recorded_by(machine, row), "consent_struck_out_by_recorder")

    def test_twice(self, bodo, row, refused):
        statement = recorded_by(bodo, row)
        strike(statement, bodo)
        refused(statement, "consent_struck_out_once")

    def test_it_is_not_taken_back(self, bodo, row):
        statement = recorded_by(bodo, row)
        strike(statement, bodo)
        with row_scope.rows_of(bodo), refused_by("consent_stays"):
            Consent.objects.filter(pk=statement.pk).update(struck_out_at=None, struck_out_by="")

    @pytest.mark.parametrize(("place", "account", "who"), [("Lübeck", 10400, "dirk"), ("München", 20800, "sven")])
    def test_of_another_base_there_is_none(self, cast, bodo, row, place, account, who):
        statement = recorded_by(bodo, row)
        elsewhere = cast.scope(who, place, account)
        with pytest.raises(Consent.DoesNotExist):
            strike(statement, elsewhere)
        with row_scope.rows_of(elsewhere):
            run(UPDATE, statement.pk)
        assert Consent.objects.standing().count() == 1

    @pytest.mark.usefixtures("as_owner")
    def test_nothing_else_is_changed_with_it(self, bodo):
        with row_scope.rows_of(bodo):
            statement = recorded_by(bodo, customer(bodo))
            changes = {"struck_out_at": timezone.now(), "struck_out_by": "x", "is_given": False}
            with refused_by("consent_stays"):
                Consent.objects.filter(pk=statement.pk).update(**changes)

    def test_who_has_struck_out_has_a_name(self, bodo, row):
        statement = recorded_by(bodo, row)
        with row_scope.rows_of(bodo), refused_by("consent_struck_out_by_somebody"):
            Consent.objects.filter(pk=statement.pk).update(struck_out_at=timezone.now())

    def test_what_has_gone_out_in_an_export(self, cast, bodo, row, refused):
        before = recorded_by(bodo, row)
        taken_out(cast.scope("anna", "Zentrale"), columns=["customer_number", "last_name"])
        strike(before, bodo)
        gone = recorded_by(bodo, row)
        taken_out(cast.scope("anna", "Zentrale"), columns=COLUMNS)
        refused(gone, "consent_gone_out")
        strike(recorded_by(bodo, row, "birthday"), bodo)

    def test_export_of_another_base_is_no_matter(self, cast, bodo, row):
        statement = recorded_by(bodo, row)
        taken_out(cast.scope("sven", "Zentrale", 20800), columns=COLUMNS)
        strike(statement, bodo)

    @pytest.mark.parametrize("kind", ["form", "import"])
    def test_person_says_how(self, bodo, row, kind):
        wanted: Any = {"customers": [row.pk], "purpose": "newsletter", "is_given": True, "at": None}
        if kind == "form":
            assert record_consent(**wanted, source=kind, actor=bodo) == 1
            return
        for source in (kind, ""):
            with pytest.raises(ValidationError):
                record_consent(**wanted, source=source, actor=bodo)
        with refused_by("consent_of_person_says_how"):
            said = Consent(
                organization=bodo.organization, base=bodo.base, customer=row, purpose="newsletter", is_given=True,
                at=MARCH, source=kind, recorded_by="Bodo", recorder_id=bodo.user.pk,
            )  # fmt: skip
            Consent.objects.bulk_create([said])


class TestCountsNowhere:
    def test_in_the_list_and_its_filter(self, bodo, row):
        strike(recorded_by(bodo, row), bodo)
        for said in ConsentState:
            found = Customer.objects.with_consent("newsletter", said).filter(pk=row.pk)
            assert found.exists() == (said == ConsentState.NEVER), said
        assert not Consent.objects.holding("newsletter", at=timezone.now()).exists()

    def test_on_a_past_day(self, bodo, row):
        strike(recorded_by(bodo, row, at=MARCH), bodo)
        states = consents_of(row, at=MARCH + timedelta(days=1), base=row.base)
        assert {state.said for state in states} == {ConsentState.NEVER}

    @pytest.mark.parametrize("is_small", [True, False])
    def test_in_an_export(self, cast, bodo, row, is_small):
        says(bodo, row, TRANSFER, True, MARCH)
        strike(recorded_by(bodo, row), bodo)
        strike(recorded_by(bodo, row, TRANSFER, False), bodo)
        anna = cast.scope("anna", "Zentrale")
        columns = [*COLUMNS, TRANSFER + "_allowed"]
        lines = taken_out(anna, "plain", columns=columns, language="en", is_small=is_small).decode().splitlines()
        assert lines[1] == f"{row.customer_number},,ja"

    def test_import_takes_what_the_file_says(self, cast):
        """As if the slip had never been: it is news, also where only what is empty is filled in."""
        anna = cast.scope("anna", "Zentrale")
        one = known(anna, customer_number=7)
        slip = recorded_by(anna, one)
        file = b"Kundennummer;Name;Newsletter\n7;Meier;ja\n"
        for choices in CHOICES:
            with transaction.atomic():
                assert take_in(anna, file, **choices).told["consents"] == 0
                transaction.set_rollback(True)
        strike(slip, anna)
        for choices in CHOICES:
            with transaction.atomic():
                assert take_in(anna, file, **choices).told["consents"] == 1
                assert said_of(one) == ConsentState.GIVEN
                transaction.set_rollback(True)

    def test_statement_beside_the_rows_comes_again(self, cast):
        anna = cast.scope("anna", "Zentrale")
        one = known(anna, customer_number=7)
        strike(recorded_by(anna, one, at=MARCH), anna)
        file = b"Kundennummer;Name\n7;Meier\n"
        upload = besides(anna, file, (7, "newsletter", True, MARCH, None))
        assert figures(upload)["consents"] == 1


def test_nobody_strikes_out_while_a_file_is_read(bodo, row):
    """The lock of the file is asked for first: shared by files, alone for whoever strikes out."""
    statement = recorded_by(bodo, row)
    with row_scope.rows_of(bodo), connection.cursor() as cursor, slips.released(cursor, bodo.base.pk):
        cursor.execute(
            "SELECT mode FROM pg_locks JOIN pg_database ON pg_database.oid = database AND datname = current_database() "
            "WHERE locktype = 'advisory' AND classid = %s AND objid = %s",
            [slips.LOCK, bodo.base.pk],
        )
        assert cursor.fetchall() == [("ShareLock",)]
    assert ConsentRelease.objects.filter(base=bodo.base, at__gte=statement.recorded_at).count() == 1
    with pytest.raises(ValidationError):
        strike(statement, bodo)


def test_unknown_statement_does_not_exist(bodo):
    with pytest.raises(Consent.DoesNotExist):
        strike_out(statement=uuid4(), actor=bodo)


ALL_OF_THEM = {
    "customers/table/consent_columns.py": "_HOLDING: by _OF_THESE, as the constant beside it",
    "customers/imports/undo.py": "what an import has brought; nobody strikes that out",
    "clearing/rows/writing.py": "all that a customer has said goes with him, as the other side has let him go",
    "transitions/switching/moving.py": "whoever goes along takes all that he has said with him",
}
"""Files with SQL that reads statements without naming `struck_out_at` in the same text, each with the reason."""


def test_sql_that_reads_statements_leaves_out_what_was_struck_out():
    forgetful = set()
    for folder in PRODUCT:
        for path in (ROOT / folder).rglob("*.py"):
            if "migrations" in path.parts:
                continue
            for text in _texts(path):
                words = f"{' '.join(text.split())} "
                if re.search(r"\b(FROM|JOIN) customers_consent ", words) and "struck_out_at" not in words:
                    forgetful.add(path.relative_to(ROOT).as_posix())
    assert forgetful == set(ALL_OF_THEM)


def _texts(path: Path) -> list[str]:
    """The texts of a file, each f-string as one."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    joined = [
        [part for part in node.values if isinstance(part, ast.Constant)]
        for node in nodes
        if isinstance(node, ast.JoinedStr)
    ]
    parts = {id(part) for some in joined for part in some}
    alone = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in parts]
    return ["".join(str(part.value) for part in some) for some in [*joined, *([one] for one in alone)]]
