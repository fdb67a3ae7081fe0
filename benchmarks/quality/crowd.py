"""Made-up honest viewers with tastes, and farms that push some videos: logs to try trust on.

Viewers come on some evenings, watch what is popular within their topics, like and follow more of what they watched
longer. Everything is drawn from a seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY, HOUR, SECOND
from foryou.core.event import TOPICS, Kind, events
from foryou.core.ids import pair_of

START = 1_767_225_600_000
"""1 January 2026, ms."""
Ints = NDArray[np.int64]


def ids(kind: int, numbers: Column) -> Ints:
    """Ids of the numbered things of a kind."""
    return pair_of(np.full(len(numbers), kind), np.asarray(numbers, np.int64))


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many honest viewers and videos, over some days."""

    viewers: int = 2_000
    videos: int = 2_000
    topics: int = 40
    days: int = 7
    watched: int = 60
    seed: int = 1

    def catalogue(self) -> Batch:
        """The videos, all there when it begins, and how good each is: `quality`, around 0."""
        rng = np.random.default_rng((self.seed, 0))
        number = np.arange(self.videos)
        topics = np.zeros((self.videos, TOPICS), np.int64)
        topics[:, 0] = ids(4, number % self.topics)
        at = np.full(self.videos, START - DAY)
        return events(
            {
                "id": ids(9, number),
                "kind": np.full(self.videos, int(Kind.VIDEO), np.int16),
                "at": at,
                "received": at,
                "uploaded": at,
                "video": ids(2, number),
                "author": ids(3, number // 4),
                "topics": topics,
                "duration": np.round(rng.uniform(8, 60, self.videos), 1),
            }
        )

    def honest(self) -> Batch:
        """What the honest viewers did, in order of time."""
        rng = np.random.default_rng((self.seed, 1))
        total = self.viewers * self.watched
        viewer = np.repeat(np.arange(self.viewers), self.watched)
        taste = rng.integers(0, self.topics, (self.viewers, 3))
        mine = rng.random(total) < 0.6
        topic = np.where(mine, taste[viewer, rng.integers(0, 3, total)], rng.integers(0, self.topics, total))
        within = self.videos // self.topics
        place = np.minimum(rng.zipf(1.3, total) - 1, 10**6) % within
        video = topic + self.topics * ((place + topic * 7) % within)
        quality = np.random.default_rng((self.seed, 2)).normal(0, 0.5, self.videos)
        likes_topic = (topic[:, None] == taste[viewer]).any(axis=1)
        duration = self.catalogue()["duration"][video].astype(np.float64)
        seconds = np.minimum(rng.lognormal(1.6 + quality[video] + 0.8 * likes_topic, 1.1), 1.3 * duration)
        evening = rng.integers(0, self.days, (self.viewers, self.watched // 20 + 1)) * DAY
        hour = rng.uniform(16, 23, evening.shape) * HOUR
        nth = np.tile(np.arange(self.watched), self.viewers)
        began = (evening + hour)[viewer, nth // 20]
        before = np.cumsum(seconds + 1.0)
        first = (np.arange(total) // 20) * 20
        first = np.maximum(first, viewer * self.watched + nth // 20 * 20)
        at = START + (began + (before - before[first]) * SECOND).astype(np.int64)
        far = seconds / duration
        eager = np.random.default_rng((self.seed, 3)).lognormal(0, 0.7, self.viewers)[viewer]
        liked = rng.random(total) < np.clip(0.12 * eager * np.minimum(far, 1) * (1 + likes_topic), 0, 0.8)
        liked &= (seconds > 1.1) | (rng.random(total) < 0.6)  # 4 % at first sight, as on KuaiRand
        followed = liked & (rng.random(total) < 0.08)
        shared = liked & (rng.random(total) < 0.05)
        return _events(viewer, video, at, seconds, {Kind.LIKE: liked, Kind.FOLLOW: followed, Kind.SHARE: shared})


@dataclass(frozen=True, slots=True)
class Farm:
    """Accounts that push targets, and like as many innocent videos to hide it."""

    accounts: int = 200
    targets: int = 20
    hours: float = 6.0
    """How long it takes, up to the end of the last day."""
    watches: bool = False
    """Whether each video is watched, for as long as people do, before it is liked."""
    aged: bool = False
    """Whether the accounts watched like people on the days before."""
    together: bool = True
    """All accounts at a target within the same hour; else every account in an order of its own."""

    def aims(self, crowd: Crowd) -> Ints:
        """The numbers of the targets: any videos."""
        return np.random.default_rng((crowd.seed, 7)).choice(crowd.videos, self.targets, replace=False)

    def events(self, crowd: Crowd) -> Batch:
        """What its accounts do, in order of time."""
        rng = np.random.default_rng((crowd.seed, 8))
        aims = self.aims(crowd)
        innocent = np.setdiff1d(np.arange(crowd.videos), aims)
        count = 2 * self.targets
        account = np.repeat(np.arange(self.accounts), count) + 10_000_000
        video = np.empty((self.accounts, count), np.int64)
        video[:, 0::2] = aims if self.together else [rng.permutation(aims) for _ in range(self.accounts)]
        video[:, 1::2] = rng.choice(innocent, (self.accounts, self.targets))
        total = account.size
        pace = self.hours * HOUR / count
        end = START + crowd.days * DAY
        at = end - self.hours * HOUR + np.tile(np.arange(count), self.accounts) * pace + rng.uniform(0, pace, total)
        seconds = np.minimum(rng.lognormal(2.3, 0.8, total), 60.0) if self.watches else np.full(total, np.nan)
        made = [_events(account, video.ravel(), at.astype(np.int64), seconds, {Kind.LIKE: np.ones(total, np.bool_)}, 1)]
        if self.aged:
            past = 30
            who = np.repeat(np.arange(self.accounts), past) + 10_000_000
            when = START + (
                rng.integers(0, max(crowd.days - 2, 1), len(who)) * DAY + rng.uniform(16, 23, len(who)) * HOUR
            )
            looked = np.minimum(rng.lognormal(1.8, 1.2, len(who)), 60.0)
            made.append(_events(who, rng.choice(innocent, len(who)), when.astype(np.int64), looked, {}, 2))
        return in_time(*made)


def in_time(*batches: Batch) -> Batch:
    """Several logs as one, in order of time."""
    whole = Batch.concat(batches)
    return whole.take(np.argsort(whole["at"], kind="stable"))


def _events(
    viewer: Column, video: Column, at: Column, seconds: Column, acts: dict[Kind, Column], series: int = 0
) -> Batch:
    """Impressions and watches (none where `seconds` is NaN), each act while the video is on the screen."""
    shown = np.flatnonzero(~np.isnan(seconds))
    parts = [(Kind.IMPRESSION, shown, 0.0), (Kind.WATCH, shown, 1.0)]
    parts += [(kind, np.flatnonzero(mask), 0.9) for kind, mask in acts.items()]
    of = np.concatenate([rows for _, rows, _ in parts])
    kind = np.repeat([int(kind) for kind, _, _ in parts], [len(rows) for _, rows, _ in parts])
    share = np.repeat([share for _, _, share in parts], [len(rows) for _, rows, _ in parts])
    when = at[of] + (np.nan_to_num(seconds)[of] * share * SECOND).astype(np.int64)
    order = np.argsort(when, kind="stable")
    of, kind, when = of[order], kind[order], when[order]
    author = np.where(kind == Kind.FOLLOW, ids(3, video[of] // 4), 0)
    return events(
        {
            "id": pair_of(pair_of(viewer[of] * 10 + series, of), kind),
            "kind": kind.astype(np.int16),
            "at": when,
            "received": when,
            "viewer": ids(1, viewer[of]),
            "video": ids(2, video[of]),
            "author": author,
            "seconds": np.where(kind == Kind.WATCH, np.nan_to_num(seconds)[of], -1).astype(np.float32),
        }
    )
