"""Run every benchmark, or those whose name contains an argument, and print the table.

    python -m benchmarks [WORD …]

Times are the median of a few runs on this machine at this moment. The ratio to the peer or floor is what can
be compared between machines; the goal is what the project asks of itself on two cores.
"""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from benchmarks import changes, cluster, grading, many, requests, startup, views
from benchmarks.measure import Result


def main() -> None:
    modules = (startup, cluster, changes, many, requests, grading, views)
    found = [f for module in modules for f in module.BENCHMARKS]
    words = sys.argv[1:]
    chosen = [f for f in found if not words or any(word in f.__name__ for word in words)]
    table = Table("what", "measured", "goal", "floor or peer", "its own", "ratio")
    missed = 0
    for benchmark in chosen:
        result: Result = benchmark()
        missed += result.measured > result.goal
        table.add_row(
            result.what,
            result.unit.text(result.measured),
            f"{result.unit.text(result.goal)}{'' if result.measured <= result.goal else '  missed'}",
            result.floor,
            result.unit.text(result.floor_measured, 1),
            f"{result.measured / result.floor_measured:,.1f}",
        )
    Console().print(table)
    print(f"{len(chosen) - missed} of {len(chosen)} goals reached")


main()
