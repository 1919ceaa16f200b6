"""Customer groups and tags that a file names: found in the base, or created where the actor may."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, CustomerGroup, Tag
from customers.operations import save_customer_group, save_tag
from locations.permissions import Right
from mcp.scope import Scope


class Words:
    """The groups and tags of a scope's base during one import. Two queries; new ones are written by `create`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        groups = CustomerGroup.objects.in_base(scope.base)
        self._groups = {group.name.casefold(): group for group in groups}
        self._by_id = {group.pk: group for group in self._groups.values()}
        self._tags = set(Tag.objects.in_base(scope.base).values_list("name", flat=True))

    def attach(self, customer: Customer) -> None:
        """Give a loaded customer its group without a query."""
        if customer.customer_group_id is not None:
            customer.customer_group = self._by_id[customer.customer_group_id]

    def group(self, name: str) -> CustomerGroup:
        """The group of this name, in any case; a new one is not saved yet. Raises ValidationError."""
        if found := self._groups.get(name.casefold()):
            return found
        if not self._scope.allows(Right.MANAGE_CUSTOMER_GROUPS):
            message = _(
                "There is no customer group “%(name)s”, and you lack the right “%(right)s” to create it. "
                "Have somebody create it first."
            )
            raise _refusal("unknown_customer_group", message, name)
        group = CustomerGroup(base=self._scope.base, name=name)
        group.clean_fields()
        return self._groups.setdefault(name.casefold(), group)

    def demand_tags(self, names: Iterable[str]) -> None:
        """Raise ValidationError for a tag that is not in the base's list and may not be added."""
        unknown = [name for name in names if name not in self._tags]
        if unknown and not self._scope.allows(Right.MANAGE_CUSTOMER_GROUPS):
            message = _(
                "There is no tag “%(name)s”, and you lack the right “%(right)s” to create it. "
                "Have somebody create it first."
            )
            raise _refusal("unknown_tag", message, unknown[0])
        for name in unknown:
            Tag(base=self._scope.base, name=name).clean_fields()

    def create(self, customers: Iterable[Customer]) -> None:
        """Save the new groups and tags that these customers use."""
        for customer in customers:
            group = customer.customer_group
            if group is not None:
                if group.pk is None:
                    save_customer_group(group=group, actor=self._scope)
                customer.customer_group = group  # takes over the id that saving gave it
            for name in set(customer.tags) - self._tags:
                save_tag(tag=Tag(name=name), actor=self._scope)
                self._tags.add(name)


def _refusal(code: str, message: object, name: str) -> ValidationError:
    return ValidationError(message, code=code, params={"name": name, "right": Right.MANAGE_CUSTOMER_GROUPS.label})  # type: ignore[arg-type]
