"""The pages of the central administration. Django's autodiscovery imports this package, which registers them."""

from mcp.central.admin import businesses, devices, groups, locations, restrictions, users, why

__all__ = ["businesses", "devices", "groups", "locations", "restrictions", "users", "why"]
