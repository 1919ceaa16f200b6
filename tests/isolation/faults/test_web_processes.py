"""Imports over several web processes, each step at another one: nothing is kept in the memory of any."""

from __future__ import annotations

import html
import http.client
import re
import uuid
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from customers.models import Customer, ImportUpload
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.login.sessions import SessionStore
from mcp.models import User
from tests.isolation.faults.servers import web_processes
from tests.proofs.sampling import Sample

pytestmark = [pytest.mark.isolation, pytest.mark.django_db(transaction=True)]

PROCESSES, IMPORTS, IMPORTS_OF_A_SAMPLE = 4, 100, 8
HERE = "/10400/1/customers/customer/import/"
_TOKEN = "t" * 32


class Browser:
    """Asks on a new connection each time, so that any of the processes may answer."""

    def __init__(self, port: int, user: User) -> None:
        self._port = port
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        self._cookies = f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={_TOKEN}"

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, str, str]:
        """Status, where it leads, and the page."""
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        headers = {"Cookie": self._cookies, "Connection": "close", **({"Content-Type": kind} if kind else {})}
        try:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            return answer.status, answer.getheader("Location") or "", answer.read().decode(errors="replace")
        finally:
            line.close()

    def post(self, path: str, **fields: object) -> tuple[int, str, str]:
        body = urlencode({"csrfmiddlewaretoken": _TOKEN, **fields}, doseq=True).encode()
        return self.ask("POST", path, body, "application/x-www-form-urlencoded")

    def upload(self, name: str, content: str) -> str:
        mark = uuid.uuid4().hex
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{_TOKEN}\r\n',
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: text/csv\r\n\r\n{content}\r\n--{mark}--\r\n",
        ]
        status, where, page = self.ask("POST", HERE, "".join(parts).encode(), f"multipart/form-data; boundary={mark}")
        assert status == 302, page[:2000]
        return where


@pytest.mark.sample("workers killed and web processes", most=2)
@pytest.mark.about("customers/imports/views.py", "customers/imports/steps.py")
def test_each_import_goes_through_four_processes(cast, tmp_path: Path, sample: Sample, note):
    imports = IMPORTS if sample.is_whole else IMPORTS_OF_A_SAMPLE
    anna: Scope = cast.scope("anna", "Zentrale")
    log = tmp_path / "access.log"
    with web_processes(PROCESSES, log) as port:
        browser, stranger = Browser(port, cast.user("anna")), Browser(port, cast.user("sven"))
        for number in range(imports):
            where = browser.upload(f"{number}.csv", f"Kundennummer;Name\r\n;Gast {number}\r\n")
            choice = {"target": ["customer_number", "last_name"], "known": "overwrite", "match": "number"}
            answer = browser.post(where, step="columns", **choice)
            assert answer[0] == 302, answer[2][:1000]
            _status, _where, page = browser.ask("GET", where)
            found = re.search(r'name="fingerprint" value="([0-9a-f]{64})"', html.unescape(page))
            assert found, page[:3000]
            assert browser.post(where, step="confirm", fingerprint=found[1])[0] == 302
            assert stranger.ask("GET", where)[0] == 404
    with row_scope.rows_of(anna):
        assert Customer.objects.in_base(anna.base).filter(last_name__startswith="Gast").count() == imports
        assert ImportUpload.objects.filter(state="applied").count() == imports
    served = {line.split()[0] for line in log.read_text().splitlines()}
    assert len(served) == PROCESSES
    note(f"{imports} of {imports} imports confirmed over {PROCESSES} web processes, {imports} strangers got 404")
