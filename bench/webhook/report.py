"""Shows the results to people."""

from statistics import median


def table(result: dict[str, object]) -> str:
    machine = result["machine"]
    lines = [
        f"{result['clients']} clients; PostgreSQL {result['postgresql']}, fsync {result['settings']['fsync']},"
        f" on {machine['cores']} cores and {machine['memory_gib']} GiB of memory; build: {result['build']}",
        "",
        f"{'contender':28}{'durable/s':>12}{'p50 ms':>10}{'p99 ms':>10}   each run",
        *(_row(f"pgbench, {protocol}", runs) for protocol, runs in result["pgbench"].items()),
        _row("daybook, an event a request", result["daybook"]),
        "",
        "times pgbench: " + ", ".join(f"{ratio:.2f} ({protocol})" for protocol, ratio in result["ratios"].items())
        + "; the goal is 3, and never under 1.5",
    ]
    if half := result["half"]:
        lines += [
            f"at {half['rate']:,} events/s, half of the maximum, for {half['minutes']:g} minutes:"
            f" p50 {half['p50_ms']:.2f} ms, p99 {half['p99_ms']:.2f} ms (goal: under 50),"
            f" p99.9 {half['p999_ms']:.2f} ms, longest {half['max_ms']:.1f} ms",
            f"memory of daybook serve: {half['first_mib']} MiB at first, {half['last_mib']} MiB at last",
        ]
    return "\n".join(lines)


def _row(name: str, runs: list[dict[str, float]]) -> str:
    middle = {key: median(run[key] for run in runs) for key in ("per_second", "p50_ms", "p99_ms")}
    each = ", ".join(f"{run['per_second']:,.0f}" for run in runs)
    return f"{name:28}{middle['per_second']:>12,.0f}{middle['p50_ms']:>10.2f}{middle['p99_ms']:>10.2f}   {each}"
