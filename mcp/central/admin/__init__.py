"""The pages of the central administration. Django's autodiscovery imports this package, which registers them."""

from mcp.central.admin import businesses, groups, locations, restrictions, users, why

__all__ = ["businesses", "groups", "locations", "restrictions", "users", "why"]
