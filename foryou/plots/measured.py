"""What `foryou bench` measured: times and stages as bars, growth on logarithmic axes, a soak over its minutes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from foryou.plots.style import ACCENT, INK, SOFT, picture, plain

Report = Mapping[str, Any]
PERCENTILES = ("p50_ms", "p95_ms", "p99_ms", "max_ms")


def plot_feed(report: Report, path: Path) -> None:
    """Percentiles back to back and spaced, and the mean ms of each stage."""
    with picture(path, (12, 4.5), across=2) as (_, ((left, right),)):
        _grouped(left, {"spaced": report["spaced"], "back to back": report}, "a feed over HTTP, ms")
        stages = dict(list(report["stages"].items())[:15][::-1])
        _bars(right, list(stages), list(stages.values()), "mean ms of a stage")


def plot_ingest(report: Report, path: Path) -> None:
    """Events a second of each batch size and of imports: acknowledged, and learned from too."""
    rows = {f"HTTP, {batch} a request": row for batch, row in report["http"].items()}
    rows |= {f"import, {float(share):.0%} learned": row for share, row in report["import"].items()}
    with picture(path, (8, 1 + 0.6 * len(rows))) as (_, ((axis,),)):
        _bars(
            axis, list(rows), [row["events_per_s"] for row in rows.values()], "events a second; dots: learned from too"
        )
        axis.scatter([row["learned_events_per_s"] for row in rows.values()], range(len(rows)), c=INK, zorder=3)
        axis.invert_yaxis()


def plot_freshness(report: Report, path: Path) -> None:
    """Percentiles of what a feed shows, for each act, and of what the model's parameters do."""
    with picture(path, (11, 4), across=2) as (_, ((left, right),)):
        _grouped(left, report["acts"], "acknowledged to in the next feed, ms")
        _grouped(right, {"parameters": report["parameters"]}, "acknowledged to in the model that serves, ms")


def plot_recovery(report: Report, path: Path) -> None:
    """Seconds to the first answer."""
    rows = {"after a clean stop": report["clean_s"], "after kill -9": report["startup_s"]}
    if report["replay"]:
        rows["from the log alone"] = report["replay"]["startup_s"]
    with picture(path, (7, 2.4)) as (_, ((axis,),)):
        _bars(axis, list(rows), list(rows.values()), f"seconds to the first answer, {report['events']:,} events")
        axis.invert_yaxis()


def plot_growth(report: Report, path: Path) -> None:
    """A small chart for each figure against the size, both axes logarithmic, with the exponent of its fit."""
    names = [name for name in ("p50_ms", "p99_ms", "rss_mib", "disk_mib", "startup_s") if name in report["sizes"][0]]
    with picture(path, (3.2 * len(names), 3.2), across=len(names)) as (_, (axes,)):
        sizes = [row["size"] for row in report["sizes"]]
        for axis, name in zip(axes, names, strict=True):
            axis.loglog(sizes, [row[name] for row in report["sizes"]], "o-", color=ACCENT)
            fit = report["growth"].get(name)
            error = "" if fit is None or fit["error"] is None else f" ± {fit['error']:.2f}"
            plain(axis, name if fit is None else f"{name} ~ size^{fit['exponent']:.2f}{error}", grid="both")


def plot_soak(report: Report, path: Path) -> None:
    """Latency, memory, handles and threads over the minutes."""
    rows = report["minutes"]
    with picture(path, (9, 7), 3, sharex=True) as (_, panels):
        axes = panels[:, 0]
        for names, axis, title in (
            (("p50_ms", "p99_ms"), axes[0], "ms of a feed"),
            (("rss_mib",), axes[1], "memory, MiB"),
            (("handles", "threads"), axes[2], "open handles, threads"),
        ):
            for name, colour in zip(names, (ACCENT, INK), strict=False):
                axis.plot(range(1, len(rows) + 1), [row[name] for row in rows], color=colour, label=name)
            axis.set_ylim(bottom=0)
            axis.legend(fontsize=8, frameon=False)
            plain(axis, title)
        axes[-1].set_xlabel("minute", fontsize=8)


PLOTS: Mapping[str, Callable[[Report, Path], None]] = {
    "feed": plot_feed,
    "ingest": plot_ingest,
    "freshness": plot_freshness,
    "recovery": plot_recovery,
    "growth": plot_growth,
    "soak": plot_soak,
}


def _grouped(axis: Any, rows: Mapping[str, Report], title: str) -> None:
    wide = 0.8 / len(rows)
    for number, (label, row) in enumerate(rows.items()):
        places = [place + number * wide for place in range(len(PERCENTILES))]
        colour = (ACCENT, SOFT, INK)[number % 3]
        axis.bar(places, [row[name] for name in PERCENTILES], width=wide, color=colour, label=label)
    axis.set_xticks([place + 0.4 - wide / 2 for place in range(len(PERCENTILES))], [p[:-3] for p in PERCENTILES])
    axis.legend(fontsize=8, frameon=False)
    plain(axis, title)


def _bars(axis: Any, names: list[str], values: list[float], title: str) -> None:
    axis.barh(range(len(names)), values, color=ACCENT)
    axis.set_yticks(range(len(names)), names)
    plain(axis, title, grid="x")
