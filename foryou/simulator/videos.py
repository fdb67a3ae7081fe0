"""What there is to watch: who made it when, about what, how long, how good, and what it was taken from."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY, HOUR, MINUTE
from foryou.simulator.chance import picked, picked_each, stream
from foryou.simulator.creators import BAITS, REUPLOADS
from foryou.simulator.lives import chosen
from foryou.simulator.topics import Topics

FORMATS = ("tutorial", "challenge", "story", "reaction", "interview", "product", "behind_the_scenes", "question")
FORMAT_SHARE = np.array([0.24, 0.12, 0.20, 0.12, 0.06, 0.10, 0.10, 0.06])
STOCK = 0.25
"""The share of the videos that is older than the start."""
STOCK_AGE = 20 * DAY
"""The mean age of those at the start."""
OLDEST = 120 * DAY
SHARES = np.array([0.1852, 0.3324, 0.4824])
MEDIANS_S = np.array([14.64, 61.78, 133.19])
SPREADS = np.array([0.420, 0.746, 0.633])
"""Three lognormals, fitted (EM) to the durations of KuaiRand-Pure's 7,344 videos: the largest difference of the two
distributions (KS) is .015."""
SHORTEST_S, LONGEST_S = 4.0, 900.0
HABIT = 0.6
"""The chance that a video has its creator's usual length and format."""
SKILL = 0.6
"""The correlation of a creator's skill with the appeal of a video: good creators make weak videos too."""
HOOK = 0.3
"""The correlation of appeal with the hook: a good opening says little of what comes."""
OTHER_LANGUAGE = 0.06
"""The share of videos in English by those who mostly speak something else."""
ORIGINAL = 0.35
"""The share of videos with a sound of their own."""
EFFECTS, NO_EFFECT = 60, 0.6
SERIES_CREATORS, LONGEST_SERIES = 0.25, 6
COPIES = 0.6
"""The share of what a re-uploader posts that is somebody else's."""
COPY_WITHIN = 14 * DAY
BAIT = 0.7
"""The share of what a baiter posts that is bait; it is worse than the rest by `BAIT_LOSS`."""
BAIT_LOSS = 0.5
HEIGHTS, HEIGHT_SHARE = np.array([1920, 1280, 960, 720]), np.array([0.62, 0.24, 0.05, 0.09])
LIKEABLE, SHAREABLE = 0.35, 0.45
_FORMAT_SHARES = np.array([0.10, 0.35, 0.15, -0.05, -0.15, -0.35, 0.0, 0.05])
"""Log-odds by which each format is shared more or less."""


def videos(count: int, creators: Batch, topics: Topics, start: int, days: int, seed: int) -> Batch:
    """`count` videos in the order of their upload, a quarter of them before the start.

    `text` is the number that their words are drawn from; twins and re-uploads have that of the other.
    """
    creator, uploaded = _posted(count, creators, start, days, seed)
    series, episode = _series(creator, creators, seed)
    leaf = _leaf(creator, series, creators, seed)
    appeal = _mixed(creators["skill"][creator], SKILL, count, seed, "appeal")
    made = {
        "creator": creator,
        "leaf": leaf,
        "content": _content(leaf, topics, seed),
        "format": _format(creator, len(creators), seed),
        "sound": _sound(uploaded, seed),
        "effect": _effect(uploaded, seed),
        "duration": _duration(creator, len(creators), seed),
        "language": _language(creators["language"][creator], seed),
        "uploaded": uploaded,
        "hook": _mixed(appeal, HOOK, count, seed, "hook"),
        "appeal": appeal,
        "likeable": _normal(LIKEABLE, count, seed, "likeable"),
        "shareable": _normal(SHAREABLE, count, seed, "shareable"),
        "picture": _picture(creators["skill"][creator], seed),
        "height": HEIGHTS[picked(stream(seed, "videos", "height"), HEIGHT_SHARE, count)].astype(np.int16),
        "series": series,
        "episode": episode,
        "text": stream(seed, "videos", "text").integers(0, 1 << 62, count),
        **unplanted(count),
    }
    made["shareable"] = (made["shareable"] + _FORMAT_SHARES[made["format"]]).astype(np.float32)
    bait = (creators["kind"][creator] == BAITS) & (stream(seed, "videos", "bait").random(count) < BAIT)
    made["appeal"] = np.where(bait, appeal - BAIT_LOSS, appeal).astype(np.float32)
    return copied(Batch({**made, "bait": bait}), _copies(made, creators, seed))


def unplanted(count: int) -> dict[str, Column]:
    """The columns of videos that are nobody's copy or twin and whose outcomes are not set."""
    free = np.full(count, np.nan, np.float32)
    none = np.full(count, -1, np.int32)
    return {
        "copy_of": none, "pair": none, "arm": np.zeros(count, np.int8), "set_hook": free, "set_finish": free,
        "set_like": free,
    }  # fmt: skip


def copied(videos: Batch, copy_of: Column) -> Batch:
    """The same with re-uploads: what is to be seen is the other's, in a slightly worse picture, a little shorter."""
    rows = np.flatnonzero(copy_of >= 0)
    of = copy_of[rows]
    changed = {name: np.array(videos[name]) for name in videos}
    for name in ("leaf", "content", "format", "sound", "effect", "language", "hook", "appeal", "text"):
        changed[name][rows] = videos[name][of]
    changed["duration"][rows] = videos["duration"][of] * np.float32(0.99)
    changed["picture"][rows] = videos["picture"][of] * np.float32(0.85)
    changed["copy_of"] = copy_of.astype(np.int32)
    return Batch(changed)


def _posted(count: int, creators: Batch, start: int, days: int, seed: int) -> tuple[Column, Column]:
    """Who posts and when (ms, ascending): the busy more, each around an hour of theirs."""
    creator = picked(stream(seed, "videos", "creator"), creators["posts_a_day"], count)
    rng = stream(seed, "videos", "uploaded")
    draws, wide = rng.random((count, 2)), rng.standard_normal(count)
    age = np.minimum(-np.log1p(-draws[:, 0]) * STOCK_AGE, OLDEST) // DAY + 1
    day = np.where(draws[:, 1] < STOCK, -age, np.floor(draws[:, 0] * days))
    hour = (creators["hour"][creator] + 1.5 * wide) % 24
    at = start + day * DAY + hour * HOUR - creators["zone"][creator].astype(np.int64) * MINUTE
    at = np.where(day < 0, np.minimum(at, start - 1), np.clip(at, start, start + days * DAY - 1)).astype(np.int64)
    order = np.argsort(at, kind="stable")
    return creator[order].astype(np.int32), at[order]


def _series(creator: Column, creators: Batch, seed: int) -> tuple[Column, Column]:
    """Some creators post every few videos as episodes of one series; who takes from others does not."""
    makes = stream(seed, "videos", "series").random(len(creators)) < SERIES_CREATORS
    makes &= creators["kind"] != REUPLOADS
    long = stream(seed, "videos", "series long").integers(3, LONGEST_SERIES + 1, len(creators))
    turn = _turn(creator)
    part, episode = turn // long[creator], turn % long[creator]
    inside = makes[creator] & (part % 2 == 0)  # every second run of videos
    name = creator * 10_000 + part
    return np.where(inside, name, -1).astype(np.int32), np.where(inside, episode + 1, 0).astype(np.int16)


def _turn(creator: Column) -> Column:
    """The how manieth video of its creator each one is, from 0."""
    order = np.argsort(creator, kind="stable")
    sizes = np.bincount(creator)
    turn = np.empty(len(creator), np.int64)
    turn[order] = np.arange(len(creator)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return turn


def _leaf(creator: Column, series: Column, creators: Batch, seed: int) -> Column:
    """One of the creator's topics; the same throughout a series."""
    leaf = picked_each(stream(seed, "videos", "leaf").random(len(creator)), creators["topic"][creator])
    _, first, of = np.unique(series, return_index=True, return_inverse=True)
    return np.where(series >= 0, leaf[first][of], leaf).astype(np.int16)


def _content(leaf: Column, topics: Topics, seed: int) -> Column:
    """[videos, T]: mostly the main topic, and some of a near and of any other one."""
    rng = stream(seed, "videos", "content")
    count = len(leaf)
    near = topics.similarity - np.eye(len(topics)) + 1e-3
    draws = rng.random((count, 4))
    beside = picked_each(draws[:, 0], near[leaf])
    other = (draws[:, 1] * len(topics)).astype(np.int64)
    content = np.zeros((count, len(topics)), np.float32)
    rows = np.arange(count)
    share = np.stack([0.05 + 0.25 * draws[:, 2], 0.1 * draws[:, 3]])
    np.add.at(content, (rows, beside), share[0].astype(np.float32))
    np.add.at(content, (rows, other), share[1].astype(np.float32))
    np.add.at(content, (rows, leaf), (1 - share.sum(0)).astype(np.float32))
    return content


def _usual(creator: Column, creators: int, share: Column, seed: int, purpose: str) -> Column:
    """A choice for each video: what its creator usually chooses, or anything."""
    usual = picked(stream(seed, "videos", purpose, "usual"), share, creators)
    rng = stream(seed, "videos", purpose)
    draws = rng.random((len(creator), 2))
    any_ = np.searchsorted(np.cumsum(share)[:-1], draws[:, 1], "right")
    return np.where(draws[:, 0] < HABIT, usual[creator], any_)


def _format(creator: Column, creators: int, seed: int) -> Column:
    return _usual(creator, creators, FORMAT_SHARE, seed, "format").astype(np.int8)


def _duration(creator: Column, creators: int, seed: int) -> Column:
    """Seconds."""
    part = _usual(creator, creators, SHARES, seed, "length")
    wide = stream(seed, "videos", "duration").standard_normal(len(creator))
    seconds = MEDIANS_S[part] * np.exp(SPREADS[part] * wide)
    return np.asarray(np.clip(seconds, SHORTEST_S, LONGEST_S), np.float32).round(1)


def _sound(uploaded: Column, seed: int) -> Column:
    """The number of a sound: of its own, or one that is heard at the time."""
    shared = max(1, len(uploaded) // 10)
    taken = chosen(uploaded, shared, seed, "sounds")
    own = shared + np.arange(len(uploaded))
    return np.where(stream(seed, "videos", "sound").random(len(uploaded)) < ORIGINAL, own, taken).astype(np.int32)


def _effect(uploaded: Column, seed: int) -> Column:
    taken = chosen(uploaded, EFFECTS, seed, "effects")
    return np.where(stream(seed, "videos", "effect").random(len(uploaded)) < NO_EFFECT, -1, taken).astype(np.int32)


def _language(own: Column, seed: int) -> Column:
    return np.where(stream(seed, "videos", "language").random(len(own)) < OTHER_LANGUAGE, 0, own).astype(np.int8)


def _mixed(other: Column, share: float, count: int, seed: int, purpose: str) -> Column:
    """N(0, 1) if `other` is, with this correlation to it."""
    own = stream(seed, "videos", purpose).standard_normal(count)
    return np.asarray(share * other + np.sqrt(1 - share**2) * own, np.float32)


def _normal(spread: float, count: int, seed: int, purpose: str) -> Column:
    return np.asarray(spread * stream(seed, "videos", purpose).standard_normal(count), np.float32)


def _picture(skill: Column, seed: int) -> Column:
    """0..1: a usual phone is good enough (.8), and skill helps a little."""
    noise = stream(seed, "videos", "picture").standard_normal(len(skill))
    return np.asarray(1 / (1 + np.exp(-(1.4 + 0.25 * skill + 0.6 * noise))), np.float32)


def _copies(made: dict[str, Column], creators: Batch, seed: int) -> Column:
    """Whose video each one is, -1 its own: re-uploaders take from the last days, and rather what is good."""
    rng = stream(seed, "videos", "copies")
    creator, uploaded, count = made["creator"], made["uploaded"], len(made["creator"])
    draws = rng.random((count, 2))
    copy_of = np.full(count, -1, np.int64)
    honest = creators["kind"][creator] != REUPLOADS
    rows = np.flatnonzero(~honest & (draws[:, 0] < COPIES))
    for row in rows.tolist():  # a few in a hundred
        since = int(np.searchsorted(uploaded, uploaded[row] - COPY_WITHIN))
        until = int(np.searchsorted(uploaded, uploaded[row] - HOUR))
        pool = since + np.flatnonzero(honest[since:until])
        if len(pool):
            edges = np.cumsum(np.exp(1.5 * made["appeal"][pool]))
            copy_of[row] = pool[np.searchsorted(edges, draws[row, 1] * edges[-1])]
    return copy_of
