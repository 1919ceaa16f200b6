"""The settings, all in one file. What differs between machines comes from the environment (README.md lists it)."""

from pathlib import Path
from typing import Any

import pghistory
import pgtrigger
from django.utils.csp import CSP

from launch import version
from mcp.project import environment

ROOT = Path(__file__).resolve().parents[2]

VERSION = version.read()
DEBUG = environment.flag("DEBUG", default=False)
SECRET_KEY = environment.text("SECRET_KEY")
# With it is hashed by what a file would name whom somebody has erased for good (customers/tombstones.py). Another key
# forgets all of them, so it is apart from the one above, which may be renewed.
TOMBSTONE_KEY = environment.text("TOMBSTONE_KEY")
# Keys that SECRET_KEY was before: what was signed or hashed by them still holds, such as the tokens of devices.
SECRET_KEY_FALLBACKS = environment.words("SECRET_KEY_FALLBACKS", default="")
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", default="127.0.0.1,localhost,[::1]")
TRUSTED_PROXIES = environment.number("TRUSTED_PROXIES", default=0)
CSRF_FAILURE_VIEW = "mcp.console.errors.forged"
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS", default="")

# --- Applications -----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # the plain config: the default one replaces admin.site, and we have our own
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.forms",  # Django's own widget templates, found beside ours
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "guardian",
    "import_export",
    "pgtrigger",
    "pghistory",
    "locations",
    "mcp",  # before procrastinate: its command asks first whether the database role binds the worker
    "procrastinate.contrib.django",
    "files",
    "customers",
    "clearing",
    "accounting",
    "transitions",
    "ninja",  # for the files of the page on which the API can be tried
    "api",
    "privacy",
]

MIDDLEWARE = [
    "mcp.isolation.refusal_log.RefusalMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "mcp.project.middleware.AddressMiddleware",
    "clearing.central.door.NodeMiddleware",  # requests of nodes know no session and no form
    "mcp.machines.door.DeviceMiddleware",  # nor does a machine that is set up
    "api.door.TillMiddleware",  # nor do tills
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "clearing.branch.middleware.FirstStartMiddleware",
    "mcp.project.middleware.ScopeMiddleware",
]

ROOT_URLCONF = "mcp.project.urls"
WSGI_APPLICATION = "mcp.project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mcp.console.page_context.where_you_are",
            ],
            "libraries": {"form_rows": "mcp.console.form_rows", "money": "accounting.pages.money"},
        },
    },
]
FORM_RENDERER = "mcp.console.form_renderer.FormRenderer"

# --- Database ---------------------------------------------------------------------------------------------

# Web, worker and commands log in as a role that owns nothing, so that row security binds them. Only the command
# `migrate` is the owner (see manage.py).

DATABASES: dict[str, dict[str, Any]] = {"default": environment.database("DATABASE_URL")}
WEB_ROLE = DATABASES["default"]["USER"]
if environment.flag("AS_OWNER", default=False):
    DATABASES["default"] = environment.database("DATABASE_OWNER_URL")
DATABASES["default"].update(ATOMIC_REQUESTS=True, CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)

# How many seconds one statement of a request may take, and may wait for somebody else. The worker has no such limits.

REQUEST_LIMITS = {
    "statement": environment.number("STATEMENT_SECONDS", default=30),
    "lock": environment.number("LOCK_SECONDS", default=5),
}

# How often one device may ask: requests a second in the long run, and how many at once after a pause.

DEVICE_REQUESTS = {
    "a_second": environment.number("DEVICE_REQUESTS_A_SECOND", default=20, least=1),
    "burst": environment.number("DEVICE_REQUESTS_AT_ONCE", default=60, least=1),
}

# On which side of a reconciliation this installation stands: at the central, or at a branch with a base 1.0 of its own.
# `manage.py migrate` tells it to the triggers of the database.

SIDE = environment.one_of("SIDE", ("central", "branch"), default="central")

# At a branch: whether it calls its central by itself, or only when somebody presses the button.

CLEARS_ON_SCHEDULE = environment.flag("CLEARS_ON_SCHEDULE", default=True)

# How much one person may upload in 24 hours: files that are imported, packages that are carried over.

UPLOADS_A_DAY = {
    "files": environment.number("UPLOADS_A_DAY", default=500),
    "megabytes": environment.number("UPLOAD_MEGABYTES_A_DAY", default=4096),
}

# --- History ----------------------------------------------------------------------------------------------
# Triggers over written rows run once for each statement: they see a bulk write or COPY at a tenth of the cost of one
# call for each row. A database that spreads its tables over machines takes row level only, and this is the one setting
# for it. `manage.py migrate` then writes the triggers anew; `manage.py pgtrigger install` is the way back.

TRIGGER_LEVEL = pgtrigger.Row if environment.flag("TRIGGERS_FOR_EACH_ROW", default=False) else pgtrigger.Statement
PGHISTORY_LEVEL = TRIGGER_LEVEL
PGTRIGGER_INSTALL_ON_MIGRATE = pgtrigger.Row == TRIGGER_LEVEL
PGHISTORY_BASE_MODEL = "locations.history.HistoryEvent"
PGHISTORY_OBJ_FIELD = pghistory.ObjForeignKey(related_name="history", db_constraint=False)

# --- The worker -------------------------------------------------------------------------------------------

PROCRASTINATE_IMPORT_PATHS = [  # beside the module `tasks` of each app
    "customers.imports.tasks",
    "customers.exports.tasks",
    "customers.bulk.tasks",
    "transitions.package.tasks",
    "transitions.incoming.tasks",
]

# --- Users and rights -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "mcp.User"
AUTHENTICATION_BACKENDS = ["mcp.login.backends.AccountBackend"]
PASSWORD_HASHERS = ["mcp.login.hashers.PasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "mcp.login.validators.GuessesValidator"},
]
ANONYMOUS_USER_NAME = None  # guardian would create a user row for strangers
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_MONKEY_PATCH_GROUP = False
SILENCED_SYSTEM_CHECKS = [
    "auth.W004",  # user names are unique in their organization; mcp.login.backends takes the account number too
    "mail.W001",  # without MAIL_URL nothing is mailed, and nobody tries (mcp/worker/mailing.py)
    "guardian.W001",  # rights are asked through mcp.isolation.access alone, which also knows restrictions
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"

# --- Mail -------------------------------------------------------------------------------------------------
# Without MAIL_URL nothing is mailed, and links for passwords are shown to whoever makes them.

MAILERS = environment.mailers("MAIL_URL")
DEFAULT_FROM_EMAIL = environment.text("MAIL_FROM", "Stammhaus <stammhaus@localhost>")
PUBLIC_URL = environment.text("PUBLIC_URL", "http://127.0.0.1:8000/")
# How many mails to customers go out a minute, all workers together; 0 is no limit. Many mail servers have one.
MAILS_A_MINUTE = environment.number("MAILS_A_MINUTE", default=0)

# --- Languages --------------------------------------------------------------------------------------------

LANGUAGE_CODE = "de"
LANGUAGES = [("de", "Deutsch"), ("en", "English · 28 Nov 2026"), ("en-gb", "English · 28/11/2026")]
"""Each by a name of its own: who reads English chooses how days look as well (see mcp/dates)."""
LOCALE_PATHS = [ROOT / "locale"]
TIME_ZONE = environment.text("TIME_ZONE", "Europe/Berlin")
USE_TZ = True
FORMAT_MODULE_PATH = ["mcp.dates"]
USE_THOUSAND_SEPARATOR = False

# --- Static files -----------------------------------------------------------------------------------------
# The leading slash keeps them at the root: a relative address would carry the location in front of it.

STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_USE_FINDERS = environment.flag("SERVE_STATIC_FROM_SOURCE", default=True)
STATIC_ROOT = None if WHITENOISE_USE_FINDERS else ROOT / "var" / "static"

# --- Security ---------------------------------------------------------------------------------------------

_SECURE = environment.flag("SECURE", default=False)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _SECURE
SECURE_HSTS_SECONDS = 31_536_000 if _SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _SECURE else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.SELF],
    "script-src": [
        CSP.SELF,
        CSP.UNSAFE_EVAL,
    ],  # Alpine, which the admin look is built on, evaluates expressions
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],  # the admin look writes its colours into the page
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.SELF],
}
X_FRAME_OPTIONS = "SAMEORIGIN"  # the admin opens related forms in a dialog
# Who works with several installations on one machine, such as a central and two branches, stays logged in at each.
COOKIES_BEGIN_WITH = environment.cookies_begin_with(SIDE, PUBLIC_URL)
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{COOKIES_BEGIN_WITH}sessionid", f"{COOKIES_BEGIN_WITH}csrftoken"
LANGUAGE_COOKIE_NAME = f"{COOKIES_BEGIN_WITH}django_language"
MESSAGE_STORAGE = "mcp.console.message_cookies.OwnStorage"
SESSION_ENGINE = "mcp.login.sessions"
SESSION_COOKIE_AGE = 12 * 60 * 60  # one long working day
SESSION_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # the matrix of rights at 300 locations

# --- Logging ----------------------------------------------------------------------------------------------

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": environment.text("LOG_LEVEL", "INFO")},
    "loggers": {
        name: {"level": "WARNING"} for name in ("procrastinate.blueprints", "procrastinate.periodic", "fontTools")
    }
    # What is refused has a line of its own, with the person; a filter that does not exist needs no traceback beside it.
    | {"django.request": {"level": "ERROR"}, "django.security.DisallowedModelAdminLookup": {"level": "CRITICAL"}},
}
if _REFUSALS_LOG := environment.text("REFUSALS_LOG", ""):
    LOGGING["handlers"]["refusals"] = {
        "class": "concurrent_log_handler.ConcurrentRotatingFileHandler",
        "filename": _REFUSALS_LOG,
        "maxBytes": 5 * 1024**2,
        "backupCount": 10,
        "chmod": 0o600,
        "formatter": "line",
    }
    LOGGING["loggers"]["mcp.isolation.refusal_log"] = {"handlers": ["refusals"]}

# --- The look ---------------------------------------------------------------------------------------------

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Stammhaus",
    "SITE_HEADER": "Stammhaus",
    "SITE_SYMBOL": "storefront",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "6px",
    "STYLES": ["/static/console.css", "/static/print.css"],
    "SCRIPTS": ["/static/console.js"],
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": "mcp.console.navigation.sidebar"},
    "ACCOUNT": {"navigation": "mcp.console.navigation.account_links"},
    "COLORS": {
        "primary": {
            "50": "oklch(97% .02 195)",
            "100": "oklch(94% .04 195)",
            "200": "oklch(89% .07 195)",
            "300": "oklch(82% .10 195)",
            "400": "oklch(72% .11 195)",
            "500": "oklch(60% .10 200)",
            "600": "oklch(50% .09 205)",
            "700": "oklch(43% .08 207)",
            "800": "oklch(37% .07 208)",
            "900": "oklch(32% .06 209)",
            "950": "oklch(24% .05 210)",
        },
    },
}
