"""`foryou simulate fit`: make viewers behave as those of a log do, and draw the two beside each other."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from foryou.core.errors import NotFound
from foryou.plots.fitted import plot_fitted
from foryou.simulator import activity
from foryou.simulator.activity import Times
from foryou.simulator.behaviour import ACTS, Behaviour
from foryou.simulator.exposures import Log, read
from foryou.simulator.fit import LENGTHS, MIX, WORLDS, Bucket, Rate, checked, compare, watching
from foryou.simulator.reference import Reference
from foryou.targets import writable

FEW = 20_000
"""Watch ratios drawn of each length: enough for a curve."""
out, err = Console(), Console(stderr=True)


def fit(
    log: Annotated[Path, typer.Argument(help="Events as `foryou export` writes them, or a KuaiRand directory.")],
    to: Annotated[Path, typer.Argument(help="Where the parameters go (JSON).")] = Path("behaviour.json"),
    surface: Annotated[str | None, typer.Option(help="Whose exposures; default: that with most.")] = None,
    meetings: Annotated[int, typer.Option(min=1000, help="Simulated exposures that are fitted.")] = MIX,
    viewers: Annotated[int, typer.Option(min=20, help="Simulated viewers who come and leave.")] = activity.VIEWERS,
    seed: Annotated[int, typer.Option(help="Start of all random numbers.")] = 1,
    json: Annotated[Path | None, typer.Option("--json", help="Write how near it came here.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Where to draw; default: beside the parameters.")] = None,
) -> None:
    """Fit how simulated viewers watch, act, come and leave to a log."""
    drawn = picture or to.with_suffix(".png")
    for option, path in (("TO", to), ("--json", json), ("--picture", drawn)):
        writable(option, path)
    with err.status(f"Reading {log}"):
        found = read(log, surface)
    _enough(found, log)
    with err.status("Fitting what is watched and pressed"):
        behaviour = watching(found, Behaviour(), meetings, seed)
        buckets, rates = checked(found, behaviour, meetings, seed + WORLDS)
    with err.status("Fitting when viewers come and leave"):
        behaviour, near = activity.coming(found, behaviour, viewers, seed)
    behaviour.write(to)
    if json is not None:
        json.write_bytes(
            msgspec.json.format(msgspec.json.encode(_report(found, buckets, rates, behaviour, near))) + b"\n"
        )
    made = activity.again(found, behaviour, near.observed, seed + WORLDS, viewers)
    _draw(found, Reference(behaviour, meetings, seed + WORLDS), behaviour, rates, made, drawn)
    for table in (_lengths(found, buckets), _rates(rates), _times(near)):
        out.print(table)
    err.print(f"Parameters are in {to}, pictures in {drawn}")


def _enough(found: Log, path: Path) -> None:
    """NotFound if there is nothing to fit to; what is left out is told."""
    if found.lost:
        err.print(
            f"{found.lost:,} of {found.pressed:,} acts are of no watch of the same viewer and video, and are left out: "
            "rates are of the others",
            soft_wrap=True,
        )
    if not found.acts:
        named = ", ".join(ACTS)
        raise NotFound(f"{path} has nothing that viewers pressed on what they watched ({named}): no rates to fit")
    if found.days < 1:
        raise NotFound(f"{path} spans {found.days * 24:.1f} hours; a day or more shows when viewers come back")


def _report(
    log: Log, buckets: tuple[Bucket, ...], rates: tuple[Rate, ...], behaviour: Behaviour, near: activity.Activity
) -> dict[str, Any]:
    return {
        "surface": log.surface,
        "exposures": len(log.rows),
        "acts": log.pressed,
        "acts_left_out": log.lost,
        "watch_ratio": [asdict(each) for each in buckets],
        "rates": [asdict(each) for each in rates],
        "activity": {**asdict(near), "often": behaviour.often, "leave": behaviour.leave},
    }


def _draw(
    log: Log, reference: Reference, behaviour: Behaviour, rates: tuple[Rate, ...], made_times: Times, path: Path
) -> None:
    of = np.searchsorted(LENGTHS, log.rows["duration"], "right")
    names = [f"{low:g}–{high:g} s" for low, high in zip((0, *LENGTHS), (*LENGTHS, np.inf), strict=True)]
    lengths = {}
    for b in np.unique(of).tolist():
        real, made = compare(log, behaviour, reference, of == b)
        lengths[names[b].replace("–inf", " and more")] = (real[:FEW], made[:FEW])
    acts = {each.act: (each.real, each.simulated) for each in rates}
    real_times = activity.times(log.rows["viewer"], log.rows["at"])
    several = {
        "exposures a viewer": (real_times.each, made_times.each),
        "hours between two": (real_times.gaps / 3_600_000, made_times.gaps / 3_600_000),
        "exposures a visit": (real_times.visits, made_times.visits),
    }
    plot_fitted(lengths, acts, several, path)


def _lengths(log: Log, buckets: tuple[Bucket, ...]) -> Table:
    table = _table(f"Watch ratio: {log.surface or 'all'}, {len(log.rows):,} exposures", "length", "exposures", "KS")
    for each in buckets:
        length = f"{each.low:g} to {each.high:g} s" if each.high < np.inf else f"{each.low:g} s and more"
        table.add_row(length, f"{each.exposures:,}", f"{each.ks:.3f}")
    return table


def _rates(rates: tuple[Rate, ...]) -> Table:
    table = _table("Rates", "act", "log", "simulated", "off by")
    for each in rates:
        off = each.simulated / each.real - 1
        table.add_row(each.act, f"{each.real:.3%}", f"{each.simulated:.3%}", f"{off:+.1%}")
    return table


def _times(near: activity.Activity) -> Table:
    kept = near.observed.kept
    table = _table(f"Coming and leaving ({kept:.1%} of the exposures are in the log)", "what", "KS")
    for name, value in (("exposures a viewer", near.impressions), ("gaps", near.gaps), ("a visit", near.visits)):
        table.add_row(name, f"{value:.3f}")
    return table


def _table(title: str, *names: str) -> Table:
    table = Table(title=title, title_justify="left")
    for place, name in enumerate(names):
        table.add_column(name, justify="right" if place else "left")
    return table
