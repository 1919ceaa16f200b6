"""The port for the browser: refused in one sentence before anything is started."""

import http.server
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launch import port
from launch.problem import CannotStart

Launch = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_chosen_free_port_is_taken_as_it_is(free: int):
    assert port.chosen(f" {free} ") == free


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "80.5", "²"])
def test_chosen_no_port_refused(text: str):
    with pytest.raises(CannotStart) as caught:
        port.chosen(text)
    assert caught.value.sentence == (
        f"PORT={text} is not a port. Choose a number from 1024 to 65535: make run PORT=8001"
    )


def test_launch_on_a_taken_port_says_one_sentence_and_starts_nothing(launch: Launch, taken: int, tmp_path: Path):
    done = launch(PORT=str(taken))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Port {taken} is taken by another program. Stop that one or choose another port: make run PORT={taken + 1}\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_status_where_nobody_listens_is_none(free: int):
    assert port.status(free, "/") is None


def test_status_is_what_the_server_answers():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever).start()
        number = server.server_address[1]
        assert [port.status(number, path) for path in ("/", "/missing")] == [200, 404]
        server.shutdown()


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 404)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""
