"""Whoever sends a form drop by drop keeps nobody else waiting, with nginx in front and without."""

from __future__ import annotations

import http.client
import io
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import close_old_connections

from launch import debian
from launch.folders import PROJECT
from mcp.models import LoginAttempt
from mcp.project import request_bodies
from tests.isolation.faults.servers import web_processes
from tests.isolation.faults.slow import slow_browsers, status

THREADS, SLOW = 4, 8
OFFICE = 320
"""More at the same moment than one address may ask for besides files."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.isolation
@pytest.mark.sample("long proofs in turns", most=3)
def test_eight_slow_forms_stop_nobody_at_four_threads(cast, tmp_path: Path):
    with web_processes(1, tmp_path / "log", threads=THREADS) as port:
        status(port)  # everything is loaded
        for path in ("/login/", "/nirgends/"):  # the one reads the body, the other does not
            with slow_browsers(SLOW, port, path):
                assert status(port) == 200
                assert status(port, "/health/") == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.isolation
def test_nginx_hands_on_whole_requests_from_whom_it_has_seen(cast, tmp_path: Path):
    LoginAttempt.objects.all().delete()  # stored over a connection of their own, so those of other tests stay
    log = tmp_path / "log"
    more = {"SECURE": "1", "TRUSTED_PROXIES": "1", "ALLOWED_HOSTS": "127.0.0.1"}
    with web_processes(1, log, threads=1, **more) as behind, in_front(behind, tmp_path) as (plain, port):
        tls = ssl.create_default_context(cafile=tmp_path / "stammhaus.pem")
        status(port, tls=tls)
        with slow_browsers(4 * SLOW, port, tls=tls):  # gunicorn's one thread never hears of them
            assert status(port, tls=tls) == 200
            assert "POST" not in log.read_text()
        with slow_browsers(OFFICE, port, "/static/console.css", tls=tls):  # one address, and the page is served
            assert status(port, tls=tls) == 200

        line = http.client.HTTPConnection("127.0.0.1", plain, timeout=30)
        line.request("GET", "/login/?next=/10400/1/")
        answer = line.getresponse()
        assert (answer.status, answer.getheader("Location")) == (308, "https://127.0.0.1/login/?next=/10400/1/")
        line.close()

        assert log_in_wrongly(port, tls) == 200
        assert [(one.username, one.address) for one in LoginAttempt.objects.all()] == [("anna", "127.0.0.1")]
    close_old_connections()


def log_in_wrongly(port: int, tls: ssl.SSLContext) -> int:
    """The status of a login with a wrong password from somebody who claims to come from elsewhere."""
    line = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=tls)
    try:
        line.request("GET", "/login/")
        answer = line.getresponse()
        page = answer.read().decode()
        cookies = "; ".join(one.partition(";")[0] for one in cookies_of(answer))
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert found
        assert all("Secure" in one for one in cookies_of(answer))
        words = f"csrfmiddlewaretoken={found[1]}&account_number=10400&username=anna&password=falsch"
        line.request(
            "POST", "/login/", words,
            {
                "Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies, "X-Forwarded-For": "192.0.2.7",
                "Origin": "https://127.0.0.1", "Referer": "https://127.0.0.1/login/",
            },
        )  # fmt: skip
        return line.getresponse().status
    finally:
        line.close()


def cookies_of(answer: http.client.HTTPResponse) -> list[str]:
    return answer.headers.get_all("Set-Cookie") or []


@contextmanager
def in_front(behind: int, folder: Path) -> Iterator[tuple[int, int]]:
    """deploy/nginx.conf before the port `behind`: the ports without and with TLS."""
    program = debian.ensure("nginx", package="nginx-light", needed_by="The test of deploy/nginx.conf")
    plain, port = free_port(), free_port()
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", folder / "stammhaus.key", "-out", folder / "stammhaus.pem",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    server = (PROJECT / "deploy" / "nginx.conf").read_text()
    for written, here in {
        "127.0.0.1:8000": f"127.0.0.1:{behind}",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "stammhaus.example": "127.0.0.1",
        "/etc/ssl/certs/": f"{folder}/",
        "/etc/ssl/private/": f"{folder}/",
    }.items():
        assert written in server, written
        server = server.replace(written, here)
    kept = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "main.conf"
    main.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;\n"
        f"events {{ worker_connections 2048; }}\nhttp {{ access_log off;\n{kept}{server}}}\n"
    )
    with subprocess.Popen([program, "-p", folder, "-c", main], stderr=subprocess.PIPE) as process:
        try:
            wait_for(port, process)
            yield plain, port
        finally:
            process.terminate()
            process.communicate(timeout=30)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
        return found


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not answer")


@pytest.mark.parametrize(
    ("ages", "given_up"),
    [
        ([], []),
        ([0.1] * 9, []),
        ([1.5, 2.5], []),
        ([1.5, 2.5, 3.5], [3.5]),
        ([1.5, 2.5, 3.5, 4.5, 0.2], [4.5, 3.5]),
        ([10.5, 0.1], [10.5]),
        ([11.0, 10.5, 2.0], [11.0, 10.5]),
    ],
)
def test_longest_waiting_of_too_many_slow_ones_are_given_up(ages: list[float], given_up: list[float]):
    readings: Any = [SimpleNamespace(since=100.0 - age) for age in ages]
    assert [100.0 - one.since for one in request_bodies.overdue(readings, now=100.0)] == pytest.approx(given_up)


def body_of(here: socket.socket, *, length: int) -> io.BufferedReader:
    body = request_bodies.Body(here.makefile("rb"), length=length, browser=here)
    return io.BufferedReader(body, request_bodies.PIECE_BYTES)


@pytest.mark.parametrize("size", [-1, 1000, 70_000])
def test_body_that_comes_in_time_comes_whole(size: int):
    here, there = socket.socketpair()
    sent = bytes(range(256)) * 400
    with here, there:
        body = body_of(here, length=len(sent))
        threading.Thread(target=lambda: there.sendall(sent)).start()
        assert (body.read() if size < 0 else b"".join(iter(lambda: body.read(size), b""))) == sent


def test_body_that_stays_away_is_given_up_and_can_be_answered(monkeypatch):
    monkeypatch.setattr(request_bodies, "PIECE_SECONDS", 1.1)
    here, there = socket.socketpair()
    with here, there:
        there.sendall(b"user")
        with pytest.raises(request_bodies.NotWhole):
            body_of(here, length=5000).read(5000)
        here.sendall(b"408")
        assert there.recv(3) == b"408"


def test_body_that_is_cut_is_no_shorter_body():
    here, there = socket.socketpair()
    with here, there:
        there.sendall(b"last_name=Halb")
        there.shutdown(socket.SHUT_WR)
        with pytest.raises(request_bodies.NotWhole):
            body_of(here, length=500).read(500)


def _unasked(*_answer: object) -> Any:
    raise AssertionError("The application begins no answer")


def test_server_that_shows_no_socket_is_heard_as_well():
    seen: list[bytes] = []
    application = request_bodies.whole_bodies(lambda environ, _start: seen.append(environ["wsgi.input"].read()) or [])  # type: ignore[func-returns-value]
    application({"wsgi.input": io.BytesIO(b"a=1"), "CONTENT_LENGTH": "3"}, _unasked)
    application({"wsgi.input": io.BytesIO(b"a=1")}, _unasked)
    assert seen == [b"a=1", b"a=1"]
    with pytest.raises(request_bodies.NotWhole):
        application({"wsgi.input": io.BytesIO(b"a=1"), "CONTENT_LENGTH": "4"}, _unasked)
