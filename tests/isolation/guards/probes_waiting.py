"""What waits: for whoever may do it and nobody else, and reminders to the one person who is meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from django.utils import timezone

from customers.models import ImportUpload
from locations.permissions import Right
from mcp.central import operations
from mcp.choices import MailKind
from mcp.console import reminders
from mcp.console.waiting import registered, things_of
from mcp.isolation import grants
from mcp.isolation.scope import Scope
from mcp.models import Mail
from mcp.worker import mailing
from tests.isolation.guards.probes_operations import user_of
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import World
from tests.states import in_state
from tests.transitions.moving import exit_in, join_in
from transitions.choices import TransitionState

DAY = timedelta(days=1)


def codes(scope: Scope) -> list[str]:
    return [thing.code for source in registered() for thing in things_of(source, scope)]


def without(scope: Scope, right: Right) -> Scope:
    return replace(scope, rights=scope.rights - {right})


@probe
def files_wait_for_whoever_may_import_and_export(world: World) -> None:
    anna = world.scope("anna", "Hamburg")
    in_state(
        ImportUpload, organization=anna.organization, base=anna.base, location=anna.location, user=anna.user,
        name="offen.csv", state="checked", preview={"similar": 2},
    )  # fmt: skip
    found = codes(anna)
    assert "import_undecided" in found
    assert not [code for code in codes(without(anna, Right.IMPORT_CUSTOMERS)) if code.startswith("import")]
    assert not [code for code in codes(without(anna, Right.EXPORT_CUSTOMERS)) if code.startswith("export")]
    assert "import_undecided" not in codes(without(anna, Right.VIEW_CUSTOMERS))


@probe
def group_is_asked_by_whoever_answers_for_all_of_it(world: World) -> None:
    join_in(world.cast, TransitionState.NUMBERED, is_agreed=False)
    assert codes(world.scope("anna", "Zentrale")).count("joining") == 1
    head = world.cast.system("Zentrale")
    group = operations.create_user_group(name="Nur die Zentrale", actor=head)
    grants.add_grants(group, [(Right.MANAGE_LOCATION, head.location.pk)])
    operations.set_memberships(user=user_of(world, "bodo"), groups=[group], actor=head)
    assert "joining" not in codes(world.scope("bodo", "Zentrale"))


def reminded(at: datetime) -> list[str]:
    before = set(Mail.objects.values_list("pk", flat=True))
    with patch.object(mailing, "is_configured", return_value=True):
        reminders.remind(now=at, actor="a probe")
    mails = Mail.objects.filter(kind=MailKind.WAITING).exclude(pk__in=before)
    names = sorted(mails.values_list("user__username", flat=True))
    mails.update(made_at=at)
    return names


@probe
def each_is_reminded_once_a_day_and_of_his_own(world: World) -> None:
    exit_in(world.cast, TransitionState.NUMBERED)
    join_in(world.cast, TransitionState.NUMBERED, is_agreed=False)
    at = timezone.now() + DAY + timedelta(minutes=1)
    names = reminded(at)
    assert (names.count("anna"), names.count("ines")) == (1, 1)
    assert len(names) == len(set(names))
    things = {mail.user.username: mail.facts["things"] for mail in Mail.objects.filter(kind=MailKind.WAITING)}
    assert {thing["at"] for thing in things["ines"]} == {"30100/2"}
    assert {thing["at"] for thing in things["anna"]} == {"10400/1"}
    Mail.objects.filter(kind=MailKind.WAITING, user__username="ines").delete()
    assert reminded(at + timedelta(seconds=1)) == ["ines"]
    exit_in(world.cast, TransitionState.NUMBERED, place="Bremen", number=40300)
    assert reminded(at + 3 * timedelta(seconds=1)) == []
    Mail.objects.filter(kind=MailKind.WAITING).update(facts={"things": []})
    assert reminded(at + timedelta(seconds=9)) == []


@probe
def nobody_is_reminded_who_is_gone_or_was_reminded_often_enough(world: World) -> None:
    since = timezone.now()
    thing: Any = {"key": "x", "since": since.isoformat()}
    with patch.object(mailing, "is_configured", return_value=True):
        assert reminders._remind(0, [thing], now=since + 9 * DAY, actor="a probe") is False
    assert reminders.is_due(since, [since + DAY, since + 3 * DAY, since + 7 * DAY], since + 90 * DAY) is False
