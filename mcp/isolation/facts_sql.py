"""The query for the grants and restrictions of a user at a location; only access.py runs it.

It is written in SQL because every request runs it: building three querysets takes longer than the query itself.
"""

_GRANTED = """
    SELECT '{source}', held.group_id, groups.name, permission.codename FROM {table} AS held
    JOIN mcp_membership AS member ON member.group_id = held.group_id AND member.user_id = %(user)s
    JOIN mcp_usergroup AS groups ON groups.id = held.group_id
    JOIN auth_permission AS permission ON permission.id = held.permission_id
    WHERE held.content_object_id = %({source})s
"""
_RESTRICTED = """
    SELECT 'restriction', held.group_id, groups.name, held."right" FROM mcp_restriction AS held
    JOIN mcp_membership AS member ON member.group_id = held.group_id AND member.user_id = %(user)s
    JOIN mcp_usergroup AS groups ON groups.id = held.group_id
    WHERE held.location_id = %(location)s
"""
FACTS = " UNION ALL ".join(
    (
        _GRANTED.format(source="location", table="mcp_locationgrant"),
        _GRANTED.format(source="organization", table="mcp_organizationgrant"),
        _RESTRICTED,
    )
)
"""Rows of (source, group, its name, right). Takes `user`, `location` and `organization`."""
