"""Which claims about the loop hold: a figure with its interval for each, against what was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

import numpy as np

from foryou.bench.record import Line, Report
from foryou.simulator.compare import interval, ratio

Rows = Sequence[Report]


def verdicts(told: Report, runs: Rows, planted: Rows, unexplored: Rows, days: int) -> list[Report]:
    """Every claim: `what`, `measured` in words, `asked`, whether it `holds`, and its `interval`.

    A claim holds where the mean does; what has to be so in so many seeds, in so many of those there are. What never
    came to its views within the `days` counts as if it had at their end.
    """
    best, most_h = told["best"].get("satisfaction", "popular"), 24.0 * days
    fits = told["best"].get("match", "popular")
    return [
        times("true match of what is shown against popular", _pairs(runs, "match", "popular"), 1.25),
        times(f"true match of what is shown against the best other policy ({fits})", _pairs(runs, "match", fits), 1.08),
        times("satisfaction against popular", _pairs(runs, "satisfaction", "popular"), 1.25),
        times(f"satisfaction against the best other policy ({best})", _pairs(runs, "satisfaction", best), 1.08),
        _most("swipes until a new viewer's feed is at 80 % of its plateau", _of(runs, "settled_after"), 40),
        least("median reach of the best hundredth, times that of all", _of(runs, "best_times"), 10),
        least("share of the best hundredth that reaches stage 3 within a day", _of(runs, "best_stage_3"), 0.8),
        _at_most_times(
            "hours of the best hundredth to 1,000 qualified views, against epsilon-greedy",
            [(min(a, most_h), min(b, most_h)) for a, b in _pairs(runs, "best_hours", "epsilon-greedy")],
            0.5,
        ),
        _most("watch time given up for exploration", _given_up(runs, unexplored), 0.02),
        _between("reach with 100,000 followers against 10", _twins(planted, "followers"), 0.8, 1.25),
        _between(
            "reach among strangers, likewise",
            [tuple(run["strangers"]) for run in planted if "strangers" in run],
            0.8,
            1.25,
        ),
        _wins("+10 points like rate: more reach at 48 h", _twins(planted, "likes"), 18 / 20),
        _wins("completion 60 % against 30 %: more reach", _twins(planted, "finishes"), 1.0),
        times("hook 70 % against 40 %: times the reach", _turned(_twins(planted, "hooks")), 1.5),
        _at_most_times('one "not interested": its topic in the next 50', _presses(planted, 1), 0.5),
        _at_most_times("three", _presses(planted, 2), 0.25),
        _most("overlap of the top 50 of different tastes", [run["overlap"][1] for run in planted], 0.2),
        _wins("overlap higher with the same taste", [tuple(run["overlap"][::-1]) for run in planted], 1.0),
        _most("seen videos shown again", _of(runs, "repeats"), 0.0),
        _difference("D7 retention against the best other policy", _pairs(runs, "d7", told["best"].get("d7", best))),
    ]


def lines(claims: Sequence[Report]) -> list[Line]:
    """A row for each claim."""
    return [
        Line(
            f"{'holds' if claim['holds'] else '**fails**'}, simulated: {claim['what']}",
            claim["measured"],
            claim["asked"],
        )
        for claim in claims
    ]


def _of(runs: Rows, measure: str, policy: str = "foryou") -> list[float]:
    """Of the runs that have it: a measure may be younger than a run that still stands."""
    return [run["measures"][measure] for run in runs if run["policy"] == policy and measure in run["measures"]]


def _pairs(runs: Rows, measure: str, other: str) -> list[tuple[float, float]]:
    own, others = _by_seed(runs, measure, "foryou"), _by_seed(runs, measure, other)
    return [(own[seed], others[seed]) for seed in sorted(set(own) & set(others))]


def _by_seed(runs: Rows, measure: str, policy: str) -> dict[int, float]:
    return {run["seed"]: run["measures"][measure] for run in runs if run["policy"] == policy}


def _given_up(runs: Rows, unexplored: Rows) -> list[float]:
    explored = _by_seed(runs, "watch_s", "foryou")
    without = {run["seed"]: run["measures"]["watch_s"] for run in unexplored}
    return [1 - explored[seed] / without[seed] for seed in sorted(set(explored) & set(without))]


def _twins(planted: Rows, claim: str) -> list[tuple[float, float]]:
    """Arm 0 and arm 1 of each seed."""
    return [(run["twins"][claim][0], run["twins"][claim][1]) for run in planted]


def _turned(pairs: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(b, a) for a, b in pairs]


def _presses(planted: Rows, arm: int) -> list[tuple[float, float]]:
    """After one press (arm 1) or three (arm 2), beside one who pressed nothing."""
    return [(run["pressed"][2 * arm - 1], run["pressed"][2 * arm - 2]) for run in planted]


def claim(what: str, found: Any, asked: str, holds: Callable[[float], bool], of: str = "") -> Report:
    """A claim about `found` (`mean`, `low`, `high`, `n`), and whether its mean holds."""
    mean = found["mean"]
    words = "not measured" if mean is None else f"{mean:.3g}{of}"
    if found.get("low") is not None:
        words += f" ({found['low']:.3g} to {found['high']:.3g})"
    return {
        "what": what,
        "measured": words,
        "asked": asked,
        "holds": mean is not None and holds(mean),
        "interval": found,
    }


def times(what: str, pairs: Sequence[tuple[float, float]], least: float) -> Report:
    """The first of each pair is at least so many times the second."""
    return claim(what, ratio(pairs), f"≥ {least:g}×", lambda mean: mean >= least, "×")


def _at_most_times(what: str, pairs: Sequence[tuple[float, float]], most: float) -> Report:
    """The mean of ratios, not of their logarithms: a share may be 0. Without the seeds in which the other is 0."""
    known = [(a, b) for a, b in pairs if isfinite(a) and isfinite(b) and b > 0]
    return claim(what, interval([a / b for a, b in known]), f"≤ {most:g}×", lambda mean: mean <= most, "×")


def _between(what: str, pairs: Sequence[tuple[float, float]], low: float, high: float) -> Report:
    return claim(what, ratio(_turned(pairs)), f"{low:g} to {high:g}×", lambda mean: low <= mean <= high, "×")


def least(what: str, values: Sequence[float], least: float) -> Report:
    """The values are at least so much."""
    return claim(what, interval(values), f"≥ {least:g}", lambda mean: mean >= least)


def _most(what: str, values: Sequence[float], most: float) -> Report:
    return claim(what, interval(values), f"≤ {most:g}", lambda mean: mean <= most)


def _difference(what: str, pairs: Sequence[tuple[float, float]]) -> Report:
    return claim(what, interval([a - b for a, b in pairs]), "not worse", lambda mean: mean >= 0)


def _wins(what: str, pairs: Sequence[tuple[float, float]], share: float) -> Report:
    """Arm 1 has more than arm 0, in so many of the seeds."""
    won, count = sum(b > a for a, b in pairs), len(pairs)
    found = {
        "mean": float(np.mean([b > a for a, b in pairs])) if pairs else None,
        "low": None,
        "high": None,
        "n": count,
    }
    return {
        "what": what,
        "measured": f"{won} of {count} seeds",
        "asked": f"{share * 20:.0f} of 20",
        "holds": bool(count) and won >= share * count,
        "interval": found,
    }
