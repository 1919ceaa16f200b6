"""Entering a scope stands in one file, and the way past it is used where it is listed, and nowhere else."""

from __future__ import annotations

import ast
import logging
import re
from collections import Counter
from pathlib import Path

import pytest
from django.db import DatabaseError
from django.http import Http404

from customers.imports import tasks
from mcp.demo import PASSWORD
from mcp.isolation import access, row_scope
from mcp.worker.somebody import for_somebody
from mcp.worker.task_frame import Stopped
from tests.conftest import Browser, as_web_role

ROOT = Path(__file__).resolve().parents[3]
PRODUCT = (
    "locations",
    "mcp",
    "files",
    "customers",
    "clearing",
    "accounting",
    "transitions",
    "api",
    "privacy",
    "spreadsheets",
    "launch",
)
WITHOUT_SCOPE = {
    "mcp/isolation/access.py": 1,  # the provider's people look for a location, and work outside of any
    "mcp/login/backends.py": 2,  # the login: whose name is it? a password of an older kind is stored anew
    "mcp/login/throttling.py": 3,  # tries to log in are counted over a connection of their own
    "mcp/central/operations/passwords.py": 4,  # whose link is it? those of the provider, and forgotten ones
    "mcp/login/passwords.py": 1,  # one of the provider's people changes his own password
    "mcp/console/reminders.py": 2,  # who may have to be reminded of what waits, and the mails to them
    "mcp/machines/enrolling.py": 1,  # of which device is the code?
    "mcp/tasks.py": 4,  # mails, forgotten passwords and old login attempts of all businesses
    "mcp/management/commands/create_support.py": 2,  # a person of no business
    "mcp/worker/task_frame.py": 2,  # a task of somebody who is nobody any more, or that was given up
    "files/tasks.py": 1,  # files that have expired
    "customers/tasks.py": 6,  # upkeep of all bases
    "accounting/tasks.py": 2,  # letters of all businesses whose pause after an error is over
    "api/tasks.py": 2,  # answers to tills that were kept for long enough; webhooks whose time has come
    "mcp/isolation/command_scope.py": 1,  # a command looks for the location that it was given
    "clearing/central/pairing.py": 1,  # of which location is the code?
    "clearing/central/entering.py": 1,  # which branch calls?
    "clearing/branch/first_start.py": 3,  # a branch that has no business yet makes its own
    "clearing/management/commands/upgrade.py": 1,  # how much a branch has not sent
    "mcp/isolation/branch.py": 1,  # how a branch is called, at its login
    "mcp/isolation/own_database.py": 1,  # whether the database is in use
    "clearing/branch/starting.py": 1,  # an installation at a branch has one row that says which it is
    "clearing/tasks.py": 1,  # the bytes of old runs
    "clearing/central/watching.py": 1,  # how all branches are
    "clearing/central/telling.py": 2,  # who of which businesses is told of alarms
    "clearing/management/commands/demo_branch.py": 1,  # the demo is of several businesses
    "transitions/management/commands/demo.py": 1,  # the demo is of several businesses
    "transitions/operations/admitting.py": 2,  # a group answers who wants to join it, who then reads the answer
    "transitions/operations/requesting.py": 1,  # the group that was asked need not answer any more
    "transitions/operations/assigning.py": 2,  # support opens a business, or looks for the group that is joined
    "transitions/operations/executing.py": 2,  # a business begins to work; a branch is opened in a group
    "transitions/switching/stepping.py": 1,  # both bases are seen, and the people of the provider
    "transitions/package/importing.py": 3,  # was a package made for its receiver? which have imported, and what?
    "transitions/package/tasks.py": 1,  # where is a package made?
    "transitions/tasks.py": 2,  # whose day has come, and where?
}
"""Where all businesses are opened at once, and how often. Each use says its reason, and is logged."""


def _sources() -> list[Path]:
    files = [path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py")]
    return [path for path in files if "migrations" not in path.parts]


def test_scope_is_left_only_where_it_is_listed():
    found: Counter[str] = Counter()
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {"without_scope", "apart"}:
                assert {keyword.arg for keyword in node.keywords} == {"reason", "actor"}
                found[path.relative_to(ROOT).as_posix()] += 1
    assert found == WITHOUT_SCOPE


def test_settings_of_the_database_are_set_in_one_file_and_for_a_transaction():
    setting = re.compile(r"set_config\(|\bSET (?:SESSION|ROLE|LOCAL ROLE|stammhaus)|row_security\._enter")
    guilty = [
        path.relative_to(ROOT).as_posix() for path in _sources() if setting.search(path.read_text(encoding="utf-8"))
    ]
    assert guilty == ["mcp/isolation/row_scope.py"]
    text = (ROOT / "mcp/isolation/row_scope.py").read_text(encoding="utf-8")
    assert text.count("set_config(") == text.count(", %s, true)") == 3


def test_leaving_the_scope_is_logged_with_reason_and_actor(db, caplog):
    caplog.set_level(logging.INFO, logger="mcp.without_scope")
    Browser().post("/login/", {"account_number": "10400", "username": "anna", "password": PASSWORD})
    assert caplog.messages == [  # what counts the tries is logged by the function that these tests replace
        "All businesses opened for 'the login': find out who logs in",
        "All businesses opened for 'the login': count the tries to log in",
        "All businesses opened for 'the login': note how a try to log in went",
    ]


def test_support_opens_all_businesses_to_find_one_and_then_sees_that_one(cast, log_in, caplog):
    caplog.set_level(logging.INFO, logger="mcp.without_scope")
    assert log_in("rita").get("/10400/1/").status_code == 200
    assert caplog.messages == ["All businesses opened for 'Rita Richter': look up a location"]


@pytest.mark.parametrize("address", ["/10400/2/", "/10400/2/customers/customer/", "/", "/20800/1/", "/9/9/"])
def test_people_of_a_business_never_leave_their_scope(cast, log_in, caplog, address):
    client = log_in("bodo")
    caplog.set_level(logging.INFO, logger="mcp.without_scope")
    client.get(address)
    assert [record for record in caplog.records if record.name == "mcp.without_scope"] == []


def test_task_enters_the_scope_of_its_user(cast, monkeypatch):
    seen = []

    def found(*_given):
        seen.append(row_scope.entered())
        raise Stopped

    monkeypatch.setattr(tasks, "_found", found)
    anna = cast.scope("anna", "Hamburg")
    tasks.apply_upload.func(upload="00000000-0000-0000-0000-000000000000", **for_somebody(anna))
    rows = {"base": anna.base.pk, "organization": anna.organization.pk, "location": anna.location.pk}
    assert seen == [row_scope.Rows(**rows, user=cast.user("anna").pk)]


def test_arguments_of_tasks_are_numbers_and_random_ids(cast):
    assert all(isinstance(value, int) for value in for_somebody(cast.scope("anna", "Hamburg")).values())


def test_streamed_answer_is_made_inside_of_the_scope(cast):
    anna = cast.scope("anna", "Hamburg")
    parts = row_scope.streamed(anna, (row_scope.entered().base for _ in range(2)))
    with row_scope.no_rows():
        assert list(parts) == [anna.base.pk, anna.base.pk]
        assert row_scope.entered() == row_scope.NO_ROWS


@pytest.mark.django_db(transaction=True)
def test_second_connection_enters_the_scope_for_each_transaction_and_leaves_it(cast):
    anna = cast.scope("anna", "Hamburg")
    asked = "SELECT current_setting('stammhaus.base', true), count(DISTINCT organization_id) FROM locations_location"
    with as_web_role(), row_scope.second_connection(anna) as second:
        with second.transaction() as cursor:
            assert cursor.execute(asked).fetchone() == (str(anna.base.pk), 1)
        with second._own.cursor() as cursor:
            assert cursor.execute(asked).fetchone() == ("", 0)


@pytest.mark.django_db(transaction=True)
def test_what_a_second_connection_writes_is_seen_unless_it_raises(cast):
    anna, name = cast.scope("anna", "Hamburg"), "UPDATE locations_location SET city = %s WHERE id = %s"
    with row_scope.second_connection(anna) as second:
        with second.transaction() as cursor:
            cursor.execute(name, ["Altona", anna.location.pk])
        with pytest.raises(DatabaseError), second.transaction() as cursor:
            cursor.execute(f"{name}; SELECT 1 / 0", ["Wandsbek", anna.location.pk])
        assert cast.location("Hamburg").city == "Altona"
        with second.transaction() as cursor:
            cursor.execute(name, ["Wandsbek", anna.location.pk])
    assert cast.location("Hamburg").city == "Wandsbek"


def test_scope_of_an_inactive_user_of_a_task_is_none(cast):
    anna = cast.user("anna")
    anna.is_active = False
    anna.save()
    with pytest.raises(Http404):
        access.enter_as(anna.pk, account_number=10400, client_number=1)
