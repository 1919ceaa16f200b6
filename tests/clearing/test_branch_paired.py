"""Once a branch is paired, people, rights and the location are looked at there, and made at the central."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from locations.choices import Side
from mcp.central import operations
from mcp.isolation.branch import MadeAtCentral
from mcp.login.passwords import change_own_password
from mcp.models import User, UserGroup
from tests.clearing.branches import PASSWORD, PLACE, administrator, own_node, pair


@pytest.fixture
def paired(cast, settings):
    location = cast.location("Lübeck")
    own = own_node(location)
    administrator(location)
    settings.SIDE = Side.BRANCH
    pair(own)
    return own


def test_base_says_that_a_node_works_with_it_as_long_as_it_is_paired(cast):
    own = own_node(cast.location("Lübeck"))
    own.base.refresh_from_db()
    assert not own.base.has_node
    pair(own)
    own.base.refresh_from_db()
    assert own.base.has_node
    own.node = None
    own.save(update_fields=["node"])
    own.base.refresh_from_db()
    assert not own.base.has_node


def test_nothing_about_people_and_rights_is_made_at_a_paired_branch(paired, cast):
    actor = cast.scope("karin", "Lübeck")
    karin, group = User.objects.get(username="karin"), UserGroup.objects.get(name="Verwaltung der Filiale")
    place = cast.location("Lübeck")
    attempts = [
        lambda: operations.create_user(user=User(username="neu"), actor=actor),
        lambda: operations.change_user(user=karin, actor=actor),
        lambda: operations.set_memberships(user=karin, groups=[], actor=actor),
        lambda: operations.create_user_group(name="Neu", actor=actor),
        lambda: operations.rename_user_group(group=group, name="Anders", actor=actor),
        lambda: operations.delete_user_group(group=group, actor=actor),
        lambda: operations.change_grants(group=group, wanted=[], actor=actor),
        lambda: operations.create_group_like(source=group, name="Auch so", actor=actor),
        lambda: operations.make_link(user=karin, is_mailed=False, actor=actor),
        lambda: operations.issue_link(user=karin, is_mailed=False, made_by="x"),
        lambda: operations.change_location(location=place, actor=actor),
        lambda: change_own_password(user=karin, password="Ein-anderes-Brot-12"),
    ]
    for attempt in attempts:
        with pytest.raises(MadeAtCentral):
            attempt()


def test_pages_show_people_and_rights_and_say_where_they_are_made(paired, log_in):
    karin = log_in("karin")
    person = User.objects.get(username="karin")
    group = UserGroup.objects.get(name="Verwaltung der Filiale")
    looked_at = [
        "mcp/user/", f"mcp/user/{person.pk}/change/", "mcp/usergroup/", f"mcp/usergroup/{group.pk}/change/",
        f"mcp/usergroup/{group.pk}/rights/", "mcp/user/why/", f"locations/location/{paired.location_id}/change/",
    ]  # fmt: skip
    for page in looked_at:
        answer = karin.get(f"{PLACE}/{page}")
        assert answer.status_code == 200, page
        assert not {b"/add/", b"/password/", b"/like/", b"/delete/"} & {
            part for part in (b"/add/", b"/password/", b"/like/", b"/delete/") if b"mcp" + part in answer.content
        }, page
        assert b'name="_save"' not in answer.content, page
        assert b"Show what changes" not in answer.content, page
    for page in (f"mcp/user/{person.pk}/password/", "password_change/", f"mcp/usergroup/{group.pk}/rights/"):
        answer = karin.post(f"{PLACE}/{page}", {"old_password": PASSWORD})
        assert answer.status_code == 403, page
        assert b"This branch is paired with its central" in answer.content, page
    for page in ("mcp/user/add/", "mcp/usergroup/add/", f"mcp/usergroup/{group.pk}/delete/"):
        assert karin.get(f"{PLACE}/{page}").status_code == 403, page
    home = karin.get(f"{PLACE}/").content
    assert b"Change password" not in home
    assert b"Not reconciled yet" in home


def test_customers_are_worked_with_as_before(paired, log_in):
    karin = log_in("karin")
    for page in ("customers/customer/add/", "customers/tag/add/", "customers/customer/import/"):
        assert karin.get(f"{PLACE}/{page}").status_code == 200, page


def test_header_says_how_old_what_the_branch_knows_is(paired, log_in):
    paired.succeeded_at = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
    paired.rights_as_of = datetime(2026, 11, 28, 8, 15, tzinfo=UTC)
    paired.save(update_fields=["succeeded_at", "rights_as_of"])
    home = log_in("karin").get(f"{PLACE}/").content.decode()
    assert "Last reconciliation" in home
    assert "10:30" in home
    assert "Rights as of" in home
    assert "09:15" in home or "9:15" in home


def test_same_is_done_at_the_central(cast, log_in):
    """There a base with a node keeps nobody from anything."""
    pair(own_node(cast.location("Lübeck")))
    operations.create_user_group(name="Neu", actor=cast.scope("anna", "Zentrale"))
    assert b"Last reconciliation" not in log_in("anna").get(f"{PLACE}/").content
