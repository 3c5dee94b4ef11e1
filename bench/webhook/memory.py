"""What a process holds over time."""

import threading
import time
from pathlib import Path
from statistics import mean

SAMPLING = 1.0


class Memory(threading.Thread):
    """Samples a process's resident memory, while the `with` block lasts."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{pid}/status")
        self._done = threading.Event()
        self._since = time.monotonic()
        # seconds since the start, MiB
        self._samples: list[tuple[float, float]] = []

    def __enter__(self) -> "Memory":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self.join()

    def run(self) -> None:
        while not self._done.wait(SAMPLING):
            for line in self._status.read_text().splitlines():
                if line.startswith("VmRSS:"):
                    self._samples.append((time.monotonic() - self._since, int(line.split()[1]) / 1024))

    def first_and_last(self, seconds: float) -> tuple[float, float]:
        """What it held in the first and in the last so many seconds, on average."""
        end = self._samples[-1][0]
        return (
            round(mean(held for at, held in self._samples if at <= max(seconds, SAMPLING * 2)), 1),
            round(mean(held for at, held in self._samples if at >= end - seconds), 1),
        )
