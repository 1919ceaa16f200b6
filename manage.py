#!/usr/bin/env python3
"""Run a command of Stammhaus: `manage.py COMMAND`.

Without DATABASE_URL the embedded PostgreSQL is started, or joined where it runs already.
"""

import os
import sys

from django.core.management import execute_from_command_line

from launch.environment import keep_log_quiet, prepare

OWNER_COMMANDS = {"migrate", "upgrade"}
"""What needs the role that owns the tables. Everything else logs in as the role that row security binds."""

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcp.project.settings")
    keep_log_quiet(sys.argv[1:])
    prepare()
    os.environ["AS_OWNER"] = "1" if OWNER_COMMANDS.intersection(sys.argv[1:2]) else "0"
    execute_from_command_line(sys.argv)
