"""Who is served at which address of the API's pages (see mcp/isolation/addresses.py).

The addresses of tills are none of people's: api/door.py serves them before anybody is asked who he is.
"""

from api.page import RIGHT
from mcp.isolation.addresses import Rule, Zone, register

register(
    Zone.LOCATION,
    Rule("api_page", reads=(RIGHT,)),
    Rule("api_description", reads=(RIGHT,)),
    *(Rule(f"api_webhook_{page}", reads=(RIGHT,), changes=(RIGHT,)) for page in ("new", "end", "retry")),
)
