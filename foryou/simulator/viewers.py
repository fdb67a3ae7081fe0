"""Who watches: hidden tastes, habits, patience, and friends who mostly like the same."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY, HOUR, MINUTE
from foryou.simulator.chance import picked, picked_each, stream
from foryou.simulator.people import (
    AGE_SHARE,
    AGES,
    COUNTRIES,
    COUNTRY_SHARE,
    DEVICE_SHARE,
    GENDER_SHARE,
    LANGUAGE_SHARE,
    TYPES,
    hours_of,
    zones_of,
)
from foryou.simulator.topics import Topics

LEAST_TASTES, MOST_TASTES = 3, 12
FRIENDS = 8
ALIKE = 0.75
"""The share of friends with the same main topic and language."""
LATE = 0.2
"""The share of viewers who join during the simulated days."""
BEFORE = 200 * DAY
"""The mean time on the platform of the others."""
SILENT_AGE, SILENT_GENDER = 0.15, 0.3
"""How many do not tell."""
MEDIAN_VISITS, SPREAD_VISITS, MOST_VISITS = 2.0, 0.7, 16.0
SPREAD_PATIENCE = 0.45
MEDIAN_DRIFT, SPREAD_DRIFT, MOST_DRIFT = 0.008, 0.8, 0.08
ACTS = ("liking", "commenting", "sharing", "saving", "following", "visiting", "refusing")
TILT = 0.45
"""How far (log) the popularity of a topic differs between countries and between ages."""
HOME = 1.2
"""How much (log) the topics near somebody's main topic are preferred."""
OWN = 6.0
"""How much (log) a creator's own topics are preferred by the creator: nearly always among what they like."""


def viewers(count: int, creators: Batch, topics: Topics, start: int, days: int, seed: int) -> Batch:
    """`count` viewers, the first of whom are the creators' own accounts (creator c is viewer c)."""
    if count < len(creators):
        raise ValueError(f"{count} viewers for {len(creators)} creators; every creator is a viewer too")
    country = picked(stream(seed, "viewers", "country"), COUNTRY_SHARE, count).astype(np.int8)
    zone = zones_of(country, stream(seed, "viewers", "zone").random(count))
    language = picked_each(stream(seed, "viewers", "language").random(count), LANGUAGE_SHARE[country]).astype(np.int8)
    for column, name in ((country, "country"), (zone, "zone"), (language, "language")):
        column[: len(creators)] = creators[name]
    age = _told(AGE_SHARE, SILENT_AGE, count, seed, "age")
    kind = picked(stream(seed, "viewers", "hours"), TYPES, count)
    hours = hours_of(kind)
    taste = tastes(count, country, age, creators, topics, seed)
    return Batch(
        {
            "taste": taste,
            "language": language,
            "country": country,
            "age": age,
            "gender": _told(GENDER_SHARE, SILENT_GENDER, count, seed, "gender"),
            "device": picked(stream(seed, "viewers", "device"), DEVICE_SHARE, count).astype(np.int8),
            "zone": zone,
            "hours": hours.astype(np.float32),
            "weekdays": _weekdays(count, seed),
            "visits": np.minimum(_around(MEDIAN_VISITS, SPREAD_VISITS, count, seed, "visits"), MOST_VISITS),
            "patience": _around(np.exp(-(SPREAD_PATIENCE**2) / 2), SPREAD_PATIENCE, count, seed, "patience"),
            **_acts(count, seed),
            "drift": np.minimum(_around(MEDIAN_DRIFT, SPREAD_DRIFT, count, seed, "drift"), MOST_DRIFT),
            "joined": _joined(len(creators), hours, zone, start, days, seed),
            "friends": _friends(taste, language, seed),
            **unscripted(count),
        }
    )


def unscripted(count: int) -> dict[str, Column]:
    """The columns of viewers who follow no script and belong to no pair."""
    return {
        "script_topic": np.full(count, -1, np.int16),
        "script_presses": np.zeros(count, np.int8),
        "script_from": np.zeros(count, np.int64),
        "pair": np.full(count, -1, np.int32),
        "arm": np.zeros(count, np.int8),
    }


def tastes(count: int, country: Column, age: Column, creators: Batch, topics: Topics, seed: int) -> Column:
    """[viewers, T], sums to 1 over 3 to 12 leaves: some are popular, some near others; creators like their own."""
    tilt = TILT * stream(seed, "tastes", "tilt").standard_normal((len(COUNTRIES) + len(AGES) + 1, len(topics)))
    likely = np.log(topics.popularity) + tilt[country] + tilt[len(COUNTRIES) + age.astype(np.int64)]
    main = np.argmax(likely + stream(seed, "tastes", "main").gumbel(size=likely.shape), axis=1)
    main[: len(creators)] = creators["topic"].argmax(1)
    keys = likely + HOME * topics.similarity[main] + stream(seed, "tastes", "others").gumbel(size=likely.shape)
    keys[np.arange(count), main] = np.inf
    keys[: len(creators)] += OWN * (creators["topic"] > 0)
    number = stream(seed, "tastes", "number").integers(LEAST_TASTES, MOST_TASTES + 1, count)
    order = np.argsort(-keys, axis=1)[:, :MOST_TASTES]
    weight = stream(seed, "tastes", "weight").gamma(0.8, size=(count, MOST_TASTES)) + 0.02
    weight = -np.sort(-weight, axis=1) * (np.arange(MOST_TASTES) < number[:, None])
    made = np.zeros((count, len(topics)), np.float32)
    np.put_along_axis(made, order, (weight / weight.sum(1, keepdims=True)).astype(np.float32), axis=1)
    return made


def _told(share: Column, silent: float, count: int, seed: int, name: str) -> Column:
    """Positions in `share`, -1 for who did not tell."""
    rng = stream(seed, "viewers", name)
    draws = rng.random((count, 2))
    told = np.searchsorted(np.cumsum(share)[:-1], draws[:, 0], "right")
    return np.where(draws[:, 1] < silent, -1, told).astype(np.int8)


def _around(median: float, spread: float, count: int, seed: int, name: str) -> Column:
    """Lognormal."""
    rng = stream(seed, "viewers", name)
    return np.asarray(median * np.exp(spread * rng.standard_normal(count)), np.float32)


def _weekdays(count: int, seed: int) -> Column:
    """[viewers, 7] from Monday, mean 1: a few look mostly at weekends, most a little more then."""
    rng = stream(seed, "viewers", "weekdays")
    draws = rng.standard_normal((count, 8))
    weekend = 0.15 + 0.35 * draws[:, 7]
    factor = np.exp(0.15 * draws[:, :7] + np.where(np.arange(7) >= 5, weekend[:, None], 0.0))
    return np.asarray(factor / factor.mean(1, keepdims=True), np.float32)


def _acts(count: int, seed: int) -> dict[str, Column]:
    """Log-odds offsets of each act: who acts at all does more of everything."""
    draws = stream(seed, "viewers", "acts").standard_normal((count, len(ACTS) + 1))
    lively = 0.6 * draws[:, -1]
    return {
        name: np.asarray((0.0 if name == "refusing" else lively) + 0.7 * draws[:, column], np.float32)
        for column, name in enumerate(ACTS)
    }


def _joined(creators: int, hours: Column, zone: Column, start: int, days: int, seed: int) -> Column:
    """ms: most before the start, some on a day and at an hour of theirs; creators are there before."""
    rng = stream(seed, "viewers", "joined")
    count = len(zone)
    draws = rng.random((count, 4))
    before = start - HOUR - (-np.log1p(-draws[:, 0]) * BEFORE).astype(np.int64)
    hour = picked_each(draws[:, 2], hours) + draws[:, 3]
    day = (draws[:, 0] * days).astype(np.int64) * DAY
    at = start + day + (hour * HOUR).astype(np.int64) - zone.astype(np.int64) * MINUTE
    late = (draws[:, 1] < LATE) & (np.arange(count) >= creators)
    return np.where(late, np.maximum(at, start), before).astype(np.int64)


def _friends(taste: Column, language: Column, seed: int) -> Column:
    """[viewers, FRIENDS], -1 where there is none: mostly of the same main topic and language, some of any."""
    rng = stream(seed, "viewers", "friends")
    count = len(taste)
    group = taste.argmax(1) * 16 + language
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group, minlength=int(group.max(initial=0)) + 1)
    first = np.cumsum(sizes) - sizes
    draws = rng.random((count, 2 * FRIENDS + 1))
    inside = order[first[group][:, None] + (draws[:, :FRIENDS] * sizes[group][:, None]).astype(np.int64)]
    anybody = (draws[:, :FRIENDS] * count).astype(np.int64)
    friends = np.where(draws[:, FRIENDS:-1] < ALIKE, inside, anybody)
    number = np.minimum(-np.log1p(-draws[:, -1]) * 4.5, FRIENDS).astype(np.int64)
    friends = np.where(np.arange(FRIENDS) < number[:, None], friends, -1)
    return _once(friends).astype(np.int32)


def _once(friends: Column) -> Column:
    """Without oneself, and without those who are there already."""
    friends = np.where(friends == np.arange(len(friends))[:, None], -1, friends)
    friends = -np.sort(-friends, axis=1)
    repeated = np.zeros(friends.shape, np.bool_)
    repeated[:, 1:] = friends[:, 1:] == friends[:, :-1]
    return -np.sort(-np.where(repeated, -1, friends), axis=1)
