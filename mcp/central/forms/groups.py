"""The form of a user group."""

from mcp.console.operation_forms import OperationForm
from mcp.models import UserGroup


class UserGroupForm(OperationForm):
    """Name and description of a user group."""

    refused_fields = {"usergroup_name_unique": "name"}
    tells_what_was_seen = True

    class Meta:
        model = UserGroup
        fields = ["name", "description"]
