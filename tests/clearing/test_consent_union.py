"""Statements about consents: both sides end with all of them, in whatever order they meet."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from clearing.protocol.consent_union import UNSAID, in_force, in_order, union
from tests.clearing.people import CONSENTS, NOON, statement

SIDES = st.lists(CONSENTS, max_size=6)


@given(SIDES, SIDES, SIDES)
@settings(max_examples=50)
def test_order_and_repetition_make_no_difference(one, two, three):
    assert union(one, two) == union(two, one)
    assert union(union(one, two), three) == union(one, union(two, three)) == union(one, two, three)
    assert union(one, one) == union(one) == union(union(one))
    assert union(one, []) == union(one)


@given(SIDES, SIDES)
@settings(max_examples=50)
def test_nothing_is_lost_and_a_strike_out_wins(one, two):
    found = union(one, two)
    assert {each.unstruck for each in found} == {each.unstruck for each in [*one, *two]}
    assert len(found) == len({each.unstruck for each in found})
    struck_out = {each.unstruck for each in [*one, *two] if each.struck_out}
    assert {each.unstruck for each in found if each.struck_out} == struck_out


def test_of_two_strike_outs_the_earlier_stands():
    assert union([statement(struck_out=9)], [statement(struck_out=8)]) == {statement(struck_out=8)}
    assert union([statement()], [statement(struck_out=8)]) == {statement(struck_out=8)}


def test_who_was_recorded_anew_after_a_strike_out_stays_recorded():
    anew = statement(minutes=10)
    found = union([statement(struck_out=5), anew], [statement()])
    assert found == {statement(struck_out=5), anew}
    assert in_force(found) == {anew}


def test_what_both_sides_have_recorded_is_said_once():
    here, there = statement(minutes=5), statement(minutes=3)
    assert in_force(union([here], [there])) == {there}
    assert in_force(union([here], [replace(there, at=NOON - timedelta(days=1))])) != {there}
    assert in_force([]) == union() == UNSAID


@given(SIDES)
@settings(max_examples=25)
def test_the_order_is_always_the_same(side):
    assert in_order(union(side)) == in_order(sorted(union(side), key=repr))
