"""The rights of a user group as a matrix: editing, preview, and saving what was previewed.

Up to PAGE_SIZE locations are on one page, and are filtered in the browser. With more of them the search box asks the
server, and there are several pages; ticking a whole column then means the locations of this page, and the page says so.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from locations.models import Location
from locations.permissions import Right
from locations.querysets import LocationQuerySet
from mcp.central import operations
from mcp.central.admin.matrix_rows import Matrix, places_of
from mcp.central.admin.matrix_words import details, people_of, summary
from mcp.central.forms.matrix import Difference, cell, check_places, read_cells, read_matrix, read_preview
from mcp.console.linked_messages import link, said
from mcp.console.pages import done, show
from mcp.console.site import scope_of
from mcp.isolation import access
from mcp.isolation.branch import MadeAtCentral, demand_made_here, has_branches_with_nodes
from mcp.isolation.grants import Grant
from mcp.isolation.scope import Scope
from mcp.models import UserGroup

PAGE_SIZE = 300


def matrix_page(request: HttpRequest, group_id: int) -> HttpResponse:
    """The matrix; when it is sent, the preview."""
    actor = scope_of(request)
    group = _group(actor, group_id)
    if request.method != "POST":
        return _matrix(request, group, actor)
    demand_made_here()
    try:
        difference = read_matrix(request.POST)
        check_places(difference, places_of(group, actor))
        return _preview(request, group, actor, difference)
    except ValidationError as refusal:
        return _matrix(request, group, actor, refusal=refusal, ticked=_ticked(request))


def confirm_page(request: HttpRequest, group_id: int) -> HttpResponse:
    """Save what the preview showed. If rights or members have changed meanwhile, show the preview again and say so."""
    actor = scope_of(request)
    group = _group(actor, group_id)
    if request.method != "POST":
        return HttpResponseRedirect(_address(group))
    try:
        difference = read_preview(request.POST)
        check_places(difference, places_of(group, actor))
        return _save(request, group, actor, difference)
    except ValidationError as refusal:
        return _matrix(request, group, actor, refusal=refusal)


def _save(request: HttpRequest, group: UserGroup, actor: Scope, difference: Difference) -> HttpResponse:
    wanted, seen = difference.applied_to(access.grants_of(group)), request.POST.get("seen", "") or "-"
    try:
        change = operations.change_grants(group=group, wanted=wanted, actor=actor, seen=seen)
    except (operations.GrantsChanged, operations.LastUserManager) as refusal:
        return _preview(request, group, actor, difference, refusal=refusal)
    page = reverse("admin:mcp_usergroup_change", args=[group.pk])
    sentence = said(_("Saved for %(group)s: %(summary)s."), group=link(group, page), summary=summary(change))
    return done(request, sentence, _address(group))


def _preview(
    request: HttpRequest,
    group: UserGroup,
    actor: Scope,
    difference: Difference,
    *,
    refusal: ValidationError | None = None,
) -> HttpResponse:
    wanted = difference.applied_to(access.grants_of(group))
    change = operations.preview_grants(group=group, wanted=wanted, actor=actor)
    context = {
        "title": _("What changes for %(group)s") % {"group": group},
        "summary": summary(change),
        "change": change,
        "given": details(change.added),
        "taken": details(change.removed),
        "people": people_of(group),
        "give": sorted(cell(grant) for grant in change.added),
        "take": sorted(cell(grant) for grant in change.removed),
        "rights_travel": has_branches_with_nodes(),
        "errors": refusal.messages if refusal else [],
        "back": _address(group),
        "confirm": reverse("admin:mcp_usergroup_rights_confirm", args=[group.pk]),
    }
    return show(request, "mcp/matrix_preview.html", context, status=409 if refusal else 200)


def _matrix(
    request: HttpRequest,
    group: UserGroup,
    actor: Scope,
    *,
    refusal: ValidationError | None = None,
    ticked: frozenset[Grant] | None = None,
) -> HttpResponse:
    matrix, words, only_held = Matrix(group, actor), request.GET.get("q", "").strip()[:80], "held" in request.GET
    page = _page(request, _filtered(places_of(group, actor), matrix, words, only_held))
    context: dict[str, object] = {
        "title": _("Rights of %(group)s") % {"group": group},
        "group": group,
        "rights": [(right.value, right.label) for right in Right],
        "general": None if group.owner_id is not None else matrix.general_row(ticked),
        "rows": matrix.rows(page.object_list, ticked),
        "page": page,
        "count": _count_sentence(page),
        "is_paged": page.paginator.num_pages > 1 or bool(words) or only_held,
        "q": words,
        "only_held": only_held,
        "is_own": matrix.is_own,
        "made_at_central": MadeAtCentral.sentence if matrix.is_made_at_central else "",
        "errors": refusal.messages if refusal else [],
        "back": reverse("admin:mcp_usergroup_change", args=[group.pk]),
        "is_fullwidth": "1",
    }
    return show(request, "mcp/matrix.html", context, status=400 if refusal else 200)


def _filtered(places: LocationQuerySet, matrix: Matrix, words: str, only_held: bool) -> LocationQuerySet:
    if words:
        places = places.containing(words)
    if only_held:
        places = places.filter(pk__in={place for _right, place in matrix.grants if place is not None})
    return places


def _page(request: HttpRequest, places: QuerySet[Location]) -> Page[Location]:
    return Paginator(places.select_related("base"), PAGE_SIZE).get_page(request.GET.get("p"))


def _count_sentence(page: Page[Location]) -> str:
    total = page.paginator.count
    if page.paginator.num_pages == 1:
        return ngettext("%(count)s location", "%(count)s locations", total) % {"count": total}
    return _("Locations %(first)s to %(last)s of %(count)s") % {
        "first": page.start_index(),
        "last": page.end_index(),
        "count": total,
    }


def _group(actor: Scope, group_id: int) -> UserGroup:
    """The group, if the actor may see it (else 404) and manage it (else 403, naming the right)."""
    actor.demand(Right.MANAGE_USERS)
    group = operations.visible_groups(actor).select_related("owner").filter(pk=group_id).first()
    if group is None:
        raise Http404
    operations.demand_group(group, actor)
    return group


def _ticked(request: HttpRequest) -> frozenset[Grant] | None:
    """The ticked cells as they were sent, to show a refused form again; None where they cannot be read."""
    try:
        return read_cells(request.POST.getlist("cell"))
    except ValidationError:
        return None


def _address(group: UserGroup) -> str:
    return reverse("admin:mcp_usergroup_rights", args=[group.pk])
