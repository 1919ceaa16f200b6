"""The pages of customer groups, tags and purposes of consents."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import capfirst
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from customers.consents.forms import ConsentPurposeForm
from customers.consents.operations import save_purpose
from customers.console.base import CustomersAdmin
from customers.forms import CustomerGroupForm, TagForm
from customers.models import ConsentPurpose, CustomerGroup, Tag
from customers.operations import save_customer_group, save_tag
from customers.querysets import MOST_MEMBERS, ConsentPurposeQuerySet, CustomerGroupQuerySet, TagQuerySet
from customers.removal import delete_customer_group, delete_tag, use_of_customer_group, use_of_tag
from locations.permissions import Right
from mcp.central.operations import demand_everywhere, holds_everywhere
from mcp.console.linked_messages import link, said
from mcp.console.operation_forms import OperationForm
from mcp.console.site import console, scope_of
from mcp.isolation.guards import guard
from mcp.isolation.scope import Scope


class VocabularyAdmin(CustomersAdmin):
    """Base of the pages of short lists from which customers are given something: groups, tags, purposes."""

    rights = {
        "view": Right.VIEW_CUSTOMERS,
        "add": Right.MANAGE_CUSTOMER_GROUPS,
        "change": Right.MANAGE_CUSTOMER_GROUPS,
        "delete": Right.MANAGE_CUSTOMER_GROUPS,
    }
    change_form_template = "mcp/change_form.html"
    actions = None
    ordering = ("name",)
    search_fields: ClassVar[tuple[str, ...]] = ("name",)

    def remove(self, row: Any, actor: Scope) -> None:
        """Delete the row by its operation, which the page of each model names.

        Asked by `delete_view` alone: pages that declare no right to delete never come here.
        """
        raise NotImplementedError(f"{type(self).__name__} removes nothing")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self.leave(request, _text("%(row)s is saved."), obj)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self.leave(request, _text("%(row)s is saved."), obj)

    def use_of(self, row: Any, scope: Scope) -> ValidationError | None:
        """Why the row cannot be deleted now, as `remove` would refuse it; None where it can.

        Asked by `delete_view` alone, as `remove` is.
        """
        raise NotImplementedError(f"{type(self).__name__} removes nothing")

    @guard()
    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Ask, then delete; what is in use stays, and the page says beforehand who uses it."""
        self.demand(request, "delete")
        self.demand(request, "view")
        row, scope = self.row_or_404(request, object_id), scope_of(request)
        if request.method != "POST":
            return self._ask(request, row, self.use_of(row, scope))
        try:
            self.remove(row, scope)
        except ValidationError as refusal:
            return self._ask(request, row, refusal, status=400)
        messages.success(request, _text("%(row)s is deleted.") % {"row": row})
        return HttpResponseRedirect(self.address("changelist"))

    def _ask(
        self, request: HttpRequest, row: Any, refusal: ValidationError | None, *, status: int = 200
    ) -> HttpResponse:
        """The page that asks whether the row shall be deleted, or says why it cannot be."""
        context = {
            "title": _text("Delete “%(row)s”?") % {"row": row},
            "row": row,
            "refusals": refusal.messages if refusal else (),
            "back": self.address("change", row.pk),
        }
        return self.show(request, "customers/delete.html", context, status=status)


@admin.register(CustomerGroup, site=console)
class CustomerGroupAdmin(VocabularyAdmin):
    menu_icon: ClassVar[str] = "sell"
    menu_order: ClassVar[int] = 40
    form = CustomerGroupForm
    list_display = ("name", "price_level", "discount", "members")

    def remove(self, row: CustomerGroup, actor: Scope) -> None:
        delete_customer_group(group=row, actor=actor)

    def use_of(self, row: CustomerGroup, scope: Scope) -> ValidationError | None:
        return use_of_customer_group(row, scope)

    def rows(self, scope: Scope) -> CustomerGroupQuerySet:
        return CustomerGroup.objects.in_base(scope.base).with_members()

    @admin.display(description=_("customers"))
    def members(self, group: Any) -> str:
        if group.members > MOST_MEMBERS:
            return _text("more than %(count)s") % {"count": MOST_MEMBERS}
        return str(group.members)

    def save_model(self, request: HttpRequest, obj: CustomerGroup, form: OperationForm, change: bool) -> None:
        save_customer_group(group=obj, changed=form.changed_fields() if change else None, actor=scope_of(request))


@admin.register(Tag, site=console)
class TagAdmin(VocabularyAdmin):
    menu_icon: ClassVar[str] = "label"
    menu_order: ClassVar[int] = 50
    form = TagForm
    list_display = ("name",)

    def remove(self, row: Tag, actor: Scope) -> None:
        delete_tag(tag=row, actor=actor)

    def use_of(self, row: Tag, scope: Scope) -> ValidationError | None:
        return use_of_tag(row, scope)

    def rows(self, scope: Scope) -> TagQuerySet:
        return Tag.objects.in_base(scope.base)

    def save_model(self, request: HttpRequest, obj: Tag, form: OperationForm, change: bool) -> None:
        obj.pk = save_tag(tag=obj, actor=scope_of(request)).pk

    def response_change(self, request: HttpRequest, obj: Tag) -> HttpResponse:
        """Redirect to the list, since a renamed tag is a new row with another id."""
        messages.success(request, said(_text("%(row)s is saved."), row=link(obj, self.address("change", obj.pk))))
        return HttpResponseRedirect(self.address("changelist"))


@admin.register(ConsentPurpose, site=console)
class ConsentPurposeAdmin(VocabularyAdmin):
    """The purposes for which the business asks. None is deleted; one that is not asked for any more is inactive."""

    rights = {
        "view": Right.VIEW_CUSTOMERS,
        "add": Right.MANAGE_CUSTOMER_GROUPS,
        "change": Right.MANAGE_CUSTOMER_GROUPS,
    }
    menu_icon: ClassVar[str] = "verified_user"
    menu_order: ClassVar[int] = 60
    form = ConsentPurposeForm
    list_display = ("titled", "code", "wording_version", "holds_for_receiver", "is_active")
    search_fields: ClassVar[tuple[str, ...]] = ("name", "code")
    ordering = ("id",)

    def rows(self, scope: Scope) -> ConsentPurposeQuerySet:
        return ConsentPurpose.objects.of_organization(scope.organization)

    @guard()
    def allows(self, request: HttpRequest, action: str) -> bool:
        """Purposes are those of the whole business: whoever changes them has the right at all its locations."""
        is_allowed = super().allows(request, action)
        return is_allowed and (action == "view" or holds_everywhere(scope_of(request), self.rights[action]))

    @guard()
    def demand(self, request: HttpRequest, action: str) -> None:
        super().demand(request, action)
        if action != "view":
            demand_everywhere(scope_of(request), self.rights[action])

    @admin.display(description=_("name"))
    def titled(self, purpose: ConsentPurpose) -> str:
        return str(purpose)

    @guard()
    def get_readonly_fields(self, request: HttpRequest, obj: ConsentPurpose | None = None) -> tuple[str, ...]:
        return ("code",) if obj else ()

    def save_model(self, request: HttpRequest, obj: ConsentPurpose, form: OperationForm, change: bool) -> None:
        save_purpose(purpose=obj, changed=form.changed_fields() if change else None, actor=scope_of(request))
