import time, pytest
from tests.isolation.guards.test_guard_mutation import *
from tests.isolation.guards import test_guard_mutation as tgm
def test_probes_pass(cast, log_in):
    world = World(cast, log_in)
    bad = {n: noticed(world, n) for n in PROBES if "consents" in PROBES[n].__module__ or "leaving" in PROBES[n].__module__ or "packages" in PROBES[n].__module__}
    assert {n: t for n, t in bad.items() if t} == {}
NAMES = ("consents.py", "reviewing", "disclos", "consent_pages", "access.holders", "holders_at", "encrypt")
def test_mine(cast, log_in):
    world = World(cast, log_in)
    every = [g for g in guards_of_the_code() if any(n in g.name for n in ("customers.consents", "consent_pages", "transitions.operations.reviewing", "disclosing", "holders_at", "transitions.deciding", "steps"))]
    reach = reach_of(world)
    un = [g.name for g in every if not who_notices(g, world, reach)]
    print(len(every), [g.name for g in every])
    assert not un, un
del test_every_guard_is_missed_when_it_is_switched_off
