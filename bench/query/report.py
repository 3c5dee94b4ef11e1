"""The answer as a table for people."""


def answers(result: dict[str, object]) -> str:
    machine = result["machine"]
    lines = [
        f"{result['orders_a_day'] * result['days']:,} orders in {result['days']} days; DuckDB"
        f" {result['peers']['duckdb']}; on {machine['cores']} cores and {machine['memory_gib']} GiB of memory;"
        f" build: {result['build']}",
        "",
        _row("milliseconds", ("daybook", "worst", "duckdb", "worst", "ratio")),
    ]
    for name, answer in result["answers"].items():
        median, worst = answer["median"], answer["worst"]
        lines.append(_row(name, (
            *(f"{value:.1f}" for value in (median["daybook"], worst["daybook"], median["duckdb"], worst["duckdb"])),
            f"{answer['ratio']:.2f}")))
    return "\n".join(lines)


def _row(name: str, cells: object) -> str:
    return f"{name:>36}" + "".join(f"{cell!s:>10}" for cell in cells)
