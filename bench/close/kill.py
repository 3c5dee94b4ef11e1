"""Kills `daybook run` after each of its steps and at random moments, and proves that the next run finishes the job.

Batches full of trouble are loaded and half of their days closed. One undisturbed close of the other half says what must
come out. Then copies of that ODS and warehouse are closed by runs that are killed, and at last by one that is not;
afterwards all books and all of the ODS must be the same.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))

import measure
import troubled
from answer import say
from daybook import environment_of
from killing import Differs, kill_group
from places import cache_folder
from postgres import PostgresError, Server
from state import State, differences, state_of

FIRST, HALF, LAST = "2024-03-01", "2024-03-30", "2024-04-29"
# Some batches are refused, always: that is "done, but".
DONE = (0, 3)
STEP_ENDED = b"step ended"


class Killer:
    def __init__(self, server: Server, program: Path, work: Path) -> None:
        self._server = server
        self._program = program
        self._work = work
        self._expected: State = {}
        self._tables: list[str] = []
        self.steps = 0
        self.seconds = 0.0

    def prepare(self) -> None:
        """Loads everything and closes one half of the days; closes the other half undisturbed."""
        shutil.rmtree(self._work, ignore_errors=True)
        landing = self._work / "landing"
        troubled.generate(landing)
        self._server.create("prepared")
        early = sorted(landing.glob("batch-[0-2]*"))
        self._daybook("prepared", "load", *map(str, early), accept=DONE)
        self._daybook("prepared", "run", "--from", FIRST, "--to", HALF)
        self._daybook("prepared", "load", str(landing), accept=DONE)
        self._copy("undisturbed")
        self._tables = sorted(table.name for table in (self._warehouse("prepared") / "tables").iterdir())
        run = self._daybook("undisturbed", *self._close(), "--verbose")
        self.steps, self.seconds = run.output.encode().count(STEP_ENDED), run.seconds
        self._expected = self._state("undisturbed")

    def kill_after_step(self, step: int) -> None:
        """Kills a run as soon as so many of its steps have ended."""
        self._copy("killed")
        process = self._start("killed", "--verbose", stderr=subprocess.PIPE)
        ended = 0
        for line in process.stderr:
            ended += STEP_ENDED in line
            if ended == step:
                break
        kill_group(process)
        if ended < step:
            raise Differs(f"the run had {ended} steps, and not {step}")
        self._finish(f"killed after step {step}")

    def kill_at_random(self, kills: int, chance: random.Random) -> int:
        """Kills runs on one copy at random moments until one comes through, at most `kills`; how many were killed."""
        self._copy("killed")
        killed = 0
        while killed < kills:
            process = self._start("killed", stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0, self.seconds))
            if not kill_group(process):
                break
            killed += 1
        self._finish(f"killed {killed} times")
        return killed

    def _finish(self, what: str) -> None:
        self._daybook("killed", *self._close())
        self._daybook("killed", "reconcile")
        if shown := differences(self._expected, self._state("killed")):
            raise Differs(f"{what}, the books or the ODS differ:\n" + "\n".join(shown))

    def _copy(self, name: str) -> None:
        self._server.drop(name)
        self._server.create(name, template="prepared")
        shutil.rmtree(self._warehouse(name), ignore_errors=True)
        # what is written once need not be copied
        shutil.copytree(self._warehouse("prepared"), self._warehouse(name), copy_function=os.link)

    def _state(self, name: str) -> State:
        books = {f"published {table}": sorted(self._query(name, f'select * from "{table}"')) for table in self._tables}
        return state_of(self._server, name) | books

    def _query(self, name: str, sql: str) -> list[str]:
        return self._daybook(name, "query", "--quiet", "--format", "csv", sql).output.splitlines()

    def _close(self) -> list[str]:
        return ["run", "--to", LAST, "--from", HALF]

    def _start(self, name: str, *more: str, stderr: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen([str(self._program), *self._close(), *more], env=self._environment(name),
                                cwd=self._work, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr,
                                start_new_session=True)

    def _daybook(self, name: str, *arguments: str, accept: tuple[int, ...] = (0,)) -> measure.Measured:
        return measure.run([str(self._program), *arguments], self._environment(name), self._work / f"{name}.log", accept)

    def _warehouse(self, name: str) -> Path:
        return self._work / name / "warehouse"

    def _environment(self, name: str) -> dict[str, str]:
        return environment_of(self._server, name, self._work / name) | {"DAYBOOK_NOW": troubled.NOW}


def kill(killer: Killer, options: argparse.Namespace) -> str:
    killer.prepare()
    for step in range(1, killer.steps + 1):
        killer.kill_after_step(step)
        say(f"killed after step {step} of {killer.steps}: the same books")
    chance, killed, copies = random.Random(options.seed), 0, 0
    while killed < options.kills:
        killed += killer.kill_at_random(options.kills - killed, chance)
        copies += 1
        say(f"{killed} kills at random moments: the same books")
        if copies > 20 + 3 * killed:
            raise Differs("the runs are too quick to be hit")
    return (f"{killer.steps} kills, one after each step, and {killed} at random moments, on {copies} copies:"
            " all books and the ODS are the same as after an undisturbed close")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--daybook", type=Path, required=True, metavar="PATH", help="the program to kill")
    parser.add_argument("--kills", type=int, default=100, help="at random moments [default: %(default)s]")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="of the moments")
    options = parser.parse_args()
    say(f"seed {options.seed}")
    try:
        with Server() as server:
            print(kill(Killer(server, options.daybook.resolve(), cache_folder() / "run/kill-close"), options))
    except (Differs, measure.CommandFailed, PostgresError) as error:
        say(f"FAILED (seed {options.seed}): {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
