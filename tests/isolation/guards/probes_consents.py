"""Consents and their purposes: recording, what is shown of them, what the list is filtered by."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError

from customers.choices import ConsentState
from customers.consents.operations import consents_of, places_to_record, save_purpose, strike_out
from customers.consents.questions import add_questions
from customers.models import Consent, ConsentPurpose
from locations.permissions import Right
from mcp.central import operations
from mcp.console.site import console
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight
from tests.customers.people import says
from tests.isolation.guards.probes_forms import fields
from tests.isolation.guards.probes_lists import rows
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, HAMBURG, MISSING, World

CUSTOMERS, PURPOSES = f"{HAMBURG}/customers/customer/", f"{HAMBURG}/customers/consentpurpose/"
MISSING_STATEMENT = "00000000-0000-4000-8000-000000000000"
STATEMENT = {"purpose": "newsletter", "is_given": "no", "at": "2026-01-05T10:00", "source": "form"}


@probe
def recording_asks_for_both_rights(world: World) -> None:
    for right in (Right.VIEW_CUSTOMERS, Right.CHANGE_CUSTOMERS):
        with refused(MissingRight):
            says(bare(world, "Hamburg", right, who="anna"), world.customer, "newsletter", False)
    both = bare(world, "Hamburg", Right.VIEW_CUSTOMERS, Right.CHANGE_CUSTOMERS, who="anna")
    assert says(both, world.customer, "newsletter", False) == 1


@probe
def purposes_ask_for_the_right(world: World) -> None:
    every = [right for right in Right if right != Right.MANAGE_CUSTOMER_GROUPS]
    with refused(MissingRight):
        save_purpose(purpose=ConsentPurpose(code="neu", name="Neu"), actor=bare(world, "Hamburg", *every, who="anna"))


@probe
def purposes_are_those_of_all_locations(world: World) -> None:
    """Whoever has the right at one location alone looks at them, and is told that it counts only at all."""
    grants.add_grants(world.theke, [(Right.MANAGE_CUSTOMER_GROUPS, world.place("Hamburg").pk)])
    local, everywhere = world.scope("bodo", "Hamburg"), world.scope("anna", "Hamburg")
    assert local.allows(Right.MANAGE_CUSTOMER_GROUPS)
    with refused(MissingRight):
        save_purpose(purpose=ConsentPurpose(code="neu", name="Neu"), actor=local)
    save_purpose(purpose=ConsentPurpose(code="neu", name="Neu"), actor=everywhere)
    page = console._registry[ConsentPurpose]
    for actor, expected in ((local, False), (everywhere, True)):
        asked = world.request(actor)
        assert page.has_view_permission(asked)
        assert [page.has_add_permission(asked), page.has_change_permission(asked)] == [expected] * 2
        assert operations.holds_everywhere(actor, Right.MANAGE_CUSTOMER_GROUPS) is expected
    assert not operations.holds_everywhere(bare(world, "Hamburg", who="anna"), Right.MANAGE_CUSTOMER_GROUPS)
    for answer in (
        world.get("bodo", f"{PURPOSES}add/"),
        world.post("bodo", f"{PURPOSES}{world.purpose.pk}/change/", {"name": "Anders"}),
    ):
        assert answer.status_code == 403
        assert "an allen Standorten" in answer.content.decode()
    assert world.get("bodo", f"{PURPOSES}{world.purpose.pk}/change/").status_code == 200


@probe
def statements_are_of_customers_of_the_base(world: World) -> None:
    before = Consent.objects.count()
    for foreign in world.foreign_customers:
        assert says(world.scope("anna", "Hamburg"), foreign, "newsletter", False) == 0
    assert Consent.objects.count() == before


@probe
def purpose_of_another_business_is_unknown(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    for code in ("kanarie", "nirgends"):
        with refused(ValidationError):
            says(here, world.customer, code, True)
    assert says(here, world.customer, "stammtisch", True) == 1


@probe
def purpose_of_another_business_is_not_saved(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    for row in (world.foreign_purpose, ConsentPurpose(pk=MISSING, code="neu", name="Neu")):
        with refused(ObjectDoesNotExist):
            save_purpose(purpose=row, actor=here)
    world.purpose.name = "Stammtisch am Freitag"
    assert save_purpose(purpose=world.purpose, actor=here).pk == world.purpose.pk


@probe
def state_is_of_the_base_and_its_business(world: World) -> None:
    base = world.customer.base
    states = {state.purpose.code: state.said for state in consents_of(world.customer, at=None, base=base)}
    assert states == {
        "transfer": ConsentState.NEVER, "newsletter": ConsentState.GIVEN, "birthday": ConsentState.NEVER,
        "profiling": ConsentState.NEVER, "stammtisch": ConsentState.NEVER,
    }  # fmt: skip
    for foreign in world.foreign_customers:
        assert {state.said for state in consents_of(foreign, at=None, base=base)} == {ConsentState.NEVER}


@probe
def pages_of_consents_show_own_purposes(world: World) -> None:
    for page in (f"{world.customer.pk}/consents/", f"{world.customer.pk}/change/", f"consent/?id={world.customer.pk}"):
        shown = world.text("anna", f"{CUSTOMERS}{page}")
        assert "Stammtisch" in shown, page
        assert CANARY not in shown, page


@probe
def who_may_only_look_has_nothing_to_click(world: World) -> None:
    for page in ("consents", "change"):
        address = f"customers/customer/{world.customer.pk}/{page}/"
        assert 'name="give"' in world.text("bodo", f"{BREMEN}/{address}"), page
        assert 'name="give"' not in world.text("carla", f"{BREMEN}/{address}"), page


@probe
def forms_of_consents_refuse_foreign_purposes_like_missing_ones(world: World) -> None:
    page = f"{CUSTOMERS}{world.customer.pk}/consents/"

    def codes(purpose: str) -> list[Any]:
        answer = world.post("anna", page, {**STATEMENT, "purpose": purpose})
        return [error.code for error in answer.context["form"].errors.as_data()["purpose"]]

    assert codes("kanarie") == codes("nirgends") == ["invalid_choice"]
    assert world.post("anna", page, STATEMENT).status_code == 302


@probe
def statement_of_several_is_refused_where_one_is_foreign(world: World) -> None:
    page = f"{CUSTOMERS}consent/?id={world.customer.pk}"
    assert world.post("anna", f"{page}&id={world.foreign_customer.pk}", STATEMENT).status_code == 404
    assert world.get("anna", f"{CUSTOMERS}consent/").status_code == 404
    assert world.post("anna", page, STATEMENT).status_code == 302


@probe
def filter_by_consent_knows_own_purposes(world: World) -> None:
    assert rows(world.get("anna", f"{CUSTOMERS}?consent=newsletter.given")) == [world.customer]
    for value in ("kanarie.given", "nirgends.given", "newsletter.certain", "x"):
        assert world.get("anna", f"{CUSTOMERS}?consent={value}").status_code == 302, value
    specs = {spec.parameter_name: spec for spec in world.get("anna", CUSTOMERS).context["cl"].filter_specs}
    assert CANARY not in str(specs["consent"].lookup_choices)


@probe
def code_of_a_purpose_is_given_once(world: World) -> None:
    assert "code" in fields(world.get("anna", f"{PURPOSES}add/"))
    page = f"{PURPOSES}{world.purpose.pk}/change/"
    assert "code" not in fields(world.get("anna", page))
    world.post("anna", page, {"code": "anders", "name": "Anders"})
    assert ConsentPurpose.objects.get(pk=world.purpose.pk).code == "stammtisch"


@probe
def list_names_the_right_to_record(world: World) -> None:
    answer = world.post("carla", f"{BREMEN}/customers/customer/", {"action": "record_consent"})
    assert answer.status_code == 403


@probe
def statement_is_recorded_for_locations_of_the_base_where_the_right_is_held(world: World) -> None:
    bodo = world.scope("bodo", "Bremen")
    names = [place.name for place in places_to_record(bodo)]
    assert len(names) == len(set(names))
    assert names[0] == "Bremen"
    assert set(names) <= {"Bremen", "Hamburg"}
    assert "Flensburg" not in names
    with refused(MissingRight):
        says(bodo, world.customer, "newsletter", True, location=world.place("Flensburg"))
    for foreign in (world.place("Lübeck"), world.cast.location("München", 20800)):
        with refused(ValidationError):
            says(world.scope("anna", "Hamburg"), world.customer, "newsletter", True, location=foreign)
    assert says(bodo, world.customer, "newsletter", True, location=world.place("Hamburg")) == 1


@probe
def slip_is_struck_out_by_the_rights_that_recorded_it(world: World) -> None:
    bodo = world.scope("bodo", "Hamburg")
    says(bodo, world.customer, "birthday", True)
    slip = Consent.objects.filter(customer=world.customer).latest("recorded_at")
    for rights in ([Right.VIEW_CUSTOMERS, Right.CARRY_OVER], [Right.CHANGE_CUSTOMERS, Right.CARRY_OVER]):
        with refused(MissingRight):
            strike_out(statement=slip.pk, actor=bare(world, "Hamburg", *rights, who="bodo"))
    for foreign in (world.scope("dirk", "Lübeck"), world.cast.scope("sven", "München", 20800)):
        with refused(Consent.DoesNotExist):
            strike_out(statement=slip.pk, actor=foreign)
    assert Consent.objects.standing().filter(pk=slip.pk).exists()
    says(bodo, world.customer, "birthday", False)
    withdrawal = Consent.objects.filter(customer=world.customer).latest("recorded_at")
    with refused(MissingRight):
        strike_out(statement=withdrawal.pk, actor=bare(world, "Hamburg", Right.VIEW_CUSTOMERS, who="bodo"))


@probe
def slip_is_looked_for_among_the_statements_of_the_customer(world: World) -> None:
    page = f"{CUSTOMERS}{world.customer.pk}/consents/"
    foreign = Consent.objects.exclude(customer=world.customer).first()
    for wrong in (MISSING_STATEMENT, foreign.pk if foreign else MISSING_STATEMENT):
        assert world.post("anna", page, {"strike": wrong}).status_code == 404


@probe
def who_registers_is_asked_for_consents_of_his_business_that_he_may_record(world: World) -> None:
    page = world.get("bodo", f"{BREMEN}/customers/customer/add/")
    assert [question.name for question in page.context["questions"]]
    assert CANARY not in page.content.decode()
    form: Any = SimpleNamespace(fields={})
    for right in (Right.VIEW_CUSTOMERS, Right.CHANGE_CUSTOMERS):
        add_questions(form, bare(world, "Hamburg", Right.ADD_CUSTOMERS, right, who="bodo"))
    assert form.fields == {}


@probe
def who_may_only_look_chooses_no_other_location(world: World) -> None:
    page = f"{BREMEN}/customers/customer/{world.customer.pk}/consents/"
    assert 'name="location"' not in world.text("carla", page)
    assert 'name="location"' in world.text("bodo", page)
