"""The settings of the tests: the product's own, on a database server of the tests, with a cheap password hash.

The test database is made as its owner; then all log in as the role that row security binds (see tests/conftest.py).
"""

import atexit
import os

import pgtrigger

from launch import embedded

if os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    os.environ["DATABASE_OWNER_URL"] = os.environ["TEST_DATABASE_OWNER_URL"]
else:
    _server = embedded.join_for_tests()
    atexit.register(_server.close)
    os.environ.update(DATABASE_URL=_server.url, DATABASE_OWNER_URL=_server.owner_url)
os.environ["AS_OWNER"] = "1"
os.environ["SECRET_KEY"] = "only-for-the-tests"
os.environ["TOMBSTONE_KEY"] = "only-for-the-tests-too"

from mcp.project.settings import *  # noqa: F403 - the environment above must stand first; these are the settings

del os.environ["AS_OWNER"]

LANGUAGE_CODE = "en"  # tests read the sentences of the code; German is tested where German is meant
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # one PBKDF2 hash takes 0.3 s
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405 - comes with the star above
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False  # noqa: F405 - comes with the star above
WHITENOISE_AUTOREFRESH = True  # each client of the tests would look through all static files when it is made
if pgtrigger.Row == TRIGGER_LEVEL:  # noqa: F405 - comes with the star above
    DATABASES["default"]["TEST"] = {"NAME": f"row_level_{os.getpid()}"}  # noqa: F405 - beside that of whoever asks for it
