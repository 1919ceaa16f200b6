"""What exists: businesses, their places, and the sets of customers they own.

    Organization ─┬─< Location >─┐          an account number        │ one business
                  ├─< CustomerBase <┘       a client number in it    │ one place, one tenant
                  │                         a base                   │ one set of customers, one number range space
                  └─< LegacySwitch          what support has decided about a rule of the base 1.0

An organization has exactly one shared base, which a trigger makes together with it. Its locations work on that base.
Only a branch may work on an offline base instead; there is one for each branch number.

`places`: the first three. `legacy`: the last.
"""

from locations.models.legacy import LegacySwitch
from locations.models.places import (
    CENTRAL_CLIENT_NUMBER,
    HIGHEST_ACCOUNT_NUMBER,
    HIGHEST_CLIENT_NUMBER,
    HIGHEST_CUSTOMER_NUMBER,
    LOWEST_CUSTOMER_NUMBER,
    CustomerBase,
    Location,
    Organization,
)

__all__ = [
    "CENTRAL_CLIENT_NUMBER",
    "HIGHEST_ACCOUNT_NUMBER",
    "HIGHEST_CLIENT_NUMBER",
    "HIGHEST_CUSTOMER_NUMBER",
    "LOWEST_CUSTOMER_NUMBER",
    "CustomerBase",
    "LegacySwitch",
    "Location",
    "Organization",
]
