"""What the list of conflicts is narrowed by."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from clearing.choices import CONFLICT_KINDS
from clearing.conflicts.finding import ALL, DECIDED, OPEN, Wanted, deciders, runs
from clearing.models import Cycle
from mcp.isolation.scope import Scope

LONGEST = 100


class FilterForm(forms.Form):
    """Filters in the address of the list; what fits none of them is left out."""

    q = forms.CharField(label=gettext_lazy("Name or number"), required=False, max_length=LONGEST)
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[(OPEN, gettext_lazy("Open")), (DECIDED, gettext_lazy("Decided")), (ALL, gettext_lazy("All"))],
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    run = forms.UUIDField(label=pgettext_lazy("reconciliation", "Run"), required=False, widget=forms.Select)
    since = forms.DateField(
        label=gettext_lazy("Since"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    by = forms.ChoiceField(label=gettext_lazy("Decided by"), required=False)

    def __init__(self, data: QueryDict, *, actor: Scope) -> None:
        super().__init__({"state": OPEN, **{name: value for name, value in data.items() if value}})
        offered: Any = self.fields
        offered["kind"].choices = [("", _("All kinds")), *CONFLICT_KINDS]
        offered["run"].widget.choices = [("", _("All runs")), *((run.pk, run_name(run)) for run in runs(actor.base))]
        offered["by"].choices = [("", _("Anybody")), *((name, name) for name in deciders(actor.base))]

    def wanted(self) -> Wanted:
        """What is asked for. A value that is none is not asked for."""
        self.is_valid()
        values = self.cleaned_data
        return Wanted(
            state=values.get("state") or OPEN, kind=values.get("kind") or "", run=values.get("run"),
            since=values.get("since"), decided_by=values.get("by") or "", words=(values.get("q") or "").strip(),
        )  # fmt: skip


def run_name(run: Cycle) -> str:
    """A run in words: its number, and the device."""
    return _("Run %(number)s of %(node)s") % {"number": run.number, "node": run.node}
