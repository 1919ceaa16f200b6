"""The two pages of the stock admin that are measured."""

from mcp.isolation.addresses import FREE, Rule, Served, Zone, register

register(
    Zone.OUTSIDE,
    Rule("stock:stock_stockcustomer_changelist", Served.ANYBODY, reads=FREE),
    Rule("stock:stock_stockcustomer_change", Served.ANYBODY, reads=FREE, changes=FREE),
)
