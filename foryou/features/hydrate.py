"""From the tables to the columns that the model reads: INPUTS, for viewers and for items beside a viewer.

The same two functions serve a request, an imported row and a replayed one, so training and serving cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column, Columns, Rows
from foryou.core.clock import DAY, HOUR, MINUTE
from foryou.core.event import NOT_SAID, Kind
from foryou.core.inputs import EFFECTS, HISTORY, INPUTS, RATES
from foryou.core.ports import Keys, Store
from foryou.features.acts import stands
from foryou.features.catalog import FORMAT_IDS, LENGTH_IDS
from foryou.features.distinct import Distinct, distinct, put_means
from foryou.features.effects import effects, evidence, placed, told
from foryou.features.history import HISTORY_TOPICS, REMEMBERED, SESSION_GAP, latest_exposures
from foryou.features.leaning import PUT, put_interests
from foryou.features.rates import BRIEF, overall, put_video_rates, rates
from foryou.features.response import past_weights, put_response
from foryou.features.similar import COMPANIONS, positives, put_likeness
from foryou.features.taste import put_text

_DESCRIBED = ("author", "sound", "topics", "language", "length", "format", "duration", "height", "uploaded")
_TOLD = ("device", "language", "country", "offset", "age", "gender", "novelty", "demographics")
_HISTORY = ("item", "author", "topics", "flags", "seconds", "at")
_WIDTHS = {"topics": HISTORY_TOPICS}
_DENSE = [each for each in INPUTS if each.side == "item" and each.kind == "dense"]
_ENDS = np.cumsum([each.width for each in _DENSE]).tolist()
_AT = {each.name: end - each.width for each, end in zip(_DENSE, _ENDS, strict=True)}
"""Where the numbers of each input begin in the matrix of all that are said of an item: as in INPUTS."""
_RATE_AT = {
    "engagement_rates": ("like", "comment", "share", "save", "follow", "visit"),
    "completion_rates": ("long_view", "finish", "skip", "watch"),
    "quality": ("", "not_interested", "report"),
}
_TO_RATES = np.array(
    [
        *(_AT[name] + of.index(rate) for rate in RATES for name, of in _RATE_AT.items() if rate in of),
        *(_AT[name] + part for name in ("recent_rates", "velocity") for part in range(2)),
    ]
)
_TO_INTERESTS = np.array([_AT[name] for name in PUT])
_PLAIN = ("effect_evidence", "duration", "quality", "age_h", "speaks", "follows")
_TO_PLAIN = np.array([_AT[name] for name in _PLAIN])


_HEARD = 2.0
"""Evidence on a language, from some three videos, after which the setting of the app counts half."""


def viewer_columns(store: Store, viewer: Keys, at: Column, context: Columns) -> Batch:
    """Viewer-side inputs `[viewers]` as of `at` (ms), with the history columns, `novelty` (-1 to 1, for rerankers), and
    what is remembered beyond the history, `past_item` and `past_weight` `[viewers, REMEMBERED]`.

    `context` may hold `surface`, `device`, `language`, `country` (ids, 0: not sent) and `offset` (minutes east of UTC
    plus 1,440, -1: not sent); what is not sent comes from the profile.
    """
    nothing = np.zeros(len(viewer), np.int64)
    profile = store.columns("viewer", viewer, _TOLD)
    said = {name: context.get(name, nothing) for name in ("surface", "device", "language", "country")}
    may = profile["demographics"] != 0
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
    own, here = np.split(effects(store, np.concatenate([viewer, told(said["surface"])])), 2)
    usual, seen = rates(store, "count_viewer", viewer, at, overall(store))
    past = latest_exposures(store, viewer, REMEMBERED)
    return Batch(
        {
            "viewer": viewer,
            "viewer_language": language,
            "device": device,
            "age": np.where(may, profile["age"], 0),
            "gender": np.where(may, profile["gender"], 0),
            "country": np.where(may, country, 0),
            "surface": said["surface"],
            "hour": local // HOUR % 24 + 1,
            "weekday": (local // DAY + 3) % 7 + 1,
            "viewer_rates": usual,
            "viewer_effects": own,
            "surface_effects": here,
            "viewer_known": np.log1p(seen).astype(np.float32) / 2,
            "depth": np.log1p(depth).astype(np.float32),
            "gap": np.log1p(gap / HOUR).astype(np.float32),
            "sessions": np.log1p(session["count"]).astype(np.float32),
            "novelty": np.where(profile["novelty"] == NOT_SAID, 0, profile["novelty"]),
            **{f"history_{name}": past[name][:, : HISTORY * _WIDTHS.get(name, 1)] for name in _HISTORY},
            "past_item": past["item"],
            "past_weight": past_weights(store, past["item"], past["flags"]),
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
    """Item-side inputs `[items]` as of `at` `[items]` (ms), each beside viewer row `of[i]` of `viewers`.

    All numbers are views of one matrix, in the order of INPUTS.
    """
    video = store.columns("video", item, _DESCRIBED)
    out = np.empty((len(item), _ENDS[-1]), np.float32)
    author, sound, topics = (distinct(video[name], at) for name in ("author", "sound", "topics"))
    _put_rates(store, item, at, {"author": author, "sound": sound, "topic": topics}, out)
    lengths, formats = LENGTH_IDS[video["length"]], FORMAT_IDS[video["format"]]
    surface = viewers["surface"][of]
    _put_effects(store, item, surface, video["length"], (author, sound, topics), out)
    viewer, language = viewers["viewer"], viewers["viewer_language"]
    others = np.stack([video["author"], video["sound"], formats, lengths, video["language"], surface], axis=1)
    heard = put_interests(store, viewer, of, video["topics"], others, at, out, _TO_INTERESTS)
    put_likeness(
        store, item, positives(viewers["history_item"], viewers["history_flags"], COMPANIONS), of, out, _AT["similar"]
    )
    put_text(store, viewer, of, item, at, out, _AT["text_fit"], _AT["has_text"])
    put_response(store, viewers, of, item, out, _AT["response_text"])
    follows = stands(store, viewer[of], video["author"], Kind.FOLLOW)
    _put_plain(
        video["duration"], video["height"], video["uploaded"], video["language"],
        evidence(store, item), follows, heard, language, of, at, out, _TO_PLAIN,
    )  # fmt: skip
    return {
        **{name: video[name] for name in ("author", "sound", "topics", "language")},
        "item": item,
        "length": lengths,
        "format": formats,
        "seconds_long": np.maximum(video["duration"], 0),
        **{
            each.name: out[:, end - 1] if each.width == 1 else out[:, end - each.width : end]
            for each, end in zip(_DENSE, _ENDS, strict=True)
        },
    }


def _put_rates(store: Store, item: Keys, at: Column, of_item: Mapping[str, Distinct], out: Column) -> None:
    prior = overall(store)
    put_video_rates(store, item, at, prior, out, _TO_RATES)
    for name, each in of_item.items():
        found, _ = rates(store, f"count_{name}", each.key, each.latest, prior, BRIEF)
        put_means(found, each.row, out, _AT[f"{name}_rates"])


def _put_effects(
    store: Store, item: Keys, surface: Keys, length: Column, others: tuple[Distinct, ...], out: Column
) -> None:
    """The effects of the item, of it on this surface, of its length, and of its author, sound and topics: all are found
    in one look."""
    parts = (item, placed(item, surface), LENGTH_IDS, *(each.key for each in others))
    found = effects(store, np.concatenate(parts))
    own, here, of_length, *of_others = np.split(found, np.cumsum([len(part) for part in parts])[:-1])
    out[:, _AT["completion_effects"] : _AT["completion_effects"] + 3] = own[:, :3]
    out[:, _AT["engagement_effect"]] = own[:, 3]
    out[:, _AT["placed_effects"] : _AT["placed_effects"] + len(EFFECTS)] = here
    out[:, _AT["length_effects"] : _AT["length_effects"] + len(EFFECTS)] = of_length.take(length, axis=0)
    for name, values, each in zip(("author", "sound", "topic"), of_others, others, strict=True):
        put_means(values, each.row, out, _AT[f"{name}_effects"])


@njit(cache=True, nogil=True)
def _put_plain(  # type: ignore[no-untyped-def]
    duration, height, uploaded, language, evidence, follows, heard, speaks, of, at, out, to
):
    """What needs no table but that of the videos: the inputs of _PLAIN."""
    for i in range(len(of)):
        v = of[i]
        out[i, to[0]] = np.log1p(evidence[i]) / 2
        out[i, to[1]] = np.log1p(max(duration[i], 0.0)) / 2
        out[i, to[2]] = np.log1p(height[i] / 720.0)
        out[i, to[3]] = np.log1p(max(at[i] - uploaded[i], 0) / HOUR) / 3
        same = 0.0
        if speaks[v] != 0 and language[i] != 0:
            same = 1.0 if speaks[v] == language[i] else -1.0
        out[i, to[4]] = same / (1.0 + (heard[i] / _HEARD) ** 2)
        out[i, to[5]] = follows[i]
