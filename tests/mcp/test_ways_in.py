"""Nobody comes in as somebody else: by a changed address, or by a link that outlives what it was made for."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from locations.permissions import Right
from mcp.central import operations
from mcp.choices import MailKind
from mcp.isolation import row_scope
from mcp.login.passwords import change_own_password
from mcp.models import Mail, User
from mcp.worker import mailing
from tests.mcp.test_passwords import NEW_PASSWORD, anna, choose, link_for, mail_server, token_of, told

__all__ = ["anna", "mail_server"]  # fixtures


def test_address_to_which_links_go_is_changed_by_nobody_weaker_and_not_by_support(cast, anna):
    for actor in (cast.scope("frida", "Flensburg"), cast.scope("rita", "Zentrale")):
        person = cast.user("anna")
        person.email = "fremd@example.com"
        with pytest.raises((PermissionDenied, ValidationError)):
            operations.change_user(user=person, actor=actor)
    assert cast.user("anna").email != "fremd@example.com"
    carla = User.objects.get(username="carla")
    User.objects.filter(pk=carla.pk).update(email="")
    carla.email = "carla@example.com"
    operations.change_user(user=carla, actor=cast.scope("rita", "Zentrale"))
    assert cast.user("carla").email == "carla@example.com"


def test_change_of_the_address_is_told_to_the_old_one_and_ends_open_links(cast, anna, mail_server):
    bodo = cast.user("bodo")
    User.objects.filter(pk=bodo.pk).update(email="alt@example.com")
    token = token_of(link_for(cast, anna, is_mailed=True))
    bodo = cast.user("bodo")
    bodo.email = "neu@example.com"
    operations.change_user(user=bodo, actor=anna)
    told_of = Mail.objects.get(kind=MailKind.EMAIL_CHANGED)
    assert (told_of.address, told_of.facts) == ("alt@example.com", {"changed_by": "Anna Andresen"})
    with row_scope.rows_of(anna):
        assert "Anna Andresen" in mailing._message(told_of, {}).body
    assert choose(token).status_code == 410
    # All of it was one transaction here, in which the history knows no order.
    assert any("has changed the e-mail address" in line and "neu@example.com" in line for line in told(bodo))


def test_link_of_somebody_else_does_not_outlive_that_the_person_holds_more(cast, anna):
    """Whoever has made it was asked whether he holds what the person held then."""
    bodo, group = cast.user("bodo"), operations.create_user_group(name="Mehr", actor=anna)
    rita = cast.scope("rita", "Zentrale")
    token = token_of(link_for(cast, rita))
    operations.set_memberships(user=bodo, groups=[*bodo.groups.all(), group], actor=anna)
    assert choose(token).status_code == 410
    token = token_of(link_for(cast, rita))
    operations.change_grants(group=group, wanted=[(Right.EXPORT_CUSTOMERS, None)], actor=anna)
    assert choose(token).status_code == 410
    token = token_of(link_for(cast, rita))
    operations.change_grants(group=group, wanted=[], actor=anna)
    assert choose(token).status_code == 302, "who holds less than before is nobody whom it lets in further"


def test_own_invitation_works_on_when_its_maker_gives_more(cast, anna):
    """Whoever gives a right was asked whether he holds it."""
    bodo, group = cast.user("bodo"), operations.create_user_group(name="Mehr", actor=anna)
    token = token_of(link_for(cast, anna))
    operations.set_memberships(user=bodo, groups=[*bodo.groups.all(), group], actor=anna)
    operations.change_grants(group=group, wanted=[(Right.EXPORT_CUSTOMERS, None)], actor=anna)
    assert choose(token).status_code == 302


def test_link_does_not_outlive_a_password_that_the_person_has_chosen_himself(cast, anna):
    token = token_of(link_for(cast, anna))
    change_own_password(user=cast.user("bodo"), password=NEW_PASSWORD)
    assert choose(token, "Ganz-etwas-anderes-9").status_code == 410
    assert cast.user("bodo").check_password(NEW_PASSWORD)
