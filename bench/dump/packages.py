"""Installs the peers from PyPI at their pinned versions."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

from places import cache_folder

REQUIREMENTS = Path(__file__).parent / "requirements.txt"


class PeerMissing(Exception):
    """A peer is not installed and cannot be installed from here."""


def provide() -> Path:
    """The Python of a virtual environment that has them."""
    folder = cache_folder() / "dump-peers"
    python, installed = folder / "bin/python", folder / "requirements.txt"
    if not installed.exists() or installed.read_text() != REQUIREMENTS.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        try:
            venv.create(folder, with_pip=True)
        except subprocess.CalledProcessError as error:
            raise PeerMissing("Python cannot make virtual environments: apt-get install python3-venv") from error
        install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", REQUIREMENTS]
        if subprocess.run(install, stdout=sys.stderr).returncode != 0:
            raise PeerMissing(f"{REQUIREMENTS} cannot be installed")
        # Written last: an installation that was interrupted starts again.
        shutil.copyfile(REQUIREMENTS, installed)
    return python


def versions() -> dict[str, str]:
    return dict(line.split("==") for line in REQUIREMENTS.read_text().split())
