"""A right that is taken away while its holder saves: the rights are asked again before anything is kept."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now
from django.template.response import TemplateResponse

from customers.choices import UploadState
from customers.imports import lifecycle, receive, tasks
from customers.models import Customer, ImportUpload
from customers.operations import change_customer, register_customer
from locations.models import Location
from locations.permissions import Right
from mcp.central import operations
from mcp.demo import PASSWORD
from mcp.isolation import access, row_scope
from mcp.isolation.scope import MissingRight
from mcp.login import own_password_form, passwords
from mcp.models import LocationGrant, OrganizationGrant, User
from mcp.worker.somebody import for_somebody
from tests.conftest import Cast
from tests.customers.transfer import table
from tests.reader import read

ADMIN = "customers.admin.customers"


@pytest.fixture
def customer(cast: Cast) -> Customer:
    return register_customer(customer=Customer(last_name="Meier"), actor=cast.system("Hamburg"))


def revoke(*rights: Right) -> None:
    """As somebody else does it meanwhile, in a transaction of his own."""
    with row_scope.without_scope(reason="somebody else's request", actor="a test"):
        LocationGrant.objects.filter(permission__codename__in=rights).delete()
        OrganizationGrant.objects.filter(permission__codename__in=rights).delete()


def save(client, customer: Customer, name: str):
    """The form of a customer, sent as a browser sends it, with another last name."""
    page = f"/10400/2/customers/customer/{customer.pk}/change/"
    form = client.get(page).context["adminform"].form
    values = {field: form[field].value() for field in form.fields}
    sent = {field: value for field, value in values.items() if value not in (None, "", False, [])}
    return client.post(page, {**sent, "last_name": name})


def meanwhile(monkeypatch, *rights: Right) -> None:
    def change_then_revoke(**given):
        changed = change_customer(**given)
        revoke(*rights)
        return changed

    monkeypatch.setattr(f"{ADMIN}.change_customer", change_then_revoke)


def test_change_is_kept_while_the_right_is_held(log_in, customer):
    assert save(log_in("bodo"), customer, "Neu").status_code == 302
    assert Customer.objects.get(pk=customer.pk).last_name == "Neu"


def test_change_is_undone_and_the_right_named_when_it_is_taken_meanwhile(log_in, customer, monkeypatch):
    meanwhile(monkeypatch, Right.CHANGE_CUSTOMERS)
    answer = save(log_in("bodo"), customer, "Neu")
    assert answer.status_code == 403
    assert "Change customers" in answer.content.decode()
    assert Customer.objects.get(pk=customer.pk).last_name == "Meier"


def test_refused_change_is_not_announced(log_in, customer, monkeypatch):
    meanwhile(monkeypatch, Right.CHANGE_CUSTOMERS)
    client = log_in("bodo")
    assert save(client, customer, "Neu").status_code == 403
    assert "is changed" not in client.get("/10400/2/customers/customer/").content.decode()


def test_page_that_breaks_behind_the_save_keeps_nothing(log_in, customer, monkeypatch):
    """The page is rendered behind the savepoint of the view."""
    monkeypatch.setattr(
        f"{ADMIN}.CustomerAdmin.response_change", lambda _page, request, _row: TemplateResponse(request, "none.html")
    )
    client = log_in("bodo")
    client.raise_request_exception = False
    assert save(client, customer, "Neu").status_code == 500
    assert Customer.objects.get(pk=customer.pk).last_name == "Meier"


def test_change_at_a_location_closed_meanwhile_is_undone(cast, log_in, customer, monkeypatch):
    def change_then_close(**given):
        changed = change_customer(**given)
        Location.objects.filter(pk=cast.location("Hamburg").pk).update(closed_at=Now())
        return changed

    monkeypatch.setattr(f"{ADMIN}.change_customer", change_then_close)
    assert save(log_in("bodo"), customer, "Neu").status_code == 403
    assert Customer.objects.get(pk=customer.pk).last_name == "Meier"


def test_right_that_only_the_side_bar_asked_for_may_go(log_in, monkeypatch):
    client = log_in("bodo")
    change = passwords.change_own_password

    def save_then_revoke(**named):
        changed = change(**named)
        revoke(Right.VIEW_CUSTOMERS)
        return changed

    monkeypatch.setattr(own_password_form, "change_own_password", save_then_revoke)
    new = {"old_password": PASSWORD, "new_password1": "Sauerteig-7-Butter", "new_password2": "Sauerteig-7-Butter"}
    assert client.post("/10400/2/password_change/", new).status_code == 302


def test_right_that_was_not_asked_for_may_go(log_in, customer, monkeypatch):
    meanwhile(monkeypatch, Right.MANAGE_USERS)
    assert save(log_in("bodo"), customer, "Neu").status_code == 302


def test_change_of_somebody_deactivated_meanwhile_is_undone(cast, log_in, customer, monkeypatch):
    def change_then_deactivate(**given):
        changed = change_customer(**given)
        with row_scope.without_scope(reason="somebody else's request", actor="a test"):
            User.objects.filter(username="bodo").update(is_active=False)
        return changed

    client = log_in("bodo")
    monkeypatch.setattr(f"{ADMIN}.change_customer", change_then_deactivate)
    assert save(client, customer, "Neu").status_code == 403
    assert Customer.objects.get(pk=customer.pk).last_name == "Meier"


def test_who_takes_a_right_from_himself_may(cast):
    """What he holds afterwards says nothing about whether this change was allowed."""
    anna = cast.scope("anna", "Zentrale")
    group = anna.user.groups.get()
    anna.demand(Right.SEE_HISTORY)
    wanted = access.grants_of(group) - {(Right.SEE_HISTORY, None)}
    operations.change_grants(group=group, wanted=wanted, actor=anna)
    assert Right.SEE_HISTORY not in access.rights_at(anna.user, anna.location)
    access.demand_still(anna)


def test_import_by_the_worker_is_undone_when_the_right_is_taken_meanwhile(cast, monkeypatch):
    anna = cast.scope("anna", "Zentrale")
    upload = receive.receive_upload(name="a.csv", content=table(["Name"], ["Neu"]), actor=anna)
    lifecycle.check_upload(upload=upload, actor=anna)
    lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=anna)

    def apply_then_revoke(**given):
        done(**given)
        revoke(Right.IMPORT_CUSTOMERS)

    done = lifecycle.apply_upload
    monkeypatch.setattr(lifecycle, "apply_upload", apply_then_revoke)
    tasks.apply_upload.func(upload=str(upload.pk), **for_somebody(anna))
    assert not Customer.objects.filter(last_name="Neu").exists()
    stored = ImportUpload.objects.get(pk=upload.pk)
    assert (stored.state, "Kunden importieren" in read(stored.failure, "de")) == (UploadState.FAILED, True)


def test_change_of_rights_is_refused_when_the_own_right_went_before_the_lock(cast):
    """Two managers at once: whose right was taken while he waited for the lock changes nothing."""
    anna = cast.scope("anna", "Zentrale")
    group = cast.group("Auskunft Bremen")
    anna.demand(Right.MANAGE_USERS)
    revoke(Right.MANAGE_USERS)
    before = access.grants_of(group)
    with pytest.raises(MissingRight):
        operations.change_grants(group=group, wanted=set(), actor=anna)
    assert access.grants_of(group) == before != frozenset()


def test_location_can_be_closed_from_its_own_address(cast, log_in):
    hamburg = cast.location("Hamburg")
    answer = log_in("anna").post(f"/10400/2/locations/location/{hamburg.pk}/close/")
    assert answer.status_code == 302
    assert cast.location("Hamburg").closed_at is not None
