"""What an event means once the catalogue and the acts are known: the columns that the other views count with."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.event import STEERING, WORD, Kind, of_kinds
from foryou.core.ids import pair_of
from foryou.core.inputs import OUTCOME_BITS, POSITIVE_BITS
from foryou.core.ports import Store
from foryou.features.acts import ACTS, fold_acts, stands
from foryou.features.trust import DEFAULT, TrustSettings, weigh

LONG_VIEW_S = 18.0
"""A long view is at least this long, or the whole of a shorter video (the definition of KuaiRand's `long_view`)."""
SKIP_S = 3.0
WATCH_LIMIT_S = 300.0
"""Seconds beyond this are a forgotten phone, not interest."""

OUTCOMES: tuple[str, ...] = (*OUTCOME_BITS, "seconds")
"""What is counted, in the order of every counter array: the bits of OUTCOME_BITS, then the seconds."""

OUTCOME_OF = {
    Kind.IMPRESSION: "impression",
    Kind.LIKE: "like",
    Kind.COMMENT: "comment",
    Kind.SHARE: "share",
    Kind.SAVE: "save",
    Kind.FOLLOW: "follow",
    Kind.VISIT: "visit",
    Kind.NOT_INTERESTED: "not_interested",
    Kind.HIDE: "not_interested",
    Kind.REPORT: "report",
    Kind.BLOCK: "report",
}
"""What each act counts as. A watch counts as what its seconds say."""
_COLUMN = {name: position for position, name in enumerate(OUTCOMES)}


def watch_outcomes(rows: Batch, duration: Column) -> dict[str, Column]:
    """For watch events `[rows]`: `measured`, `long_view`, `finish`, `skip` (booleans) and `seconds` (capped; 0
    unknown)."""
    seconds = rows["seconds"].astype(np.float64)
    measured = seconds >= 0
    length = np.where(duration > 0, duration, np.inf)
    end = np.maximum(seconds, rows["furthest"]) >= 0.97 * length
    finish = measured & (end | (rows["replays"] > 0))
    said = rows["long_view"]
    long_view = np.where(said >= 0, said == 1, measured & ((seconds >= LONG_VIEW_S) | finish))
    skip = measured & (seconds < SKIP_S) & ~finish
    return {
        "measured": measured,
        "long_view": long_view,
        "finish": finish,
        "skip": skip,
        "seconds": np.where(measured, np.minimum(seconds, WATCH_LIMIT_S), 0.0),
    }


def enrich(store: Store, rows: Batch, trust: TrustSettings = DEFAULT) -> tuple[Batch, Batch]:
    """A batch of events with what the views need: folds the acts and how far viewers can be trusted, and adds what
    `meaning` does. Beside it what is taken back of acts that counted before: rows of nobody (viewer 0; whose acts they
    were is their `owner`), each `after` the event of that position.
    """
    judged, back = weigh(store, _hushed(store, fold_acts(store, rows)), trust)
    judged = _uncounted(store, judged)
    if len(back):
        back = meaning(store, back)
        back = back.extend({"owner": back["viewer"], "viewer": np.zeros(len(back), np.int64)})
    return meaning(store, judged), back


def _hushed(store: Store, rows: Batch) -> Batch:
    """The events, of which those teach nothing too that steer a feed, hide a word, say that a video was known already,
    or watch a video of which that was said."""
    quiet = rows["quiet"] | of_kinds(rows, (*STEERING, Kind.SEEN)) | (rows["dislike"] == WORD)
    watched = np.flatnonzero((rows["kind"] == Kind.WATCH) & (rows["video"] != 0))
    if len(watched):
        quiet[watched] |= stands(store, rows["viewer"][watched], rows["video"][watched], Kind.SEEN)
    return rows.extend({"quiet": quiet})


def _uncounted(store: Store, rows: Batch) -> Batch:
    """The events, of which the quiet ones count nothing for others; nor do acts among them, if they are taken back."""
    quiet = rows["quiet"]
    if not quiet.any():
        return rows
    acts = np.unique(rows["act"][quiet & (rows["act"] != 0) & (rows["amount"] > 0)])
    if len(acts):
        store.write(ACTS.name, acts, Batch({"weight": np.zeros(len(acts), np.float32)}))
    return rows.extend({"trust": np.where(quiet, 0.0, rows["trust"])})


def meaning(store: Store, rows: Batch) -> Batch:
    """Events whose acts are folded, with `author`, `sound`, `topics`, `length` and `format` from the catalogue, and
    `counts` `[rows, len(OUTCOMES)]` (what each event adds), `trusted` (how much of that counts for others), `flags`
    (the same as bits), `positive`, `viewer_video` and `audience` (the keys of the video's popularity in the viewer's
    country, and in all), `viewer_country`.
    """
    video = store.columns(
        "video", rows["video"], ("author", "sound", "topics", "duration", "length", "format", "language")
    )
    described = of_kinds(rows, (Kind.VIDEO, Kind.HIDE, Kind.UNHIDE, *STEERING))
    filled = {
        "author": np.where((rows["author"] != 0) | described, rows["author"], video["author"]),
        "sound": np.where(described, rows["sound"], video["sound"]),
        "topics": np.where(described[:, None], rows["topics"], video["topics"]),
        "length": video["length"],
        "format": video["format"],
        "video_language": video["language"],
    }
    counts = np.zeros((len(rows), len(OUTCOMES)))
    for kind, name in OUTCOME_OF.items():
        mask = rows["base"] == kind
        counts[mask, _COLUMN[name]] = rows["amount"][mask]
    watch = np.flatnonzero(rows["kind"] == Kind.WATCH)
    if len(watch):
        counts[watch, _COLUMN["watch"]] = 1.0
        for name, values in watch_outcomes(rows.take(watch), video["duration"][watch]).items():
            counts[watch, _COLUMN[name]] = values
    bits = np.array(list(OUTCOME_BITS.values()))
    flags = ((counts[:, : len(bits)] != 0) * bits).sum(axis=1)
    viewer = store.columns("viewer", rows["viewer"], ("country", "demographics"))
    country = np.where(viewer["demographics"] != 0, viewer["country"], 0)
    audience = np.stack([pair_of(rows["video"], country), pair_of(rows["video"], np.zeros_like(country))], axis=1)
    audience[rows["video"] == 0] = 0
    audience[country == 0, 0] = 0
    return rows.extend(
        {
            **filled,
            "counts": counts,
            "trusted": counts * rows["trust"][:, None],
            "flags": flags,
            "positive": ((flags & POSITIVE_BITS) != 0) & (counts.max(axis=1, initial=0) > 0),
            "viewer_video": np.where(rows["video"] != 0, pair_of(rows["viewer"], rows["video"]), 0),
            "audience": audience,
            "viewer_country": country,
        }
    )
