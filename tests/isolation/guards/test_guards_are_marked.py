"""A guard that is written later without its mark fails here: what a class of ours overrides is compared with the marks.

What stands inside a function needs no mark (see mutants.py). What a page declares as a mapping is checked here.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin import ListFilter
from django.contrib.admin.views.main import ChangeList

from mcp.console.hardened_admin import LEFT_EMPTY, ClosedModelAdmin
from mcp.console.operation_forms import OperationForm
from mcp.console.site import ConsoleModelAdmin, console, provider
from mcp.isolation import guards
from tests.isolation.guards.mutants import _live_functions

pytestmark = pytest.mark.isolation

HOOKS = {
    # rights
    "has_view_permission", "has_add_permission", "has_change_permission", "has_delete_permission",
    "has_module_permission", "has_permission", "allows", "demand",
    # rows
    "get_queryset", "get_field_queryset", "formfield_for_foreignkey", "formfield_for_manytomany",
    "formfield_for_choice_field", "saved_rows", "get_object", "save_related", "save_formset",
    # what an address can ask
    "lookup_allowed", "to_field_allowed", "get_changeform_initial_data", "_get_obj_does_not_exist_redirect",
    "get_view_on_site_url", "get_inlines", "get_inline_instances", "get_sortable_by", "get_urls", "refuse_popup",
    # pages, actions, deleting, logs
    "changelist_view", "add_view", "change_view", "delete_view", "history_view", "get_actions", "response_action",
    "get_deleted_objects", "delete_model", "delete_queryset", "log_addition", "log_change", "log_deletions",
    # fields that only some may set
    "get_readonly_fields", "get_fieldsets", "register",
    # filters
    "has_output",
}  # fmt: skip
ATTRIBUTES = {"show_facets", "list_max_show_all", "show_full_result_count", "view_on_site"}
"""Closed once, by the base class; nobody opens them again."""
SAYS_BEFOREHAND = ("add_view", "has_add_permission", "has_change_permission", "get_actions")
ANSWERS_NOBODY = {
    "customers.console.base.CustomersAdmin.add_view": "gives the page its title",
    "customers.admin.changelist.CustomerChangeList.get_queryset": "asks the selection, which stays in the scope's base",
    "customers.admin.groups.VocabularyAdmin.changelist_view": "gives the page its title",
    "mcp.central.admin.devices.DeviceAdmin.changelist_view": "adds a note to the page",
    "mcp.central.admin.devices.DeviceAdmin.get_urls": "keeps the list, and mounts pages of its own beside it",
    "mcp.central.admin.restrictions.RestrictionAdmin.changelist_view": "adds a note to the page",
    "mcp.central.admin.users.UserAdmin.get_queryset": "reads the rows of the base class with their places and groups",
    "mcp.central.admin.users.UserAdmin.get_object": "adds which groups may be changed",
    "mcp.central.admin.users.UserAdmin.saved_rows": "is narrowed inside, see mutants.py",
    "mcp.central.admin.pages.ConsolePages.allows": "as the operations do at a paired branch, which are asked there",
    "mcp.central.admin.pages.ConsolePages.demand": "as above",
    "mcp.central.admin.pages.OperationAdmin.get_urls": "adds the further pages of a model",
    **dict.fromkeys(
        [f"customers.admin.customers.CustomerAdmin.{name}" for name in SAYS_BEFOREHAND],
        "leaves out beforehand what the operation refuses on the other side of a reconciliation",
    ),
    "customers.admin.customers.CustomerAdmin.get_changeform_initial_data": "takes one text, which names no row",
    "customers.admin.customers.CustomerAdmin.get_urls": "adds the further pages of a model",
    "mcp.console.hardened_admin.ClosedModelAdmin.saved_rows": "asks the rows of the page",
    "mcp.console.hardened_admin.ClosedModelAdmin.get_urls": "leaves out an address that would not be served",
}
"""Overrides of these hooks that keep nobody from anything."""


def classes() -> Iterator[type]:
    """Every class of the product that Django's admin asks."""
    _live_functions()  # imports every module of the product
    for root in (ClosedModelAdmin, type(console).__mro__[1], ListFilter, ChangeList, OperationForm):
        yield from _with_subclasses(root)
    for page in pages():
        yield from type(page).__mro__


def _with_subclasses(owner: type) -> Iterator[type]:
    yield owner
    subclasses: list[type] = owner.__subclasses__()
    for subclass in subclasses:
        yield from _with_subclasses(subclass)


def pages() -> list[Any]:
    return [*console._registry.values(), *provider._registry.values()]


def ours() -> set[type]:
    return {owner for owner in classes() if owner.__module__.startswith(("mcp.", "customers."))}


def test_every_override_of_a_hook_is_marked():
    marked = {guard.name for guard in guards.all()}
    written = {
        f"{owner.__module__}.{owner.__qualname__}.{name}"
        for owner in ours()
        for name, member in vars(owner).items()
        if name in HOOKS and inspect.isfunction(member)
    }
    assert sorted(written - marked - set(ANSWERS_NOBODY)) == []
    assert sorted(set(ANSWERS_NOBODY) - written) == []
    assert sorted(set(ANSWERS_NOBODY) & marked) == []


def test_nobody_opens_what_the_base_class_closed():
    opened = [
        f"{owner.__qualname__}.{name}"
        for owner in ours() - {ClosedModelAdmin}
        for name in vars(owner)
        if name in {*ATTRIBUTES, *LEFT_EMPTY}
    ]
    assert opened == []


def test_every_page_declares_rights_and_rows():
    for page in console._registry.values():
        assert isinstance(page, ConsoleModelAdmin)
        assert page.rights, page
        assert type(page).rows is not ConsoleModelAdmin.rows, page


def test_every_foreign_key_that_a_form_offers_is_declared():
    for page in console._registry.values():
        fields = {field.name for field in page.opts.get_fields() if field.is_relation and field.concrete}
        offered = fields & set(page.form.base_fields or ())
        assert offered - {"organization", "base", "home_location"} <= set(page.related_rows), page


def test_every_marked_guard_can_be_switched_off_and_on_again():
    for guard in guards.all():
        before = _standing(guard)
        with guard.switched_off():
            assert _standing(guard) is not before, guard.name
        assert _standing(guard) is before, guard.name


def _standing(guard: guards.Guard) -> Any:
    owner: Any = importlib.import_module(guard.module)
    *outer, attribute = guard.path.split(".")
    for name in outer:
        owner = getattr(owner, name)
    return vars(owner).get(attribute)
