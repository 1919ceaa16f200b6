"""The description that lies in the repository is that of the code; the page on which it can be tried."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders

from api.endpoints import accounts, cards, consents, customers, device, orders
from api.management.commands.write_openapi import FILE, text
from api.unreadable import _SENTENCES
from customers.field_groups import OPEN, FieldGroup
from customers.models import Customer

ROUTERS = (device.router, customers.router, consents.router, cards.router, accounts.router, orders.router)
PAGE = "/10400/2/tills/"
OF_ONE_CUSTOMER = {("get", "/customers/{number}"): "200", ("patch", "/customers/{number}"): "200",
                   ("post", "/customers"): "201"}  # fmt: skip


def parts(schema: Any) -> list[dict[str, Any]]:
    """All objects of a description."""
    if isinstance(schema, list):
        return [one for part in schema for one in parts(part)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(one for part in schema.values() for one in parts(part))]


def test_description_in_the_repository_is_that_of_the_code():
    assert FILE.read_text() == text(), "make openapi writes it anew"


def test_every_operation_is_described_with_its_problems():
    said = json.loads(text())
    there = {
        (re.sub(r"\{(?:int|uuidstr):", "{", path), method.lower())
        for router in ROUTERS
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    }
    described = {(path, method) for path, methods in said["paths"].items() for method in methods}
    assert described == there
    for path, methods in said["paths"].items():
        for method, operation in methods.items():
            assert operation["security"] == [{"DeviceToken": []}], path
            answers = operation["responses"]
            assert {"401", "403", "404", "422", "429", "500", "503"} <= set(answers)
            assert ("410" in answers) == (method != "get" or path == "/customers"), (path, method)
            assert [one for one in answers.values() if "ETag" in one.get("headers", {})] == (
                [answers[status]] if (status := OF_ONE_CUSTOMER.get((method, path))) else []
            )
            headers = {one["name"] for one in operation["parameters"] if one["in"] == "header"}
            wanted = {"post": {"Idempotency-Key"}, "patch": {"If-Match", "Idempotency-Key"}}.get(method, set())
            assert headers == (set() if path == "/token/rotate" else wanted), (path, method)


def test_every_reference_leads_somewhere():
    said = json.loads(text())
    named = {one["$ref"] for one in parts(said) if "$ref" in one}
    assert named <= {f"#/components/schemas/{name}" for name in said["components"]["schemas"]}


def test_every_field_of_a_customer_is_shown_or_named_as_not():
    """A new one is in the API by itself, and its right is named."""
    said = json.loads(text())["components"]["schemas"]["Customer"]["properties"]
    own = {field.name for field in Customer._meta.concrete_fields} | {"former_numbers"}
    assert own - set(said) == {
        "uid", "organization", "base", "customer_number", "home_location", "sort_name", "search_text"
    }  # fmt: skip
    for group in FieldGroup:
        for name in group.fields:
            assert f"“{group.right.label}”" in said[name]["description"]
    assert set(OPEN)


def test_each_reason_that_a_value_is_not_taken_has_a_sentence():
    """Of those that the library gives for what stands in the description."""
    named = {key for one in parts(json.loads(text())) for key in one}
    if "maxLength" in named:
        assert "string_too_long" in _SENTENCES
    for key, reason in {"minimum": "greater_than_equal", "maximum": "less_than_equal", "maxItems": "too_long"}.items():
        assert (key not in named) or reason in _SENTENCES


def test_page_shows_where_it_is_and_loads_nothing_from_elsewhere(log_in, cast):
    answer = log_in("anna").get(PAGE)
    content = answer.content.decode()
    assert "http://testserver/10400/2/api/v1" in content
    assert "/static/ninja/swagger-ui-bundle.js" in content
    assert "cdn" not in content
    assert "script-src 'self'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("file", ["swagger-ui-bundle.js", "swagger-ui-init.js", "swagger-ui.css"])
def test_files_are_our_own(file):
    found = finders.find(f"ninja/{file}")
    assert found is not None
    assert Path(found).stat().st_size > 100


def test_description_names_the_address_of_the_location(log_in):
    assert log_in("anna").get(f"{PAGE}openapi.json").json()["servers"] == [{"url": "/10400/2/api/v1"}]


@pytest.mark.parametrize("path", ["", "openapi.json"])
def test_page_takes_the_right_by_which_devices_are_seen(log_in, path):
    assert log_in("carla").get(f"/10400/3/tills/{path}").status_code == 403
    assert log_in("sven").get(f"{PAGE}{path}").status_code == 404
