"""Sums the runs up and shows them."""

from dataclasses import dataclass

from measure import Measured

from shop import Totals

Json = dict[str, object]
WRITES = {"lines": "lines as stored", "shop": "orders, dated lines"}


@dataclass(frozen=True)
class Runs:
    """All runs of one contender at one task, in the order of the rounds."""

    contender: str
    task: str
    measured: list[Measured]

    @property
    def best(self) -> float:
        return min(run.seconds for run in self.measured)


def rows(all_runs: list[Runs], totals: Totals) -> list[Json]:
    """One row for each contender and task, compared with Daybook if that ran."""
    ours = next((runs for runs in all_runs if runs.contender == "daybook"), None)
    return [
        {
            "contender": runs.contender,
            "writes": WRITES[runs.task],
            "seconds": round(runs.best, 2),
            "seconds_each": [round(run.seconds, 2) for run in runs.measured],
            "lines_per_second": round(totals.lines / runs.best),
            "daybook_is_times_faster": round(runs.best / ours.best, 2) if ours else None,
            "in_the_worst_round": round(min(
                theirs.seconds / our.seconds for theirs, our in zip(runs.measured, ours.measured)
            ), 2) if ours else None,
            "peak_memory_mib": round(max(run.peak_mib for run in runs.measured)),
        }
        for runs in all_runs
    ]


def table(result: Json) -> str:
    """The same for people."""
    machine, data = result["machine"], result["data"]
    lines = [
        f"{data['orders']:,} orders + {data['lines']:,} lines ({data['table_mib']} MiB of lines)",
        f"PostgreSQL {result['postgresql']}, on {machine['cores']} cores and {machine['memory_gib']} GiB of memory; "
        + "; ".join(f"{name} {version}" for name, version in result["peers"].items()),
        "",
        f"{'contender':12}{'writes':22}{'seconds':>8}{'lines/s':>12}{'daybook ×':>11}{'worst':>7}{'peak MiB':>10}"
        "   each run",
    ]
    for row in result["contenders"]:
        ratios = "".join(
            f"{'' if row[name] is None else format(row[name], '.2f'):>{width}}"
            for name, width in (("daybook_is_times_faster", 11), ("in_the_worst_round", 7))
        )
        lines.append(
            f"{row['contender']:12}{row['writes']:22}{row['seconds']:>8.2f}{row['lines_per_second']:>12,}{ratios}"
            f"{row['peak_memory_mib']:>10,}   {', '.join(f'{each:.2f}' for each in row['seconds_each'])}"
        )
    return "\n".join(lines)
