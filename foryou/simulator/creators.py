"""Who makes videos: how well, about what, how often, and what they do that they should not."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.simulator.chance import picked, picked_each, stream
from foryou.simulator.people import COUNTRY_SHARE, LANGUAGE_SHARE, zones_of
from foryou.simulator.topics import Topics

HONEST, REUPLOADS, BAITS, BUYS_LIKES = range(4)
KIND_SHARE = np.array([0.90, 0.04, 0.04, 0.02])
TOPICS_EACH = np.array([0.45, 0.35, 0.20])
"""How many creators have one, two and three topics."""
FAME = 0.25
"""The correlation of skill with the logarithm of followers: a bad guide, as followers come from elsewhere too."""
MEDIAN_FOLLOWERS, SPREAD_FOLLOWERS, MOST_FOLLOWERS = 250.0, 2.1, 5_000_000
SPREAD_POSTS = 0.9
"""Of the logarithm of posts a day: the busiest tenth makes about a third of all videos."""
POST_HOURS = np.array([1, 1, 0.5, 0.5, 0.5, 1, 2, 4, 5, 5, 5, 6, 8, 7, 6, 7, 9, 11, 12, 12, 10, 7, 4, 2])


def creators(count: int, a_day: float, topics: Topics, seed: int) -> Batch:
    """`count` creators who post `a_day` videos a day together. Creator c's own account is viewer c.

    Beside the columns that the rest of the world needs, `country` and `zone` are where they live.
    """
    rng = {name: stream(seed, "creators", name) for name in ("skill", "country", "zone", "language", "hour", "kind")}
    country = picked(rng["country"], COUNTRY_SHARE, count)
    skill = rng["skill"].standard_normal(count)
    posts = np.exp(SPREAD_POSTS * stream(seed, "creators", "posts").standard_normal(count))
    return Batch(
        {
            "topic": _topics(count, topics, seed),
            "skill": skill.astype(np.float32),
            "language": picked_each(rng["language"].random(count), LANGUAGE_SHARE[country]).astype(np.int8),
            "country": country.astype(np.int8),
            "zone": zones_of(country, rng["zone"].random(count)),
            "followers": _followers(skill, seed),
            "viewer": np.arange(count, dtype=np.int32),
            "posts_a_day": (posts * a_day / max(posts.sum(), 1e-9)).astype(np.float32),
            "hour": picked(rng["hour"], POST_HOURS, count).astype(np.int8),
            "kind": picked(rng["kind"], KIND_SHARE, count).astype(np.int8),
        }
    )


def _topics(count: int, topics: Topics, seed: int) -> Column:
    """[creators, T]: a main topic, and up to two more that are mostly close to it."""
    rng = stream(seed, "creators", "topics")
    number = 1 + picked(stream(seed, "creators", "topics each"), TOPICS_EACH, count)
    main = picked(stream(seed, "creators", "main topic"), topics.popularity, count)
    near = topics.popularity * (0.03 + topics.similarity[main])  # [creators, T]
    keys = np.log(near) + rng.gumbel(size=near.shape)
    keys[np.arange(count), main] = np.inf
    order = np.argsort(-keys, axis=1)[:, :3]
    share = np.array([0.66, 0.22, 0.12]) * (np.arange(3) < number[:, None])
    made = np.zeros((count, len(topics)), np.float32)
    np.put_along_axis(made, order, (share / share.sum(1, keepdims=True)).astype(np.float32), axis=1)
    return made


def _followers(skill: Column, seed: int) -> Column:
    """Before the start, with a heavy tail."""
    luck = stream(seed, "creators", "followers").standard_normal(len(skill))
    fame = FAME * skill + np.sqrt(1 - FAME**2) * luck
    many = MEDIAN_FOLLOWERS * np.exp(SPREAD_FOLLOWERS * fame)
    return np.asarray(np.minimum(many, MOST_FOLLOWERS), np.int32)
