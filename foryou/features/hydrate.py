"""From the tables to the columns that the model reads: INPUTS, for viewers and for items beside a viewer.

The same two functions serve a request, an imported row and a replayed one, so training and serving cannot differ.
"""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch, Column, Columns, Rows
from foryou.core.clock import DAY, HOUR, MINUTE
from foryou.core.event import Kind
from foryou.core.heads import HEADS
from foryou.core.inputs import INPUTS, RATES
from foryou.core.ports import Keys, Store
from foryou.features.acts import stands
from foryou.features.catalog import FORMAT_IDS, LENGTH_IDS
from foryou.features.counters import HALF_LIVES, count_at, counts_at, overall, rates, trials
from foryou.features.effects import effects, evidence, mean_effects, placed, told
from foryou.features.history import SESSION_GAP
from foryou.features.interests import look_up
from foryou.features.similar import COMPANIONS, likeness, positives
from foryou.features.taste import text_columns

EVERYONE = np.ones(1, np.int64)
_DESCRIBED = ("author", "sound", "topics", "language", "length", "format", "duration", "height", "uploaded")
PRIORS = np.array([next(head.prior for head in HEADS if head.name == name) for name in RATES])
LONG = len(HALF_LIVES) - 1
_AT = {name: position for position, name in enumerate(RATES)}
ENGAGEMENT = [_AT[name] for name in ("like", "comment", "share", "save", "follow", "visit")]
COMPLETION = [_AT[name] for name in ("long_view", "finish", "skip", "watch")]
BRIEF = [_AT[name] for name in ("long_view", "skip", "like")]
RECENT = [_AT["long_view"], _AT["like"]]
COMPLAINTS = [_AT[name] for name in ("not_interested", "report")]


def viewer_columns(store: Store, viewer: Keys, at: Column, context: Columns) -> Batch:
    """Viewer-side inputs `[viewers]` as of `at` (ms), with the history columns.

    `context` may hold `surface`, `device`, `language`, `country` (ids, 0: not sent) and `offset` (minutes east of UTC
    plus 1,440, -1: not sent); what is not sent comes from the profile.
    """
    nothing = np.zeros(len(viewer), np.int64)
    profile = store.read("viewer", viewer)
    said = {name: context.get(name, nothing) for name in ("surface", "device", "language", "country")}
    device, language, country = (
        np.where(said[name] != 0, said[name], profile[name]) for name in ("device", "language", "country")
    )
    offset = context.get("offset", np.full(len(viewer), -1))
    offset = np.where(offset >= 0, offset, np.where(profile["offset"] >= 0, profile["offset"], 1440))
    local = at + (offset.astype(np.int64) - 1440) * MINUTE
    session = store.read("session", viewer)
    away = at - session["last"]
    new = away > SESSION_GAP
    gap = np.where(session["count"] == 0, 0, np.where(new, away, session["gap"]))
    depth = np.where(new, 0, session["depth"])
    counts = count_at(store.read("count_viewer", viewer), at, LONG)
    counts[viewer == 0] = 0.0
    history = store.read("history", viewer)
    return Batch(
        {
            "viewer": viewer,
            "viewer_language": language,
            "device": device,
            "age": profile["age"],
            "gender": profile["gender"],
            "country": country,
            "surface": said["surface"],
            "hour": local // HOUR % 24 + 1,
            "weekday": (local // DAY + 3) % 7 + 1,
            "viewer_rates": rates(counts, _overall(store)),
            "viewer_effects": effects(store, viewer),
            "surface_effects": effects(store, told(said["surface"])),
            "viewer_known": np.log1p(trials(counts)[:, _AT["like"]]).astype(np.float32) / 2,
            "depth": np.log1p(depth).astype(np.float32),
            "gap": np.log1p(gap / HOUR).astype(np.float32),
            "sessions": np.log1p(session["count"]).astype(np.float32),
            **{f"history_{name}": history[name] for name in ("item", "author", "topics", "flags", "seconds", "at")},
        }
    )


def newness(known: Column) -> Column:
    """How much settings still have to stand in for behaviour: 1 for a new viewer, 1/2 after ten exposures, 1/11 after
    100.

    `known` is the input `viewer_known`.
    """
    return np.asarray(1.0 / (1.0 + np.square(np.expm1(2.0 * known) / 10.0)))


def without_demographics(viewers: Batch) -> Batch:
    """The viewers as if nobody had given an age band, a gender or a country."""
    names = [each.name for each in INPUTS if each.family == "demographics"]
    return viewers.extend({name: np.zeros_like(viewers[name]) for name in names})


def item_columns(store: Store, viewers: Batch, of: Rows, item: Keys, at: Column) -> Columns:
    """Item-side inputs `[items]` as of `at` `[items]` (ms), each beside viewer row `of[i]` of `viewers`."""
    video = store.columns("video", item, _DESCRIBED)
    prior = _overall(store)
    counts = counts_at(store.read("count_video", item), at)
    of_video = rates(counts[:, :, LONG], prior)
    usual = prior * np.exp(of_video)
    hours = np.maximum(at - video["uploaded"], 0) / HOUR
    own = effects(store, item)
    return {
        "item": item,
        "author": video["author"],
        "sound": video["sound"],
        "topics": video["topics"],
        "language": video["language"],
        "length": LENGTH_IDS[video["length"]],
        "format": FORMAT_IDS[video["format"]],
        "seconds_long": np.maximum(video["duration"], 0).astype(np.float32),
        "engagement_rates": of_video[:, ENGAGEMENT],
        "completion_rates": of_video[:, COMPLETION],
        "completion_effects": own[:, :3],
        "engagement_effect": own[:, 3],
        "placed_effects": effects(store, placed(item, viewers["surface"][of])),
        "effect_evidence": np.log1p(evidence(store, item)) / 2,
        "author_effects": effects(store, video["author"]),
        "sound_effects": effects(store, video["sound"]),
        "topic_effects": mean_effects(store, video["topics"]),
        "length_effects": effects(store, LENGTH_IDS[video["length"]]),
        "author_rates": _brief(store, "count_author", video["author"], at, prior),
        "sound_rates": _brief(store, "count_sound", video["sound"], at, prior),
        "topic_rates": _topic_rates(store, video["topics"], at, prior),
        "duration": (np.log1p(np.maximum(video["duration"], 0)) / 2).astype(np.float32),
        "quality": np.concatenate([np.log1p(video["height"] / 720.0)[:, None], of_video[:, COMPLAINTS]], 1).astype(
            np.float32
        ),
        "recent_rates": rates(counts[:, :, 1], usual, pseudo=10.0, which=RECENT),
        "velocity": _velocity(counts),
        "age_h": (np.log1p(hours) / 3).astype(np.float32),
        **_affinity(store, viewers, of, item, video, at),
        **text_columns(store, viewers, of, item, at),
    }


def _affinity(store: Store, viewers: Batch, of: Rows, item: Keys, video: Batch, at: Column) -> Columns:
    """What the viewer's own record says of each item: interests, rejections, likeness to recent positives, follows."""
    topics = video["topics"]
    author, sound = video["author"], video["sound"]
    targets = np.concatenate(
        [
            topics,
            np.stack(
                [
                    author,
                    sound,
                    FORMAT_IDS[video["format"]],
                    LENGTH_IDS[video["length"]],
                    video["language"],
                    viewers["surface"][of],
                ],
                axis=1,
            ),
        ],
        axis=1,
    )
    interests = store.read("interest", viewers["viewer"])
    strength, proof, refused, lift = look_up(interests, of, targets, at)
    wide = topics.shape[1]
    has = topics != 0
    number = np.maximum(has.sum(axis=1), 1)
    by_topic = np.stack(
        [
            strength[:, :wide].sum(axis=1) / number,
            strength[:, :wide].max(axis=1, initial=-1, where=has),
            strength[:, :wide].min(axis=1, initial=1, where=has),
        ],
        axis=1,
    )
    by_topic[~has.any(axis=1)] = 0.0
    refusals = refused[:, : wide + 1].max(axis=1)
    mine = positives(viewers["history_item"], viewers["history_flags"], COMPANIONS)
    language = viewers["viewer_language"][of]
    told = newness(viewers["viewer_known"])[of]
    speaks = told * np.where(
        (language == 0) | (video["language"] == 0), 0, np.where(language == video["language"], 1, -1)
    )
    follows = stands(store, viewers["viewer"][of], author, Kind.FOLLOW)
    return {
        name: np.ascontiguousarray(values, np.float32)
        for name, values in {
            "interest_topic": by_topic,
            "interest_author": strength[:, wide],
            "interest_sound": strength[:, wide + 1],
            "interest_format": strength[:, wide + 2],
            "interest_length": strength[:, wide + 3],
            "interest_language": strength[:, wide + 4],
            "interest_evidence": np.log1p(np.stack([proof[:, :wide].sum(axis=1), proof[:, wide]], axis=1)),
            "lift_topic": np.stack(
                [
                    lift[:, :wide].sum(axis=1) / number,
                    lift[:, :wide].max(axis=1, initial=-1, where=has) * has.any(axis=1),
                ],
                axis=1,
            ),
            "lift_author": lift[:, wide],
            "lift_sound": lift[:, wide + 1],
            "lift_length": lift[:, wide + 3],
            "lift_surface": lift[:, wide + 5],
            "rejected": 1.0 - np.exp2(-refusals),
            "similar": likeness(store, item, mine, of),
            "follows": follows,
            "speaks": speaks,
        }.items()
    }


def _overall(store: Store) -> Column:
    """The rates of all videos together, RATES; the heads' priors while little is known."""
    row = store.read("count_all", EVERYONE)
    return overall(count_at(row, row["at"], LONG)[0], PRIORS)


def _brief(store: Store, table: str, keys: Keys, at: Column, prior: Column) -> Column:
    unique, row = np.unique(keys, return_inverse=True)
    latest = np.zeros(len(unique), np.int64)
    np.maximum.at(latest, row, at)
    found = rates(count_at(store.read(table, unique), latest, LONG), prior, which=BRIEF)
    found[unique == 0] = 0.0
    return found[row]


def _topic_rates(store: Store, topics: Column, at: Column, prior: Column) -> Column:
    has = topics != 0
    found = np.zeros((*topics.shape, len(BRIEF)), np.float32)
    row, slot = np.nonzero(has)
    if len(row):
        found[row, slot] = _brief(store, "count_topic", topics[row, slot], at[row], prior)
    return np.asarray(found.sum(axis=1) / np.maximum(has.sum(axis=1), 1)[:, None], np.float32)


def _velocity(counts: Column) -> Column:
    """log of the last hour's and day's exposures against what the longer half-life would expect, `[rows, 2]`.

    In a steady stream each faded count is proportional to its half-life, so ratios of counts per half-life are 1.
    """
    shown = np.maximum(counts[:, 0], counts[:, 1]) / (np.array(HALF_LIVES) / HOUR)
    usual = shown[:, LONG:] + 0.1
    return np.clip(np.log((shown[:, :LONG] + 0.1) / usual), -3, 3).astype(np.float32)
