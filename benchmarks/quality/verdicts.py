"""Which claims about the loop hold: a figure with its interval for each, against what was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

from foryou.bench.record import Line, Report
from foryou.simulator.compare import interval, ratio
from foryou.simulator.measures import SMOOTH

Rows = Sequence[Report]


def verdicts(told: Report, runs: Rows, planted: Rows, unexplored: Rows, days: int) -> list[Report]:
    """Every claim: `what`, `measured` in words, `asked`, whether it `holds`, and its `interval`.

    A claim holds where the mean does, `surely` where all of its interval does; what has to be so in so many seeds, in
    so many of those there are. What never came to its views within the `days` counts as if it had at their end.
    """
    best, fits = (told["best"].get(name, "popular") for name in ("satisfaction", "match"))
    liked, most_h = _pairs(runs, "satisfaction", best), 24.0 * days
    return [
        times("true match of what is shown against popular", _pairs(runs, "match", "popular"), 1.25, goal="1.5×"),
        times(
            f"true match of what is shown against the best other policy ({fits})",
            _pairs(runs, "match", fits),
            1.08,
            goal="1.2×",
        ),
        times("satisfaction against popular", _pairs(runs, "satisfaction", "popular"), 1.25, goal="1.5×"),
        times(f"satisfaction against the best other policy ({best})", liked, 1.08, goal="1.2×"),
        _most(
            f"swipes until a new viewer's feed is at 80 % of its plateau, at least {SMOOTH}",
            _of(runs, "settled_after"),
            40,
            goal="20",
        ),
        _only("the same under popular, which learns nothing of anybody", _of(runs, "settled_after", "popular")),
        _only("swipes until 80 % of what is learned of a new viewer is learned", _of(runs, "learned_after")),
        least("median reach of the best hundredth, times that of all", _of(runs, "best_times"), 10),
        least(
            "share of the best hundredth that reaches stage 3 within a day", _of(runs, "best_stage_3"), 0.8, goal="0.95"
        ),
        _at_most_times(
            "hours of the best hundredth to 1,000 qualified views, against epsilon-greedy",
            [(min(a, most_h), min(b, most_h)) for a, b in _pairs(runs, "best_hours", "epsilon-greedy")],
            0.5,
            goal="a third",
        ),
        _only("share of the best hundredth that ever comes to 1,000 qualified views", _of(runs, "best_reached")),
        _only("the same under epsilon-greedy", _of(runs, "best_reached", "epsilon-greedy")),
        _most("watch time given up for exploration", _given_up(runs, unexplored), 0.02, goal="0.01"),
        _between(
            "reach with 100,000 followers against 10", _twins(planted, "followers"), 0.8, 1.25, goal="0.95 to 1.05×"
        ),
        _between(
            "reach among strangers, likewise",
            [tuple(run["strangers"]) for run in planted if "strangers" in run],
            0.8,
            1.25,
            built=True,
        ),
        _wins("+10 points like rate: more reach at 48 h", _twins(planted, "likes"), 18 / 20, goal="20", built=True),
        _wins("completion 60 % against 30 %: more reach", _twins(planted, "finishes"), 1.0, built=True),
        times("hook 70 % against 40 %: times the reach", _turned(_twins(planted, "hooks")), 1.5, built=True),
        _at_most_times('one "not interested": its topic in the next 50', _presses(planted, 1), 0.5, built=True),
        _at_most_times("three", _presses(planted, 2), 0.25, built=True),
        _most("overlap of the top 50 of different tastes", [run["overlap"][1] for run in planted], 0.2),
        _wins("overlap higher with the same taste", [tuple(run["overlap"][::-1]) for run in planted], 1.0),
        _most("seen videos shown again", _of(runs, "repeats"), 0.0, built=True),
        _difference(
            "D7 retention against the best other policy",
            _pairs(runs, "d7", told["best"].get("d7", best)),
            goal="+0.02",
        ),
    ]


def lines(claims: Sequence[Report]) -> list[Line]:
    """A row for each claim."""
    return [Line(f"{_verdict(claim)}: {claim['what']}", claim["measured"], claim["asked"]) for claim in claims]


def _verdict(claim: Report) -> str:
    where = "simulated, by construction" if claim["built"] else "simulated"
    if claim["holds"] is None:
        return where
    return f"{('holds' if claim['surely'] else 'holds, not surely') if claim['holds'] else '**fails**'}, {where}"


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


def claim(
    what: str,
    found: Any,
    asked: str,
    holds: Callable[[float], bool],
    of: str = "",
    *,
    goal: str = "",
    built: bool = False,
) -> Report:
    """A claim about `found` (`mean`, `low`, `high`, `n`): whether its mean holds, and its interval; `built`: the engine
    does so because it was made to, and only how much is found."""
    mean, low, high = found["mean"], found.get("low"), found.get("high")
    words = "not measured" if mean is None else f"{mean:.3g}{of}"
    if low is not None:
        words += f" ({low:.3g} to {high:.3g})"
    return {
        "what": what,
        "measured": words,
        "asked": asked + (f" (goal {goal})" if goal else ""),
        "holds": mean is not None and holds(mean),
        "surely": mean is not None and all(holds(end) for end in (mean, low, high) if end is not None),
        "built": built,
        "interval": found,
    }


def _only(what: str, values: Sequence[float]) -> Report:
    """Of which nothing was asked: it says what another claim is worth."""
    return claim(what, interval(values), "", lambda _: True) | {"holds": None}


def times(what: str, pairs: Sequence[tuple[float, float]], least: float, **more: Any) -> Report:
    """The first of each pair is at least so many times the second."""
    return claim(what, ratio(pairs), f"≥ {least:g}×", lambda mean: mean >= least, "×", **more)


def _at_most_times(what: str, pairs: Sequence[tuple[float, float]], most: float, **more: Any) -> Report:
    """The mean of ratios, not of their logarithms: a share may be 0. Without the seeds in which the other is 0."""
    known = [(a, b) for a, b in pairs if isfinite(a) and isfinite(b) and b > 0]
    of = "×" if len(known) == len(pairs) else f"×, of {len(known)} of {len(pairs)} seeds"
    return claim(what, interval([a / b for a, b in known]), f"≤ {most:g}×", lambda mean: mean <= most, of, **more)


def _between(what: str, pairs: Sequence[tuple[float, float]], low: float, high: float, **more: Any) -> Report:
    found = ratio(_turned(pairs))
    return claim(what, found, f"{low:g} to {high:g}×", lambda mean: low <= mean <= high, "×", **more)


def least(what: str, values: Sequence[float], least: float, **more: Any) -> Report:
    """The values are at least so much."""
    return claim(what, interval(values), f"≥ {least:g}", lambda mean: mean >= least, **more)


def _most(what: str, values: Sequence[float], most: float, **more: Any) -> Report:
    return claim(what, interval(values), f"≤ {most:g}", lambda mean: mean <= most, **more)


def _difference(what: str, pairs: Sequence[tuple[float, float]], **more: Any) -> Report:
    return claim(what, interval([a - b for a, b in pairs]), "not worse", lambda mean: mean >= 0, **more)


def _wins(what: str, pairs: Sequence[tuple[float, float]], share: float, **more: Any) -> Report:
    """Arm 1 has more than arm 0, in so many of the seeds."""
    won, count = sum(b > a for a, b in pairs), len(pairs)
    found = {"mean": won / count if count else None, "low": None, "high": None, "n": count}
    told = claim(what, found, f"{share * 20:.0f} of 20", lambda mean: mean >= share, **more)
    return told | {"measured": f"{won} of {count} seeds"}
