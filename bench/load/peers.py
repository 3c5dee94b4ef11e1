"""Installs the loaders that Daybook is measured against."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from places import cache_folder

REQUIREMENTS = Path(__file__).parent / "requirements.txt"


class PeerMissing(Exception):
    """A peer is not installed and cannot be installed from here."""


def provide_pgloader() -> str:
    """Installs pgloader if it is missing; returns its version."""
    if not shutil.which("pgloader"):
        _install_package("pgloader")
    said = subprocess.run(["pgloader", "--version"], capture_output=True, text=True, check=True).stdout
    return said.split('"')[1]


def provide_dlt() -> str:
    """Installs dlt at the pinned version into a virtual environment; returns the version."""
    installed = _environment() / "requirements.txt"
    if not installed.exists() or installed.read_text() != REQUIREMENTS.read_text():
        shutil.rmtree(_environment(), ignore_errors=True)
        try:
            venv.create(_environment(), with_pip=True)
        except subprocess.CalledProcessError as error:
            raise PeerMissing("Python cannot make virtual environments: apt-get install python3-venv") from error
        _tell([str(dlt_python()), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(REQUIREMENTS)])
        # Written last: an installation that was interrupted starts again.
        shutil.copyfile(REQUIREMENTS, installed)
    say = "import importlib.metadata; print(importlib.metadata.version('dlt'))"
    return subprocess.run([dlt_python(), "-c", say], capture_output=True, text=True, check=True).stdout.strip()


def dlt_python() -> Path:
    return _environment() / "bin/python"


def _environment() -> Path:
    return cache_folder() / "dlt"


def _install_package(name: str) -> None:
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    if not shutil.which("apt-get") or (as_root and not shutil.which("sudo")):
        raise PeerMissing(f"{name} is missing: install it (Debian: apt-get install {name}), or leave it out by --only")
    _tell([*as_root, "apt-get", "update", "-q"])
    _tell([*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-q", "-y",
           "--no-install-recommends", name])


def _tell(command: list[str]) -> None:
    """Runs `command` with its output among the messages, so that the answer stays clean."""
    if subprocess.run(command, stdout=sys.stderr).returncode != 0:
        raise PeerMissing(f"failed: {' '.join(command)}")
