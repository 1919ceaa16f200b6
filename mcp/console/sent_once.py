"""The same form sent twice does its work once: a double click, an impatient reload, a connection that was cut.

Every page gives its forms a token of their own: Django masks the one against forged requests anew for each page. A form
with the same token, the same address and the same contents is the same one. Its first sending writes a row in its own
transaction, for which the second waits, and is then led to where the first was. What was refused, or answered by a page
instead of leading to one, leaves no row and can be sent again, unless that page has done something and says with
`leads_to` where the second sending shall go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from mcp.models import SentForm

TOKEN = "csrfmiddlewaretoken"  # noqa: S105 - the name of the field


def leads_to[R: HttpResponse](response: R, address: str) -> R:
    """Mark a page that answers a form which has done something: sent twice, the second sending leads to the address."""
    response.sent_twice_leads_to = address  # type: ignore[attr-defined]
    return response


def sent_once(request: HttpRequest, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """What `answer` gives; for a form that was sent before, the way to where that has led. In a transaction."""
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
    """A hash of all that was sent. None for what carries no token of its own, as a script's request does."""
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


def _add_file(digest: Any, file: Any) -> None:
    """By name, size and contents: a file that was corrected has often the same name, and the same size."""
    digest.update(_part(f"{file.name} {file.size}"))
    for piece in file.chunks():
        digest.update(piece)
    file.seek(0)


_LENGTH = 64
"""Of a masked token."""


def _part(text: str) -> bytes:
    raw = text.encode(errors="surrogatepass")
    return len(raw).to_bytes(8, "big") + raw
