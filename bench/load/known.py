"""What old batches cost: a load over a folder in which every batch is loaded already."""

import shutil
from pathlib import Path
from statistics import median

import landing
import measure
from contenders import Daybook
from postgres import Server
from report import Known

ORDERS_A_BATCH = 4
REPEATS = 3


def measure_known(server: Server, program: Path, cache: Path, batches: int) -> Known:
    """Loads `batches` small batches, and then over and over again."""
    folder, totals = landing.provide(cache, batches * ORDERS_A_BATCH, batches)
    daybook = Daybook(server, folder, program)
    daybook.work = cache / "run/known"
    shutil.rmtree(daybook.work, ignore_errors=True)
    server.create("known")
    daybook.prepare("known")

    def load(name: str) -> float:
        environment = daybook.environment("known")
        return measure.run(daybook.command("known"), environment, daybook.work / f"{name}.log").seconds

    first = load("first")
    again = median(load(f"again-{number}") for number in range(REPEATS))
    daybook.check("known", totals)
    server.drop("known")
    return Known(batches, round(first, 2), round(again, 2))
