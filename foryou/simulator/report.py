"""The page of a comparison: one file of HTML with its charts in it, that loads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import inf
from typing import Any, TypeAlias

from foryou.simulator.compare import CLAIM, Report, interval
from foryou.simulator.curves import REACH_H, SETTLING
from foryou.simulator.drawing import COLOURS, SHARE, Line, Point, Range, legend, lines, points
from foryou.simulator.plan import missing
from foryou.simulator.printed import bought, unclear
from foryou.simulator.stamp import ASSUMED, STYLE

Interval: TypeAlias = Mapping[str, Any]


def page(told: Report) -> str:
    """The page of what `foryou simulate --json` writes."""
    policy, sizes = told["policy"], told["sizes"]
    there = list(told["policies"])
    colours = dict(zip(sorted(there, key=lambda name: name != policy), _colours(), strict=False))
    worlds = f"{len(told['seeds'])} world{'s' if len(told['seeds']) > 1 else ''}"
    size = (
        f"{worlds} of {sizes['viewers']:,} viewers, {sizes['creators']:,} creators and {sizes['videos']:,} videos over "
        f"{sizes['days']} days; seeds {told['seeds'][0]} to {told['seeds'][-1]}, the same for every policy"
    )
    return _DOCUMENT.format(
        style=STYLE,
        policy=escape(policy),
        size=size,
        verdict=_verdict(told) + "".join(f"<p>{escape(each)}</p>" for each in bought(told)) + _missing(told),
        legend=legend(colours),
        charts="".join(f"<figure>{chart}</figure>" for chart in charts(told, colours)),
        measures=_measures(told),
        paired=_paired(told),
        assumed="".join(f"<li>{line}</li>" for line in (*ASSUMED, *_changes(told))),
        intervals=_intervals(told),
    )


MANY: Range = (0.0, inf)
"""What a count can be."""


def charts(told: Report, colours: Mapping[str, str]) -> list[str]:
    """Every chart of the page."""
    days = [float(day + 1) for day in range(told["sizes"]["days"])]
    swipes = [float(SETTLING * (place + 1)) for place in range(15)]
    share = [10.0 * place for place in range(11)]

    def over(name: str, title: str, places: Sequence[float], x: str, can: Range = SHARE) -> str:
        return lines(title, places, [_line(told, each, name, colours) for each in colours], x, "", can=can)

    reach = [_line(told, name, "reach_best", colours) for name in colours]
    reach += [_line(told, name, "reach_rest", colours, dashed=True) for name in colours]
    return [
        _ratios(told, colours),
        over("satisfaction", "Satisfaction: what a video gave, by day", days, "day"),
        over("active", "Retention: share of members who came", days, "day"),
        _retention(told, colours),
        lines(
            "Reach of a new video; solid: the best 1 %",
            [float(hours) for hours in REACH_H], reach, "hours since it came out", "", logs=True, can=MANY,
        ),
        over("settling", "New viewers: match of what they watch", swipes, "swipes since they joined"),
        over("entropy", "Diversity: topics in a viewer's day, bits", days, "day", MANY),
        over("lorenz", "Concentration: share of exposures", share, "% of videos, the least shown first"),
        over("age_h", "Age of what is shown: median, hours", days, "day", MANY),
    ]  # fmt: skip


def _colours() -> Sequence[str]:
    return COLOURS * 4


def _line(told: Report, policy: str, name: str, colours: Mapping[str, str], dashed: bool = False) -> Line:
    runs = [run["curves"][name] for run in told["runs"] if run["policy"] == policy]
    found = [interval([_number(run[place]) for run in runs]) for place in range(len(runs[0]))]
    low, high = ([] if dashed else [each[end] for each in found] for end in ("low", "high"))
    return Line(colours[policy], [each["mean"] for each in found], low, high, dashed, policy == told["policy"])


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _ratios(told: Report, colours: Mapping[str, str]) -> str:
    found = {name: row["satisfaction"]["ratio"] for name, row in told["against"].items()}
    drawn = [Point(name, colours[name], row["mean"], row["low"], row["high"]) for name, row in found.items()]
    return points(f"Satisfaction of {told['policy']}, as a multiple of", drawn, "times; 1 is the same", 1.0, MANY)


def _retention(told: Report, colours: Mapping[str, str]) -> str:
    measure = "d7" if any(row["d7"]["n"] for row in told["policies"].values()) else "d1"
    rows = {name: told["policies"][name][measure] for name in colours}
    drawn = [Point(name, colours[name], row["mean"], row["low"], row["high"]) for name, row in rows.items()]
    when = "seventh day" if measure == "d7" else "day"
    return points(f"{measure.upper()}: share who come on the {when} after", drawn, "share of viewers", can=SHARE)


def _verdict(told: Report) -> str:
    best = told["best"].get("satisfaction")
    if not best:
        return ""
    found = told["against"][best]["satisfaction"]["ratio"]
    if found["mean"] is None:
        return ""
    span = "" if found["low"] is None else f" <small>(95 % interval {found['low']:.3f} to {found['high']:.3f})</small>"
    open_ = ": <b>no clear difference</b>" if unclear(found) else ""
    return (
        f'<p class="verdict"><b>{found["mean"]:.3f}×</b> the satisfaction of the best other policy, '
        f"<b>{escape(best)}</b>{span}{open_}</p>"
    )


def _missing(told: Report) -> str:
    """Which runs have not ended, or failed."""
    runs = missing(told)
    return f'<p class="missing"><b>Not all runs are in:</b> there is none of {escape(runs)}.</p>' if runs else ""


def _changes(told: Report) -> Iterator[str]:
    """What is assumed in this comparison and not usually."""
    how = told["behaviour"]
    if how["changed"]:
        names = ", ".join(f"<code>{escape(name)}</code>" for name in how["changed"])
        yield f"Viewers behave by <code>{escape(how['file'])}</code>, which differs from the usual in {names}."
    own = told["settings"]
    if own["changed"]:
        names = ", ".join(
            f"<code>{escape(name)} = {escape(str(value))}</code>" for name, value in own["changed"].items()
        )
        yield f"<code>foryou</code> has settings of <code>{escape(own['file'])}</code>: {names}."
    if told["farms"]:
        yield (
            f"There are {told['farms']:,} accounts that sell likes, and ten pairs of twin videos of which the creator "
            "of one buys them."
        )


def _measures(told: Report) -> str:
    names = list(told["policies"])
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = [
        f"<tr>{_named(name, about['help'])}"
        + "".join(f"<td>{_shown(told['policies'][each][name])}</td>" for each in names)
        + "</tr>"
        for name, about in told["measures"].items()
    ]
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _named(name: str, words: str) -> str:
    """A measure in words, with its name in the JSON."""
    return f"<th>{escape(words)}<small>{escape(name)}</small></th>"


def _paired(told: Report) -> str:
    """Against the best other policy of each measure."""
    rows = []
    for name, best in told["best"].items():
        found = told["against"][best][name]
        about = told["measures"][name]
        rows.append(
            f"<tr>{_named(name, about['help'])}<td class='{_verdict_of(found['difference'], about['better'])}'>"
            f"{_shown(found['difference'], sign=True)}</td><td>{escape(best)}</td><td>{_times(found['ratio'])}</td>"
            f"<td>{found['wins']} of {found['difference']['n']}</td></tr>"
        )
    head = "<th></th><th>difference</th><th>best other</th><th>ratio</th><th>better in</th>"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _verdict_of(found: Interval, better: int) -> str:
    """Whether the whole interval is on one side of 0."""
    if found["low"] is None or found["low"] <= 0 <= found["high"]:
        return "open"
    return "good" if found["mean"] * better > 0 else "bad"


def _shown(found: Interval, sign: bool = False) -> str:
    if found["mean"] is None:
        return "–"
    mean = f"{found['mean']:+.4g}" if sign else f"{found['mean']:.4g}"
    if found["low"] is None:
        return mean
    return f"{mean}<small>{found['low']:.4g} … {found['high']:.4g}</small>"


def _times(found: Interval) -> str:
    return "–" if found["mean"] is None else f"{found['mean']:.3f}×"


def _intervals(told: Report) -> str:
    count = len(told["seeds"])
    more = f" Use <code>--seeds {CLAIM}</code> for a claim." if count < CLAIM else ""
    if count > 1:
        return f"Means over {count} worlds; below and as bands, 95 % intervals by Student's t over worlds.{more}"
    return f"One world: there are no intervals.{more}"


_DOCUMENT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Simulated: {policy}</title><style>{style}</style></head><body>
<header><span class="stamp">simulated</span><h1>{policy} beside other feeds</h1><p>{size}.</p>{verdict}</header>
<main><nav class="legend">{legend}</nav><section class="charts">{charts}</section>
<h2>Against the best other policy <small class="stamp">simulated</small></h2>
<p>In pairs: the same worlds, the same viewers, the same luck. Green: better in the whole interval. Red: worse.</p>
<div class="wide">{paired}</div>
<h2>All measures <small class="stamp">simulated</small></h2><p>{intervals}</p><div class="wide">{measures}</div>
<h2>What is assumed</h2><ul>{assumed}</ul></main></body></html>
"""
