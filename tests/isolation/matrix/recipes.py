"""How each address is asked: which row its arguments name, what a valid form holds, and how it answers when it serves.

Nothing here says who is served; that follows from the table of addresses (see tests/isolation/judge.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from locations.permissions import Right
from mcp.demo import PASSWORD
from mcp.models import UserGroup
from tests.isolation.matrix import forms
from tests.isolation.matrix.forms import Asked, Body, Status

_ACCOUNT = r".*/accounting/accountterms/[0-9]+/"


@dataclass(frozen=True)
class Recipe:
    row: str = ""
    """The kind of the row that the address names."""
    argument: str = "object_id"
    query: str = ""
    """With `{row}` where the address names the row behind its question mark."""
    body: Body = field(default=lambda asked: {})
    get: Status = 200
    post: Status = 302
    to: str = ""
    """A pattern of where a form that was taken leads."""
    after_login: str = ""
    """Where the login leads; empty: to the address itself."""
    writes: bool = True
    """Whether the form leaves something in the tables of the business."""
    is_of_central: bool = False
    """Whether the row is one that the central makes for all locations: at a branch it is not there."""
    beside: str = ""
    """The kind of a row from which the form chooses: one is at each place before anybody asks."""


def _model(name: str, kind: str, new: Body, changed: Body, **of_lists: Any) -> dict[str, Recipe]:
    """The five addresses of a model."""
    return {
        f"admin:{name}_changelist": Recipe(**of_lists),
        f"admin:{name}_add": Recipe(body=new),
        f"admin:{name}_change": Recipe(kind, body=changed),
        f"admin:{name}_delete": Recipe(kind),
        f"admin:{name}_history": Recipe(kind),
    }


def recipe_for(name: str, posted: Mapping[str, str]) -> Recipe:
    return RECIPES[" ".join([name, *posted.values()])]


# --- answers that depend on who asks ----------------------------------------------------------------------------


def _chooser(asked: Asked) -> int:
    """Whoever works at one location only is led there."""
    return 302 if asked.role.works_at_one_place() else 200


def _login(asked: Asked) -> int:
    return 302 if asked.role.is_logged_in else 200


def _code(asked: Asked) -> int:
    """A code is shown at a location on 1.0; elsewhere it is told that there is nothing to pair."""
    place = asked.world.places.get(asked.place)
    return 200 if place is not None and place.base.is_discontinued else 302


def _accounts_switched(asked: Asked) -> int:
    """A business decides itself, at its central or at a franchise; elsewhere it is told so."""
    place = asked.world.places.get(asked.place)
    decides = place is not None and (place.is_central or place.is_franchise)
    return 302 if decides and not asked.role.is_support else 200


def _request(asked: Asked) -> int:
    """A business decides itself: support is told so."""
    return 200 if asked.role.is_support else 302


_LANGUAGE = Recipe(body=lambda asked: {"language": "en"}, get=302, to=r"/(\d+/\d+/)?", writes=False)
_PASSWORD = Recipe(body=forms.own_password, to=r".*/password_change/done/", writes=False)
_ID = "[0-9a-f-]{36}"
_UPLOAD = rf".*/import/{_ID}/"
_NODES = r".*/clearing/node/"
_DEVICE = rf".*/mcp/device/{_ID}/"
_TRANSITION = rf".*/transitions/transition/{_ID}/"
_CONFLICT = r".*/clearing/conflict/[0-9a-f-]{36}/"
_CHANGED = r"/\d+/\d+/[a-z]+/[a-z]+/\d+/change/"

RECIPES: dict[str, Recipe] = {
    "health": Recipe(),
    "branch_setup": Recipe(),
    "set_language": _LANGUAGE,
    "switch_location": Recipe(after_login="/"),  # a piece of a page
    "admin:login": Recipe(
        body=lambda asked: {"account_number": "10400", "username": "anna", "password": PASSWORD},
        get=_login, to="/", writes=False,
    ),
    "admin:index": Recipe(get=lambda asked: 200 if asked.place[0] else _chooser(asked)),
    "admin:switched": Recipe(get=302),
    "admin:start": Recipe(body=lambda asked: {"start": "yes"}, to=r"/\d+/\d+/", writes=False),
    "admin:logout": Recipe(to="/|/login/", writes=False),
    "admin:password_change": _PASSWORD,
    "admin:password_change_done": Recipe(),
    "admin:jsi18n": Recipe(),
    "admin:panel": Recipe(),
    "provider_login": Recipe(
        body=lambda asked: {"username": "rita", "password": PASSWORD}, get=_login, to="/", writes=False
    ),
    "password_forgotten": Recipe(body=lambda asked: {"username": "niemand"}, post=200, writes=False),
    "password_link": Recipe("password link", "token", body=forms.passwords, to="/login/"),
    **_model("locations_organization", "business", forms.business, lambda asked: {}),
    "admin:locations_organization_add": Recipe(body=forms.business, post=200),  # shows the link of the administrator
    "admin:locations_legacy_rules": Recipe(body=forms.switched, to="/locations/organization/legacy/"),
    "admin:locations_organization_legacy_rules": Recipe(
        "business", body=forms.switched, to=r"/locations/organization/\d+/legacy/"
    ),
    # the central administration
    **_model("locations_location", "location", forms.new_location, forms.location),
    "admin:locations_location_close": Recipe("open branch", to=_CHANGED),
    "admin:locations_location_reopen": Recipe("closed branch", to=_CHANGED),
    **_model("mcp_user", "user", forms.person, forms.person),
    "admin:mcp_user_add": Recipe(body=forms.person, post=200),  # shows the link of the new person
    "admin:mcp_user_password": Recipe("user", body=lambda asked: {"how": "show"}, post=200),
    "admin:mcp_user_logins": Recipe("user"),
    "admin:mcp_own_logins": Recipe(),
    "admin:mcp_why": Recipe(),
    "api_page": Recipe(),
    "api_description": Recipe(),
    "api_webhook_new": Recipe(body=forms.webhook, post=200, beside="till"),  # shows the secret
    "api_webhook_end": Recipe("webhook", "webhook", get=302, to=r".*/tills/", writes=False),  # in its own row alone
    "api_webhook_retry": Recipe("webhook", "webhook", get=302, to=r".*/tills/", writes=False),  # a time alone
    "admin:mcp_places": Recipe(),
    "admin:mcp_people": Recipe(),
    **_model("mcp_usergroup", "usergroup", forms.named("Neue Gruppe"), forms.named("Neuer Name")),
    "admin:mcp_usergroup_rights": Recipe("usergroup", "group_id", body=forms.matrix, post=200, writes=False),
    "admin:mcp_usergroup_rights_confirm": Recipe(
        "usergroup", "group_id", body=forms.matrix_confirmed, get=302, to=r".*/\d+/rights/"
    ),
    "admin:mcp_usergroup_rights_log": Recipe("usergroup", "group_id"),
    # nothing is chosen, and no name given: what may be handed out is asked by the probes
    "admin:mcp_usergroup_copy": Recipe("usergroup", "group_id", post=400, writes=False),
    "admin:mcp_usergroup_like": Recipe("usergroup", "group_id", post=400, writes=False),
    **_model(
        "mcp_restriction", "restriction",
        lambda asked: {"group": UserGroup.objects.get(name="Auskunft Bremen").pk, "right": Right.EXPORT_CUSTOMERS},
        lambda asked: {},
    ),
    "admin:mcp_device_changelist": Recipe(),
    "admin:mcp_device_add": Recipe(beside="till", body=forms.device, post=200),  # shows the code
    "admin:mcp_device_change": Recipe("device", "device_id"),
    "admin:mcp_device_edit": Recipe("device", "device_id", body=forms.device, to=_DEVICE),
    "admin:mcp_device_code": Recipe("device", "device_id", get=302, post=200),
    "admin:mcp_device_withdraw": Recipe("device", "device_id", get=302, to=_DEVICE, writes=False),  # none is shown
    "admin:mcp_device_renew": Recipe("device", "device_id", get=302, to=_DEVICE, writes=False),  # a time alone
    "admin:mcp_device_revoke": Recipe(
        "device", "device_id", body=lambda asked: {"reason": "Verkauft"}, to=_DEVICE
    ),
    "admin:mcp_restriction_matrix": Recipe(body=forms.restrictions, post=200, writes=False),
    "admin:mcp_restriction_matrix_confirm": Recipe(
        body=forms.restrictions_confirmed, get=302, to=r".*/mcp/restriction/matrix/"
    ),
    # the customers
    **_model(
        "customers_customer", "customer", forms.customer, forms.customer, body=forms.ticked("archive"), writes=False
    ),
    "admin:customers_customer_changelist export": Recipe(body=forms.ticked("export"), writes=False),
    "admin:customers_customer_find": Recipe(get=302),  # a piece of a page; asked by itself, it leads to the list
    "admin:customers_customer_duplicates": Recipe(body=lambda asked: {"email": "a@b.de"}, post=200, writes=False),
    "admin:customers_customer_archive": Recipe(
        "customer", query="?id={row}", body=lambda asked: {"reason": "Verzogen"}, to=_CHANGED
    ),
    "admin:customers_customer_restore": Recipe("archived", query="?id={row}", to=_CHANGED),
    "admin:customers_customer_changelist record_consent": Recipe(body=forms.ticked("record_consent"), writes=False),
    "admin:customers_customer_consents": Recipe(
        "customer", body=lambda asked: {"give": "newsletter:counter"}, to=r".*/customer/\d+/consents/"
    ),
    "admin:customers_customer_erase": Recipe("customer", body=forms.erasing, to=r".*/customers/customer/"),
    "admin:customers_customer_cards": Recipe(
        "customer", body=lambda asked: {"step": "assign", "number": "4711-0815"}, to=r".*/customer/\d+/cards/#cards"
    ),
    "admin:customers_customer_memberships": Recipe(
        "customer", beside="account", body=forms.joining, to=r".*/customer/\d+/memberships/"
    ),
    "admin:customers_customer_withdraw": Recipe(
        "customer", body=lambda asked: {"withdraw": "newsletter:phone"}, to=r".*/customer/\d+/consents/"
    ),
    "admin:customers_customer_consent": Recipe(
        "customer", query="?id={row}", body=forms.statement, to=r".*/customers/customer/"
    ),
    "admin:customers_import": Recipe(body=forms.file, to=_UPLOAD),
    "admin:customers_import_upload": Recipe("upload", "pk", body=forms.step("back"), to=_UPLOAD, writes=False),
    "admin:customers_import_upload confirm": Recipe("upload", "pk", body=forms.confirmed, to=_UPLOAD),
    "admin:customers_imports": Recipe(),
    "admin:customers_import_undo": Recipe("import", "pk", body=forms.step("undo"), to=f"{_UPLOAD}undo/"),
    "admin:customers_import_upload decide": Recipe("upload", "pk", body=forms.decided, to=_UPLOAD),
    "admin:customers_import_similar": Recipe("upload", "pk", body=forms.decisions, to=rf"{_UPLOAD}\?show=similar"),
    "admin:customers_import_rejected": Recipe("upload", "pk"),
    "admin:customers_export": Recipe(body=lambda asked: {"format": "excel-de", "column": "last_name"}, post=200),
    "admin:customers_exports": Recipe(),
    "admin:customers_export_file": Recipe("export", "pk", to=r".*/export/files/"),
    "admin:customers_export_download": Recipe("export", "pk", post=200),
    "admin:customers_export_facts": Recipe("export", "pk"),
    **{f"admin:customers_customer_changelist {action}": Recipe(body=forms.ticked(action), writes=False)
       for action in ("set_group", "add_tag", "remove_tag")},
    "admin:customers_customer_version": Recipe("version", "pk", body=forms.older, to=r".*/customer/\d+/history/"),
    "admin:customers_bulks": Recipe(),
    "admin:customers_bulk": Recipe("bulk change", "pk", body=forms.step("undo"), to=r".*/bulk/[0-9a-f-]{36}/"),
    "admin:customers_bulk_new": Recipe(
        "tagged", query="?id={row}", body=forms.wish, to=r".*/bulk/[0-9a-f-]{36}/|.*/customers/customer/"
    ),
    "admin:customers_filters": Recipe(),
    "admin:customers_filter_new": Recipe(body=forms.named("Meine"), query="?q=kiel", to=r".*/customer/\?q=kiel"),
    "admin:customers_filter_new on": Recipe(
        body=forms.named("Unsere", is_shared="on"), query="?q=kiel", to=r".*/customer/\?q=kiel"
    ),
    "admin:customers_filter_open": Recipe("saved filter", "pk", get=302),
    "admin:customers_filter": Recipe(
        "saved filter", "pk", body=forms.named("Anders", is_shared="on"), to=r".*/filters/"
    ),
    **_model(
        "customers_customergroup", "customergroup", forms.named("Neu", discount="0"), forms.named("Neu", discount="0")
    ),
    **_model("customers_tag", "tag", forms.named("Neu"), forms.named("Neu")),
    **_model("customers_consentpurpose", "consentpurpose", forms.named("Neu", code="neu"), forms.named("Neu")),
    # branches that reconcile
    "admin:accounting_account": Recipe("account", "customer"),
    "admin:accounting_book": Recipe("account", "customer", body=forms.booking, to=_ACCOUNT),
    "admin:accounting_correct": Recipe("account", "customer", body=forms.correction, to=_ACCOUNT),
    "admin:accounting_reverse": Recipe("sale", "movement", body=forms.correction, to=_ACCOUNT),
    "admin:accounting_allocate": Recipe("payment", "movement", to=_ACCOUNT, writes=False),
    "admin:accounting_balances": Recipe(body=forms.balances, to=r".*/balances/[0-9a-f-]{36}/"),
    "admin:accounting_balances_of_import": Recipe("upload", "pk", get=405, to=_UPLOAD, writes=False),
    "admin:accounting_balance": Recipe(
        "opening balances", "pk", body=lambda asked: {"step": "discard"}, to=r".*/balances/", writes=False
    ),  # a state alone
    "admin:accounting_mandates": Recipe("account", "customer"),
    "admin:accounting_mandate_new": Recipe("account", "customer", body=forms.mandate, to=rf"{_ACCOUNT}mandates/"),
    "admin:accounting_mandate_revoke": Recipe(
        "mandate", "pk", body=lambda asked: {"reason": "Konto aufgelöst"}, to=rf"{_ACCOUNT}mandates/", writes=False
    ),  # a state alone
    "admin:accounting_debits": Recipe(),
    "admin:accounting_debit_new": Recipe(post=200, writes=False),  # without days: that is told at the form
    "admin:accounting_debit_file": Recipe(
        "debit file", "pk", is_of_central=True, to=r".*/debits/[0-9a-f-]{36}/", writes=False
    ),  # no step
    "admin:accounting_debit_bytes": Recipe("made debit file", "pk", is_of_central=True),
    "admin:accounting_debit_return": Recipe(
        "debit", "pk", is_of_central=True, post=200, writes=False
    ),  # without a reason
    "admin:accounting_reminders": Recipe(to=r".*/reminders/", writes=False),  # nobody is overdue: that is told
    "admin:accounting_reminders_run": Recipe(
        "reminders", "pk", is_of_central=True, to=r".*/reminders/[0-9a-f-]{36}/", writes=False
    ),
    "admin:accounting_reminders_file": Recipe("sent reminders", "pk", is_of_central=True),
    "admin:accounting_levels": Recipe(),
    "admin:accounting_level": Recipe(post=200, writes=False),  # without a day: that is told
    "admin:accounting_dispute": Recipe("invoice", "pk", post=200, writes=False),  # without a reason
    "admin:accounting_terms": Recipe("account", "customer", body=lambda asked: {"hard_limit": "7"}, to=_ACCOUNT),
    "admin:accounting_statement": Recipe("account", "customer", query="?first=2026-01-01&last=2026-01-31&as=csv"),
    "admin:accounting_switches": Recipe(
        body=forms.accounts_on_their_own, post=_accounts_switched, to=r".*/accounting/accountterms/switches/"
    ),
    "admin:accounting_exceptions": Recipe(),
    "admin:accounting_branch_orders": Recipe(),
    "admin:accounting_branch_order": Recipe(
        "branch order", "pk", body=lambda asked: {"note": "Bar bezahlt"}, to=r".*/branch/", writes=False
    ),  # a state alone
    "admin:accounting_invoices": Recipe(),
    "admin:accounting_invoice": Recipe("invoice", "pk"),
    "admin:accounting_invoice_file": Recipe("invoice", "pk"),
    "admin:accounting_invoice_cancel": Recipe("invoice", "pk", post=200, writes=False),  # without a reason
    "admin:accounting_invoice_mail": Recipe("invoice", "pk", post=200, writes=False),  # no mail server: that is told
    "admin:accounting_letter_again": Recipe("letter", "pk", post=200, writes=False),  # as above
    "admin:accounting_notice_again": Recipe("mailed reminder", "pk", post=200, writes=False),  # as above
    "admin:accounting_run_print": Recipe("issued run", "pk", is_of_central=True),
    "admin:accounting_runs": Recipe(),
    "admin:accounting_run_new": Recipe(post=200, writes=False),  # without a day: that is told at the form
    "admin:accounting_run": Recipe(
        "invoice run", "pk", is_of_central=True, to=r".*/runs/[0-9a-f-]{36}/", writes=False
    ),  # without a step
    "admin:accounting_issuer": Recipe(post=200, writes=False),  # without the beginnings of numbers, as above
    "admin:accounting_billing": Recipe("account", "customer", body=lambda asked: {"reference": "KST 7"}, to=_ACCOUNT),
    "admin:accounting_overview": Recipe(),
    "admin:accounting_open_items": Recipe(),
    "admin:accounting_downloads": Recipe(),
    "admin:accounting_download": Recipe(body=forms.download, post=200),
    "admin:accounting_received": Recipe(post=400, writes=False),  # without a file
    "admin:accounting_bank": Recipe(),
    "admin:accounting_bank_read": Recipe(post=400, writes=False),  # without a file
    "admin:accounting_bank_account": Recipe(body=forms.bank_account, to=r".*/bank/"),
    "admin:accounting_bank_statement": Recipe("bank statement", "pk", body=forms.step("propose"), to=rf".*/bank/{_ID}/",
                                              writes=False),  # nothing is open that it could pay
    "admin:accounting_bank_entry": Recipe("bank entry", "pk", body=forms.left_out, to=rf".*/bank/{_ID}/", writes=False),
    "admin:accounting_exception": Recipe(
        "exception", "pk", body=lambda asked: {"note": "Besprochen"}, to=r".*/exceptions/", writes=False
    ),  # a state alone
    "admin:clearing_nodes": Recipe(),
    "admin:clearing_code": Recipe(get=302, post=_code, writes=False),  # a code alone, which is counted nowhere
    "admin:clearing_code_withdraw": Recipe(get=302, to=_NODES, writes=False),  # none is shown: that is told
    "admin:clearing_node": Recipe("node", "pk"),
    "admin:clearing_alarm_mail": Recipe(body=lambda asked: {"choice": "on"}, get=302, to=_NODES, writes=False),
    "admin:clearing_retire": Recipe("node", "pk", to=_NODES, writes=False),  # a state alone
    # it is not held: that is told
    "admin:clearing_release": Recipe("node", "pk", body=lambda asked: {"heir": "known"}, get=302,
                                     to=rf"{_NODES}{_ID}/", writes=False),
    "admin:clearing_run": Recipe("reconciliation", "pk"),
    "admin:clearing_pair_branch": Recipe(),
    "admin:clearing_own": Recipe(to=rf"{_NODES}own/", writes=False),  # this is a central: that is told
    "admin:clearing_stick": Recipe(post=400, writes=False),  # without a file
    "admin:clearing_stick_file": Recipe("answered run", "pk"),
    "admin:clearing_conflicts": Recipe(),
    "admin:clearing_conflict": Recipe("conflict", "pk", body=forms.step("leave"), to=_CONFLICT),
    "admin:clearing_conflict take_over": Recipe(
        "conflict", "pk", body=lambda asked: {"step": "take_over", "field": "city"}, to=_CONFLICT
    ),
    "admin:clearing_conflict recreate": Recipe("number given twice", "pk", body=forms.step("recreate"), to=_CONFLICT),
    "admin:clearing_conflicts_of_run": Recipe(
        "run", "run", body=lambda asked: {"choice": "leave"}, to=r".*/conflict/run/[0-9a-f-]{36}/"
    ),
    "admin:clearing_held_back": Recipe(),
    "admin:clearing_held_back_one": Recipe(  # a state alone
        "held back", "pk", body=forms.step("dismiss"), to=r".*/clearing/conflict/held-back/\d+/", writes=False
    ),
    # leaving and joining
    "admin:transitions": Recipe(),
    "admin:transitions_request": Recipe(
        body=lambda asked: {"planned_for": timezone.localdate().isoformat()}, post=_request, to=_TRANSITION
    ),
    "admin:transitions_joinings": Recipe(post=200, writes=False),  # nobody has asked: that is told on the page
    "admin:transitions_account": Recipe(  # shows the link
        "transition", "pk", body=lambda asked: {"account_number": "40200", "name": "Neu", "username": "neu"}, post=200
    ),
    "admin:transitions_transition": Recipe("transition", "pk"),
    "admin:transitions_switches": Recipe(),
    "admin:transitions_switch": Recipe("switch", "pk"),
    "admin:transitions_switch_request": Recipe(post=200, writes=False),  # without a reason: that is told at the form
    "admin:transitions_switch_step": Recipe("switch", "pk", body=forms.step("cancel"), to=rf".*/switches/{_ID}/"),
    "admin:transitions_baseswitch_changelist": Recipe(),
    "admin:transitions_baseswitch_sign": Recipe("switch", "pk", to="/transitions/baseswitch/"),
    "admin:transitions_package": Recipe("executed transition", "pk", to=f"{_TRANSITION}package/"),
    "admin:transitions_package_download": Recipe("package", "pk", post=200),
    # nobody has withdrawn: that is told on the page
    "admin:transitions_withdrawals": Recipe("executed transition", "pk", to=f"{_TRANSITION}package/", writes=False),
    "admin:transitions_protocol": Recipe("executed transition", "pk"),
    "admin:transitions_protocol_pdf": Recipe("executed transition", "pk"),
    "admin:transitions_arrivals": Recipe(body=forms.file, post=200, writes=False),  # no package, which the page says
    "admin:transitions_incoming": Recipe("incoming", "pk", to=r".*/arrivals/[0-9a-f-]+/"),
    "admin:privacy_person": Recipe("customer", "customer", to=r".*/privacy/personfile/[0-9]+/"),
    "admin:privacy_person_download": Recipe("person file", "pk", post=200),
    "admin:transitions_step": Recipe("numbered transition", "pk", body=forms.step("review"), to=_TRANSITION),
}  # fmt: skip
