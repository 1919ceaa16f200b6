"""What gunicorn serves: `gunicorn mcp.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcp.settings")
_django = get_wsgi_application()

from django.db import connection  # noqa: E402 - needs Django set up

from mcp import bodies, roles  # noqa: E402 - as above

application = bodies.whole_bodies(_django)

roles.demand_web_role()
connection.close()  # the processes that serve open connections of their own
