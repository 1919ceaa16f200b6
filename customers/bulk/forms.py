"""What is asked of whoever wants to change many customers at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from customers import formats
from customers.bulk.changing import Wish
from customers.choices import BulkKind
from customers.models import CustomerGroup, Tag
from mcp.isolation.scope import Scope

NO_GROUP = "none"


class WishForm(forms.Form):
    """The group, the tag or the reason, by the kind; offered is only what exists in the scope's base."""

    group = forms.ChoiceField(label=_("customer group"))
    tag = forms.ModelChoiceField(Tag.objects.none(), label=_("tag"), empty_label=_("Choose a tag"))
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, data: QueryDict | None, *, kind: BulkKind, scope: Scope) -> None:
        super().__init__(data)
        self.kind = kind
        self.groups = CustomerGroup.objects.in_base(scope.base)
        names = [(str(pk), name) for pk, name in self.groups.values_list("pk", "name")]
        offered: Any = self.fields["group"]
        offered.choices = [("", _("Choose a customer group")), *names, (NO_GROUP, _("no customer group"))]
        tags: Any = self.fields["tag"]
        tags.queryset = Tag.objects.in_base(scope.base)
        asked = {BulkKind.GROUP: "group", BulkKind.ADD_TAG: "tag", BulkKind.REMOVE_TAG: "tag"}
        asked[BulkKind.ARCHIVE] = "reason"
        for name in {"group", "tag", "reason"} - {asked.get(kind)}:
            del self.fields[name]

    def clean_reason(self) -> str:
        reason = formats.without_invisible(self.cleaned_data["reason"]).strip()
        if not reason:
            sentence = _("Say why: the reason is shown wherever the archived customer is.")
            raise ValidationError(sentence, code="no_reason")
        return reason

    def wish(self) -> Wish:
        chosen = self.cleaned_data.get("group") or NO_GROUP
        group = None if chosen == NO_GROUP else self.groups.get(pk=chosen)
        values = self.cleaned_data
        return Wish(kind=self.kind, group=group, tag=values.get("tag"), reason=values.get("reason", ""))
