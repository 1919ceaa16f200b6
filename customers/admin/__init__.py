"""The pages of the customer master. Importing this package registers them (Django's autodiscovery)."""

from customers.admin import customers, groups, menu

__all__ = ["customers", "groups", "menu"]
