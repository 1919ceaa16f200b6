"""A whole run over the addresses of the central, with all that it writes: customers, and who may work at the branch."""

from __future__ import annotations

from customers.models import Customer
from mcp.models import User
from tests.clearing import pairs
from tests.customers import people


def test_a_paired_branch_gets_the_customers_and_people_of_its_location(cast):
    there = cast.system("Lübeck")
    known = people.customer(there, last_name="Ahrens", city="Lübeck")
    pair = pairs.new_pair(cast)
    pair.pair()
    done = pair.run()
    here = Customer.objects.in_base(pair.own.base).get()
    assert (here.uid, here.customer_number, here.last_name, here.city) == (
        known.uid, known.customer_number, "Ahrens", "Lübeck",
    )  # fmt: skip
    assert done.number == 1
    assert User.objects.active().filter(organization=pair.own.organization, username="dirk").exists()
    assert not User.objects.filter(organization=pair.own.organization, username="bodo").exists()
    own, node = pair.fresh, pair.node
    assert (own.applied, own.receipt, node.acknowledged) == (1, node.receipt, 1)
    assert own.rights_as_of is not None
    second = pair.run()
    assert (second.number, second.sent, second.answer) == (2, [], [])
