"""The operations of the central administration.

Each checks the right itself and runs in one transaction. `actor` is the scope of the acting user.
"""

from mcp.central.operations.copying import copy_rights, create_group_like, preview_copy
from mcp.central.operations.grants import (
    CannotGrant,
    GrantChange,
    GrantsChanged,
    LastUserManager,
    NotOfBusiness,
    OwnPromotion,
    change_grants,
    preview_grants,
)
from mcp.central.operations.groups import (
    create_user_group,
    delete_user_group,
    demand_group,
    devices_of,
    manageable_groups,
    may_manage_group,
    rename_user_group,
    visible_groups,
)
from mcp.central.operations.leaving import leave_only_looking, let_people_go
from mcp.central.operations.legacy import switch_legacy_rule
from mcp.central.operations.moving_in import let_people_in
from mcp.central.operations.passwords import (
    LinkUsedUp,
    NoAddress,
    address_of,
    can_be_mailed,
    choose_password,
    first_link_of,
    issue_link,
    make_link,
    open_link,
    request_link,
)
from mcp.central.operations.places import (
    change_location,
    choose_edit_side,
    close_location,
    create_local_administrator,
    demand_all_locations,
    manages_all_locations,
    may_open_offline,
    open_branch,
    open_business,
    reopen_location,
    visible_locations,
)
from mcp.central.operations.reopening import take_up_business
from mcp.central.operations.restricting import RestrictionsChanged, change_restrictions, preview_restrictions
from mcp.central.operations.restrictions import demand_own_house, restrict, unrestrict
from mcp.central.operations.users import (
    AddressIsTheirs,
    TooPowerful,
    change_user,
    create_provider_user,
    create_user,
    set_memberships,
    visible_users,
)
from mcp.isolation.holdings import acts_for_all, demand_everywhere, holdings_of, holds_everywhere

__all__ = [
    "AddressIsTheirs",
    "CannotGrant",
    "GrantChange",
    "GrantsChanged",
    "LastUserManager",
    "LinkUsedUp",
    "NoAddress",
    "NotOfBusiness",
    "OwnPromotion",
    "RestrictionsChanged",
    "TooPowerful",
    "acts_for_all",
    "address_of",
    "can_be_mailed",
    "change_grants",
    "change_location",
    "change_restrictions",
    "change_user",
    "choose_edit_side",
    "choose_password",
    "close_location",
    "copy_rights",
    "create_group_like",
    "create_local_administrator",
    "create_provider_user",
    "create_user",
    "create_user_group",
    "delete_user_group",
    "demand_all_locations",
    "demand_everywhere",
    "demand_group",
    "demand_own_house",
    "devices_of",
    "first_link_of",
    "holdings_of",
    "holds_everywhere",
    "issue_link",
    "leave_only_looking",
    "let_people_go",
    "let_people_in",
    "make_link",
    "manageable_groups",
    "manages_all_locations",
    "may_manage_group",
    "may_open_offline",
    "open_branch",
    "open_business",
    "open_link",
    "preview_copy",
    "preview_grants",
    "preview_restrictions",
    "rename_user_group",
    "reopen_location",
    "request_link",
    "restrict",
    "set_memberships",
    "switch_legacy_rule",
    "take_up_business",
    "unrestrict",
    "visible_groups",
    "visible_locations",
    "visible_users",
]
