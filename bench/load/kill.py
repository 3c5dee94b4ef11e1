"""Kills `daybook load` at random moments and proves that the next load finishes the job.

One undisturbed load of batches full of trouble says what must come out. Then databases are loaded by loads that are
killed, one after another, until one comes through; after one more undisturbed load, every table must be the same.
"""

import argparse
import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))

import measure
import troubled
from daybook import environment_of
from killing import Differs, kill_group
from places import cache_folder
from postgres import PostgresError, Server
from state import State, differences, state_of, troubles

# Some batches are refused, always: that is "done, but".
DONE = (0, 3)


@dataclass
class Tally:
    in_flight: int = 0
    with_progress: int = 0
    too_late: int = 0
    databases: int = 0


class Killer:
    def __init__(self, server: Server, program: Path, cache: Path, chance: random.Random) -> None:
        self._server = server
        self._program = program
        self._landing = cache / "troubled"
        self._work = cache / "run/kill"
        self._chance = chance
        self._longest = 0.0
        self._expected: State = {}
        self.tally = Tally()

    def prepare(self) -> dict[str, int]:
        """Makes the undisturbed state, and returns how much trouble went into it."""
        troubled.generate(self._landing)
        shutil.rmtree(self._work, ignore_errors=True)
        self._server.create("prepared")
        measure.run([str(self._program), "init"], self._environment("prepared"), self._work / "init.log")
        self._server.create("undisturbed", template="prepared")
        self._longest = self._load("undisturbed")
        self._expected = state_of(self._server, "undisturbed")
        found = troubles(self._server, "undisturbed")
        if missing := [name for name, count in found.items() if count == 0]:
            raise Differs(f"the batches provoke too little: no {', '.join(missing)}")
        return found

    def kill_until_loaded(self, kills: int) -> None:
        """Fills one fresh database with loads that are killed, at most `kills` of them in flight."""
        self._server.drop("killed")
        self._server.create("killed", template="prepared")
        self.tally.databases += 1
        goal = self.tally.in_flight + kills
        while self.tally.in_flight < goal and self._kill_one():
            pass
        self._load("killed")
        if shown := differences(self._expected, state_of(self._server, "killed")):
            raise Differs("after the kills, the database differs:\n" + "\n".join(shown))

    def _kill_one(self) -> bool:
        """Whether a load was killed before it had done everything."""
        before = self._loaded("killed")
        process = self._start("killed")
        try:
            time.sleep(self._chance.uniform(0, self._longest))
        finally:
            alive = kill_group(process)
        if not alive and process.returncode not in DONE:
            raise measure.CommandFailed(f"the load failed: {(self._work / 'killed.log').read_text()[-3000:]}")
        after = self._loaded("killed")
        in_flight = alive and after < len(self._expected["load"])
        self.tally.in_flight += in_flight
        self.tally.with_progress += in_flight and after > before
        self.tally.too_late += not in_flight
        return in_flight

    def _start(self, database: str) -> subprocess.Popen[bytes]:
        with (self._work / f"{database}.log").open("wb") as log:
            return subprocess.Popen(self._command(), env=self._environment(database), cwd=self._work,
                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def _load(self, database: str) -> float:
        log = self._work / f"{database}-last.log"
        return measure.run(self._command(), self._environment(database), log, accept=DONE).seconds

    def _loaded(self, database: str) -> int:
        """How many batches the ledger knows."""
        return int(self._server.ask(database, "-c", "select count(*) from daybook.load"))

    def _command(self) -> list[str]:
        return [str(self._program), "load", str(self._landing)]

    def _environment(self, database: str) -> dict[str, str]:
        return environment_of(self._server, database, self._work) | {"DAYBOOK_NOW": troubled.NOW}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--daybook", type=Path, required=True, metavar="PATH", help="the program to kill")
    parser.add_argument("--kills", type=int, default=100, help="that must hit in flight [default: %(default)s]")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="of the moments")
    options = parser.parse_args()
    print(f"seed {options.seed}", file=sys.stderr)
    try:
        with Server() as server:
            chance = random.Random(options.seed)
            killer = Killer(server, options.daybook.resolve(), cache_folder(), chance)
            provoked = killer.prepare()
            print("provoked: " + ", ".join(f"{count} {name}" for name, count in provoked.items()))
            tally = killer.tally
            while tally.in_flight < options.kills:
                if tally.too_late > 20 + 5 * tally.in_flight:
                    raise Differs("the loads are too quick to be hit")
                killer.kill_until_loaded(options.kills - tally.in_flight)
                print(f"{tally.in_flight} kills in flight", file=sys.stderr)
    except (Differs, measure.CommandFailed, PostgresError) as error:
        print(f"FAILED (seed {options.seed}): {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"{tally.in_flight} kills hit a load in flight, {tally.with_progress} of them after some of its batches;"
          f" {tally.too_late} came too late")
    print(f"all {tally.databases} databases are the same as after one undisturbed load")
    return 0


if __name__ == "__main__":
    sys.exit(main())
