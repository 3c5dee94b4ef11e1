"""Runs a command and says how long it took and how much memory it held."""

import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SAMPLING = 0.05


class CommandFailed(Exception):
    """A measured command ended with an error."""


@dataclass(frozen=True)
class Measured:
    seconds: float
    peak_mib: float
    output: str


def run(command: list[str], environment: dict[str, str], log: Path, accept: tuple[int, ...] = (0,)) -> Measured:
    """Runs `command` to its end, its output in `log`; an exit code that is not in `accept` is an error.

    `peak_mib` is the memory of the process and all that it started, and not that of PostgreSQL's back ends.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        started = time.monotonic()
        try:
            process = subprocess.Popen(command, env=environment, cwd=log.parent, stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=output)
        except OSError as error:
            raise CommandFailed(f"{command[0]} does not start: {error}") from error
        with PeakMemory(process.pid) as memory:
            try:
                code = process.wait()
            finally:
                process.kill()
        seconds = time.monotonic() - started
    text = log.read_text(errors="replace")
    if code not in accept:
        raise CommandFailed(f"{command[0]} ended with {code}; the end of {log}:\n{text[-3000:]}")
    return Measured(seconds, memory.peak_kib / 1024, text)


class PeakMemory(threading.Thread):
    """Samples what a process and its descendants hold, while the `with` block lasts.

    For each of them it takes VmHWM, the most that the kernel has ever seen it hold, so that nothing between two
    samples is missed but what happens in a process's last moment.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._done = threading.Event()
        self.peak_kib = 0

    def __enter__(self) -> "PeakMemory":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self.join()

    def run(self) -> None:
        while not self._done.wait(SAMPLING):
            self.peak_kib = max(self.peak_kib, sum(map(_held_kib, _tree(self._pid))))


def _tree(pid: int) -> list[int]:
    pids = [pid]
    for parent in pids:
        for thread in _threads(parent):
            pids.extend(map(int, _read(thread / "children").split()))
    return pids


def _threads(pid: int) -> list[Path]:
    """The threads of a process; none if it has just ended."""
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return []


def _held_kib(pid: int) -> int:
    for line in _read(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def _read(path: Path) -> str:
    """What a file says; nothing if its process has just ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
