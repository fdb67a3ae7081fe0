"""What a run was worth: to viewers, to creators, and how even and how fresh it was. Every measure is a number of a run.

All of it is of the simulated world. What only the world knows (`match`, `pleasure`) is used here and told to no feed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from foryou.core.clock import DAY, HOUR
from foryou.simulator.claims import reach
from foryou.simulator.run import Outcome

ENOUGH = 10
"""Videos that a viewer saw on a day, for the day to say something about how varied it was."""
PLATEAU = (150, 300)
"""Where a new viewer's feed has settled: between these swipes."""
SETTLED = 0.8
"""How much of the plateau is there when a feed has settled."""
LEAST_GAIN = 0.01
"""Of match: who makes less way has not learned."""
SMOOTH = 10
"""Swipes over which the curve of new viewers is averaged."""
QUALIFIED_S = 3.0
"""A view is qualified that lasted so long, or to the end."""
TOLD = HOUR
"""ms after which a feed that was asked for has been told what a friend sent."""
VIEWS = 1_000
"""Qualified views that a very good video should come to; half the viewers where there are fewer than 2,000."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """What a measure is called, in words, whether more of it is better (+1), worse (-1) or neither (0), and how it is
    made."""

    name: str
    help: str
    better: int
    of: Callable[[Seen], float]


class Seen:
    """A run's exposures as the measures read them: up to its end, and without viewers that were planted, who are like
    nobody. Videos that were planted count as what they give to viewers, and not as videos."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome, self.world = outcome, outcome.world
        self.start, self.days = self.world.start, self.world.sizes.days
        self.end = self.start + self.days * DAY
        self.joined = np.maximum(self.world.viewers["joined"], self.start)
        self.people = self.world.viewers["pair"] < 0
        self.own = self.world.videos["pair"] < 0
        rows = outcome.exposures
        self.all = rows.take((rows["at"] < self.end) & self.people[rows["viewer"]])
        self.feed = self.all.take(self.all["surface"] == 0)

    def mean(self, column: str) -> float:
        """Of all exposures in the feed."""
        return float(self.feed[column].mean()) if len(self.feed) else float("nan")

    @cached_property
    def leaf(self) -> NDArray[np.int64]:
        """The topic of each exposure in the feed."""
        return np.asarray(self.world.videos["leaf"][self.feed["video"]], np.int64)

    @cached_property
    def day(self) -> NDArray[np.int64]:
        """The day of each exposure in the feed, from 0."""
        return np.asarray((self.feed["at"] - self.start) // DAY, np.int64)

    @cached_property
    def age_h(self) -> Floats:
        """How old each video was when it was shown, hours."""
        return np.asarray((self.feed["at"] - self.outcome.published[self.feed["video"]]) / HOUR, np.float64)

    @cached_property
    def shown(self) -> NDArray[np.int64]:
        """Exposures of each video that came out `[published]`."""
        counts = np.bincount(self.feed["video"], minlength=len(self.world.videos))
        return np.asarray(counts[(self.outcome.published >= 0) & self.own])

    @cached_property
    def varied(self) -> tuple[Floats, Floats, NDArray[np.int64]]:
        """Of each viewer and day with enough videos: the entropy of topics (bits), the largest topic's share, and the
        day."""
        topics, cell = len(self.world.topics.names), self.feed["viewer"].astype(np.int64) * self.days + self.day
        cells, place = np.unique(cell, return_inverse=True)
        counts = np.bincount(place * topics + self.leaf, minlength=len(cells) * topics).reshape(len(cells), topics)
        enough = counts.sum(1) >= ENOUGH
        share = counts[enough] / counts[enough].sum(1, keepdims=True)
        bits = -(share * np.log2(np.where(share > 0, share, 1))).sum(1)
        return bits, share.max(1, initial=0.0), np.asarray(cells[enough] % self.days)

    @cached_property
    def began(self) -> NDArray[np.bool_]:
        """Which viewers came on their first day: who is there from the start, on day 0."""
        return self.came_on(0)

    def came_on(self, day: int) -> NDArray[np.bool_]:
        """Which viewers were in the feed so many days after they joined, or after the start `[viewers]`."""
        first = self.joined[self.feed["viewer"]] + day * DAY
        there = np.zeros(len(self.joined), np.bool_)
        there[self.feed["viewer"][(self.feed["at"] >= first) & (self.feed["at"] < first + DAY)]] = True
        return there

    def retained(self, day: int) -> float:
        """The share that came again so many days later, of those who came on their first and of whom it is known."""
        known = self.began & self.people & (self.joined + (day + 1) * DAY <= self.end)
        return float(self.came_on(day)[known].mean()) if known.any() else float("nan")

    def settling(self, least: int = 0) -> Floats:
        """The mean match of the kth video of those who joined during the run and saw at least so many, by k."""
        new = self.world.viewers["joined"] >= self.start
        new &= np.bincount(self.feed["viewer"], minlength=len(new)) >= least
        rows = self.feed.take(new[self.feed["viewer"]])
        order = np.argsort(rows["viewer"], kind="stable")
        viewer, match = rows["viewer"][order], rows["match"][order]
        _, first = np.unique(viewer, return_index=True)
        nth = np.arange(len(viewer)) - np.repeat(first, np.diff(np.append(first, len(viewer))))
        inside = nth < PLATEAU[1]
        total = np.bincount(nth[inside], match[inside], PLATEAU[1])
        count = np.bincount(nth[inside], minlength=PLATEAU[1])
        return np.where(count >= 5, total / np.maximum(count, 1), np.nan)

    @cached_property
    def best(self) -> NDArray[np.int64]:
        """The hundredth of the new videos with the highest true appeal: honest originals that were to have two days, at
        least one. The same ones under every feed, whenever their creators came to post them."""
        count = max(1, len(self.new) // 100)
        return self.new[np.argsort(-self.world.videos["appeal"][self.new], kind="stable")[:count]]

    @cached_property
    def new(self) -> NDArray[np.int64]:
        """The new videos of which these are the best."""
        videos = self.world.videos
        out, last = videos["uploaded"], max(self.end - 2 * DAY, self.start + 1)
        return np.flatnonzero((out >= self.start) & (out < last) & (videos["copy_of"] < 0) & ~videos["bait"] & self.own)

    @cached_property
    def best_hours(self) -> Floats:
        """Hours until each of `best` had so many qualified views; infinite where it never did."""
        views = views_of(int(self.people.sum()))
        rows = self.all
        held = (rows["seconds"] >= QUALIFIED_S) | rows["finish"]
        hours = np.full(len(self.best), np.inf)
        for place, video in enumerate(self.best.tolist()):
            at = rows["at"][(rows["video"] == video) & held]
            if len(at) >= views:
                hours[place] = (at[views - 1] - self.outcome.published[video]) / HOUR
        return hours

    @cached_property
    def first_day(self) -> NDArray[np.int64]:
        """Exposures in the first day of each new video that had one."""
        out = self.outcome.published
        new = (out >= self.start) & (out + DAY <= self.end) & self.own
        young = (self.age_h < 24) & (self.age_h >= 0)
        return np.asarray(np.bincount(self.feed["video"][young], minlength=len(out))[new])


def views_of(viewers: int) -> int:
    """Qualified views that a very good video should come to where there are so many viewers."""
    return min(VIEWS, viewers // 2)


def gini(counts: NDArray[np.int64]) -> float:
    """How unequal: 0 where all have the same, near 1 where one has all (Gini, 1912)."""
    total = counts.sum()
    if total == 0:
        return float("nan")
    ordered = np.sort(counts)
    return float((2 * np.arange(1, len(ordered) + 1) - len(ordered) - 1) @ ordered / (len(ordered) * total))


def _sessions(seen: Seen) -> float:
    key = seen.feed["viewer"].astype(np.int64) * (1 << 32) + seen.feed["session"]
    _, place = np.unique(key, return_inverse=True)
    count = np.bincount(place)
    return float((np.bincount(place, seen.feed["pleasure"]) / count).mean()) if len(count) else float("nan")


def _viewer_days(seen: Seen) -> float:
    """Days that viewers were members, whether they came or not."""
    return float(np.maximum(seen.end - seen.joined, 0)[seen.people].sum() / DAY)


def _repeats(seen: Seen) -> float:
    """Of what a feed could know: what was sent by a friend within the last `TOLD` was not told when it was asked."""
    key = seen.all["viewer"].astype(np.int64) * len(seen.world.videos) + seen.all["video"]
    known_at = seen.all["at"] + np.where(seen.all["surface"] == 0, 0, TOLD)
    order = np.lexsort((known_at, key))
    key, feed = key[order], seen.all["surface"][order] == 0
    again = np.zeros(len(key), np.bool_)
    again[1:] = key[1:] == key[:-1]
    return float((again & feed).sum())


def _settled(seen: Seen) -> float:
    return _swipes_to_plateau(seen, 0.0)


def _learned(seen: Seen) -> float:
    return _swipes_to_plateau(seen, 1.0)


def _swipes_to_plateau(seen: Seen, less: float) -> float:
    """Until `SETTLED` of it is there, `less` so many times what a new viewer begins with: of those who came to it, so
    that it is the same people. Its end where it was never reached; not a number where there is no way to go."""
    curve = seen.settling(PLATEAU[0])
    late = curve[PLATEAU[0] :]
    if np.isnan(late).all() or np.isnan(curve[:SMOOTH]).any():
        return float("nan")
    smooth = np.convolve(curve, np.ones(SMOOTH) / SMOOTH, "valid")
    gained, most = smooth - less * smooth[0], float(np.nanmean(late)) - less * float(smooth[0])
    if most < LEAST_GAIN:
        return float("nan")
    reached = np.flatnonzero(gained >= SETTLED * most)
    return float(reached[0] + SMOOTH if len(reached) else PLATEAU[1])


def _times(seen: Seen) -> float:
    """A median of less than one exposure counts as one."""
    reach = np.bincount(seen.feed["video"], minlength=len(seen.world.videos))
    return float(np.median(reach[seen.best]) / max(np.median(reach[seen.new]), 1.0)) if len(seen.best) else float("nan")


def _stage_3(seen: Seen) -> float:
    """As the policy tells when its videos moved; not a number where it knows no stages."""
    moves = seen.outcome.report.get("moves")
    if not isinstance(moves, Mapping) or len(seen.best) == 0:
        return float("nan")
    out = seen.outcome.published
    return float(
        np.mean([any(to >= 3 and at <= out[v] + DAY for at, to in moves.get(v, ())) for v in seen.best.tolist()])
    )


def _bought(seen: Seen) -> float:
    """Of all twins together. Not a number in a world without any that buy."""
    if not any(plant.claim == "bought" for plant in seen.world.planted):
        return float("nan")
    without, bought = reach(seen.outcome, "bought").sum(0).tolist()
    return bought / (bought + without) if bought + without else float("nan")


def _median(values: Floats | NDArray[np.int64]) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _mean(values: Floats | NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")


MEASURES: tuple[Measure, ...] = (
    Measure("satisfaction", "What a video gave its viewer, on average (0 to 1)", 1, lambda s: s.mean("pleasure")),
    Measure("match", "How well what was shown fits the viewer's true taste (0 to 1)", 1, lambda s: s.mean("match")),
    Measure("session_satisfaction", "What a video gave its viewer, in an average session", 1, _sessions),
    Measure("watch_s", "Seconds watched in the feed, by viewer and day", 1,
            lambda s: float(s.feed["seconds"].sum()) / _viewer_days(s)),
    Measure("pleasure_day", "What all videos of a day gave, by viewer and day", 1,
            lambda s: float(s.feed["pleasure"].sum()) / _viewer_days(s)),
    Measure("swipes", "Videos shown in the feed, by viewer and day", 0, lambda s: len(s.feed) / _viewer_days(s)),
    Measure("finish_rate", "Share watched to the end", 1, lambda s: s.mean("finish")),
    Measure("skip_rate", "Share left within three seconds", -1, lambda s: s.mean("skip")),
    Measure("like_rate", "Share liked", 1, lambda s: s.mean("like")),
    Measure("not_interested_rate", "Share refused", -1, lambda s: s.mean("not_interested")),
    Measure("d1", "Share of viewers who come on the day after their first", 1, lambda s: s.retained(1)),
    Measure("d7", "Share of viewers who come on the seventh day after their first", 1, lambda s: s.retained(7)),
    Measure("coverage", "Share of videos that anybody was shown", 1, lambda s: _mean(s.shown > 0)),
    Measure("gini", "How unequal the exposures of videos are (0: all the same)", 0, lambda s: gini(s.shown)),
    Measure("entropy", "Variety of topics in a viewer's day, bits", 1, lambda s: _mean(s.varied[0])),
    Measure("largest_topic", "Share of the largest topic in a viewer's day", -1, lambda s: _mean(s.varied[1])),
    Measure("fresh_share", "Share of what is shown that is younger than a day", 0, lambda s: _mean(s.age_h < 24)),
    Measure("median_age_h", "Median age of what is shown, hours", 0, lambda s: _median(s.age_h)),
    Measure("repeats", "Seen videos that were shown again", -1, _repeats),
    Measure("settled_after", "Swipes until a new viewer's feed fits 80 % as well as it ever will", -1, _settled),
    Measure("learned_after", "Swipes until 80 % of what is learned of a new viewer is learned", -1, _learned),
    Measure("best_reached", "Share of the best new hundredth that come to {views} qualified views", 1,
            lambda s: _mean(np.isfinite(s.best_hours))),
    Measure("best_hours", "Median hours until they do, at most those of the run", -1,
            lambda s: _median(np.minimum(s.best_hours, 24.0 * s.days))),
    Measure("best_times", "Median reach of the best new hundredth, times that of all new videos", 1, _times),
    Measure("best_stage_3", "Share of the best new hundredth that reach stage 3 within a day", 1, _stage_3),
    Measure("first_day", "Median exposures of a new video in its first day", 1, lambda s: _median(s.first_day)),
    Measure("bought_reach", "Share of two twins' reach in 48 hours that is of the one with bought likes", 0, _bought),
)  # fmt: skip
"""Every measure, in the order of the report."""


def in_words(viewers: int) -> Mapping[str, str]:
    """What each measure is, in a world of so many viewers."""
    return {measure.name: measure.help.format(views=f"{views_of(viewers):,}") for measure in MEASURES}


def measured(outcome: Outcome) -> Mapping[str, float]:
    """Every measure of a run; not a number where the run was too short or too small for it."""
    seen = Seen(outcome)
    return {measure.name: measure.of(seen) for measure in MEASURES}
