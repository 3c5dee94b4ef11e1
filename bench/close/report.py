"""The answer as a table for people."""

# What is done besides building the models; only Daybook reconciles and publishes.
CHECKS = ("audit", "reconcile", "publish")


def table(result: dict[str, object]) -> str:
    machine = result["machine"]
    lines = [
        f"{result['orders_a_day']:,} orders a day, {result['memory_mib']:,} MiB for rows; DuckDB {result['peers']['duckdb']};"
        f" on {machine['cores']} cores and {machine['memory_gib']} GiB of memory; build: {result['build']}",
    ]
    if result["backfill"]:
        lines += ["", *_backfill(result["days"], result["backfill"])]
    if result["after"]:
        lines += ["", *_after(result["after"])]
    return "\n".join(lines)


def _backfill(days: int, runs: dict[str, dict]) -> list[str]:
    steps = dict.fromkeys(step for run in runs.values() for step in run["steps"])
    # Daybook builds several at a time, so their seconds do not add up
    models = {name: run["seconds"] - sum(run["steps"].get(step, 0) for step in CHECKS) for name, run in runs.items()}
    lines = [_row(f"{days} days, seconds", runs)]
    lines += [_row(step, (f"{run['steps'].get(step, 0):.1f}" for run in runs.values())) for step in steps]
    lines += [
        _row("all models", (f"{seconds:.1f}" for seconds in models.values())),
        _row("the whole command", (f"{run['seconds']:.1f}" for run in runs.values())),
        _row("peak MiB", (f"{run['peak_mib']:.0f}" for run in runs.values())),
    ]
    if len(runs) == 2:
        lines.append(_row("all models, in times of duckdb", [f"{models['daybook'] / models['duckdb']:.2f}"]))
        whole = runs["daybook"]["seconds"] / runs["duckdb"]["seconds"]
        lines.append(_row("the whole command, the same", [f"{whole:.2f}"]))
    return lines


def _after(after: dict[int, dict[str, dict]]) -> list[str]:
    lines = [_row("after a history of", ("seconds", "peak MiB", "dates built", "MiB added", "of customers"))]
    for days, closes in after.items():
        for name, close in closes.items():
            added = close["added_mib"]
            lines.append(_row(f"{days} days, {name}", (
                f"{close['seconds']:.2f}", f"{close['peak_mib']:.0f}", close["dates"], f"{sum(added.values()):.1f}",
                f"{added['int_customer_orders']:.1f}")))
    ordinary = [closes["one more day"]["seconds"] for closes in after.values()]
    if len(ordinary) > 1:
        lines.append(_row("the last in times of the one before", [f"{ordinary[-1] / ordinary[-2]:.2f}"]))
    return lines


def _row(name: str, cells: object) -> str:
    return f"{name:>40}" + "".join(f"{cell!s:>14}" for cell in cells)
