"""Who is served at which address of the rights of persons (see mcp/isolation/addresses.py)."""

from locations.permissions import Right
from mcp.isolation.addresses import Rights, Rule, Zone, register

PROTECT: Rights = (Right.VIEW_CUSTOMERS, Right.PROTECT_DATA)

register(
    Zone.LOCATION,
    Rule("admin:privacy_person", reads=PROTECT, changes=PROTECT),
    Rule("admin:privacy_person_download", changes=PROTECT),
)
