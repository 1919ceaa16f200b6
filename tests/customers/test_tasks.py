"""What the worker does by itself."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from customers import tasks
from customers.figures.counts import compact_counts
from customers.models import Customer, CustomerCount, CustomerGroup, CustomerGroupCount
from customers.operations import archive_customers, register_customer
from mcp.isolation.scope import Scope
from mcp.models import Session
from mcp.tasks import clear_expired_sessions


def test_compaction_leaves_one_row_and_the_sums(cast):
    scopes = cast.scope("anna", "Zentrale"), cast.scope("sven", "Zentrale", 20800)
    for scope in scopes:
        customers = [register_customer(customer=Customer(last_name="Meier"), actor=scope) for _ in range(5)]
        archive_customers(customers=[customers[0].pk], reason="Test", actor=scope)
    tasks.compact_counts.func(timestamp=0)
    for scope in scopes:
        assert CustomerCount.objects.in_base(scope.base).count() == 1
        assert CustomerCount.objects.in_base(scope.base).totals() == (4, 1)
    assert compact_counts() == 0


def register(scope: Scope, each: int, group: CustomerGroup) -> None:
    for number in range(each):
        customer = Customer(last_name=f"Meier {number}", customer_group=group if number % 5 else None)
        register_customer(customer=customer, actor=scope)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_compaction_is_exact_beside_concurrent_registrations(cast):
    places = [cast.system(name) for name in ("Zentrale", "Hamburg")]
    base, writers, each = places[0].base, 4, 25
    group = CustomerGroup.objects.create(base=base, name="Vereine")
    is_over = threading.Event()

    def compact() -> None:
        while not is_over.is_set():
            compact_counts()
        connection.close()

    threads = [threading.Thread(target=register, args=[places[n % 2], each, group]) for n in range(writers)]
    compactors = [threading.Thread(target=compact) for _ in range(2)]
    for thread in [*threads, *compactors]:
        thread.start()
    for thread in threads:
        thread.join()
    is_over.set()
    for thread in compactors:
        thread.join()
    compact_counts()
    counts, groups = CustomerCount.objects.in_base(base), CustomerGroupCount.objects.in_base(base)
    for scope in places:
        assert counts.with_registered_at(scope.location) == (writers * each, 0, writers * each // 2)
    assert groups.active() == {group.pk: 80, None: 20}
    assert (counts.count(), groups.count()) == (2, 2)


def test_expired_sessions_are_cleared(db):
    now = timezone.now()
    for key, days in (("old", -1), ("new", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(days=days))
    clear_expired_sessions.func(timestamp=0)
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]


def test_worker_knows_every_task():
    app.perform_import_paths()  # as the worker does when it starts
    names = {name for name in app.tasks if name.startswith(("customers.", "files.", "mcp."))}
    assert names == {
        "files.tasks.delete_expired_files",
        "customers.tasks.compact_counts",
        "customers.tasks.delete_expired_uploads",
        "customers.tasks.forget_superseded_changes",
        "customers.imports.tasks.check_upload",
        "customers.imports.tasks.apply_upload",
        "customers.exports.tasks.make_export",
        "customers.imports.tasks.undo_upload",
        "customers.bulk.tasks.apply_bulk",
        "customers.bulk.tasks.count_bulk",
        "customers.bulk.tasks.undo_bulk",
        "mcp.tasks.clear_expired_sessions",
        "mcp.tasks.delete_old_login_attempts",
        "mcp.tasks.forget_sent_forms",
        "mcp.tasks.remind_of_what_waits",
        "mcp.tasks.mail_forgotten_password",
        "mcp.tasks.send_mail",
        "mcp.tasks.resume_stalled_jobs",
    }
