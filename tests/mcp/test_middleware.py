"""The address decides where somebody works, and each request asks anew what he may do there."""

import pytest
from django.apps import apps
from django.urls import get_script_prefix

from customers.models import Customer
from locations.permissions import Right
from mcp.isolation import grants
from mcp.models import Membership, User
from tests.conftest import Browser

LIST = "/10400/3/customers/customer/"


def test_right_taken_away_counts_on_the_next_request(cast, log_in):
    bodo = log_in("bodo")
    assert bodo.get(LIST).status_code == 200
    group = cast.group("Theke Hamburg und Bremen")
    grants.remove_grants(group, [(Right.VIEW_CUSTOMERS, cast.location("Bremen").pk)])
    assert bodo.get(LIST).status_code == 403
    assert bodo.get("/10400/2/customers/customer/").status_code == 200
    grants.add_grants(group, [(Right.VIEW_CUSTOMERS, cast.location("Bremen").pk)])
    assert bodo.get(LIST).status_code == 200


def test_membership_taken_away_counts_on_the_next_request(cast, log_in):
    bodo = log_in("bodo")
    Membership.objects.filter(user__username="bodo").delete()
    assert bodo.get(LIST).status_code == 403


def test_deactivated_user_is_out_on_the_next_request(cast, log_in):
    carla = log_in("carla")
    assert carla.get(LIST).status_code == 200
    User.objects.filter(username="carla").update(is_active=False)
    answer = carla.get(LIST)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login/?next={LIST}")


def test_new_password_ends_the_session(cast, log_in):
    carla = log_in("carla")
    user = cast.user("carla")
    user.set_password("Ganz-neu-2026")
    user.save(update_fields=["password"])
    assert carla.get(LIST).status_code == 302


@pytest.mark.parametrize("path", ["/10400/1/", "/10400/2/customers/customer/", "/10400/99/", "/77777/1/x/"])
def test_unknown_visitor_is_sent_to_the_login_whether_or_not_the_address_exists(cast, path):
    answer = Browser().get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.parametrize("path", ["/10400/1/", "/10400/2/customers/customer/", "/10400/99/", "/77777/1/"])
def test_stranger_gets_the_same_404_everywhere(cast, log_in, path):
    sven = log_in("sven")
    assert sven.get(path).status_code == 404
    assert sven.get(path).content == sven.get("/99999/9/").content


def test_insider_without_the_right_is_told_which(cast, log_in):
    answer = log_in("carla").get("/10400/2/customers/customer/", headers={"Accept-Language": "en"})
    assert answer.status_code == 403
    assert "Hamburg" in answer.content.decode()


@pytest.mark.parametrize(
    "path", ["/010400/1/", "/10400/01/", "/10400/0/", "/1e4/1/", "/10400/1%0A/", "/٣/1/", "//10400/1/"]
)
def test_odd_spelling_of_an_address_is_no_address(cast, log_in, path):
    assert log_in("anna").get(path).status_code in {301, 302, 404}


def test_script_prefix_is_put_back_after_the_request(cast, log_in):
    before = get_script_prefix()
    log_in("anna").get("/10400/1/")
    assert get_script_prefix() == before


def test_change_over_a_page_is_recorded_with_person_and_place(cast, log_in):
    hamburg = cast.location("Hamburg")
    customer = Customer.objects.create(
        organization=hamburg.organization, base=hamburg.base, customer_number=hamburg.first_number, last_name="Jäger"
    )
    path = f"/10400/2/customers/customer/{customer.pk}/change/"
    page = log_in("bodo")
    form = page.get(path).context["adminform"].form
    data = {name: value for name in form.fields if (value := form[name].value()) not in (None, False, [])}
    data |= {"city": "Kiel"}
    answer = page.post(path, data)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    event = apps.get_model("customers.CustomerEvent").objects.get(pgh_obj=customer, city="Kiel")
    metadata = event.pgh_context.metadata
    assert (event.city, metadata["user_name"], metadata["location_name"]) == ("Kiel", "Bodo Brandt", "Hamburg")
    assert len(metadata["request"]) == 36
