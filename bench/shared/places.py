"""Where things lie, and on what kind of machine."""

import os
import platform
from pathlib import Path


def cache_folder() -> Path:
    """What is generated and installed lies beside what is built."""
    target = os.environ.get("CARGO_TARGET_DIR") or Path(__file__).resolve().parents[2] / "target"
    folder = Path(target).resolve() / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def machine() -> dict[str, object]:
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "kernel": platform.release(),
    }


def build_of(program: Path) -> str:
    """How the program was built, by the folder that Cargo put it in."""
    return {"release": "optimised", "debug": "not wholly optimised"}.get(program.parent.name, "unknown")
