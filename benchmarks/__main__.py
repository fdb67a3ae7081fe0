"""`python -m benchmarks` lists, `python -m benchmarks NAME` runs one, `--readme` writes the README's table."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import readme
from benchmarks.quality import ablation, farm, kr_cold, kr_next, kr_online, kr_rank, loop, offpolicy, spread, text
from benchmarks.speed import explain, gate, index, learn, log, memory, page, pressure, rank, retrieve
from foryou.bench.commands import LINES
from foryou.bench.record import RESULTS, Benchmark, keep, run
from foryou.models.threads import one_blas_thread

BENCHMARKS: Mapping[str, Benchmark[Any]] = {
    "kr_rank": kr_rank.BENCHMARK,
    "kr_online": kr_online.BENCHMARK,
    "kr_cold": kr_cold.BENCHMARK,
    "kr_next": kr_next.BENCHMARK,
    "ablation": ablation.BENCHMARK,
    "text": text.BENCHMARK,
    "farm": farm.BENCHMARK,
    "offpolicy": offpolicy.BENCHMARK,
    "loop": loop.BENCHMARK,
    "spread": spread.BENCHMARK,
    "rank": rank.BENCHMARK,
    "learn": learn.BENCHMARK,
    "explain": explain.BENCHMARK,
    "gate": gate.BENCHMARK,
    "log": log.BENCHMARK,
    "index": index.BENCHMARK,
    "pressure": pressure.BENCHMARK,
    "retrieve": retrieve.BENCHMARK,
    "memory": memory.BENCHMARK,
    "page": page.BENCHMARK,
}


TABLE = {**{name: benchmark.lines for name, benchmark in BENCHMARKS.items()}, **LINES}
"""What stands in the README's table: these, and what `foryou bench` measures."""


def main() -> None:
    """Read the arguments, and do what they say."""
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("name", nargs="?", choices=BENCHMARKS, metavar="NAME", help=", ".join(BENCHMARKS))
    options.add_argument("--json", type=Path, metavar="FILE", help="write the run to this file too")
    options.add_argument("--tiny", action="store_true", help="the smallest sizes: shows that it runs, measures nothing")
    options.add_argument(
        "--results", type=Path, metavar="DIR", help=f"where runs are kept (default: {RESULTS.name}/, but not tiny ones)"
    )
    options.add_argument(
        "--readme",
        action="store_true",
        help="write the table of the README, and pictures of the guides, from the latest runs",
    )
    chosen = options.parse_args()
    if chosen.readme:
        print(readme.update(TABLE, results=chosen.results or RESULTS))
        readme.draw(BENCHMARKS, results=chosen.results or RESULTS)
    elif chosen.name is None:
        for name, benchmark in BENCHMARKS.items():
            print(f"{name:<10} {benchmark.help}")
    else:
        measure(chosen.name, chosen.tiny, chosen.results, chosen.json)


def measure(name: str, tiny: bool, results: Path | None, json_file: Path | None) -> None:
    """Run one, print it and keep it."""
    one_blas_thread()
    print(f"{name}: {BENCHMARKS[name].help}", file=sys.stderr)
    report = run(name, BENCHMARKS[name], tiny)
    for line in BENCHMARKS[name].lines(report["results"]):
        print(f"{line.what:<72} {line.measured:>24}" + (f"   asked for: {line.asked}" if line.asked else ""))
    print(f"{readme.place(report)} Load {report['machine']['load']}; medians, on a machine that is never quite quiet.")
    if json_file is not None:
        json_file.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    if results is not None or not tiny:
        print(f"Kept in {keep(report, results or RESULTS)}", file=sys.stderr)


if __name__ == "__main__":
    main()
