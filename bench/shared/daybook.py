"""Runs Daybook: its short commands, and `daybook serve`."""

import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

from postgres import Server

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
PATIENCE = 30.0


class DaybookFailed(Exception):
    """A command ended with an error, or the server does not answer."""


def environment_of(server: Server, database: str, work: Path) -> dict[str, str]:
    """The whole configuration of a Daybook with `database` and everything else in `work`."""
    outside = {name: value for name, value in server.environment(database).items() if not name.startswith("DAYBOOK_")}
    return outside | {
        "DAYBOOK_ODS_URL": server.url(database),
        "DAYBOOK_DATA_DIR": str(work / "data"),
        "DAYBOOK_WAREHOUSE_URL": f"file://{work}/warehouse",
    }


class Daybook:
    """A Daybook of `database`; within `with daybook:`, `daybook serve` answers."""

    def __init__(self, program: Path, server: Server, database: str, work: Path) -> None:
        self._program = program
        self._work = work
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self._environment = environment_of(server, database, work) | {
            "DAYBOOK_HTTP_LISTEN": self.address,
            "DAYBOOK_WEBHOOKS_SECRETS": f'["{SECRET}"]',
        }

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        if self._process is None:
            raise DaybookFailed("it does not run")
        return self._process.pid

    def run(self, *arguments: str) -> str:
        """What a command answers."""
        command = [str(self._program), *arguments]
        done = subprocess.run(command, env=self._environment, cwd=self._work, capture_output=True, text=True)
        if done.returncode != 0:
            raise DaybookFailed(f"daybook {' '.join(arguments)} ended with {done.returncode}\n{done.stderr[-3000:]}")
        return done.stdout.strip()

    def start(self) -> None:
        """Starts `daybook serve`; it may not answer yet."""
        with self._log().open("ab") as log:
            self._process = subprocess.Popen([str(self._program), "serve"], env=self._environment, cwd=self._work,
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            if self._is_ready():
                return
            time.sleep(0.02)
        raise DaybookFailed(f"daybook serve is not ready; the end of its log:\n{self._log().read_text()[-3000:]}")

    def kill(self) -> None:
        """As `kill -9`; it must have been running."""
        if self._process is None or self._process.poll() is not None:
            raise DaybookFailed(f"daybook serve ended by itself:\n{self._log().read_text()[-3000:]}")
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends it as it should be ended, and insists on exit code 0."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(PATIENCE)
        finally:
            self._process.kill()
            self._process.wait()
            self._process = None
        if code != 0:
            raise DaybookFailed(f"daybook serve ended with {code}:\n{self._log().read_text()[-3000:]}")

    def __enter__(self) -> "Daybook":
        self.start()
        try:
            self.wait_until_ready()
        except BaseException:
            self._give_up()
            raise
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self.stop()
        else:
            self._give_up()

    def _give_up(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.address}/readyz", timeout=PATIENCE) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _log(self) -> Path:
        return self._work / "serve.log"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
