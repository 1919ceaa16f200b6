"""A form that is sent twice has its effect once: after a double click, a reload, or a connection that was cut.

Django puts a token against forged requests into each form, and masks it differently for each page. Two forms with the
same token, address and contents are therefore the same form. The first writes a row in its own transaction; the second
waits for it, and is then redirected to where the first was. A form that was refused, or answered with a page, leaves no
row and can be sent again. A page that answers a form with an effect says with `leads_to` where a second sending is
redirected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from mcp.models import SentForm

TOKEN = "csrfmiddlewaretoken"  # noqa: S105 - the name of the field


def leads_to[R: HttpResponse](response: R, address: str) -> R:
    """Mark a page that answers a form with an effect: a second sending is redirected to the address."""
    response.sent_twice_leads_to = address  # type: ignore[attr-defined]
    return response


def sent_once(request: HttpRequest, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """The response of `answer()`; for a form that was sent before, a redirect. Runs in a transaction."""
    key = _key(request)
    if key is None:
        return answer()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO mcp_sentform (key) VALUES (%s) ON CONFLICT DO NOTHING", [key])
        is_first = cursor.rowcount == 1
    if not is_first:
        return _lead_on(request, key)
    response = answer()
    led_to = response["Location"] if 300 <= response.status_code < 400 else _marked(response)
    if led_to:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE mcp_sentform SET led_to = %s WHERE key = %s", [led_to[:2000], key])
    elif response.status_code < 300:
        SentForm.objects.filter(pk=key).delete()
    return response


def _marked(response: HttpResponse) -> str:
    return str(getattr(response, "sent_twice_leads_to", ""))


def _lead_on(request: HttpRequest, key: bytes) -> HttpResponse:
    found = SentForm.objects.filter(pk=key).first()
    messages.info(request, _("This form was sent twice. It was done once."))
    return HttpResponseRedirect(found.led_to if found and found.led_to else request.get_full_path())


def _key(request: HttpRequest) -> bytes | None:
    """A hash of all that was sent; None where there is no token, as in a request of a script."""
    token = request.POST.get(TOKEN, "")
    if len(token) != _LENGTH:
        return None
    digest = hashlib.blake2b(digest_size=32, key=settings.SECRET_KEY.encode()[:64])
    user = getattr(request, "user", None)
    for part in (str(user.pk if user else ""), request.get_full_path()):
        digest.update(_part(part))
    for name, values in sorted(request.POST.lists()):
        for value in (name, *values):
            digest.update(_part(str(value)))
    for name, files in sorted(request.FILES.lists()):
        digest.update(_part(name))
        for file in files:
            _add_file(digest, file)
    return digest.digest()


def _add_file(digest: hashlib.blake2b, file: UploadedFile) -> None:
    """Add name, size and contents of a file: a corrected file often has the same name, and even the same size."""
    digest.update(_part(f"{file.name} {file.size}"))
    for piece in file.chunks():
        digest.update(piece)
    file.seek(0)


_LENGTH = 64
"""Characters of a masked token."""


def _part(text: str) -> bytes:
    raw = text.encode(errors="surrogatepass")
    return len(raw).to_bytes(8, "big") + raw
