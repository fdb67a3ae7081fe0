"""The README's table of results, made from the latest full runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from foryou.bench.record import RESULTS, Benchmark, Line, Report, figures, latest

Table: TypeAlias = Mapping[str, Callable[[Report], list[Line]]]
"""What each benchmark tells of its figures."""
START, END = "<!-- results:start -->", "<!-- results:end -->"
README = Path(__file__).parent.parent / "README.md"
IMAGES = README.parent / "docs" / "images"


def update(benchmarks: Table, readme: Path = README, results: Path = RESULTS) -> str:
    """Put the table between the markers of the README; the table. ValueError if it has not both markers, in order."""
    text = readme.read_text("utf-8")
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"{readme} has no {START} followed by {END}; put both where the table should stand")
    made = table(benchmarks, results)
    readme.write_text(f"{before}{START}\n{made}\n{END}{after}", "utf-8")
    return made


def draw(benchmarks: Mapping[str, Benchmark[Any]], images: Path = IMAGES, results: Path = RESULTS) -> list[Path]:
    """Make the pictures of the guides anew, from the same runs."""
    made = []
    for name, benchmark in benchmarks.items():
        report = latest(name, results)
        for file, svg in benchmark.pictures(figures(report)).items() if report is not None else ():
            made.append(images / file)
            made[-1].write_text(svg, "utf-8")
    return made


def table(benchmarks: Table, results: Path = RESULTS) -> str:
    """Markdown: a row for each figure, and below where and when each benchmark ran."""
    runs = {name: report for name in benchmarks if (report := latest(name, results)) is not None}
    if not runs:
        return "Nothing was measured yet: `make bench NAME=rank` and `foryou bench feed` and their like do."
    rows = ["| | measured | asked for | benchmark |", "|---|---:|---:|---|"]
    for name, report in runs.items():
        told = benchmarks[name](figures(report))
        rows.extend(f"| {line.what} | {line.measured} | {line.asked} | `{name}` |" for line in told)
    places: dict[str, list[str]] = {}
    for name, report in runs.items():
        places.setdefault(place(report), []).append(f"`{name}`")
    return "\n".join([*rows, "", *(f"{', '.join(names)}: {where}" + "  " for where, names in places.items())]).rstrip()


def place(report: Report) -> str:
    """Where and when a run was made."""
    on = report["machine"]
    return (
        f"{report['date'][:10]}, commit {report['commit']}, {on['cores']} x {on['cpu']}, {on['os'].split()[0]}, "
        f"Python {on['python']}, NumPy {on['numpy']}, Numba {on['numba']}."
    )
