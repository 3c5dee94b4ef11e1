"""A private PostgreSQL server: made for one run, stopped and removed with it."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from glob import glob
from pathlib import Path
from types import FrameType, TracebackType

# What Daybook starts its own private server with (crates/local-postgres/src/settings.rs), except that this one
# also listens on the loopback interface. Everything else is PostgreSQL's default: above all, fsync is on.
SETTINGS = """
listen_addresses = '127.0.0.1'
timezone = 'UTC'
log_timezone = 'UTC'
jit = off
max_connections = 100
shared_buffers = 128MB
work_mem = 8MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
"""

# The places in which scripts/provide-postgres.sh looks, too.
PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/usr/local/pgsql/bin",
)
USER = "bench"


class PostgresError(Exception):
    """The server, or a statement that was sent to it, failed."""


class Server:
    """`with Server() as server:` a running server, empty and durable, reachable by password only."""

    def __init__(self) -> None:
        self._programs = _server_programs()
        self._password = secrets.token_hex(16)
        self._run_as = _server_user()
        self._home = Path()
        self._port = 0

    def __enter__(self) -> "Server":
        # SIGTERM and SIGHUP would end Python without leaving the `with` block.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        self._home = Path(tempfile.mkdtemp(prefix="daybook-bench-"))
        try:
            self._start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._remove()

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self._port}/{database}"

    def environment(self, database: str) -> dict[str, str]:
        """The variables by which psql finds `database`, and none of the caller's own."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(self._port), "PGDATABASE": database}
        return own | place | {"PGUSER": USER, "PGPASSWORD": self._password}

    def psql(self, *arguments: str) -> list[str]:
        return self.program("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *arguments)

    def program(self, name: str, *arguments: str) -> list[str]:
        """The command of one of PostgreSQL's programs."""
        return [str(self._programs / name), *arguments]

    def ask(self, database: str, *arguments: str) -> str:
        """What psql answers, unaligned and without headers."""
        command = self.psql("-A", "-t", *arguments)
        done = subprocess.run(command, env=self.environment(database), capture_output=True, text=True)
        if done.returncode != 0:
            raise PostgresError(f"psql {' '.join(arguments)}\n{done.stderr}")
        return done.stdout.strip()

    def version(self) -> str:
        return self.ask("postgres", "-c", "show server_version")

    def create(self, database: str, template: str = "template1") -> None:
        self.ask("postgres", "-c", f"create database {database} template {template}")

    def drop(self, database: str) -> None:
        self.ask("postgres", "-c", f"drop database if exists {database} with (force)")

    def checkpoint(self) -> None:
        self.ask("postgres", "-c", "checkpoint")

    def _start(self) -> None:
        password = self._home / "password"
        password.write_text(self._password)
        if self._run_as:
            for path in (self._home, password):
                shutil.chown(path, self._run_as.pw_uid, self._run_as.pw_gid)
        data = self._home / "data"
        self._run("initdb", "-D", data, "-E", "UTF8", "--locale=C", "-A", "scram-sha-256", "-U", USER,
                  f"--pwfile={password}")
        password.unlink()
        self._port = _free_port()
        with (data / "postgresql.conf").open("a") as file:
            file.write(f"{SETTINGS}wal_compression = {self._log_compression(data)}\n"
                       f"port = {self._port}\nunix_socket_directories = '{self._home}'\n")
        self._run("pg_ctl", "-D", data, "-w", "-l", self._home / "log", "start")

    def _log_compression(self, data: Path) -> str:
        """LZ4 where the server knows it."""
        ask = [self._programs / "postgres", "-D", data, "-C", "wal_compression", "-c", "wal_compression=lz4"]
        asked = subprocess.run(ask, cwd=self._home, capture_output=True, **self._user())
        return "lz4" if asked.returncode == 0 else "on"

    def _remove(self) -> None:
        # A second Ctrl-C must not leave the server behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if (self._home / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", self._home / "data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(self._home, ignore_errors=True)

    def _run(self, program: str, *arguments: str | Path) -> None:
        """Runs a server program as the server's user, in a session that Ctrl-C does not reach."""
        command = [str(self._programs / program), *map(str, arguments)]
        output = self._home / f"{program}.log"
        with output.open("ab") as log:
            done = subprocess.run(command, cwd=self._home, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  start_new_session=True, **self._user())
        if done.returncode != 0:
            raise PostgresError(f"{program} failed\n{output.read_text()}")

    def _user(self) -> dict[str, object]:
        if self._run_as is None:
            return {}
        return {"user": self._run_as.pw_uid, "group": self._run_as.pw_gid, "extra_groups": []}


def _server_programs() -> Path:
    places = [*os.environ.get("PATH", "").split(":"), *(folder for place in PLACES for folder in sorted(glob(place)))]
    for folder in map(Path, places):
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "pg_ctl", "postgres", "psql")):
            return folder
    raise PostgresError("PostgreSQL's programs (initdb, pg_ctl, postgres, psql) are missing: make postgres")


def _server_user() -> pwd.struct_passwd | None:
    """Whom to run the server as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresError("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
