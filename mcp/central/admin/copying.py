"""Copying the rights of a user group to another one, after a preview, or to a new one."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextInputWidget

from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.central import operations
from mcp.central.admin.matrix_words import details, people_of, summary
from mcp.central.forms.copying import CopyForm, LikeForm
from mcp.central.operations.copying import templates_for
from mcp.console.operation_forms import show_refusal
from mcp.console.pages import done, show
from mcp.console.site import scope_of
from mcp.isolation import access
from mcp.isolation.branch import has_branches_with_nodes
from mcp.isolation.scope import Scope
from mcp.models import UserGroup


def copy_page(request: HttpRequest, group_id: int) -> HttpResponse:
    """Choose the group whose rights are copied; sent, it shows a preview, and confirmed, the rights are saved."""
    actor = scope_of(request)
    group = _group(actor, group_id)
    form = CopyForm(request.POST if request.method == "POST" else None, group=group, scope=actor)
    if request.method == "POST" and form.is_valid():
        try:
            return (
                _save(request, form, group, actor) if "seen" in request.POST else _preview(request, form, group, actor)
            )
        except (operations.GrantsChanged, operations.LastUserManager) as refusal:
            return _preview(request, form, group, actor, refusal=refusal)
        except ValidationError as refusal:
            show_refusal(form, refusal, {})
    context = {
        "title": _("Take over rights for %(group)s") % {"group": group},
        "form": form,
        "button": _("Show what changes"),
        "sentence": _(
            "All rights of the other user group, at single locations and at all of them, later ones included. You see "
            "what changes before it is saved."
        ),
        "back": _address(group),
    }
    return show(request, "mcp/copy.html", context, status=400 if form.errors else 200)


def _save(request: HttpRequest, form: CopyForm, group: UserGroup, actor: Scope) -> HttpResponse:
    chosen, seen = form.cleaned_data, request.POST.get("seen", "") or "-"
    change = operations.copy_rights(
        source=chosen["source"], group=group, is_exact=chosen["is_exact"], seen=seen, actor=actor
    )
    words = {"group": group, "summary": summary(change)}
    return done(request, _("Saved for %(group)s: %(summary)s.") % words, _address(group))


def _preview(
    request: HttpRequest, form: CopyForm, group: UserGroup, actor: Scope, *, refusal: ValidationError | None = None
) -> HttpResponse:
    source, is_exact = form.cleaned_data["source"], form.cleaned_data["is_exact"]
    change = operations.preview_copy(source=source, group=group, is_exact=is_exact, actor=actor)
    context = {
        "title": _("What changes for %(group)s by the rights of %(source)s") % {"group": group, "source": source},
        "summary": summary(change),
        "change": change,
        "given": details(change.added),
        "taken": details(change.removed),
        "people": people_of(group),
        "hidden": [("source", source.pk), *([("is_exact", "on")] if is_exact else [])],
        "rights_travel": has_branches_with_nodes(),
        "errors": refusal.messages if refusal else [],
        "back": reverse("admin:mcp_usergroup_copy", args=[group.pk]),
        "confirm": reverse("admin:mcp_usergroup_copy", args=[group.pk]),
    }
    return show(request, "mcp/matrix_preview.html", context, status=409 if refusal else 200)


def like_page(request: HttpRequest, group_id: int) -> HttpResponse:
    """Create a user group with the rights of this one; the page lists them."""
    actor = scope_of(request)
    source = _template(actor, group_id)
    form = _like_form(request, actor)
    if request.method == "POST" and form.is_valid():
        try:
            with told_as_refusals():
                made = operations.create_group_like(
                    source=source, name=form.cleaned_data["name"], description=form.cleaned_data["description"],
                    actor=actor,
                )  # fmt: skip
        except ValidationError as refusal:
            show_refusal(form, refusal, form.refused_fields)
        else:
            words = {"group": made, "source": source}
            return done(request, _("%(group)s is there, with the rights of %(source)s.") % words, _address(made))
    context = {
        "title": _("New user group with the rights of %(source)s") % {"source": source},
        "form": form,
        "button": _("Create the user group"),
        "sentence": _("It gets these rights. Nobody belongs to it yet."),
        "given": details(access.grants_of(source)),
        "back": _address(source),
    }
    return show(request, "mcp/copy.html", context, status=400 if form.errors else 200)


def _like_form(request: HttpRequest, actor: Scope) -> LikeForm:
    form: LikeForm = type("LikeForm", (LikeForm,), {"scope": actor})(request.POST if request.method == "POST" else None)
    for field in form.fields.values():
        field.widget = UnfoldAdminTextInputWidget(attrs={"maxlength": getattr(field, "max_length", None) or 200})
    return form


def _group(actor: Scope, group_id: int) -> UserGroup:
    """The group, if the actor may see it (else 404) and manage it (else 403, naming the right)."""
    group = _template(actor, group_id)
    operations.demand_group(group, actor)
    return group


def _template(actor: Scope, group_id: int) -> UserGroup:
    actor.demand(Right.MANAGE_USERS)
    group = templates_for(actor).select_related("owner").filter(pk=group_id).first()
    if group is None:
        raise Http404
    return group


def _address(group: UserGroup) -> str:
    return reverse("admin:mcp_usergroup_change", args=[group.pk])
