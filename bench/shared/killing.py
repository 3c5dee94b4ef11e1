"""Kills processes, as a power cut would."""

import os
import signal
import subprocess


class Differs(Exception):
    """What killed processes left, and an undisturbed one finished, is not what an undisturbed one makes."""


def kill_group(process: subprocess.Popen[bytes]) -> bool:
    """Kills a process and all that it started; whether it was still running. It must lead its own session."""
    running = process.poll() is None
    if running:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return running
