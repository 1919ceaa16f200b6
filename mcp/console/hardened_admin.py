"""A ModelAdmin with every way closed by which Django's own would let rows or fields of others through.

Both sites accept nothing else (see mcp.console.site). What a page needs it declares; what is not declared is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from django.contrib.admin import ActionLocation, ShowFacets
from django.contrib.admin.options import InlineModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.forms import Field, ModelChoiceField
from django.forms.models import ModelChoiceIterator
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext
from unfold.admin import ModelAdmin as UnfoldModelAdmin

from mcp.console.operation_forms import OperationForm
from mcp.isolation.guards import guard, guarded, yes

LEFT_EMPTY = (
    "inlines",
    "raw_id_fields",
    "autocomplete_fields",
    "list_editable",
    "date_hierarchy",
    "change_form_datasets",
)
"""Options that would bring in rows by other ways than `rows` and `related_rows`."""


class ReadAtOnce(ModelChoiceIterator):
    """The rows that a field offers, by one statement: Django opens, reads and closes a cursor for them."""

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        yield from map(self.choice, self.queryset)


@guarded(view_on_site=True, show_facets=ShowFacets.ALLOW, list_max_show_all=10_000, show_full_result_count=True)
class ClosedModelAdmin(UnfoldModelAdmin):
    """The base of every page of a model, at a location and outside."""

    list_parameters: ClassVar[frozenset[str]] = frozenset()
    """What the address of the list may carry besides search, sorting, page and the filters."""

    view_on_site = False
    show_facets = ShowFacets.NEVER
    show_full_result_count = False
    list_max_show_all = 0
    list_per_page = 50
    compressed_fields = True

    def get_urls(self) -> list[Any]:
        """Without the nameless address of old, which leads on whoever asks."""
        return [url for url in super().get_urls() if url.name]

    @guard(off=yes)
    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only the filters of the list: any other `?iban__startswith=` would read fields letter by letter."""
        return lookup in self.list_parameters or lookup in {
            _parameter(entry) for entry in self.get_list_filter(request)
        }

    @guard(off=yes)
    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return to_field == self.opts.pk.attname

    @guard()
    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str]:
        """Nothing from the address: `?customer_group=7` would ask for rows by their id."""
        return {}

    @guard()
    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """The same page, to the byte, for what does not exist and for what is somebody else's."""
        raise Http404

    @guard()
    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Field | None:
        """Without links to the pages of the rows that a field offers: they open as popups, and there are none."""
        field: Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        for link in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if field is not None and hasattr(field.widget, link):
                setattr(field.widget, link, False)
        if isinstance(field, ModelChoiceField):
            field.iterator = ReadAtOnce
        return field

    @guard()
    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[InlineModelAdmin[Any, Any]]:
        return []

    def row_or_404(self, request: HttpRequest, object_id: str) -> Any:
        """The row of this id that exists for whoever asks. Raises Http404."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return row

    # --- saving and deleting --------------------------------------------------------------------------------

    def saved_rows(self, request: HttpRequest) -> QuerySet[Any]:
        """Where a row has to be found again after it was saved."""
        return self.get_queryset(request)

    @guard()
    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Asks again behind the save, in its transaction: what was saved out of reach is undone."""
        super().save_related(request, form, formsets, change)
        if not self.saved_rows(request).filter(pk=form.instance.pk).exists():
            raise PermissionDenied

    @guard()
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Nothing is deleted by the handful."""
        raise PermissionDenied

    # --- actions --------------------------------------------------------------------------------------------

    @guard()
    def get_actions(self, request: HttpRequest, action_location: Any = ActionLocation.CHANGE_LIST) -> Any:
        actions = super().get_actions(request, action_location)
        actions.pop("delete_selected", None)
        return actions

    def get_action_choices(
        self,
        request: HttpRequest,
        default_choices: list[tuple[str, Any]] | None = None,
        action_location: Any = ActionLocation.CHANGE_LIST,
    ) -> Any:
        """Django's own: that of the admin look does not know on which page the actions stand."""
        first = default_choices or [("", gettext("Choose an action"))]
        return super(UnfoldModelAdmin, self).get_action_choices(request, first, action_location)

    @guard()
    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], action_location: Any = ActionLocation.CHANGE_LIST
    ) -> Any:
        """On what was ticked only: "all" would reach rows that nobody has looked at."""
        posted = request.POST.copy()
        posted["select_across"] = "0"
        request.POST = posted  # type: ignore[assignment]  # a QueryDict like the one it replaces
        return super().response_action(request, queryset, action_location)

    # --- what Django would keep beside the history ----------------------------------------------------------

    @guard()
    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's own log is not kept: it repeats names across locations. Models with a history have a page."""
        raise Http404

    @guard()
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Nothing: the database keeps the history, and Django's log would copy names out of their scope."""

    @guard()
    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Nothing, as above."""

    @guard()
    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Nothing, as above."""


def ways_left_open(admin_class: type[ClosedModelAdmin], model: type[Model]) -> Iterator[str]:
    """What a page declares, or fails to declare, that would let rows of others through; nothing for a safe one."""
    for option in LEFT_EMPTY:
        if getattr(admin_class, option, None):
            yield f"{option} must be left empty"
    for entry in (entry for entry in admin_class.list_filter if isinstance(entry, str)):
        if LOOKUP_SEP in entry or model._meta.get_field(entry).is_relation:
            yield f"the filter {entry} offers rows by itself: write one that names them (mcp.console.filters)"
    for name in _relations(admin_class.search_fields):
        if name not in getattr(admin_class, "related_rows", {}):
            yield f"the search goes over {name}, of which related_rows says nothing"
    if not issubclass(admin_class.form, OperationForm):
        yield "its form is no OperationForm"


def _relations(names: Iterable[str]) -> Iterator[str]:
    return (name.split(LOOKUP_SEP)[0] for name in names if LOOKUP_SEP in name)


def _parameter(entry: Any) -> str:
    """The one parameter of a filter of the list, which is a field's name or a class of ours."""
    return f"{entry}__exact" if isinstance(entry, str) else str(entry.parameter_name)
