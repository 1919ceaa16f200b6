"""The product's settings, with a stock Django admin beside it, on a database of the bench."""

import os

os.environ.setdefault("SECRET_KEY", "only-for-the-bench")
os.environ.setdefault("TOMBSTONE_KEY", "only-for-the-bench-too")

from mcp.project.settings import *  # noqa: F403 - these are the settings

INSTALLED_APPS += ["bench.stock"]  # noqa: F405 - comes with the star above
ROOT_URLCONF = "bench.urls"
ALLOWED_HOSTS = ["testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGGING["root"] = {"level": "ERROR"}  # noqa: F405 - comes with the star above
