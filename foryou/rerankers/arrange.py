"""Fills a slate slot by slot: the best next, but not ten of the same, and now and then one to learn from.

Each slot is drawn with chances that are known exactly, given the slots before it, and logged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.ids import NONE
from foryou.core.pipeline import Candidates, Request
from foryou.core.ports import Index, Keys, Store
from foryou.features.hydrate import newness
from foryou.rerankers.fatigue import worn
from foryou.rerankers.slots import PRECISION, fill
from foryou.rerankers.trial import draws_of

LEAST = 1e-9
"""The smallest temperature with any chance in it: scores divided by less are no numbers."""
SPARED = 2
"""The first videos of a visit are never on trial nor probes: they decide whether anybody stays."""
FEWEST = 0.02
"""The least part of the places that probes have; a viewer known so well has none: after some forty videos."""
_NEAR = 4
"""Slates: what stands within so many of the first may be first for who is adventurous."""
_SELDOM = 0.1
"""What a theme that a viewer was never shown is worth at the least to the most adventurous, and costs the most
familiar: or as much as the best are apart, without which it would move nothing for who has one great love."""


@dataclass(frozen=True)
class Arrange:
    """At each slot what may come is drawn by softmax((value + variety) / `temperature`).

    What may come keeps `author_gap` and `sound_gap`; where nothing does, what keeps most of them. Variety is what is
    taken off for likeness to the last `window` slots (hashtags in common, author, sound; mean over the window, times
    `diversity`), for what the viewer was shown in the last hours (`fatigue`), and what a viewer's own `novelty` adds.
    In a part `exploration` of the slots a row that the source with bit `trial` brought is taken by Thompson sampling
    instead, of draws to which `first_look` times what it lacks of a first look is added: what hardly anybody has seen
    comes first. With `first_fit` it comes to whom it fits: of what a row lacks nothing is left to luck, and so many
    times its fit is added, since all get their look, and what everybody makes of them is not known yet. In a part
    `probes`, that fades as a new viewer gets known, it is a good one far from all themes shown.

    Adds `value` (the score as it came), `variety`, `explore` (the noise of the draw, centred; 0 where a slot was not
    drawn by score) and `explored` (`slots.USUAL`, `TRIAL` or `PROBE`); `score` becomes the sum of the first three, and
    `propensity` the chance with which this row came to this slot, whichever way, given the slots before. Rows beyond
    the slate follow by value, with propensity 0. Only the `pool` best by value, and the best on trial, can be drawn.
    """

    temperature: float = 0.03
    diversity: float = 0.1
    fatigue: float = 0.05
    author_gap: int = 5
    sound_gap: int = 3
    exploration: float = 0.0
    first_look: float = 0.0
    first_fit: float = 0.0
    probes: float = 0.0
    trial: int = 0
    window: int = 6
    pool: int = 150
    trials: int = 40
    index: Callable[[], Index] | None = None
    """Of the vectors by which probes know themes; without it hashtags have to do."""
    store: Store | None = None
    """With the videos' sounds, for fatigue; without it authors and hashtags have to do."""
    lacking: Callable[[Keys], Column] | None = None
    """The share of its first look that each video still lacks (`reach.lacking_look`); without it none lacks any."""

    def __call__(self, request: Request, rows: Candidates) -> Candidates:
        order, size = self._ordered(request, rows)
        pool = rows.take(order[:size])
        slots = min(request.n, size)
        row, noise, variety, how, chance = self._fill(request, pool, slots)
        rest = np.ones(len(order), np.bool_)
        rest[row] = False
        after = rows.take(np.concatenate([order[row], order[rest]]))
        return after.extend(_told(request.n, after["score"], noise, variety, how, chance[np.arange(slots), row]))

    def _ordered(self, request: Request, rows: Candidates) -> tuple[NDArray[np.int64], int]:
        """All rows, those first that can be drawn, each part by value; and how many can."""
        score, item = rows["score"], rows["item"]
        number = np.isfinite(score)
        size = int(np.count_nonzero(number))
        order = _by_value(score if size == len(rows) else np.where(number, score, -np.inf), item)
        best, rest = np.split(order, [min(max(self.pool, request.n), size)])
        if self.exploration <= 0 or len(rest) == 0:
            return order, len(best)
        on_trial = (rows["sources"] >> self.trial) & 1 == 1
        left = self.trials - int(np.count_nonzero(on_trial[best]))
        tried = on_trial[rest] & number[rest]
        tried &= np.cumsum(tried) <= left
        return np.concatenate([best, rest[tried], rest[~tried]]), len(best) + int(np.count_nonzero(tried))

    def chances(
        self, request: Request, rows: Candidates, slots: int, given: Column | None = None
    ) -> tuple[Column, Column]:
        """The rows of the pool, and the chance of each at each slot `[slots, pool]` given the slots before: the rows
        `given` `[slots]`, or as they are drawn. What is given and could not be drawn is in the pool, without a
        chance."""
        order, size = self._ordered(request, rows)
        missing = np.setdiff1d(_NONE if given is None else given, order[:size])
        pool = np.concatenate([order[:size], missing])
        place = np.full(len(rows), -1)
        place[pool] = np.arange(len(pool))
        *_, chance = self._fill(request, rows.take(pool), slots, size, None if given is None else place[given])
        return pool, chance

    def _fill(
        self, request: Request, pool: Candidates, slots: int, size: int | None = None, given: Column | None = None
    ) -> tuple[Column, ...]:
        """`slots.fill` with what it needs: (row, noise, variety, how, chance). The first `size` rows can be drawn; all
        of them, if nothing is said."""
        size = len(pool) if size is None else size
        rng, novelty = request.rng("arrange"), float(request.viewer["novelty"][0]) if "novelty" in request.viewer else 0
        value, tried = np.asarray(pool["score"], np.float64), (pool["sources"][:size] >> self.trial) & 1
        trial = np.flatnonzero(tried)[: self.trials] if self.exploration > 0 else _NONE
        draws = self._draws(pool.take(trial), value[:size], rng)
        tired, familiar = self.worn(request, pool)
        apart = float(value[0] - value[min(_NEAR * request.n, size) - 1]) if size else 0.0
        shift = novelty * max(_SELDOM, apart) * (1 - familiar) - self.fatigue * tired
        bolder, shares = 2.0**novelty, self._shares(request, slots)
        told: tuple[Column, ...] = fill(
            value, shift, np.ascontiguousarray(pool["topics"]), pool["author"], pool["sound"], familiar,
            *self.themes(request, pool), trial, draws, (self.author_gap, self.sound_gap),
            self.window, self.diversity * bolder, self.temperature * bolder if self.temperature >= LEAST else 0.0,
            shares, rng.random((slots, 3)), np.full(slots, -1) if given is None else given, size,
        )  # fmt: skip
        return told

    def _draws(self, rows: Candidates, pool: Column, chance: np.random.Generator) -> NDArray[np.float64]:
        """Draws `[draws, rows]` of what the rows on trial are worth, with what is added where nobody has looked."""
        if len(rows) == 0:
            return np.zeros((0, 0))
        lacks = self.lacks(rows)
        luck = 1.0 - lacks if self.first_fit > 0 else np.ones(len(rows))
        return draws_of(rows, pool, chance, luck) + lacks * (self.first_look + self.first_fit * fit(rows))

    def lacks(self, rows: Candidates) -> Column:
        """The share of its first look that each row lacks, or as it was noted when they were chosen from."""
        if "lacks" in rows:
            return rows["lacks"].astype(np.float64)
        if self.lacking is None or self.first_look <= 0:
            return np.zeros(len(rows))
        return self.lacking(rows["item"])

    def worn(self, request: Request, rows: Candidates) -> tuple[Column, Column]:
        """How tired the viewer is of each row and how familiar its themes are, or as it was noted when they were
        chosen from: see `fatigue.worn`."""
        if "tired" in rows:
            return rows["tired"].astype(np.float64), rows["familiar"].astype(np.float64)
        return worn(request.viewer, self._heard(request.viewer), request.at, rows)

    def _heard(self, viewer: Batch) -> Column:
        """The sounds of the videos in the viewer's history."""
        past = viewer["history_item"][0] if "history_item" in viewer else np.zeros(0, np.int64)
        return self.store.columns("video", past, ("sound",))["sound"] if self.store is not None else np.zeros_like(past)

    def themes(self, request: Request, rows: Candidates) -> tuple[Column, Column]:
        """The vectors of the rows `[rows, dim]` and the inverse `[dim, dim]` of `slots.fill`, or as they were noted
        when they were chosen from; dim 0 where there are no probes."""
        if "theme" in rows:
            return rows["theme"].astype(np.float32), request.viewer["themes"][0].astype(np.float64)
        if self.index is None or not self._shares(request, request.n)[:, 1].any():
            return np.zeros((len(rows), 0), np.float32), np.zeros((0, 0))
        index = self.index()
        vectors, shown = index.vectors(rows["item"]), index.vectors(request.viewer["history_item"][0])
        known = shown.astype(np.float64)
        return vectors, np.linalg.inv(PRECISION * np.eye(vectors.shape[1]) + known.T @ known)

    def _shares(self, request: Request, slots: int) -> NDArray[np.float64]:
        """How often each slot is a trial, and a probe `[slots, 2]`."""
        viewer, out = request.viewer, np.zeros((slots, 2))
        seen = round(float(np.expm1(viewer["depth"][0]))) if "depth" in viewer else 0
        known = "viewer_known" in viewer and request.viewer_id != NONE
        probes = self.probes * float(newness(viewer["viewer_known"])[0]) if known else 0.0
        out[max(SPARED - seen, 0) :] = self.exploration, probes if probes >= FEWEST else 0.0
        return out


def _by_value(value: Column, item: Column) -> NDArray[np.int64]:
    """Highest first, equal ones by item: which costs more, and is rare."""
    order = np.argsort(-value)
    best = value[order]
    return np.lexsort((item, -value)) if (best[1:] == best[:-1]).any() else order


def fit(rows: Candidates) -> Column:
    """How well each row fits the viewer, by the parts of the score that say so, or as it was noted when they were
    chosen from."""
    if "fit" in rows:
        return rows["fit"].astype(np.float64)
    return np.asarray(sum((rows[name] for name in ("affinity", "author_taste") if name in rows), np.zeros(len(rows))))


_NONE = np.zeros(0, np.int64)


def _told(n: int, value: Column, noise: Column, variety: Column, how: Column, propensity: Column) -> dict[str, Column]:
    """The columns that arranging adds, for the slots and the rows that come after them: of these some are shown too,
    where all others have a slot and their scores are no numbers."""
    out: dict[str, Column] = {name: np.zeros(len(value)) for name in ("variety", "explore", "propensity")}
    out["explored"] = np.zeros(len(value), np.int8)
    out["propensity"][len(how) : n] = 1.0
    columns = {"variety": variety, "explore": noise, "propensity": propensity, "explored": how}
    for name, each in columns.items():
        out[name][: len(how)] = each
    return {**out, "value": value, "score": value + out["variety"] + out["explore"]}
