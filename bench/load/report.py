"""Sums the runs up and shows them."""

from dataclasses import dataclass
from statistics import median

from landing import Totals
from measure import Measured

Json = dict[str, object]


@dataclass(frozen=True)
class Known:
    """What batches cost that are loaded already."""

    batches: int
    first_seconds: float
    again_seconds: float


def summary(runs: dict[str, list[Measured]], totals: Totals, limit: str) -> list[Json]:
    """One row a contender, in the given order; `limit` is the one that all are compared with."""
    seconds = {name: median(run.seconds for run in measured) for name, measured in runs.items()}
    return [
        {
            "contender": name,
            "runs": len(measured),
            "seconds": round(seconds[name], 2),
            "seconds_each": [round(run.seconds, 2) for run in measured],
            "rows_per_second": round(totals.rows / seconds[name]),
            "times_the_limit": round(seconds[name] / seconds[limit], 2) if limit in seconds else None,
            "peak_memory_mib": round(max(run.peak_mib for run in measured)),
        }
        for name, measured in runs.items()
    ]


def table(result: Json) -> str:
    """The same for people."""
    machine, data, settings = result["machine"], result["data"], result["settings"]
    lines = [
        f"{data['orders']:,} orders + {data['lines']:,} lines in {data['batches']} batches ({data['files_mib']} MiB)",
        f"PostgreSQL {settings['postgresql']}, fsync {settings['fsync']}, on {machine['cores']} cores"
        f" and {machine['memory_gib']} GiB of memory; daybook's build: {result['build']}"
        + "".join(f"; {name} {version}" for name, version in result["peers"].items()),
        "",
        f"{'contender':14}{'seconds':>10}{'rows/s':>12}{'× limit':>10}{'peak MiB':>10}   each run",
    ]
    for row in result["contenders"]:
        ratio = "" if row["times_the_limit"] is None else f"{row['times_the_limit']:.2f}"
        lines.append(
            f"{row['contender']:14}{row['seconds']:>10.2f}{row['rows_per_second']:>12,}{ratio:>10}"
            f"{row['peak_memory_mib']:>10,}   {', '.join(f'{each:.2f}' for each in row['seconds_each'])}"
        )
    if known := result.get("known"):
        lines += ["", f"{known['batches']:,} small batches: loaded in {known['first_seconds']:.2f} s,"
                      f" found known again in {known['again_seconds']:.2f} s"]
    return "\n".join(lines)
