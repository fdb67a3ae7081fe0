"""What a like farm gains: where its targets are for honest viewers with it and without, by several kinds of farm.

A target's rank is its mean place among all videos: by popularity, and by the value that the untrained model sees for
each of some honest viewers. The same without trust (`trust.least` = 1), and what trust costs honest viewers.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from benchmarks.quality.crowd import START, Crowd, Farm, ids, in_time
from foryou.backends.open import open_backend
from foryou.bench.record import Benchmark, Line, Report
from foryou.core.batch import Batch
from foryou.core.clock import DAY, HOUR
from foryou.core.event import Kind
from foryou.core.heads import HEADS
from foryou.core.ids import pair_of
from foryou.core.ports import Pairs, Store
from foryou.features.fold import create_tables, fold_events
from foryou.features.hydrate import item_columns, viewer_columns
from foryou.features.popular import HALF_LIFE, POPULAR
from foryou.features.trust import DEFAULT, TrustSettings, suspicious
from foryou.models.linear import Linear
from foryou.scorers.value import value_of

FULL = TrustSettings(least=1.0)
FARMS: Mapping[str, tuple[str, Farm]] = {
    "farm": ("200 accounts in 6 hours", Farm()),
    "shuffled": ("each account in its own order", Farm(together=False)),
    "slow": ("over 6 days", Farm(hours=144.0)),
    "watches": ("watching before each like", Farm(watches=True)),
    "patient": ("watching, own order, over 6 days", Farm(watches=True, together=False, hours=144.0)),
    "aged": ("watching, with accounts that watched for days", Farm(watches=True, aged=True)),
}
_ACTS = (int(Kind.LIKE), int(Kind.FOLLOW), int(Kind.SHARE))


@dataclass(frozen=True, slots=True)
class Size:
    """The crowd, how many of it are asked for their ranking, the kinds of farm, and the seeds."""

    viewers: int = 2_000
    videos: int = 2_000
    watched: int = 60
    asked: int = 50
    farms: tuple[str, ...] = tuple(FARMS)
    seeds: tuple[int, ...] = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Told:
    """Where each video is `[videos]`: by popularity, and on average for those asked; the exposure of each; and of the
    honest, the weight kept of acts and of all engagement."""

    popular: NDArray[np.float64]
    value: NDArray[np.float64]
    exposure: NDArray[np.float64]
    acts: float
    engagement: float
    suspicious_honest: int
    suspicious: int


def measure(size: Size) -> Report:
    """For each kind of farm the relative change of its targets' rank and exposure, by seed."""
    report: Report = {"farms": {name: {"label": FARMS[name][0], "runs": []} for name in size.farms}, "honest": []}
    for seed in size.seeds:
        crowd = Crowd(size.viewers, size.videos, watched=size.watched, seed=seed)
        honest = crowd.honest()
        before = {"trusted": _told(crowd, honest, DEFAULT, size), "raw": _told(crowd, honest, FULL, size)}
        there = before["trusted"]
        report["honest"].append(
            {"acts_kept": there.acts, "engagement_kept": there.engagement, "suspicious": there.suspicious}
        )
        for name in size.farms:
            farm = FARMS[name][1]
            aims, log = farm.aims(crowd), in_time(honest, farm.events(crowd))
            run: Report = {"seed": seed}
            for how, trust in (("trusted", DEFAULT), ("raw", FULL)):
                after = _told(crowd, log, trust, size)
                for what in ("popular", "value", "exposure"):
                    one, other = getattr(before[how], what)[aims].mean(), getattr(after, what)[aims].mean()
                    run[f"{how}_{what}"] = round(float(other / one - 1), 5)
                if how == "trusted":
                    run |= {"caught": (after.suspicious - after.suspicious_honest) / farm.accounts}
                    run |= {"suspicious_honest": after.suspicious_honest, "acts_kept": after.acts}
            report["farms"][name]["runs"].append(run)
    return report


def _told(crowd: Crowd, log: Batch, trust: TrustSettings, size: Size) -> Told:
    store = open_backend("memory:").store
    create_tables(store)
    fold_events(store, crowd.catalogue(), trust)
    people = ids(1, np.arange(crowd.viewers))
    kept: list[list[NDArray[np.float64]]] = [[], []]
    for start in range(0, len(log), 1_000):
        reactions = fold_events(store, log.take(np.arange(start, min(start + 1_000, len(log)))), trust)
        mine = np.isin(reactions["viewer"], people) & (reactions["amount"] > 0)
        acts = mine & np.isin(reactions["kind"], _ACTS)
        engaged = acts | (mine & (reactions["kind"] == Kind.WATCH) & reactions["positive"])
        kept[0].append(reactions["trust"][acts])
        kept[1].append(reactions["trust"][engaged])
    acts_kept, engagement = (float(np.concatenate(part).mean()) for part in kept)
    video, end = ids(2, np.arange(crowd.videos)), START + crowd.days * DAY + HOUR
    value, exposure = _by_value(store, video, people[:: max(1, len(people) // size.asked)], end)
    doubted = int((store.columns("trust", people, ("suspicious",))["suspicious"] > 0).sum())
    return Told(_by_popularity(store, video, end), value, exposure, acts_kept, engagement, doubted, suspicious(store))


def _by_popularity(store: Store, video: NDArray[np.int64], at: int) -> NDArray[np.float64]:
    rows = store.read(POPULAR.name, pair_of(video, np.zeros_like(video)))
    return _ranks(np.maximum(rows["positives"], 0) * np.exp2(-(at - rows["at"]) / HALF_LIFE))


def _by_value(
    store: Store, video: NDArray[np.int64], asked: NDArray[np.int64], at: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each video's mean rank, and its mean exposure (1 / log2(1 + rank), as nDCG discounts)."""
    model, weights = Linear(), {head.name: head.weight for head in HEADS}
    of, when = np.zeros(len(video), np.int64), np.full(len(video), at)
    ranks = []
    for viewer in asked:
        viewers = viewer_columns(store, np.array([viewer]), np.array([at]), {})
        items = Batch(item_columns(store, viewers, of, video, when))
        ranks.append(_ranks(value_of(model.predict(Pairs(viewers, items, of)), weights)))
    return np.mean(ranks, axis=0), np.mean(1 / np.log2(1 + np.array(ranks)), axis=0)


def _ranks(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 1, the highest first; ties in the order of the rows."""
    ranks = np.empty(len(score))
    ranks[np.argsort(-score, kind="stable")] = np.arange(1, len(score) + 1)
    return ranks


def lines(report: Report) -> list[Line]:
    """Mean over the seeds, with the 95 % interval of that mean (Student's t; none of a single seed)."""
    told = []
    for name, farm in report["farms"].items():
        by_value, raw = ([run[f"{how}_value"] for run in farm["runs"]] for how in ("trusted", "raw"))
        popular = [run["trusted_popular"] for run in farm["runs"]]
        told.append(
            Line(
                f"like farm, {farm['label']}: change of its targets' rank by value / by popularity, without trust",
                f"{_spread(by_value)} / {_spread(popular)}, {_spread(raw)}",
                "below 5 %" if name == "farm" else "",
            )
        )
    kept = [run["acts_kept"] for run in report["honest"]]
    engagement = [run["engagement_kept"] for run in report["honest"]]
    cost = f"{_mean(kept):.1%} / {_mean(engagement):.1%}"
    return [*told, Line("honest newcomers: weight kept of acts / of all engagement", cost, "97 %")]


def _spread(values: list[float]) -> str:
    if len(values) < 2:
        return f"{_mean(values):+.1%}"
    half = float(t.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / len(values) ** 0.5
    return f"{_mean(values):+.1%} ± {100 * half:.1f}"


def _mean(values: list[float]) -> float:
    return statistics.fmean(values)


BENCHMARK = Benchmark(
    "what a like farm gains, with and without trust, and what trust costs honest viewers",
    Size(),
    Size(viewers=60, videos=80, watched=20, asked=3, farms=("farm",), seeds=(1,)),
    measure,
    lines,
)
