"""Alarms of branches: when they begin and end, where they are seen, and who is told of them once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail as outbox
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import override
from procrastinate.contrib.django.models import ProcrastinateJob

from clearing import tasks
from clearing.central import telling, watching
from clearing.central.telling import NoAddress, NotToldHere, choose_mail
from clearing.choices import ALARM_SENTENCES, AlarmKind
from clearing.limits import RUN_TAKES
from clearing.models import Alarm, AlarmRecipient, Conflict, Node
from clearing.program import is_older, program_version
from locations.models import Location
from locations.permissions import Right
from mcp import tasks as mailing_tasks
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import Mail, User, UserGroup
from mcp.worker import mailing
from tests.conftest import Cast, logged_in

NOW = timezone.now()
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CALLED = NOW - RUN_TAKES
LIST = "/10400/1/clearing/node/"
WELL: dict[str, Any] = {
    "paired_at": NOW - 30 * DAY, "contacted_at": CALLED, "decided_at": CALLED, "program": program_version(),
    "protocol": 1, "free_bytes": 10 * 1024**3, "waiting": 0,
}  # fmt: skip


def new_node(location: Location, **values: Any) -> Node:
    known = {"organization": location.organization, "base": location.base, "location": location}
    return Node.objects.create(**known, name="Kasse", receipt="0" * 64, paired_by="anna", **{**WELL, **values})


def watch(at: Any = NOW) -> set[str]:
    """The kinds of alarms that are open then."""
    watching.watch(now=at, actor="a test")
    return set(Alarm.objects.open().values_list("kind", flat=True))


@pytest.fixture
def node(cast) -> Node:
    return new_node(cast.location("Lübeck"))


# --- when ---------------------------------------------------------------------------------------------------------

CASES: list[tuple[dict[str, Any], set[str]]] = [
    ({}, set()),
    ({"contacted_at": NOW - DAY + HOUR}, set()),
    ({"contacted_at": NOW - DAY}, {"late"}),
    ({"contacted_at": NOW - 7 * DAY + HOUR}, {"late"}),
    ({"contacted_at": NOW - 7 * DAY}, {"missing"}),
    ({"contacted_at": None, "paired_at": NOW - HOUR}, set()),
    ({"contacted_at": None, "paired_at": NOW - DAY}, {"missing"}),
    ({"decided_at": CALLED - timedelta(minutes=59)}, set()),
    ({"decided_at": CALLED - HOUR}, {"failing"}),
    ({"decided_at": None, "paired_at": CALLED - HOUR}, {"failing"}),
    ({"decided_at": None, "paired_at": CALLED - timedelta(minutes=59)}, set()),
    ({"decided_at": NOW - 3 * DAY, "contacted_at": CALLED + timedelta(seconds=1)}, set()),
    ({"decided_at": NOW - 3 * DAY, "contacted_at": NOW - 2 * DAY}, {"late"}),
    ({"held_back": 1}, {"held_back"}),
    ({"program": "0.0.1"}, {"old_version"}),
    ({"program": "999.0"}, set()),
    ({"program": "?"}, set()),
    ({"free_bytes": 1024**3 - 1}, {"disk"}),
    ({"free_bytes": 1024**3}, set()),
    ({"free_bytes": None}, set()),
    ({"state": "quarantined", "contacted_at": NOW - 3 * DAY}, {"quarantined"}),
    ({"state": "retired", "contacted_at": NOW - 9 * DAY, "held_back": 3}, set()),
    (
        {"held_back": 2, "free_bytes": 1, "program": "0.0.1", "decided_at": NOW - DAY},
        {"held_back", "disk", "old_version", "failing"},
    ),
]  # fmt: skip


def test_each_kind_begins_at_its_limit(cast):
    place, expected = cast.location("Lübeck"), {}
    for values, kinds in CASES:
        node = new_node(place, **{name: value for name, value in values.items() if name != "state"})
        Node.objects.filter(pk=node.pk).update(state=values.get("state", "paired"))
        expected[node.pk] = (values, kinds)
    watch()
    for pk, (values, kinds) in expected.items():
        assert set(Alarm.objects.open().filter(node=pk).values_list("kind", flat=True)) == kinds, values


def test_an_alarm_goes_on_ends_and_comes_back_as_another_one(node):
    Node.objects.filter(pk=node.pk).update(held_back=1)
    for at in (NOW, NOW + HOUR):
        assert watch(at) == {"held_back"}
    assert list(Alarm.objects.values_list("since", "ended_at")) == [(NOW, None)]
    Node.objects.filter(pk=node.pk).update(held_back=0)
    assert watch(NOW + 2 * HOUR) == set()
    Node.objects.filter(pk=node.pk).update(held_back=1)
    watch(NOW + 3 * HOUR)
    assert list(Alarm.objects.order_by("since").values_list("since", "ended_at")) == [
        (NOW, NOW + 2 * HOUR),
        (NOW + 3 * HOUR, None),
    ]
    Node.objects.filter(pk=node.pk).update(state="retired")
    assert watch(NOW + 3 * HOUR) == set()
    watch(NOW + 2 * HOUR + watching.KEPT)
    assert Alarm.objects.count() == 2
    watch(NOW + 4 * HOUR + watching.KEPT)
    assert not Alarm.objects.exists()


def test_what_fails_goes_on_failing_while_it_calls_again(node):
    Node.objects.filter(pk=node.pk).update(decided_at=CALLED - HOUR)
    assert watch() == {"failing"}
    Node.objects.filter(pk=node.pk).update(contacted_at=NOW)
    assert watch(NOW) == {"failing"}
    assert Alarm.objects.count() == 1
    Node.objects.filter(pk=node.pk).update(decided_at=NOW)
    assert watch(NOW) == set()


def test_the_database_keeps_that_an_alarm_is_open_once_told_once_and_ends_once(node):
    Node.objects.filter(pk=node.pk).update(held_back=1)
    watch()
    alarm = Alarm.objects.get()
    same = {"organization_id": alarm.organization_id, "base_id": alarm.base_id, "node": node, "kind": alarm.kind}
    refused: list[Any] = [
        lambda: Alarm.objects.create(**same),
        lambda: Alarm.objects.create(**{**same, "kind": "hunger"}),
        lambda: Alarm.objects.filter(pk=alarm.pk).update(ended_at=alarm.since - HOUR),
    ]
    for attempt in refused:
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()
    Alarm.objects.filter(pk=alarm.pk).update(told_at=NOW, ended_at=NOW)
    for values in ({"told_at": None}, {"ended_at": None}, {"ended_at": NOW + HOUR}, {"told_at": NOW + HOUR}):
        with pytest.raises(IntegrityError, match="once"), transaction.atomic():
            Alarm.objects.filter(pk=alarm.pk).update(**values)


def test_open_conflicts_of_a_base_are_counted_for_all_its_nodes(cast, node):
    """Whatever a run has told, and whoever has decided since."""
    place = cast.location("Lübeck")
    other, foreign = new_node(place), new_node(cast.location("Hamburg"), open_conflicts=7)
    for _time in range(2):
        Conflict.objects.create(base=place.base, uid=uuid4(), customer_number=1, name="x", kind="both_changed")
    Conflict.objects.create(
        base=place.base,
        uid=uuid4(),
        customer_number=1,
        name="x",
        kind="both_changed",
        state="dismissed",
        decided_at=NOW,
    )
    watch()
    counts = dict(Node.objects.values_list("pk", "open_conflicts"))
    assert counts == {node.pk: 2, other.pk: 2, foreign.pk: 0}


def test_so_many_statements_however_many_branches_there_are(cast, django_assert_num_queries):
    place = cast.location("Lübeck")
    for count in (1, 3):
        for _each in range(count):
            new_node(place, held_back=1)
        with django_assert_num_queries(5):
            watching.watch(now=NOW, actor="a test")
    assert Alarm.objects.count() == 4


def test_versions_are_compared_as_numbers():
    assert is_older("1.9.0", "1.10.0")
    assert not is_older("1.10.0", "1.10.0")
    assert not is_older("", "1.0")
    assert not is_older("1.0", "dev")


# --- where --------------------------------------------------------------------------------------------------------


@pytest.fixture
def seen(cast, node) -> dict[str, Node]:
    """Lübeck fails and holds back, Kiel is late and in conflict, a node of Südstern is held."""
    kiel = new_node(cast.location("Kiel"), contacted_at=NOW - 2 * DAY)
    Node.objects.filter(pk=node.pk).update(held_back=3, decided_at=NOW - DAY)
    Conflict.objects.create(base=kiel.base, uid=uuid4(), customer_number=1, name="Erika Muster", kind="both_changed")
    foreign = new_node(cast.location("München", 20800), held_back=9)
    Node.objects.filter(pk=foreign.pk).update(state="quarantined", name="Kasse in München")
    watch()
    return {"Lübeck": node, "Kiel": kiel, "München": foreign}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_front_page_of_the_central_counts_alarms_and_conflicts_of_all_branches(seen):
    panel = logged_in("anna").get("/10400/1/overview/branches/", headers={"Accept-Language": "en"})
    shown = text(panel)
    for kind in ("late", "failing", "held_back", "conflicts"):
        assert f'/10400/1/clearing/node/?show={kind}"' in shown, kind
    assert "quarantined" not in shown
    assert shown.count(">1</a>") == 4, "Lübeck and Kiel share a base, and its conflict is one"
    assert [one.name for one, _html in logged_in("anna").get("/10400/1/").context["panels"]].count("branches") == 1
    assert logged_in("bodo").get("/10400/1/overview/branches/").status_code in {403, 404}


def test_list_is_narrowed_to_an_alarm_and_shows_page_by_page(cast, seen):
    anna = logged_in("anna")
    tabs = {tab.name: tab.count for tab in anna.get(LIST).context["shown"].tabs}
    assert tabs == {"all": 2, "alarms": 2, "late": 1, "failing": 1, "held_back": 1, "conflicts": 2}
    for show, places in (("late", ["Kiel"]), ("failing", ["Lübeck"]), ("alarms", ["Lübeck", "Kiel"])):
        rows = anna.get(f"{LIST}?show={show}").context["shown"].rows
        assert [one.node.location.name for one in rows] == places
    assert "Kasse in München" not in text(anna.get(LIST))
    for _each in range(50):
        new_node(cast.location("Lübeck"))
    assert len(anna.get(LIST).context["shown"].rows) == 50
    assert len(anna.get(f"{LIST}?show=all&page=2").context["shown"].rows) == 2


def test_page_of_a_node_says_what_to_do_and_what_has_ended(seen):
    anna, node = logged_in("anna"), seen["Lübeck"]
    page = text(anna.get(f"{LIST}{node.pk}/", headers={"Accept-Language": "en"}))
    assert str(ALARM_SENTENCES[AlarmKind.FAILING]) in page
    Node.objects.filter(pk=node.pk).update(held_back=0, decided_at=NOW)
    watch(NOW + HOUR)
    again = anna.get(f"{LIST}{node.pk}/")
    assert again.context["shown"].alarms == []
    assert {alarm.kind for alarm in again.context["past"]} == {"failing", "held_back"}


def test_alarms_of_another_business_do_not_exist(seen):
    sven = logged_in("sven")
    assert "Kasse in München" in text(sven.get("/20800/1/clearing/node/"))
    panel = text(sven.get("/20800/1/overview/branches/"))
    assert "quarantined" in panel
    assert "late" not in panel


# --- who is told --------------------------------------------------------------------------------------------------


@pytest.fixture
def mail_server(settings):
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    settings.PUBLIC_URL = "https://stammhaus.example/"
    outbox.outbox = []


def choose(user: str, account: int = 10400) -> None:
    User.objects.filter(username=user).update(email=f"{user}@example.com")
    choose_mail(is_wanted=True, actor=Cast().scope(user, "Zentrale", account))


def told(at: Any) -> list[tuple[str, int]]:
    """Who gets a mail at a moment, and about how many alarms."""
    known = set(Mail.objects.values_list("pk", flat=True))
    watching.watch(now=at, actor="a test")
    telling.tell(now=at, actor="a test")
    fresh = Mail.objects.filter(kind="alarms").exclude(pk__in=known).order_by("address")
    return [(mail.user.username, mail.facts["count"]) for mail in fresh]


def test_an_alarm_is_told_once_until_it_has_ended_and_come_back(seen, mail_server):
    choose("anna")
    assert told(NOW) == [("anna", 3)]
    assert told(NOW + 2 * HOUR) == []
    Node.objects.filter(pk=seen["Lübeck"].pk).update(held_back=0)
    assert told(NOW + 3 * HOUR) == []
    Node.objects.filter(pk=seen["Lübeck"].pk).update(held_back=1)
    assert told(NOW + 4 * HOUR) == [("anna", 1)]
    Node.objects.filter(pk=seen["Lübeck"].pk).update(free_bytes=1)
    assert told(NOW + 4 * HOUR + timedelta(minutes=59)) == [], "at most one mail an hour"
    assert told(NOW + 5 * HOUR) == [("anna", 1)]


def test_each_business_is_told_its_own(seen, mail_server):
    choose("anna")
    choose("sven", 20800)
    assert told(NOW) == [("anna", 3), ("sven", 2)]
    for mail in Mail.objects.all():
        assert ("München" in str(mail.facts)) == (mail.user.username == "sven")
        assert "Muster" not in str(mail.facts)


def test_who_may_not_manage_the_central_any_more_is_not_told(seen, mail_server):
    choose("anna")
    group = UserGroup.objects.get(members__username="anna")
    grants.remove_grants(group, {(Right.MANAGE_LOCATION, None)})
    assert told(NOW) == []
    grants.add_grants(group, [(Right.MANAGE_LOCATION, None)])
    User.objects.filter(username="anna").update(email="")
    assert told(NOW) == []
    User.objects.filter(username="anna").update(email="anna@example.com")
    assert told(NOW) == [("anna", 3)], "it waits for somebody whom it can be told"


def test_without_a_mail_server_nobody_is_told_and_nothing_counts_as_told(seen):
    choose("anna")
    assert told(NOW) == []
    assert not Alarm.objects.exclude(told_at=None).exists()


@pytest.mark.parametrize(
    ("language", "subject", "line"),
    [
        ("de", "3 Alarme von Filialen", "5 · Kiel (Kasse): Überfällig."),
        ("en", "3 alarms of branches", "5 · Kiel (Kasse): Late."),
    ],
)
def test_mail_is_in_the_language_of_whoever_gets_it_and_leads_there(seen, mail_server, language, subject, line):
    choose("anna")
    User.objects.filter(username="anna").update(language=language)
    tasks.watch_branches(0)
    for job in ProcrastinateJob.objects.filter(task_name=mailing.SEND).order_by("id"):
        mailing_tasks.send_mail.func(**job.args)
    (mail,) = outbox.outbox
    assert (mail.to, mail.subject) == (["anna@example.com"], subject)
    assert line in mail.body
    with override(language):
        assert str(ALARM_SENTENCES[AlarmKind.LATE]) in mail.body
    assert f"https://stammhaus.example/10400/1/clearing/node/{seen['Kiel'].pk}/" in mail.body
    assert "Muster" not in mail.body


def test_a_long_mail_counts_what_it_does_not_list(cast, mail_server):
    choose("anna")
    for _each in range(telling.MOST_TOLD + 2):
        new_node(cast.location("Lübeck"), held_back=1)
    assert told(NOW) == [("anna", 32)]
    facts = Mail.objects.get(kind="alarms").facts
    assert (len(facts["alarms"]), facts["more"]) == (30, 2)


def test_mail_is_chosen_at_the_central_by_its_own_people(cast, seen, mail_server):
    refused: list[tuple[type[Exception], Scope]] = [
        (MissingRight, cast.scope("bodo", "Hamburg")),
        (NotToldHere, cast.scope("anna", "Hamburg")),
        (NotToldHere, cast.system("Zentrale")),
        (NotToldHere, cast.scope("rita", "Zentrale")),
    ]
    for error, actor in refused:
        with pytest.raises(error):
            choose_mail(is_wanted=True, actor=actor)
    User.objects.filter(username="anna").update(email="")
    with pytest.raises(NoAddress):
        choose_mail(is_wanted=True, actor=cast.scope("anna", "Zentrale"))
    User.objects.filter(username="anna").update(email="anna@example.com")
    anna = logged_in("anna")
    for choice, count in (("on", 1), ("on", 1), ("off", 0), ("off", 0)):
        assert anna.post(f"{LIST}mail/", {"choice": choice}).status_code == 302
        assert AlarmRecipient.objects.count() == count
    assert anna.get(f"{LIST}mail/").status_code == 302
    assert "anna@example.com" not in text(anna.get(LIST))
    choose("anna")
    assert "anna@example.com" in text(anna.get(LIST))


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_tell_once(settings):
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    choose("anna")
    new_node(Cast().location("Lübeck"), held_back=1, contacted_at=NOW - 2 * DAY)
    ready = Barrier(2)

    def work(_number: int) -> None:
        try:
            ready.wait()
            tasks.watch_branches(0)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    assert sorted(Alarm.objects.values_list("kind", flat=True)) == ["held_back", "late"]
    tasks.watch_branches(0)
    told_of = [mail.facts["count"] for mail in Mail.objects.filter(kind="alarms")]
    assert sum(told_of) == 2
    assert len(told_of) == 1
