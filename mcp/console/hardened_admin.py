"""The ModelAdmin under all others, with everything switched off by which Django's would show rows or fields of others.

Both sites accept nothing else (see mcp.console.site). A page declares what it needs; what it does not declare does not
exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from django.contrib.admin import ActionLocation, ListFilter, ShowFacets
from django.contrib.admin.options import InlineModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Field as ModelField
from django.db.models import Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.db.models.options import Options
from django.forms import BaseFormSet, Field, ModelChoiceField, ModelForm
from django.forms.models import ModelChoiceIterator
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext
from unfold.admin import ModelAdmin as UnfoldModelAdmin

from locations.text import LazyText
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
"""Options that would show rows besides those of `rows` and `related_rows`; they must not be set."""


class ReadAtOnce(ModelChoiceIterator):
    """The choices of a field, read by one statement.

    Django's own opens a cursor on the server, reads from it and closes it.
    """

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        yield from map(self.choice, self.queryset)


@guarded(view_on_site=True, show_facets=ShowFacets.ALLOW, list_max_show_all=10_000, show_full_result_count=True)
class ClosedModelAdmin[Row: Model](UnfoldModelAdmin):
    """The base of every page of a model (`Row`), at a location and outside."""

    list_parameters: ClassVar[frozenset[str]] = frozenset()
    """Parameters that the address of the list may have, besides search, sorting, page and filters."""

    view_on_site = False
    show_facets = ShowFacets.NEVER
    show_full_result_count = False
    list_max_show_all = 0
    list_per_page = 50
    compressed_fields = True

    def get_urls(self) -> list[URLPattern]:
        """Without the old address without a name, which redirects anybody to the page of a row."""
        return [url for url in super().get_urls() if url.name]

    @guard(off=yes)
    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only the filters of the list.

        Any other lookup, such as `?iban__startswith=`, would let fields be guessed letter by letter.
        """
        return lookup in self.list_parameters or lookup in {
            _parameter(entry) for entry in self.get_list_filter(request)
        }

    @guard(off=yes)
    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Only the primary key."""
        return to_field == self.opts.pk.attname

    @guard()
    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str]:
        """Empty: values from the address, such as `?customer_group=7`, would ask for rows by their key."""
        return {}

    @guard()
    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Options[Row], object_id: str
    ) -> HttpResponse:
        """The same page, to the byte, for what does not exist and for what is somebody else's."""
        raise Http404

    @guard()
    def formfield_for_dbfield(self, db_field: ModelField, request: HttpRequest, **kwargs: Any) -> Field | None:
        """Without the links to pages of the rows that a field offers: they would be popups, which do not exist."""
        field: Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        for link in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if field is not None and hasattr(field.widget, link):
                setattr(field.widget, link, False)
        if isinstance(field, ModelChoiceField):
            field.iterator = ReadAtOnce
        return field

    @guard()
    def get_inline_instances(self, request: HttpRequest, obj: Row | None = None) -> list[InlineModelAdmin[Model, Row]]:
        """None: rows of other models have pages of their own."""
        return []

    def row_or_404(self, request: HttpRequest, object_id: str) -> Row:
        """The row with this key, if it exists for the request. Raises Http404."""
        row: Row | None = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return row

    # --- saving and deleting --------------------------------------------------------------------------------

    def saved_rows(self, request: HttpRequest) -> QuerySet[Row]:
        """The rows among which a row must be found again after it was saved."""
        return self.get_queryset(request)

    @guard()
    def save_related(
        self, request: HttpRequest, form: ModelForm[Row], formsets: list[BaseFormSet], change: bool
    ) -> None:
        """Checks after saving, in the same transaction, that the row is within reach.

        Raises PermissionDenied if not, which undoes it.
        """
        super().save_related(request, form, formsets, change)
        if not self.saved_rows(request).filter(pk=form.instance.pk).exists():
            raise PermissionDenied

    @guard()
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Row]) -> None:
        """Rows are never deleted several at once."""
        raise PermissionDenied

    # --- actions --------------------------------------------------------------------------------------------

    @guard()
    def get_actions(
        self, request: HttpRequest, action_location: ActionLocation = ActionLocation.CHANGE_LIST
    ) -> dict[str, Any]:
        """Without the action that deletes several rows."""
        actions: dict[str, Any] = super().get_actions(request, action_location)
        actions.pop("delete_selected", None)
        return actions

    def get_action_choices(
        self,
        request: HttpRequest,
        default_choices: list[tuple[str, LazyText]] | None = None,
        action_location: ActionLocation = ActionLocation.CHANGE_LIST,
    ) -> list[tuple[str, LazyText]]:
        """As Django's own; unfold's does not know on which page the actions are."""
        first = default_choices or [("", gettext("Choose an action"))]
        return super(UnfoldModelAdmin, self).get_action_choices(request, first, action_location)

    @guard()
    def response_action(
        self,
        request: HttpRequest,
        queryset: QuerySet[Row],
        action_location: ActionLocation = ActionLocation.CHANGE_LIST,
    ) -> HttpResponse | None:
        """Only for ticked rows: "all" would include rows that the user has not seen."""
        posted = request.POST.copy()
        posted["select_across"] = "0"
        request.POST = posted  # type: ignore[assignment]  # a QueryDict like the one it replaces
        return super().response_action(request, queryset, action_location)

    # --- what Django would keep beside the history ----------------------------------------------------------

    @guard()
    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Http404: Django's log is not written. Models with a history have a page of their own."""
        raise Http404

    @guard()
    def log_addition(self, request: HttpRequest, obj: Row, message: object) -> None:
        """Does nothing: the database keeps the history, and Django's log would copy names out of their scope."""

    @guard()
    def log_change(self, request: HttpRequest, obj: Row, message: object) -> None:
        """Does nothing, as `log_addition`."""

    @guard()
    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Row]) -> None:
        """Does nothing, as `log_addition`."""


def ways_left_open(admin_class: type[ClosedModelAdmin], model: type[Model]) -> Iterator[str]:
    """A sentence for each thing that a page declares, or fails to declare, and that would show rows of others."""
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


def _parameter(entry: str | type[ListFilter]) -> str:
    """The name of a filter's parameter in the address. A filter is the name of a field, or a class of ours."""
    return f"{entry}__exact" if isinstance(entry, str) else str(getattr(entry, "parameter_name"))  # noqa: B009
