"""Whatever is refused leaves one line with the person, the address and what was missing."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from launch.folders import PROJECT
from tests.isolation.faults.servers import variables

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture(autouse=True)
def _listening(caplog):
    caplog.set_level(logging.WARNING, logger="mcp.isolation.refusal_log")


def lines(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "mcp.isolation.refusal_log"]


def test_missing_right_is_named_with_the_person(cast, log_in, caplog):
    log_in("carla").get("/10400/3/customers/customer/add/?last_name=Geheim", REMOTE_ADDR="192.0.2.7")
    carla = cast.user("carla").pk
    assert lines(caplog) == [
        f"403 GET /10400/3/customers/customer/add/ by carla (user {carla}) from 192.0.2.7: add_customers is missing"
    ]


def test_stranger_is_seen_with_what_he_asked_for(cast, log_in, caplog, settings):
    settings.TRUSTED_PROXIES = 1
    log_in("sven").get("/10400/1/customers/customer/", headers={"X-Forwarded-For": "192.0.2.9, 198.51.100.4"})
    sven = cast.user("sven").pk
    assert lines(caplog) == [f"404 GET /10400/1/customers/customer/ by sven (user {sven}) from 198.51.100.4"]


@pytest.mark.parametrize(
    ("method", "path", "line"),
    [
        ("GET", "/nirgends/", "404 GET /nirgends/ by nobody from 127.0.0.1"),
        (
            "GET",
            "/a%0AERROR root: x/",
            "404 GET /a%0AERROR%20root:%20x/ by nobody from 127.0.0.1",
        ),
        ("GET", "/password/IjRh:1xXaro:C9RX/", "404 GET /password/.../ by nobody from 127.0.0.1"),
        ("DELETE", "/login/", "405 DELETE /login/ by nobody from 127.0.0.1"),
    ],
)
def test_line_stays_one_line(cast, client, caplog, method, path, line):
    client.generic(method, path)
    assert lines(caplog) == [line]


def test_forged_form_is_seen(cast, caplog):
    client = Client(enforce_csrf_checks=True)
    client.post("/login/", {"username": "anna"})
    assert lines(caplog) == ["403 POST /login/ by nobody from 127.0.0.1"]


def test_what_is_served_leaves_no_line(cast, log_in, caplog):
    bodo = log_in("bodo")
    assert bodo.get("/10400/2/customers/customer/").status_code == 200
    assert bodo.get("/10400/2").status_code in {301, 302, 404}
    assert [line for line in lines(caplog) if " /10400/2/customers/" in line] == []


def test_file_is_rotated_by_several_processes_and_no_line_is_lost(tmp_path: Path, cast):
    """Three processes that write into the same file, which holds a few lines only before the next one begins."""
    file = tmp_path / "refusals.log"
    program = (
        "import sys, logging.config; from django.conf import settings;"
        "settings.LOGGING['handlers']['refusals'].update(maxBytes=2000, backupCount=50);"
        "logging.config.dictConfig(settings.LOGGING); log = logging.getLogger('mcp.isolation.refusal_log');"
        "[log.warning('404 GET /%s/%d/ by nobody', sys.argv[1], number) for number in range(60)]"
    )
    environment = {**variables(), "REFUSALS_LOG": str(file)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(number)], cwd=PROJECT, env=environment, stderr=subprocess.DEVNULL
        )
        for number in range(3)
    ]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    files = [one for one in tmp_path.iterdir() if one.name.startswith("refusals.log")]
    assert len(files) > 3
    assert {one.stat().st_mode & 0o077 for one in files} == {0}
    written = [line for one in files for line in one.read_text().splitlines()]
    assert len(written) == len(set(written)) == 180
