"""The pages of the central administration. Importing this package registers them (Django's autodiscovery)."""

from mcp.central.admin import businesses, groups, locations, restrictions, users, why

__all__ = ["businesses", "groups", "locations", "restrictions", "users", "why"]
