"""The table of addresses names every address of the resolver, and nothing else; what it does not name is closed."""

from __future__ import annotations

import pytest

from mcp.isolation import addresses
from mcp.isolation.addresses import Only, Rule, Served, Zone, registered, rule_for
from tests.isolation.matrix.recipes import RECIPES, recipe_for
from tests.isolation.matrix.walk import lines, patterns

TAGS = "/10400/1/customers/tag/"
PANEL = "/10400/1/overview/figures/"


def test_every_address_has_a_line():
    known = {(line.pattern.zone, line.pattern.route) for line in lines()}
    assert [str(pattern) for pattern in patterns() if (pattern.zone, pattern.route) not in known] == []


def test_every_address_has_a_name_of_its_own():
    names = [(pattern.zone, pattern.name) for pattern in patterns()]
    assert len(names) == len(set(names))
    assert "" not in {name for _zone, name in names}


def test_every_line_is_of_an_address():
    asked = [line.rule for line in lines()]
    assert [rule.name for zone in Zone for rule in registered(zone) if rule not in asked] == []


def test_every_line_is_asked_by_the_matrix():
    assert {" ".join([line.rule.name, *line.rule.posted.values()]) for line in lines()} == set(RECIPES)
    assert all(recipe_for(line.rule.name, line.rule.posted) for line in lines())


def test_every_kind_of_line_occurs():
    rules = [line.rule for line in lines()]
    assert {rule.served for rule in rules} == set(Served)
    assert {only for rule in rules for only in rule.only} == set(Only)


def test_nobody_is_served_where_there_is_nothing_to_do():
    for line in lines():
        offers = line.rule.reads is not None or line.rule.changes is not None
        assert offers == (line.rule.served is not Served.NOBODY), line


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete", "options"])
def test_address_without_a_line_is_not_served(log_in, monkeypatch, method):
    monkeypatch.delitem(addresses._rules, (Zone.LOCATION, "admin:customers_tag_changelist"))
    anna = log_in("anna")
    assert getattr(anna, method)(TAGS).status_code == 404
    assert anna.get(f"{TAGS}add/").status_code == 200


def test_address_is_served_with_the_arguments_of_its_lines_alone(log_in, monkeypatch):
    anna = log_in("anna")
    assert anna.get(PANEL).status_code == 200
    named = (Zone.LOCATION, "admin:panel")
    others = [rule for rule in addresses._rules[named] if rule.arguments != {"name": "figures"}]
    monkeypatch.setitem(addresses._rules, named, others)
    assert anna.get(PANEL).status_code == 404


def test_line_registered_again_replaces_the_earlier_one(monkeypatch):
    monkeypatch.setattr(addresses, "_rules", {})
    addresses.register(Zone.OUTSIDE, Rule("page", Served.ANYBODY, reads=()))
    addresses.register(Zone.OUTSIDE, Rule("page", Served.SUPPORT, reads=()))
    assert [rule.served for rule in registered(Zone.OUTSIDE)] == [Served.SUPPORT]
    assert rule_for(Zone.LOCATION, "page", {}) is None


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_method_that_the_page_does_not_know_is_refused_with_those_it_knows(log_in, method):
    answer = getattr(log_in("anna"), method)(TAGS)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_options_shows_the_methods_and_nothing_of_the_page(log_in):
    answer = log_in("anna").options(f"{TAGS}add/")
    assert (answer.status_code, answer["Allow"], answer.content) == (200, "GET, HEAD, POST, OPTIONS", b"")
