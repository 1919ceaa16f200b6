"""The embedded server among several processes, after crashes, and in awkward places."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from launch import init_cluster, sockets
from launch.cluster import Cluster
from launch.embedded import Handle
from launch.folders import PROJECT
from launch.os_user import Account
from launch.problem import CannotStart

JOIN = """
import sys
from pathlib import Path
from launch.cluster import Cluster
from launch.embedded import Handle
with Handle(Cluster(folder=Path(sys.argv[1]), durable=sys.argv[2] == "True")) as handle:
    print(handle.cluster.postmaster().pid, flush=True)
    sys.stdin.read()
"""


def cluster(folder: Path) -> Cluster:
    return Cluster(folder=folder, durable=False)


def server_pid(of: Cluster) -> int | None:
    found = of.postmaster()
    return found.pid if found else None


def joined(folder: Path, *, durable: bool = False) -> subprocess.Popen[str]:
    """Another process that uses the server until its input is closed."""
    command = [sys.executable, "-c", JOIN, str(folder), str(durable)]
    return subprocess.Popen(command, cwd=PROJECT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def pid_said_by(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def leave(process: subprocess.Popen[str]) -> None:
    process.communicate()
    assert process.returncode == 0


@pytest.fixture(autouse=True)
def _folders_removed(tmp_path: Path) -> Iterator[None]:
    """A server's files are 40 MB, too much to keep for each test."""
    yield
    shutil.rmtree(tmp_path)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("made")
    with Handle(cluster(folder)):
        pass
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def made(files: Path) -> Iterator[Cluster]:
    """A server's files, with nobody using them before and after."""
    yield cluster(files)
    assert server_pid(cluster(files)) is None


def test_role_has_no_special_rights_but_makes_databases(server: Cluster):
    with psycopg.connect(server.url()) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, False, False, True)


@pytest.mark.parametrize(
    "making", ["lo_creat(0)", "lo_create(0)", "lo_from_bytea(0, 'x')", "lo_import('/etc/hostname')"]
)
def test_nobody_makes_large_objects_of_which_row_security_knows_nothing(server: Cluster, making: str):
    with (
        psycopg.connect(server.url(role="stammhaus_web")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"SELECT {making}")


def test_database_is_utf8_with_the_built_in_collation_and_owned_by_the_role(server: Cluster):
    with psycopg.connect(server.url()) as connection:
        row = connection.execute(
            "SELECT pg_encoding_to_char(encoding), datlocprovider, datlocale, datdba::regrole::text"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert row == ("UTF8", "b", "C.UTF-8", "stammhaus")


def test_server_listens_on_no_network_address(server: Cluster):
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


@pytest.mark.parametrize(("durable", "fsync"), [(True, "on"), (False, "off")])
def test_server_waits_for_the_disk_unless_it_is_for_tests(tmp_path: Path, durable: bool, fsync: str):
    with (
        Handle(Cluster(folder=tmp_path, durable=durable)) as handle,
        psycopg.connect(handle.owner_url) as connection,
    ):
        assert connection.execute("SHOW fsync").fetchone() == (fsync,)
        assert connection.execute("SHOW max_connections").fetchone() == ("200",)
        assert connection.execute("SHOW shared_buffers").fetchone() == ("256MB",)


def test_last_process_to_leave_stops_the_server(made: Cluster):
    first, second = joined(made.folder), joined(made.folder)
    assert pid_said_by(first) == pid_said_by(second) == server_pid(made)
    leave(first)
    assert server_pid(made) is not None
    leave(second)
    assert server_pid(made) is None


def test_two_handles_of_one_process_count_apart(made: Cluster):
    with Handle(made):
        Handle(made).close()
        assert server_pid(made) is not None
    assert server_pid(made) is None


def test_two_processes_that_come_first_at_once_share_one_server(tmp_path: Path):
    first, second = joined(tmp_path), joined(tmp_path)
    assert pid_said_by(first) == pid_said_by(second)
    leave(first)
    leave(second)


def test_killed_user_does_not_keep_the_server_from_stopping(made: Cluster):
    victim = joined(made.folder)
    pid_said_by(victim)
    with Handle(made):
        victim.kill()
        victim.communicate()
    assert server_pid(made) is None


def test_everything_killed_and_started_again_keeps_the_data(made: Cluster):
    victim = joined(made.folder, durable=True)
    postmaster = psutil.Process(pid_said_by(victim))
    with psycopg.connect(made.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        family = [postmaster, *postmaster.children()]
    victim.kill()
    victim.communicate()
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):  # some end as soon as the first one is gone
            process.kill()
    with Handle(made) as handle, psycopg.connect(handle.owner_url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        assert server_pid(made) != postmaster.pid
    assert server_pid(made) is None


def test_server_killed_alone_is_started_again(made: Cluster):
    with Handle(made):
        number = server_pid(made)
        assert number is not None
        os.kill(number, signal.SIGKILL)
        with Handle(made) as again, psycopg.connect(again.owner_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_pid_file_that_names_a_stranger_is_no_obstacle(made: Cluster):
    lines = [
        str(os.getpid()),
        str(made.data),
        "1700000000",
        "5432",
        str(made.data),
        "",
        "5432001 1",
        "ready   ",
    ]
    (made.data / "postmaster.pid").write_text("\n".join(lines) + "\n")
    made.account.own(made.data / "postmaster.pid")
    (made.data / ".s.PGSQL.5432.lock").write_text("\n".join(lines) + "\n")
    assert server_pid(made) is None
    with Handle(made) as handle, psycopg.connect(handle.owner_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("text", ["", "12", "no number\n"])
def test_pid_file_cut_short_is_no_obstacle(made: Cluster, text: str):
    (made.data / "postmaster.pid").write_text(text)
    with Handle(made) as handle:
        assert handle.cluster.postmaster() is not None


def test_creation_broken_off_is_begun_anew(tmp_path: Path):
    (tmp_path / "new" / "base").mkdir(parents=True)
    with Handle(cluster(tmp_path)) as handle:
        assert handle.cluster.postmaster() is not None
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["with a space", "Bäckerei, 'Nord' & Söhne", "deep/" * 25])
def test_awkward_path_works(tmp_path: Path, name: str):
    with Handle(cluster(tmp_path / name)) as handle, psycopg.connect(handle.owner_url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("stammhaus",)
        assert len(str(handle.cluster.sockets / ".s.PGSQL.5432")) <= 103


def test_socket_folder_put_there_by_somebody_else_refused(tmp_path: Path):
    somebody = Account(uid=os.geteuid() + 4711, gid=os.getegid())
    folder = tmp_path / "sockets"
    folder.mkdir(mode=0o700)
    with pytest.raises(CannotStart, match="is not a private folder of this user"):
        sockets.make_private(folder, somebody)


def test_socket_folder_open_to_others_refused(tmp_path: Path):
    folder = tmp_path / "sockets"
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(CannotStart, match="is not a private folder of this user"):
        sockets.make_private(folder, Account(uid=os.geteuid(), gid=os.getegid()))


def test_files_of_another_major_version_refused(tmp_path: Path):
    (tmp_path / "PG_VERSION").write_text("17\n")
    with pytest.raises(CannotStart, match="was made by PostgreSQL 17, and 18 is installed"):
        init_cluster.check_version(tmp_path)


def test_settings_of_another_server_in_the_environment_are_no_obstacle(made: Cluster, monkeypatch: pytest.MonkeyPatch):
    for name, value in {
        "PGPORT": "9",
        "PGHOST": "elsewhere",
        "PGDATA": "/nowhere",
        "LC_ALL": "xx_XX",
    }.items():
        monkeypatch.setenv(name, value)
    with Handle(made) as handle, psycopg.connect(handle.owner_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_forked_copy_of_a_handle_stops_nothing(made: Cluster, monkeypatch: pytest.MonkeyPatch):
    with Handle(made) as handle:
        monkeypatch.setattr("launch.embedded.os.getpid", lambda: -1)
        handle.close()
        assert server_pid(made) is not None
        monkeypatch.undo()
    assert server_pid(made) is None
