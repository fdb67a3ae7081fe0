"""The laws of the inputs as plain NumPy, one after another: what the compiled kernels have to equal."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from foryou.core.batch import Batch, Column, Columns, Rows
from foryou.core.clock import HOUR
from foryou.core.event import Kind
from foryou.core.inputs import EFFECTS, OUTCOME_BITS, POSITIVE_BITS, RATES
from foryou.core.ports import Keys, Store
from foryou.features.acts import stands
from foryou.features.catalog import FORMAT_IDS, LENGTH_IDS
from foryou.features.content import CONTENT
from foryou.features.counters import HALF_LIVES
from foryou.features.effects import EFFECT, placed
from foryou.features.enrich import OUTCOMES
from foryou.features.history import REMEMBERED, latest_exposures
from foryou.features.interests import HALF_LIFE, REJECTED_HALF_LIFE, RIDGE
from foryou.features.rates import PRIORS
from foryou.features.response import _SHOWN, WORTH
from foryou.features.response import RIDGE as NOISE
from foryou.features.similar import COMPANIONS, SIMILAR, SMOOTH
from foryou.features.taste import HALF_LIFE as TASTE_HALF_LIFE
from foryou.features.taste import LATEST, PRIOR, TASTE
from foryou.text.embedder import DIM

EVERYONE = np.ones(1, np.int64)
LONG = len(HALF_LIVES) - 1
_AT = {name: position for position, name in enumerate(RATES)}
ENGAGEMENT = [_AT[name] for name in ("like", "comment", "share", "save", "follow", "visit")]
COMPLETION = [_AT[name] for name in ("long_view", "finish", "skip", "watch")]
BRIEF = [_AT[name] for name in ("long_view", "skip", "like")]
RECENT = [_AT["long_view"], _AT["like"]]
COMPLAINTS = [_AT[name] for name in ("not_interested", "report")]
_DESCRIBED = ("author", "sound", "topics", "language", "length", "format", "duration", "height", "uploaded")


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
    told = 1.0 / (1.0 + (proof[:, wide + 4] / 2.0) ** 2)
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


def counts_at(rows: Batch, at: Column) -> Column:
    """The counts `[rows, outcomes, half-lives]` of counter rows, faded to `at` (ms; a time before the row's is its
    own)."""
    values = np.maximum(rows["values"].reshape(len(rows), len(OUTCOMES), len(HALF_LIVES)), 0.0)
    age = np.maximum(at - rows["at"], 0)
    return np.asarray(values * np.exp2(-age[:, None, None] / np.array(HALF_LIVES, np.float64)))


def count_at(rows: Batch, at: Column, life: int) -> Column:
    """As `counts_at`, of one half-life only: `[rows, outcomes]`."""
    values = np.maximum(rows["values"].reshape(len(rows), len(OUTCOMES), len(HALF_LIVES))[:, :, life], 0.0)
    age = np.maximum(at - rows["at"], 0)
    return np.asarray(values * np.exp2(-age / float(HALF_LIVES[life]))[:, None])


_COLUMN = {name: position for position, name in enumerate(OUTCOMES)}
_EVENTS = np.array([_COLUMN["seconds" if name == "watch" else name] for name in RATES])
_TRIALS = {"long_view": "watch", "like": ""}
"""What an outcome is a share of: watches, exposures (""), or else the exposures that were measured (see `outcomes`)."""
_TRIED = np.array([{**_COLUMN, "": len(OUTCOMES)}[_TRIALS.get(name, "measured")] for name in RATES])


def rates(counts: Column, prior: Column, pseudo: float = 20.0, which: slice | list[int] = slice(None)) -> Column:
    """Smoothed rates `[rows, which]` of RATES against `prior` `[RATES]`, as log ratios in [-3, 3]; 0: nothing is known.

    log((events + pseudo * prior) / (trials + pseudo) / prior): the posterior mean under a Beta (for seconds: Gamma)
    prior worth `pseudo` trials. `counts` is `[rows, outcomes]`, of one half-life.
    """
    prior = prior[..., which]
    happened, tried = counts.take(_EVENTS[which], axis=1), trials(counts, which)
    smooth = (happened + pseudo * prior) / (tried + pseudo)
    return np.clip(np.log(np.maximum(smooth, 1e-9) / prior), -3.0, 3.0).astype(np.float32)


def trials(counts: Column, which: slice | list[int] = slice(None)) -> Column:
    """How often each of RATES (or of `which` of them) could have happened `[rows, which]`."""
    shown = np.maximum(counts[:, _COLUMN["impression"]], counts[:, _COLUMN["watch"]])
    return np.concatenate([counts, shown[:, None]], axis=1).take(_TRIED[which], axis=1)


def overall(counts: Column, prior: Column, pseudo: float = 200.0) -> Column:
    """The rates of everything together `[RATES]`, from the counts of all `[outcomes]`, shrunk to the heads' priors."""
    return np.asarray((counts[_EVENTS] + pseudo * prior) / (trials(counts[None])[0] + pseudo))


def effects(store: Store, keys: Keys) -> Column:
    """The effects of some causes `[keys, EFFECTS]`, log-odds; 0 where nothing is known."""
    return np.asarray(store.columns(EFFECT.name, keys, ("effect",))["effect"], np.float32)


def mean_effects(store: Store, keys: Keys) -> Column:
    """As `effects`, of several causes together `[rows, causes]` (0: none): `[rows, EFFECTS]`."""
    has = keys != 0
    found = effects(store, keys.ravel()).reshape(*keys.shape, len(EFFECTS))
    return np.asarray((found * has[:, :, None]).sum(axis=1) / np.maximum(has.sum(axis=1), 1)[:, None], np.float32)


def evidence(store: Store, keys: Keys) -> Column:
    """How much is known of each cause's effect on long views: the faded mass `[keys]`."""
    return np.asarray(store.columns(EFFECT.name, keys, ("mass",))["mass"][:, 0], np.float32)


class Found(NamedTuple):
    strength: Column
    evidence: Column
    refused: Column
    lift: Column


def look_up(interests: Batch, of: Rows, targets: Column, at: Column) -> Found:
    """What viewer row `of[i]` thinks of what each row is about, `targets` `[rows, targets]`, at `at` (ms)."""
    out = Found(*(np.zeros(targets.shape) for _ in Found._fields))
    for i, t in np.argwhere(targets != 0):
        for s in np.flatnonzero(interests["key"][of[i]] == targets[i, t]):
            held = {
                name: (values[of[i], s] if values.ndim == 2 else values[of[i]]).astype(np.float64)
                for name, values in interests.columns.items()
            }
            age = max(at[i], interests["last"][of[i]]) - interests["since"][of[i]]
            fade = 2.0 ** (-age / HALF_LIFE)
            a, b = held["for"] * fade, held["against"] * fade
            out.strength[i, t], out.evidence[i, t] = (a - b) / (a + b + 2.0), a + b
            out.refused[i, t] = held["rejected"] * 2.0 ** (-age / REJECTED_HALF_LIFE)
            out.lift[i, t] = held["unexplained"] * fade / (held["weight"] * fade + RIDGE)
    return out


def positives(item: Column, flags: Column, most: int) -> Column:
    """The `most` latest positive videos of histories `[viewers, HISTORY]`; 0 where there are fewer."""
    good = (flags & POSITIVE_BITS) != 0
    order = np.argsort(~good, axis=1, kind="stable")[:, :most]
    return np.where(np.take_along_axis(good, order, 1), np.take_along_axis(item, order, 1), 0)


def likeness(store: Store, item: Column, mine: Column, of: Rows) -> Column:
    """How alike each item is to the positives `mine` of viewer row `of[i]`: highest and mean, `[rows, 2]`."""
    rows = store.read(SIMILAR.name, item)
    totals = store.columns(SIMILAR.name, mine.ravel(), ("total",))["total"].reshape(mine.shape)[of]
    both = (rows["neighbour"][:, :, None] == mine[of][:, None, :]) & (mine[of] != 0)[:, None, :]
    size = np.sqrt((rows["total"][:, None] + SMOOTH) * (totals + SMOOTH))
    alike = (rows["weight"][:, :, None] * both).sum(axis=1) / size
    mean = alike.sum(axis=1) / np.maximum((mine[of] != 0).sum(axis=1), 1)
    return np.minimum(np.stack([alike.max(axis=1), mean], axis=1), 1.0)


def tastes(store: Store, viewer: Keys, at: Column) -> Batch:
    """What the texts of each viewer's `[viewers]` positives and negatives have in common, as of `at` (ms).

    `good` and `bad` `[viewers, DIM]`: the mean direction, at length n / (n + PRIOR) for n faded videos with a text (the
    inner product with a video's vector is then their cosine, shrunk); `latest` `[viewers, LATEST, DIM]`: the latest
    positives one by one.
    """
    rows = store.read(TASTE.name, viewer)
    good, latest = _centroid(store, rows, "good", at)
    bad, _ = _centroid(store, rows, "bad", at)
    return Batch({"good": good, "bad": bad, "latest": latest}, len(viewer))


def _centroid(store: Store, rows: Batch, which: str, at: Column) -> tuple[Column, Column]:
    """The shrunk mean direction `[viewers, DIM]`, and the vectors one by one (zero where there are none)."""
    item, flags, when = (rows[f"{which}_{name}"] for name in ("item", "flags", "at"))
    held = store.columns(CONTENT.name, item.ravel(), ("vector", "text"))
    vectors = held["vector"].reshape(*item.shape, DIM)
    counts = (item != 0) & (flags != 0) & (held["text"] != 0).reshape(item.shape)
    faded = (counts * np.exp2(-np.maximum(at[:, None] - 1_000 * when.astype(np.int64), 0) / TASTE_HALF_LIFE)).astype(
        np.float32
    )
    total = np.matmul(faded[:, None, :], vectors)[:, 0]
    length = np.maximum(np.linalg.norm(total, axis=1), 1e-9)
    number = faded.sum(axis=1)
    latest = vectors[:, :LATEST] * counts[:, :LATEST, None]
    return np.asarray(total * (number / (number + PRIOR) / length)[:, None], np.float32), latest


def text_columns(store: Store, viewers: Batch, of: Rows, item: Keys, at: Column) -> dict[str, Column]:
    """The inputs about text `[items]`, each item beside viewer row `of[i]`, as of `at` `[items]` (ms).

    `text_fit` `[items, 3]`: cosine with the viewer's positives and with their negatives, both shrunk, and the highest
    cosine with one of the latest positives; 0 where either has no text. `has_text`: 1 or 0.
    """
    there = np.flatnonzero(store.columns(CONTENT.name, item, ("text",))["text"])
    fit, has = np.zeros((len(item), 3), np.float32), np.zeros(len(item), np.float32)
    if len(there):
        has[there] = 1.0
        needed, row = np.unique(of[there], return_inverse=True)
        latest = np.zeros(len(needed), np.int64)
        np.maximum.at(latest, row, at[there])
        taste = tastes(store, viewers["viewer"][needed], latest)
        vectors = store.columns(CONTENT.name, item[there], ("vector",))["vector"]
        fit[there, 0] = np.einsum("id,id->i", vectors, taste["good"][row])
        fit[there, 1] = np.einsum("id,id->i", vectors, taste["bad"][row])
        fit[there, 2] = np.einsum("id,ipd->ip", vectors, taste["latest"][row]).max(axis=1).clip(0)
    return {"text_fit": fit, "has_text": has, "response_text": responses(store, viewers, of, item)}


def responses(store: Store, viewers: Batch, of: Rows, item: Keys) -> Column:
    """What each viewer will make of each item, by a Gaussian process over the texts of what they saw `[items]`."""
    held, remembered = (
        store.columns(CONTENT.name, item, ("vector", "text")),
        latest_exposures(store, viewers["viewer"], REMEMBERED),
    )
    past, flags = remembered["item"], remembered["flags"]
    about = store.columns(CONTENT.name, past.ravel(), ("vector", "text"))
    vectors, texts = about["vector"].reshape(*past.shape, DIM), about["text"].reshape(past.shape)
    rated, prior = [_AT[name] for name in WORTH], _overall(store)
    counts = counts_at(store.read("count_video", past.ravel()), np.zeros(past.size, np.int64))
    beyond = prior[rated] * (np.exp(rates(counts[:, :, LONG], prior, which=rated)) - 1)
    usual = (beyond @ np.array(list(WORTH.values()))).reshape(past.shape)
    worth = sum(weight * ((flags & OUTCOME_BITS[name]) != 0) for name, weight in WORTH.items()) - usual
    known = (past != 0) & ((flags & _SHOWN) != 0) & (texts != 0)
    out = np.zeros(len(item), np.float32)
    for row, v in enumerate(of.tolist()):
        seen = vectors[v][known[v]].astype(np.float64)
        if len(seen) and held["text"][row]:
            said = worth[v][known[v]] - worth[v][known[v]].mean()
            alike = (seen @ seen.T).clip(0) ** 2 + NOISE * np.eye(len(seen))
            out[row] = ((held["vector"][row] @ seen.T).clip(0) ** 2) @ np.linalg.solve(alike, said)
    return out
