"""Installs peers from PyPI at their pinned versions."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

from places import cache_folder


class PeerMissing(Exception):
    """A peer is not installed and cannot be installed from here."""


def provide_python(name: str, requirements: Path) -> Path:
    """The Python of the virtual environment `name`, which holds the packages of `requirements`."""
    folder = cache_folder() / name
    python, installed = folder / "bin/python", folder / "requirements.txt"
    if not installed.exists() or installed.read_text() != requirements.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        try:
            venv.create(folder, with_pip=True)
        except subprocess.CalledProcessError as error:
            raise PeerMissing("Python cannot make virtual environments: apt-get install python3-venv") from error
        tell([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", requirements])
        # Written last: an installation that was interrupted starts again.
        shutil.copyfile(requirements, installed)
    return python


def versions(requirements: Path) -> dict[str, str]:
    return dict(line.split("==") for line in requirements.read_text().split())


def tell(command: list[str | Path]) -> None:
    """Runs `command` with its output among the messages, so that the answer stays clean."""
    if subprocess.run(command, stdout=sys.stderr).returncode != 0:
        raise PeerMissing(f"failed: {' '.join(map(str, command))}")
