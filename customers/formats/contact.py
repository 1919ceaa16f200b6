"""E-mail and web addresses."""

import re
from urllib.parse import urlsplit, urlunsplit

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator, URLValidator
from django.utils.translation import gettext_lazy as _

from locations.text import clean_code, refused

_check_email = EmailValidator()
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_check_website = URLValidator(schemes=["http", "https"])

# "example.com:8080" has no scheme, "javascript:alert(1)" has one: no port follows the colon of a scheme.
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*:(?![0-9])", re.I)


def normalize_email(text: str) -> str:
    """The address with its domain in lower case; the part before @ is the receiver's own and stays.

    Blank gives "". Raises `invalid_email`, or `email_not_ascii` where a letter such as ß before the @ is all that is
    wrong: a few mail systems know such addresses, but nearly always it is a mistake.
    """
    local, at, domain = clean_code(text).rpartition("@")
    address = f"{local}{at}{domain.lower()}"
    if not address:
        return ""
    others = _NOT_ASCII.findall(local)
    try:
        _check_email(f"{_NOT_ASCII.sub('x', local)}{at}{domain.lower()}")
    except ValidationError as error:
        message = _("“%(value)s” is not an e-mail address. Enter it as name@example.com.")
        raise refused("invalid_email", message, address) from error
    if others:
        message = _(
            "“%(value)s” has “%(character)s” before the @, which hardly any mail system delivers. Ask how the address "
            "is written, such as strasse@example.com."
        )
        raise refused("email_not_ascii", message, address, character=others[0])
    return address


def normalize_website(text: str) -> str:
    """An http or https address, https:// added where no scheme is given, scheme and host in lower case.

    Blank gives "". Raises `invalid_website`, also for other schemes (javascript:, data:, mailto: …) and for
    addresses with a user name, which can hide where a link leads.
    """
    typed = clean_code(text)
    if not typed:
        return ""
    address = typed if _SCHEME.match(typed) else "https://" + typed.lstrip("/")
    try:
        _check_website(address)
        parts = urlsplit(address)
        parts = parts._replace(netloc=parts.netloc.lower())
    except (ValidationError, ValueError) as error:
        raise _website_refusal(typed) from error
    if parts.username is not None:
        raise _website_refusal(typed)
    return urlunsplit(parts)


def _website_refusal(typed: str) -> ValidationError:
    message = _("“%(value)s” is not the address of a website. Enter it as https://www.example.com.")
    return refused("invalid_website", message, typed)
