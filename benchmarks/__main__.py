"""Run every benchmark, or those whose name contains an argument, and print the table.

    python -m benchmarks [WORD …]

Seconds are the median of a few runs on this machine at this moment. The ratio to the peer or floor is what can
be compared between machines; the goal is what the project asks of itself on two cores.
"""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from benchmarks import cluster, grading, startup
from benchmarks.measure import Result


def main() -> None:
    found = [f for module in (startup, cluster, grading) for f in module.BENCHMARKS]
    words = sys.argv[1:]
    chosen = [f for f in found if not words or any(word in f.__name__ for word in words)]
    table = Table("what", "measured", "goal", "floor or peer", "its time", "ratio")
    missed = 0
    for benchmark in chosen:
        result: Result = benchmark()
        missed += result.seconds > result.goal
        table.add_row(
            result.what,
            f"{result.seconds * 1000:,.0f} ms",
            f"{result.goal * 1000:,.0f} ms{'' if result.seconds <= result.goal else '  missed'}",
            result.floor,
            f"{result.floor_seconds * 1000:,.1f} ms",
            f"{result.seconds / result.floor_seconds:,.1f}",
        )
    Console().print(table)
    print(f"{len(chosen) - missed} of {len(chosen)} goals reached")


main()
