"""Measures the close of a whole history: from the dump's Parquet files to the published books, against DuckDB."""

import argparse
import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))

import measure  # noqa: E402
from places import build_of, cache_folder, machine  # noqa: E402

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
CHECKS = ("audit", "reconcile", "publish")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assemble", type=Path, required=True, metavar="PATH", help="the program that closes dumps")
    parser.add_argument("--orders", type=int, default=30_000_000, help="[default: %(default)s]")
    parser.add_argument("--days", type=int, default=365, help="[default: %(default)s]")
    parser.add_argument("--memory-mib", type=int, default=6144, help="for either [default: %(default)s]")
    parser.add_argument("--only", nargs="+", choices=("daybook", "duckdb"), default=("daybook", "duckdb"))
    return parser.parse_args()


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def python_with_duckdb() -> Path:
    folder = cache_folder() / "close-peers"
    python, installed = folder / "bin/python", folder / "requirements.txt"
    if not installed.exists() or installed.read_text() != REQUIREMENTS.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", REQUIREMENTS]
        subprocess.run(install, stdout=sys.stderr, check=True)
        # Written last: an installation that was interrupted starts again.
        shutil.copyfile(REQUIREMENTS, installed)
    return python


def steps(output: str) -> dict[str, float]:
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return {line["name"]: line["seconds"] for line in lines if "seconds" in line}


def main() -> int:
    options = arguments()
    python, program = python_with_duckdb(), options.assemble.resolve()
    folder = cache_folder() / "close" / f"{options.orders}x{options.days}"
    say("generating or finding the dump")
    make = [python, HERE / "shop.py", str(options.orders), str(options.days), folder]
    manifest, first, last = subprocess.run(make, check=True, capture_output=True, text=True).stdout.split()
    models = folder / "models.jsonl"
    models.write_bytes(subprocess.run([program, "--sql", first, last], check=True, capture_output=True).stdout)
    built, runs = folder / "duckdb", {}
    try:
        if "daybook" in options.only:
            for old in ("tables", "publications"):
                shutil.rmtree(folder / old, ignore_errors=True)
            command = [str(program), str(folder), manifest, first, last, str(options.memory_mib)]
            runs["daybook"] = measure.run(command, {}, folder / "daybook.log")
        if "duckdb" in options.only:
            shutil.rmtree(built, ignore_errors=True)
            command = [str(python), str(HERE / "duckdb_build.py"), str(models), str(Path(manifest).parent), str(built),
                       str(options.memory_mib)]
            runs["duckdb"] = measure.run(command, {}, folder / "duckdb.log")
    except measure.CommandFailed as error:
        say(f"FAILED: {error}")
        return 1
    report(runs, build_of(program.parent))
    if len(runs) == 2:
        return subprocess.run([python, HERE / "check.py", models, folder, built]).returncode
    return 0


def report(runs: dict[str, measure.Measured], build: str) -> None:
    print(f"machine {machine()}, program {build}")
    taken = {name: steps(run.output) for name, run in runs.items()}
    names = dict.fromkeys(step for own in taken.values() for step in own)
    print("".join(f"{header:>28}" if at == 0 else f"{header:>12}" for at, header in enumerate(("seconds", *runs))))
    for step in names:
        print(f"{step:>28}" + "".join(f"{own.get(step, 0):12.1f}" for own in taken.values()))
    models = [sum(seconds for step, seconds in own.items() if step not in CHECKS) for own in taken.values()]
    print(f"{'all models':>28}" + "".join(f"{seconds:12.1f}" for seconds in models))
    print(f"{'the whole command':>28}" + "".join(f"{run.seconds:12.1f}" for run in runs.values()))
    print(f"{'peak MiB':>28}" + "".join(f"{run.peak_mib:12.0f}" for run in runs.values()))
    if len(models) == 2:
        print(f"{'daybook in times of duckdb':>28}{models[0] / models[1]:12.2f}")


if __name__ == "__main__":
    sys.exit(main())
