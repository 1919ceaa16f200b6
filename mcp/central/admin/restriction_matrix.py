"""All restrictions of a franchise as a matrix, with a preview.

A row is a user group of the central, a column a right, and a ticked cell is restricted. The form is sent and read like
the matrix of rights (mcp/central/forms/matrix.py), with groups in place of locations. Only the changes count, so that
changes of somebody else meanwhile stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from locations.permissions import Right
from mcp.central import operations
from mcp.central.admin.matrix_rows import Cell, Row
from mcp.central.admin.matrix_words import SHOWN, Detail, cut, people_words, rights_words
from mcp.central.forms.matrix import Difference, bits, cell, read_cells, read_matrix, read_preview
from mcp.central.operations.restricting import (
    RestrictionChange,
    RestrictionsChanged,
    Taken,
    groups_of_central,
    restricted_here,
)
from mcp.console.pages import done, show
from mcp.console.site import scope_of
from mcp.isolation import access
from mcp.isolation.branch import has_branches_with_nodes
from mcp.isolation.grants import Grant
from mcp.isolation.scope import Scope
from mcp.models import User, UserGroup

PAGE_SIZE = 300


def restriction_matrix_page(request: HttpRequest) -> HttpResponse:
    """The matrix; when it is sent, the preview."""
    actor = _franchisee(request)
    if request.method != "POST":
        return _matrix(request, actor)
    try:
        return _preview(request, actor, _of_groups(read_matrix(request.POST)))
    except ValidationError as refusal:
        return _matrix(request, actor, refusal=refusal, ticked=_ticked(request))


def restriction_confirm_page(request: HttpRequest) -> HttpResponse:
    """Save what the preview showed. If restrictions have changed meanwhile, show the preview again and say so."""
    actor = _franchisee(request)
    if request.method != "POST":
        return HttpResponseRedirect(_address())
    try:
        return _save(request, actor, _of_groups(read_preview(request.POST)))
    except ValidationError as refusal:
        return _matrix(request, actor, refusal=refusal)


def _franchisee(request: HttpRequest) -> Scope:
    """The scope. Raises Http404 outside of a franchise, and MissingRight unless the user is one of its own people."""
    actor = scope_of(request)
    actor.demand(Right.MANAGE_USERS)
    if not actor.location.is_franchise:
        raise Http404
    operations.demand_own_house(actor)
    return actor


def _of_groups(difference: Difference) -> Difference:
    """The difference. Raises ValidationError where it names all groups: restrictions are for single groups."""
    if any(group is None for _right, group in difference.given | difference.taken):
        raise ValidationError(_("This form did not arrive whole. Load the page again."), code="broken_form")
    return difference


def _wanted(difference: Difference, actor: Scope) -> set[Taken]:
    applied = difference.applied_to(frozenset(restricted_here(actor)))
    return {(right, group) for right, group in applied if group is not None}


def _save(request: HttpRequest, actor: Scope, difference: Difference) -> HttpResponse:
    seen = request.POST.get("seen", "") or "-"
    try:
        change = operations.change_restrictions(wanted=_wanted(difference, actor), seen=seen, actor=actor)
    except RestrictionsChanged as refusal:
        return _preview(request, actor, difference, refusal=refusal)
    words = {"location": actor.location, "summary": _summary(change)}
    return done(request, _("Saved for %(location)s: %(summary)s.") % words, _address())


def _preview(
    request: HttpRequest, actor: Scope, difference: Difference, *, refusal: ValidationError | None = None
) -> HttpResponse:
    change = operations.preview_restrictions(wanted=_wanted(difference, actor), actor=actor)
    context = {
        "title": _("What changes at %(location)s") % {"location": actor.location},
        "summary": _summary(change),
        "change": change,
        "given": _details(change.added),
        "taken": _details(change.lifted),
        "given_title": _("Not allowed any more"),
        "taken_title": _("Allowed again"),
        "people": _people_of(change),
        "give": sorted(cell(grant) for grant in change.added),
        "take": sorted(cell(grant) for grant in change.lifted),
        "rights_travel": has_branches_with_nodes(),
        "errors": refusal.messages if refusal else [],
        "back": _address(),
        "confirm": reverse("admin:mcp_restriction_matrix_confirm"),
    }
    return show(request, "mcp/matrix_preview.html", context, status=409 if refusal else 200)


# --- in words ---------------------------------------------------------------------------------------------------


def _summary(change: RestrictionChange) -> str:
    """The change in numbers, such as: 3 rights of 2 user groups restricted; 1 restriction lifted; for 5 people."""
    parts = []
    if change.added:
        params = {"rights": rights_words(len(change.added)), "groups": _groups(change.added)}
        parts.append(_("%(rights)s restricted for %(groups)s") % params)
    if count := len(change.lifted):
        parts.append(
            ngettext("%(count)s restriction lifted", "%(count)s restrictions lifted", count) % {"count": count}
        )
    return "; ".join([*parts, _("for %(people)s") % {"people": people_words(change.people)}])


def _groups(pairs: frozenset[Taken]) -> str:
    count = len({group for _right, group in pairs})
    return ngettext("%(count)s user group", "%(count)s user groups", count) % {"count": count}


def _details(pairs: frozenset[Taken]) -> list[Detail]:
    """The rights in the order of the catalogue, each with its groups."""
    groups: dict[Right, list[int]] = defaultdict(list)
    for right, group in pairs:
        groups[right].append(group)
    names = UserGroup.objects.in_bulk({group for _right, group in pairs})
    return [
        Detail(right.label, cut(sorted(str(names[pk]) for pk in groups[right])[:SHOWN], len(groups[right])))
        for right in Right
        if groups[right]
    ]


def _people_of(change: RestrictionChange) -> str:
    people = User.objects.filter(memberships__group__in=change.groups).distinct().order_by("username")
    return cut([str(user) for user in people[:SHOWN]], change.people)


# --- the cells --------------------------------------------------------------------------------------------------


def _matrix(
    request: HttpRequest,
    actor: Scope,
    *,
    refusal: ValidationError | None = None,
    ticked: frozenset[Grant] | None = None,
) -> HttpResponse:
    words, only_held = request.GET.get("q", "").strip()[:80], "held" in request.GET
    restricted = restricted_here(actor)
    page = _page(request, words, restricted if only_held else None, actor)
    context: dict[str, object] = {
        "title": _("What the central may not do at %(location)s") % {"location": actor.location},
        "rights": [(right.value, right.label) for right in Right],
        "rows": _rows(page.object_list, restricted, access.granted_at(actor.location), ticked),
        "page": page,
        "count": _count_sentence(page),
        "is_paged": page.paginator.num_pages > 1 or bool(words) or only_held,
        "q": words,
        "only_held": only_held,
        "is_restricting": True,
        "errors": refusal.messages if refusal else [],
        "back": reverse("admin:mcp_restriction_changelist"),
        "is_fullwidth": "1",
    }
    return show(request, "mcp/matrix.html", context, status=400 if refusal else 200)


def _page(request: HttpRequest, words: str, restricted: frozenset[Taken] | None, actor: Scope) -> Page[UserGroup]:
    groups = groups_of_central(actor)
    if words:
        groups = groups.filter(name__icontains=words)
    if restricted is not None:
        groups = groups.filter(pk__in={group for _right, group in restricted})
    return Paginator(groups, PAGE_SIZE).get_page(request.GET.get("p"))


def _count_sentence(page: Page[UserGroup]) -> str:
    total = page.paginator.count
    if page.paginator.num_pages == 1:
        return ngettext("%(count)s user group", "%(count)s user groups", total) % {"count": total}
    return _("User groups %(first)s to %(last)s of %(count)s") % {
        "first": page.start_index(),
        "last": page.end_index(),
        "count": total,
    }


def _rows(
    groups: Iterable[UserGroup],
    restricted: frozenset[Taken],
    granted: frozenset[Taken],
    ticked: frozenset[Grant] | None,
) -> Iterator[Row]:
    """`granted` is what the groups hold here if it is not restricted; `ticked` shows a refused form again as sent."""
    for group in groups:
        cells = [_cell(right, group, restricted, granted, ticked) for right in Right]
        state = bits(right for right in Right if (right, group.pk) in restricted)
        yield Row(str(group.pk), state, group.pk, group.name, "", None, group.name.lower(), cells)


def _cell(
    right: Right,
    group: UserGroup,
    restricted: frozenset[Taken],
    granted: frozenset[Taken],
    ticked: frozenset[Grant] | None,
) -> Cell:
    is_held = (right, group.pk) in granted
    hint = _("%(group)s holds this right here.") if is_held else _("%(group)s does not hold this right here.")
    return Cell(
        name=f"{right.value}@{group.pk}",
        right=right.value,
        is_ticked=(right, group.pk) in (restricted if ticked is None else ticked),
        is_locked=False,
        is_general=is_held,
        is_restricted=False,
        hint=hint % {"group": group},
    )


def _ticked(request: HttpRequest) -> frozenset[Grant] | None:
    try:
        return read_cells(request.POST.getlist("cell"))
    except ValidationError:
        return None


def _address() -> str:
    return reverse("admin:mcp_restriction_matrix")
