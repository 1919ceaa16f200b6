"""A whole run over the addresses of the central, with all that it writes: customers, and who may work at the branch."""

from __future__ import annotations

import pytest

from clearing.branch.talking import CentralRefused
from clearing.central import deciding
from clearing.models import Cycle
from customers.imports.turns import AnotherImport
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


def test_what_kept_a_run_from_being_decided_goes_with_its_decision(cast, monkeypatch):
    pair = pairs.new_pair(cast)
    people.customer(pair.actor, last_name="Ahrens")
    pair.pair()
    there = Cycle.objects.filter(node=pair.node)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(deciding, "take_turn", _is_imported)
        with pytest.raises(CentralRefused):
            pair.run()
    assert [run.failure[0]["code"] for run in there.all()] == ["another_import"]
    pair.run()
    assert [(run.state, run.failure) for run in there.all()] == [("done", [])]


def _is_imported(base, *, progress):
    raise AnotherImport
