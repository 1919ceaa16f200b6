"""What gunicorn serves: `gunicorn mcp.project.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcp.project.settings")
_django = get_wsgi_application()

from django.db import connection  # noqa: E402 - needs Django set up

from mcp.isolation import database_roles  # noqa: E402 - as above
from mcp.project import request_bodies  # noqa: E402 - as above

application = request_bodies.whole_bodies(_django)

database_roles.demand_web_role()
connection.close()  # the processes that serve open connections of their own
