"""How popular each video is in each country, and boards of the most popular: by country and language.

One half-life fades all, so that which of two videos is more popular does not change with time: log2 of a faded count
plus time over half-life stays as it is until something happens to the video (forward decay; Cormode et al., 2009). By
that number a board is kept. A video is noted on its boards each time its number has moved by a fifth of what it counts,
so most events write nothing, and whoever reads a board computes the best of it again from the counts.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY
from foryou.core.event import Kind
from foryou.core.inputs import OUTCOME_BITS, POSITIVE_BITS
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features.enrich import OUTCOMES
from foryou.features.pairs import pairs, pairs_with

HALF_LIFE = 3 * DAY
NEW = 0.1
"""What a video counts everywhere at its upload, in positives; it fades as they do."""
EVERYWHERE = 0
"""The country of all countries."""
ANY_LANGUAGE = -1
CHUNK = 256
"""Places in one row."""
SORTED = 8
"""Full rows of a board, beside the one that takes what is noted."""
MOVED = 0.25
"""log2 of the factor by which a video has to have moved to be noted again."""

POPULAR = Table(
    "popular",
    (
        Field("positives", "float64"),
        Field("impressions", "float64"),
        Field("at", "int64"),
        Field("noted", "float64", help="the number by which the video was last noted on its boards"),
    ),
)
BOARD = Table(
    "board",
    (
        Field("item", "int64", CHUNK),
        Field("score", "float64", CHUNK, help="log2 of the faded count, plus ms over half-life"),
        Field("held", "int64", help="places that are taken"),
        Field("least", "float64", help="in the first row: what is below it is not noted"),
    ),
)
READS = ("video", "audience", "effective", "counts", "trusted", "trust", "viewer_country", "video_language")
"""The columns of events that `fold` needs."""
_POSITIVE = [OUTCOMES.index(name) for name, bit in OUTCOME_BITS.items() if bit & POSITIVE_BITS]


@njit(cache=True, nogil=True)
def _count(positives, impressions, at, noted, row, when, liked, shown, base, moved, half, out):  # type: ignore[no-untyped-def]
    """Adds each event to its row. `out` is where the video has moved to, if that is to be noted (below 0: it fell)."""
    for i in range(len(row)):
        k = row[i]
        factor = 1.0
        if when[i] > at[k]:
            if at[k] > 0:
                fade = 2.0 ** (-(when[i] - at[k]) / half)
                positives[k] *= fade
                impressions[k] *= fade
            at[k] = when[i]
        elif when[i] < at[k]:
            factor = 2.0 ** (-float(at[k] - when[i]) / half)
        impressions[k] += shown[i] * factor
        if liked[i] == 0.0:
            continue
        positives[k] += liked[i] * factor
        now = at[k] / half
        counts = max(positives[k], 0.0) + (2.0 ** (base[i] - now) if base[i] > 0.0 else 0.0)
        score = max(np.log2(counts) + now, 0.0) if counts > 1e-9 else 0.0
        if abs(score - noted[k]) >= moved:
            out[i] = -score - 1.0 if score < noted[k] else score
            noted[k] = score


def fold(store: Store, rows: Batch) -> None:
    """Fold what viewers did `[rows]`, as enriched, each as far as it is trusted; and what is taken back of that."""
    audience = rows["audience"]
    at, slot = np.nonzero(audience)
    if len(at) == 0:
        return
    keys = audience[at, slot]
    unique, row = np.unique(keys, return_inverse=True)
    state = store.read(POPULAR.name, unique)
    held = {name: state[name].copy() for name in state}
    liked = np.clip(rows["counts"][:, _POSITIVE].sum(axis=1), -1.0, 1.0) * rows["trust"]
    out = np.zeros(len(at))
    video = rows["video"]
    base = np.where(slot == 1, _newness(store, video)[at], 0.0)
    _count(
        held["positives"], held["impressions"], held["at"], held["noted"],
        row, rows["effective"][at], liked[at], rows["trusted"][at, 0], base, MOVED, float(HALF_LIFE), out,
    )  # fmt: skip
    store.write(POPULAR.name, unique, Batch(held))
    moved = np.flatnonzero(out)
    if len(moved):
        score = out[moved]
        country = np.where(slot[moved] == 0, rows["viewer_country"][at[moved]], EVERYWHERE)
        _note(
            store,
            country,
            rows["video_language"][at[moved]],
            video[at[moved]],
            np.where(score < 0, -score - 1.0, score),
            score < 0,
        )


def describe(store: Store, rows: Batch) -> None:
    """Fold what was said about videos `[rows]`, after the catalogue was folded: new ones are popular a little.

    Of a video that is on its boards, only a language is news.
    """
    said = rows.take((rows["kind"] == Kind.VIDEO) & (rows["video"] != 0))
    video, first, row = np.unique(said["video"], return_index=True, return_inverse=True)
    if len(video) == 0:
        return
    keys = pairs_with(video, EVERYWHERE)
    noted = store.columns(POPULAR.name, keys, ("noted",))["noted"]
    uploaded = np.where(said["uploaded"] != 0, said["uploaded"], said["at"])[first]
    number = np.where(noted == 0, np.log2(NEW) + uploaded / HALF_LIFE, noted)
    store.write(POPULAR.name, keys, Batch({"noted": number}))
    news = said["language"] != 0
    news[first] |= noted == 0
    _note(
        store, np.full(int(news.sum()), EVERYWHERE), said["language"][news], said["video"][news], number[row[news]],
        np.zeros(int(news.sum()), bool),
    )  # fmt: skip


def _newness(store: Store, video: Keys) -> NDArray[np.float64]:
    """What each video counts everywhere for being new, as a number of a board; 0 for one that nobody described."""
    uploaded = store.columns("video", video, ("uploaded",))["uploaded"]
    return np.where(uploaded > 0, np.log2(NEW) + uploaded / HALF_LIFE, 0.0)


def board_key(country: Column, language: Column) -> Keys:
    """The board of a country and a language; EVERYWHERE and ANY_LANGUAGE are such too."""
    return pairs(country, language)


def _rows_of(board: Keys, number: Column) -> Keys:
    """The keys of a board's rows; number 0 is the one that takes what is noted."""
    return pairs(board, number)


@njit(cache=True, nogil=True)
def _put(item, score, held, least, row, video, number, fell, start):  # type: ignore[no-untyped-def]
    """Notes from event `start` on; where it stopped because a row is full."""
    for i in range(start, len(row)):
        k = row[i]
        if number[i] < least[k] and not fell[i]:
            continue
        if held[k] == item.shape[1]:
            return i
        item[k, held[k]], score[k, held[k]] = video[i], number[i]
        held[k] += 1
    return len(row)


def _note(
    store: Store, country: Column, language: Column, video: Keys, number: Column, fell: NDArray[np.bool_]
) -> None:
    """Puts videos `[notes]` on the boards of a country: that of their language and that of all languages."""
    boards = np.stack([board_key(country, language), board_key(country, np.full(len(video), ANY_LANGUAGE))], axis=1)
    unique, row = np.unique(boards.ravel(), return_inverse=True)
    keys = _rows_of(unique, np.zeros(len(unique)))
    state = store.read(BOARD.name, keys)
    held = {name: state[name].copy() for name in state}
    video, number, fell = np.repeat(video, 2), np.repeat(number, 2), np.repeat(fell, 2)
    start = 0
    while True:
        start = _put(held["item"], held["score"], held["held"], held["least"], row, video, number, fell, start)
        if start == len(row):
            break
        full = int(row[start])
        held["least"][full] = _sort(store, int(unique[full]), held["item"][full], held["score"][full])
        held["item"][full], held["score"][full], held["held"][full] = 0, 0.0, 0
    store.write(BOARD.name, keys, Batch(held))


def _sort(store: Store, board: int, item: Keys, score: Column) -> float:
    """Sorts what was noted into the full rows of a board, the latest note of each video; what is below has no place."""
    keys = _rows_of(np.full(SORTED, board), np.arange(1, SORTED + 1))
    before = store.columns(BOARD.name, keys, ("item", "score"))
    every = np.concatenate([before["item"].ravel(), item])[::-1]
    last = np.unique(every, return_index=True)[1]
    numbers = np.concatenate([before["score"].ravel(), score])[::-1][last]
    every = every[last]
    there = np.flatnonzero((every != 0) & (numbers > 0))
    best = there[np.lexsort((every[there], -numbers[there]))][: SORTED * CHUNK]
    items, sorted_scores = np.zeros(SORTED * CHUNK, np.int64), np.zeros(SORTED * CHUNK)
    items[: len(best)], sorted_scores[: len(best)] = every[best], numbers[best]
    taken = np.clip(len(best) - CHUNK * np.arange(SORTED), 0, CHUNK)
    filled = max(int((taken > 0).sum()), 1)
    store.write(
        BOARD.name,
        keys[:filled],
        Batch(
            {
                "item": items.reshape(SORTED, CHUNK)[:filled],
                "score": sorted_scores.reshape(SORTED, CHUNK)[:filled],
                "held": taken[:filled],
            }
        ),
    )
    return float(sorted_scores[-1])


def read_boards(store: Store, boards: Keys, depth: int) -> tuple[Keys, Column, NDArray[np.int64]]:
    """What stands on boards, as rows `[rows, CHUNK]` of items and numbers, and which board each row is of.

    `depth` full rows of each, from the best on, come first; then what was noted since, which counts instead.
    """
    number = np.concatenate([np.arange(1, min(depth, SORTED) + 1), np.zeros(1, np.int64)])
    which = np.tile(np.arange(len(boards)), len(number))
    rows = store.columns(BOARD.name, _rows_of(boards[which], np.repeat(number, len(boards))), ("item", "score"))
    return rows["item"], rows["score"], which


def faded(store: Store, video: Keys, countries: tuple[int, ...], at: int) -> NDArray[np.float64]:
    """The positives `[countries, videos]` of each video in each of some countries, faded to `at` (ms)."""
    keys = np.concatenate([pairs_with(video, country) for country in countries])
    rows = store.columns(POPULAR.name, keys, ("positives", "at"))
    score = np.empty(len(keys))
    _fade(rows["positives"], rows["at"], at, float(HALF_LIFE), score)
    return score.reshape(len(countries), len(video))


@njit(cache=True, nogil=True)
def _fade(positives, since, at, half, score):  # type: ignore[no-untyped-def]
    for i in range(len(score)):
        score[i] = positives[i] * np.exp2(-max(at - since[i], 0) / half) if positives[i] > 0 else 0.0
