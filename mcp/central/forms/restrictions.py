"""The form of a restriction."""

from typing import Any

from mcp.console.operation_forms import OperationForm
from mcp.models import Restriction


class RestrictionForm(OperationForm):
    """A restriction: a user group of the central, and the right that it may not use here."""

    refused_fields = {
        "restriction_unique": "right",
        "not_of_the_central": "group",
        "restriction_not_own_group": "group",
    }

    class Meta:
        model = Restriction
        fields = ["group", "right"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.organization, self.instance.location = self.scope.organization, self.scope.location
