"""The port of the web server."""

import errno
import http.client
import socket

from launch.problem import CannotStart

HOST = "127.0.0.1"
DEFAULT = "8000"
DEFAULT_OF_BRANCH = "8100"


def chosen(text: str | None, *, is_branch: bool = False, command: str = "") -> int:
    """The number in `text` (PORT), or 8000, at a branch 8100. Raises CannotStart where it cannot be listened on.

    `command` is what the user has typed, where it is not make run or make run-branch.
    """
    default = DEFAULT_OF_BRANCH if is_branch else DEFAULT
    command = command or ("make run-branch" if is_branch else "make run")
    given = (text or default).strip()
    if not (given.isascii() and given.isdigit() and 0 < int(given) < 65536):
        example = f"{command} PORT={int(default) + 1}"
        raise CannotStart(f"PORT={given} is not a port. Choose a number from 1024 to 65535: {example}")
    number = int(given)
    _try(number, command)
    return number


def _try(number: int, command: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the web server does it: connections of a server that has just ended are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, number))
        except PermissionError:
            raise CannotStart(f"Port {number} is reserved. Choose one above 1023: {command} PORT=8001") from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise CannotStart(
                f"Port {number} is taken by another program. "
                f"Stop that one or choose another port: {command} PORT={_neighbour(number)}"
            ) from None


def _neighbour(number: int) -> int:
    return number + 1 if number < 65535 else int(DEFAULT)


def status(number: int, path: str) -> int | None:
    """The status with which the web server answers; None while it does not."""
    connection = http.client.HTTPConnection(HOST, number, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
