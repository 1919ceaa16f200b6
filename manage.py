#!/usr/bin/env python3
"""Run a command of Stammhaus: `manage.py COMMAND`.

Without DATABASE_URL the embedded PostgreSQL is started, or joined where it runs already.
"""

import os
import sys

from django.core.management import execute_from_command_line

from launch.environment import prepare

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcp.settings")
    prepare()
    execute_from_command_line(sys.argv)
