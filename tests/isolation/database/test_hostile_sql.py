"""What somebody cannot do who runs any SQL as the web role: nothing of what happened is made undone or somebody else's.

He enters a scope, as the program does, and takes every step that the tables let him take.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pghistory
import pgtrigger
import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from customers.choices import BULK_STEPS, UPLOAD_BEGINS, UPLOAD_DONE, UPLOAD_STEPS, BulkKind, BulkState, UploadState
from customers.imports import lifecycle
from customers.models import BulkChange, Consent, Customer, CustomerExport, ImportUpload, Tag
from customers.operations import register_customer
from files.choices import FILE_STEPS, FileState
from mcp.isolation import row_scope
from mcp.isolation.database_roles import OURS
from mcp.isolation.scope import Scope
from tests.conftest import Cast, as_web_role
from tests.customers.people import says
from tests.customers.transfer import applied, checked, table
from tests.isolation.database.tables import guarded_tables
from tests.states import STEPS, brought_to, in_state
from transitions.models import IncomingFile, Transition

REAL = pytest.mark.django_db(transaction=True)


@pytest.fixture
def anna(cast: Cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def hostile(anna: Scope) -> Iterator[None]:
    """In a test with real transactions: the web role, as in the product, once it is known who acts."""
    with as_web_role():
        yield


def run(sql: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


@contextmanager
def refused(constraint: str) -> Iterator[None]:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        yield
    assert isinstance(caught.value.__cause__, psycopg.Error)
    assert caught.value.__cause__.diag.constraint_name == constraint


@contextmanager
def on_a_snapshot(scope: Scope) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the web role, in a transaction that sees one moment."""
    parameters = connection.get_connection_params()
    for name in ("cursor_factory", "context"):
        parameters.pop(name, None)
    with psycopg.connect(**parameters) as line:
        line.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        for name, value in (("base", scope.base.pk), ("organization", scope.organization.pk), ("user", _user(scope))):
            line.execute("SELECT set_config(%s, %s, true)", [f"stammhaus.{name}", str(value)])
        yield line
        line.rollback()


def _user(scope: Scope) -> int:
    return scope.user.pk if scope.user else 0


def registered(scope: Scope) -> tuple[Customer, UUID]:
    """Somebody whom the program has registered, in a transaction of its own, and the context of that."""
    with row_scope.rows_of(scope), pghistory.context(**scope.history()) as context:
        return register_customer(customer=Customer(last_name="Meier"), actor=scope), context.id


def an_upload(scope: Scope, **values: Any) -> ImportUpload:
    place = {"organization": scope.organization, "base": scope.base, "location": scope.location, "user": scope.user}
    return in_state(ImportUpload, **place, name="a.csv", **values)


# --- who acted ------------------------------------------------------------------------------------------------------

OWN = "metadata = metadata || '{\"own\": 1}'"
OTHERS = (
    'metadata = metadata || \'{"user_name": "Gesa"}\'',
    "metadata = metadata || '{\"probe\": 1}'",
    "metadata = metadata - 'own'",
    "updated_at = now()",
)


@REAL
@pytest.mark.usefixtures("hostile")
def test_who_acted_is_changed_by_the_same_transaction_alone(anna):
    """While it goes on more becomes known, in savepoints as well."""
    with row_scope.rows_of(anna), pghistory.context(**anna.history()) as context:
        register_customer(customer=Customer(last_name="Meier"), actor=anna)
        with transaction.atomic():
            assert run(f"UPDATE pghistory_context SET {OWN} WHERE id = %s", context.id) == 1
    for facts in OTHERS:
        with pytest.raises(IntegrityError, match="by the same transaction alone"), row_scope.rows_of(anna):
            run(f"UPDATE pghistory_context SET {facts} WHERE id = %s", context.id)
    with row_scope.rows_of(anna):
        assert run("UPDATE pghistory_context SET metadata = metadata WHERE id = %s", context.id) == 1


@REAL
@pytest.mark.usefixtures("hostile")
def test_what_is_done_in_several_transactions_has_one_context(anna):
    with pghistory.context(**anna.history()):
        for name in ("A", "B"):
            with row_scope.rows_of(anna):
                register_customer(customer=Customer(last_name=name), actor=anna)
        pghistory.context(user_name="Gesa")
        with pytest.raises(IntegrityError, match="by the same transaction alone"), row_scope.rows_of(anna):
            register_customer(customer=Customer(last_name="C"), actor=anna)


@pytest.mark.usefixtures("as_owner")
def test_number_of_a_transaction_of_another_server_opens_nothing(db):
    """A dump that was restored holds numbers which the new server gives once more."""
    pk = uuid4()
    add = (
        "INSERT INTO pghistory_context (id, created_at, updated_at, metadata, transaction)"
        " VALUES (%s, now() - interval '1 day', now(), '{}', pg_current_xact_id())"
    )
    with transaction.atomic():
        run(add, pk)
        with pytest.raises(IntegrityError, match="by the same transaction alone"), transaction.atomic():
            run("UPDATE pghistory_context SET metadata = '{\"probe\": 1}' WHERE id = %s", pk)
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    "column", ["id = gen_random_uuid()", "created_at = now()", "transaction = pg_current_xact_id()"]
)
def test_web_role_cannot_say_when_a_context_was_written(db, column):
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        run(f"UPDATE pghistory_context SET {column}")


def test_no_history_is_written_by_hand(cast):
    """By it an import is undone, and old states come back."""
    histories = [table.name for table in guarded_tables() if table.name.endswith("event")]
    assert len(histories) >= 15
    for name in histories:
        with refused(f"{name}_written_by_triggers"):
            run(f"INSERT INTO {name} SELECT * FROM {name} LIMIT 0")


# --- imports, bulk changes and files --------------------------------------------------------------------------------


def test_import_begins_as_a_file_only(anna):
    for state in set(UploadState) - UPLOAD_BEGINS:
        place = {"organization": anna.organization, "base": anna.base, "location": anna.location}
        with refused("customers_importupload_steps"):
            ImportUpload.objects.create(**place, name="a.csv", state=state)


WITHOUT_STEPS = {
    "Card": "active and blocked, to and fro; what must stay says a trigger of its own (customers/triggers/cards.py)",
    "Conflict": "open and decided, to and fro; what must stay says a trigger of its own (clearing/triggers.py)",
    "Invoice": "made by the database of what is paid and whether it is cancelled",
    "Mail": "whether the worker has sent it; nothing follows from it",
    "SwitchStep": "only added to",
    "TransitionStep": "only added to",
}


def test_every_table_with_a_state_says_which_follows_which():
    ours = [model for model in apps.get_models() if model._meta.app_label in OURS]
    with_state = {model for model in ours if "state" in {field.name for field in model._meta.concrete_fields}}
    kept = {model for model, trigger in pgtrigger.registered() if trigger.name in {"steps", "step_allowed"}}
    open_ones = {model.__name__ for model in with_state - kept if not hasattr(model, "pgh_tracked_model")}
    assert open_ones == set(WITHOUT_STEPS)
    assert kept >= {*STEPS, Transition}


def _things(anna: Scope) -> dict[Any, tuple[Callable[[], Any], Any]]:
    place = {"organization": anna.organization, "base": anna.base, "location": anna.location}
    return {
        UploadState: (lambda: ImportUpload(**place, name="a.csv"), UPLOAD_STEPS),
        BulkState: (lambda: BulkChange(**place, kind=BulkKind.RESTORE), BULK_STEPS),
        FileState: (lambda: IncomingFile(**place, name="a.zip", sha256=str(uuid4())), FILE_STEPS),
    }


@pytest.mark.parametrize("states", [UploadState, BulkState, FileState])
def test_a_state_follows_those_before_it_only(anna, states):
    make, steps = _things(anna)[states]
    for before in states:
        for after in set(states) - {before}:
            row = make()
            row = in_state(type(row), **{f.name: getattr(row, f.name) for f in _given(row)}, state=before)
            change = type(row).objects.filter(pk=row.pk)
            if after in steps[before]:
                assert change.update(state=after) == 1
            else:
                with refused(f"{row._meta.db_table}_steps"):
                    change.update(state=after)


def _given(row: Any) -> list[Any]:
    names = {"organization", "base", "location", "name", "kind", "sha256"}
    return [field for field in row._meta.concrete_fields if field.name in names]


SETTLED: dict[str, object] = {
    "context": uuid4(), "result": {"created": 0}, "choices": {"targets": []}, "preview": {}, "new_rows": "{}",
    "size": 7, "sha256": "x",
}  # fmt: skip


def test_what_was_applied_stays_as_it_was(anna):
    upload = an_upload(anna, state=UploadState.APPLIED, context=uuid4(), result={"created": 2}, new_rows="{[2,4)}")
    for state in (UploadState.APPLIED, UploadState.UNDOING, UploadState.UNDONE):
        brought_to(ImportUpload.objects.filter(pk=upload.pk), state)
        for name, value in SETTLED.items():
            with refused("customers_importupload_settled"):
                ImportUpload.objects.filter(pk=upload.pk).update(**{name: value})
        with refused("customers_importupload_stays_on_record"):
            run("DELETE FROM customers_importupload WHERE id = %s", upload.pk)
    assert {UploadState.APPLIED, UploadState.UNDOING, UploadState.UNDONE} == UPLOAD_DONE


@pytest.mark.parametrize("state", sorted(set(UploadState) - UPLOAD_DONE))
def test_what_was_not_applied_has_no_context_and_may_go(anna, state):
    upload = an_upload(anna, state=state)
    with refused("importupload_context_of_applied"):
        ImportUpload.objects.filter(pk=upload.pk).update(context=uuid4())
    for name in ("organization_id", "base_id", "location_id", "user_id"):
        with refused("customers_importupload_immutable"):
            run(f"UPDATE customers_importupload SET {name} = 0 WHERE id = %s", upload.pk)
    assert run("DELETE FROM customers_importupload WHERE id = %s", upload.pk) == 1


def test_bulk_change_that_was_applied_stays_as_it_was(anna):
    place = {"organization": anna.organization, "base": anna.base, "location": anna.location}
    change = in_state(BulkChange, **place, kind=BulkKind.RESTORE, state=BulkState.APPLIED, context=uuid4())
    for name, value in {"context": uuid4(), "customers": [7], "result": {}, "total": 7}.items():
        with refused("customers_bulkchange_settled"):
            BulkChange.objects.filter(pk=change.pk).update(**{name: value})
    with refused("customers_bulkchange_stays_on_record"):
        run("DELETE FROM customers_bulkchange WHERE id = %s", change.pk)


def test_export_that_was_made_stays_as_it_was(anna):
    place = {"organization": anna.organization, "base": anna.base, "location": anna.location, "name": "a.csv"}
    export = CustomerExport.objects.create(**place, state=FileState.DONE, sha256="x", total=3)
    for name, value in {"sha256": "y", "total": 1, "choices": {"a": 1}}.items():
        with refused("customers_customerexport_settled"):
            CustomerExport.objects.filter(pk=export.pk).update(**{name: value})
    with refused("customers_customerexport_immutable"):
        CustomerExport.objects.filter(pk=export.pk).update(user_name="Gesa")


# --- nobody goes without a record -----------------------------------------------------------------------------------


@REAL
@pytest.mark.usefixtures("hostile")
def test_an_import_is_not_what_somebody_else_has_done_before(anna):
    """Whoever has entered another business besides sees its contexts, and they are not of this transaction either."""
    someone, context = registered(anna)
    with row_scope.rows_of(anna):
        upload = an_upload(anna, state=UploadState.APPLYING)
    for entered in ("", str(anna.organization.pk + 1)):
        with refused("customers_importupload_applied_now"), row_scope.rows_of(anna):
            run("SELECT set_config('stammhaus.organization', %s, true)", entered or str(anna.organization.pk))
            brought_to(ImportUpload.objects.filter(pk=upload.pk), UploadState.APPLIED, context=context)
    with row_scope.rows_of(anna), refused("customer_not_deleted"):
        run("DELETE FROM customers_customer WHERE id = %s", someone.pk)


def imported(scope: Scope) -> ImportUpload:
    upload = applied(checked(scope, table(["Name", "Newsletter"], ["Neu", "ja"])), scope)
    lifecycle.start_undo(upload=upload, actor=scope)
    return upload


def test_what_was_undone_of_an_import_is_not_applied_again(anna):
    for sql in ("DELETE FROM customers_consent", "DELETE FROM customers_consent; DELETE FROM customers_customer"):
        with transaction.atomic():
            upload = imported(anna)
            run(sql)
            with refused("importupload_undone_stays"):
                ImportUpload.objects.filter(pk=upload.pk).update(state=UploadState.APPLIED)
            assert ImportUpload.objects.filter(pk=upload.pk).update(state=UploadState.UNDONE) == 1
            transaction.set_rollback(True)


def test_undoing_that_has_done_nothing_is_stopped(anna):
    upload = imported(anna)
    assert ImportUpload.objects.filter(pk=upload.pk).update(state=UploadState.APPLIED) == 1
    with refused("consent_stays"):
        run("DELETE FROM customers_consent")
    with refused("customer_not_deleted"):
        run("DELETE FROM customers_customer")


@REAL
@pytest.mark.usefixtures("hostile")
def test_of_two_at_once_one_cannot_stop_what_the_other_undoes(anna):
    """Neither in the order of the deletion first, nor of the stopping."""
    with row_scope.rows_of(anna):
        upload = imported(anna)
    began, may_end, seen = threading.Event(), threading.Event(), []

    def delete() -> None:
        with row_scope.rows_of(anna):
            run("DELETE FROM customers_consent")
            run("DELETE FROM customers_customer")
            began.set()
            may_end.wait(30)
        connection.close()

    def stop() -> None:
        try:
            with row_scope.rows_of(anna):
                ImportUpload.objects.filter(pk=upload.pk).update(state=UploadState.APPLIED)
        except DatabaseError as refusal:
            seen.append(str(refusal))
        connection.close()

    with row_scope.rows_of(anna):
        ImportUpload.objects.filter(pk=upload.pk).update(state=UploadState.APPLIED)
        first = threading.Thread(target=_refused_delete, args=(anna, seen))
        first.start()
        first.join(30)
        transaction.set_rollback(True)
    assert "archived, not deleted" in seen.pop()
    threads = [threading.Thread(target=delete), threading.Thread(target=stop)]
    threads[0].start()
    assert began.wait(30)
    threads[1].start()
    threads[1].join(1)
    may_end.set()
    for thread in threads:
        thread.join(30)
    assert "stays undone" in seen.pop()


def _refused_delete(scope: Scope, seen: list[str]) -> None:
    """Whoever stops the undoing holds the import, and nobody waits for him."""
    try:
        with row_scope.rows_of(scope):
            run("DELETE FROM customers_customer")
    except DatabaseError as refusal:
        seen.append(str(refusal))
    connection.close()


# --- whoever works on a snapshot ------------------------------------------------------------------------------------


@REAL
@pytest.mark.usefixtures("hostile")
def test_tag_is_not_taken_away_by_whoever_does_not_see_who_got_it_since(anna):
    with row_scope.rows_of(anna):
        Tag.objects.create(base=anna.base, name="VIP")
    for sql in ("DELETE FROM customers_tag WHERE name = 'VIP'", "UPDATE customers_tag SET name = 'X'"):
        with on_a_snapshot(anna) as line:
            line.execute("SELECT count(*) FROM customers_tag")
            with row_scope.rows_of(anna):
                one = register_customer(customer=Customer(last_name="Meier", tags=["VIP"]), actor=anna)
            with pytest.raises(psycopg.errors.ForeignKeyViolation, match="READ COMMITTED"):
                line.execute(sql)
        with row_scope.rows_of(anna):
            assert Customer.objects.get(pk=one.pk).tags == ["VIP"]


@REAL
@pytest.mark.usefixtures("hostile")
def test_statement_is_not_struck_out_by_whoever_does_not_see_that_it_has_gone_out(anna):
    with row_scope.rows_of(anna):
        one = register_customer(customer=Customer(last_name="Meier"), actor=anna)
        says(anna, one, "newsletter", True)
        Consent.objects.get()
    with on_a_snapshot(anna) as line:
        line.execute("SELECT count(*) FROM customers_consentrelease")
        with pytest.raises(psycopg.errors.CheckViolation, match="READ COMMITTED"):
            line.execute("UPDATE customers_consent SET struck_out_at = now(), struck_out_by = 'x'")
