"""Provides the loaders that Daybook is measured against."""

import os
import shutil
import subprocess
from pathlib import Path

from packages import PeerMissing, provide_python, tell, versions

REQUIREMENTS = Path(__file__).parent / "requirements.txt"


def provide_pgloader() -> str:
    """Installs pgloader if it is missing; returns its version."""
    if not shutil.which("pgloader"):
        _install_package("pgloader")
    said = subprocess.run(["pgloader", "--version"], capture_output=True, text=True, check=True).stdout
    return said.split('"')[1]


def dlt_python() -> Path:
    """The Python that has dlt; installs it if it is missing."""
    return provide_python("dlt", REQUIREMENTS)


def dlt_version() -> str:
    return versions(REQUIREMENTS)["dlt[postgres]"]


def _install_package(name: str) -> None:
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    if not shutil.which("apt-get") or (as_root and not shutil.which("sudo")):
        raise PeerMissing(f"{name} is missing: install it (Debian: apt-get install {name}), or leave it out by --only")
    tell([*as_root, "apt-get", "update", "-q"])
    tell([*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-q", "-y",
          "--no-install-recommends", name])
