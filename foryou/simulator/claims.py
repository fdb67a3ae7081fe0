"""What planted twins show: numbers for one claim each, of a run in a world with plants (`plants.py`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foryou.core.clock import HOUR
from foryou.simulator.plants import PRESSES
from foryou.simulator.public import public
from foryou.simulator.run import Outcome
from foryou.simulator.world import Planted

NEXT = 50
"""Videos after the last "not interested" among which the topic is looked for."""
Floats = NDArray[np.float64]


def planted(outcome: Outcome, claim: str) -> Planted:
    """Where a claim's plants are. KeyError if there are none."""
    for plant in outcome.world.planted:
        if plant.claim == claim:
            return plant
    raise KeyError(f"nothing is planted for {claim!r}; there is {[p.claim for p in outcome.world.planted]}")


def _films(outcome: Outcome, plant: Planted) -> NDArray[np.bool_]:
    """Which videos are a plant's `[videos]`."""
    pair = outcome.world.videos["pair"]
    return np.asarray((pair >= plant.first) & (pair < plant.first + plant.count))


def reach(outcome: Outcome, claim: str, hours: float = 48, strangers: bool = False) -> Floats:
    """Exposures in the feed of both twins of each pair within so many hours after they came out `[pairs, 2]`; with
    `strangers` without those of viewers who followed their creator before the start: that is their own wish."""
    plant, films, rows = planted(outcome, claim), outcome.world.videos, outcome.exposures
    pair = films["pair"].astype(np.int64) - plant.first
    mine = _films(outcome, plant)
    age = rows["at"] - outcome.published[rows["video"]]
    seen = mine[rows["video"]] & (rows["surface"] == 0) & (age < hours * HOUR)
    if strangers:
        viewers, creators = public(outcome.world).follows
        of = len(outcome.world.creators)
        asked = rows["viewer"].astype(np.int64) * of + films["creator"][rows["video"]]
        seen &= ~np.isin(asked, viewers.astype(np.int64) * of + creators)
    video = rows["video"][seen]
    counts = np.bincount(pair[video] * 2 + films["arm"][video], minlength=2 * plant.count)
    return counts.reshape(plant.count, 2).astype(np.float64)


def pressed(outcome: Outcome) -> Floats:
    """The share of their main topic among the next 50 videos of viewers who pressed "not interested" on one and on
    three of it, each beside one of the same taste who pressed nothing, from their first and third video of it on:
    having just seen that many makes it rarer too. `[groups, 4]`: nothing after one, one, nothing after three, three.
    Not a number where fewer were shown."""
    plant, people, rows = planted(outcome, "not_interested"), outcome.world.viewers, outcome.exposures
    feed = rows.take(rows["surface"] == 0)
    leaf = outcome.world.videos["leaf"][feed["video"]]
    shares = np.full((plant.count, 4), np.nan)
    for group in range(plant.count):
        for viewer in np.flatnonzero(people["pair"] == plant.first + group).tolist():
            mine = np.flatnonzero((feed["viewer"] == viewer) & (feed["at"] >= people["script_from"][viewer]))
            on_topic = leaf[mine] == people["script_topic"][viewer]
            arm, count = int(people["arm"][viewer]), int(people["script_presses"][viewer])
            if count:
                shares[group, 2 * arm - 1] = _next(on_topic, on_topic & feed["not_interested"][mine], count)
            else:
                shares[group, [0, 2]] = [_next(on_topic, on_topic, after) for after in PRESSES[1:]]
    return shares


def _next(on_topic: NDArray[np.bool_], marks: NDArray[np.bool_], count: int) -> float:
    """The share of the topic in the next videos after so many marks; not a number where there are fewer of either."""
    at = np.flatnonzero(marks)
    following = on_topic[at[count - 1] + 1 :][:NEXT] if len(at) >= count else on_topic[:0]
    return float(following.mean()) if len(following) == NEXT else float("nan")


def asked(outcome: Outcome) -> NDArray[np.int32]:
    """The planted viewers whose slates at the end are compared, those of a group together."""
    plant, people = planted(outcome, "alike"), outcome.world.viewers
    mine = np.flatnonzero((people["pair"] >= plant.first) & (people["pair"] < plant.first + plant.count))
    return mine[np.lexsort((people["arm"][mine], people["pair"][mine]))].astype(np.int32)


def overlap(slates: NDArray[np.int32]) -> Floats:
    """Of slates `[3 x groups, n]`, the viewers of a group together: the Jaccard overlap of the two with the same taste,
    and of the first with the one of another taste `[groups, 2]`.

    >>> overlap(np.array([[1, 2], [2, 3], [4, 5]], np.int32)).round(2).tolist()
    [[0.33, 0.0]]
    """
    groups = slates.reshape(-1, 3, slates.shape[1])
    return np.array([[_jaccard(one, same), _jaccard(one, other)] for one, same, other in groups])


def _jaccard(one: NDArray[np.int32], other: NDArray[np.int32]) -> float:
    """Not a number where one of the slates is not full."""
    if (one < 0).any() or (other < 0).any():
        return float("nan")
    left, right = set(one.tolist()), set(other.tolist())
    return len(left & right) / len(left | right)


FIRST = 6
"""Exposures of a video that are its first audience, as `reach.audiences` has it."""


def caring(outcome: Outcome, claim: str = "engaged", first: int = FIRST) -> Floats:
    """Of all first exposures of twins in the feed, by arm: the share whose viewer has the video's topic among their
    tastes `[2]`. As many count of each twin of a pair as of the other, at most `first`: topics are not liked alike.
    Not a number where there are none."""
    plant, films, rows = planted(outcome, claim), outcome.world.videos, outcome.exposures
    taste, cares = outcome.world.viewers["taste"], [[np.zeros(0, np.bool_)] * 2 for _ in range(plant.count)]
    for video in np.flatnonzero(_films(outcome, plant)).tolist():
        viewers = rows["viewer"][(rows["video"] == video) & (rows["surface"] == 0)][:first]
        cares[films["pair"][video] - plant.first][films["arm"][video]] = taste[viewers, films["leaf"][video]] > 0
    both = np.array([[arm[: min(map(len, pair))].sum() for arm in pair] for pair in cares], np.float64).sum(0)
    count = sum(min(map(len, pair)) for pair in cares)
    return both / count if count else np.full(2, np.nan)


def nearer(outcome: Outcome, claim: str = "likes") -> Floats:
    """Of each planted video that somebody liked in the feed: how alike in taste (cosine) its viewers after the first
    like are to those who liked it before them, on average; and how alike all viewers are to the same
    `[videos, 2]`. Not a number where nobody came after a like."""
    rows, taste = outcome.exposures, outcome.world.viewers["taste"].astype(np.float64)
    taste /= np.linalg.norm(taste, axis=1, keepdims=True)
    mine = np.flatnonzero(_films(outcome, planted(outcome, claim)))
    found = np.full((len(mine), 2), np.nan)
    for place, video in enumerate(mine.tolist()):
        seen = rows.take((rows["video"] == video) & (rows["surface"] == 0))
        whose, likes = taste[seen["viewer"]], seen["like"].astype(np.float64)
        count, total = np.cumsum(likes) - likes, np.cumsum(whose * likes[:, None], axis=0) - whose * likes[:, None]
        later = count > 0
        if later.any():
            likers = total[later] / count[later][:, None]
            found[place] = (whose[later] * likers).sum(1).mean(), (likers @ taste.mean(0)).mean()
    return found
