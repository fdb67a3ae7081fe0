"""How often each outcome happened to a video, author, sound, hashtag or viewer, fading with time.

A count is the sum of 2^(-age / half-life) over its events, kept for several half-lives (forward decay; Cormode et al.,
2009). A late event adds what it would have added had it come in time.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.core.batch import Batch, Column, Rows
from foryou.core.clock import DAY, HOUR
from foryou.core.event import REACTIONS
from foryou.core.inputs import RATES
from foryou.core.table import Field, Table
from foryou.core.view import View
from foryou.features.enrich import OUTCOMES

HALF_LIVES: tuple[int, ...] = (HOUR, DAY, 30 * DAY)
"""ms: what is bursting, what is going on today, what is so in general."""

_WIDTH = len(OUTCOMES) * len(HALF_LIVES)
COUNTED: tuple[tuple[str, str], ...] = (
    ("count_video", "video"),
    ("count_author", "author"),
    ("count_sound", "sound"),
    ("count_topic", "topics"),
    ("count_viewer", "viewer"),
    ("count_all", "everyone"),
)
"""The counter tables, and the event column that each is keyed by."""


@njit(cache=True, nogil=True)
def _add(values, at, row, when, amounts, half_lives):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        k = row[i]
        late = 0.0
        if when[i] > at[k]:
            if at[k] > 0:
                for h in range(len(half_lives)):
                    factor = 2.0 ** (-(when[i] - at[k]) / half_lives[h])
                    for o in range(amounts.shape[1]):
                        values[k, o * len(half_lives) + h] *= factor
            at[k] = when[i]
        else:
            late = float(at[k] - when[i])
        for h in range(len(half_lives)):
            factor = 1.0 if late == 0.0 else 2.0 ** (-late / half_lives[h])
            for o in range(amounts.shape[1]):
                if amounts[i, o] != 0.0:
                    values[k, o * len(half_lives) + h] += amounts[i, o] * factor


def _count(state: Batch, events: Batch, row: Rows) -> Batch:
    values, at = state["values"].copy(), state["at"].copy()
    _add(values, at, row, events["effective"], events["counts"], np.array(HALF_LIVES, np.float64))
    return Batch({"values": values, "at": at})


VIEWS = tuple(
    View(
        Table(name, (Field("values", "float64", _WIDTH), Field("at", "int64"))),
        key,
        REACTIONS,
        _count,
        ("effective", "counts"),
    )
    for name, key in COUNTED
)


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
