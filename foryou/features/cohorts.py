"""What became of the videos that came to a stage on one day: of those of which quality, how many went on, and how late.

Whoever goes on does so soon, and whoever does not may just never be seen again: so counting what is known today would
promise too much. Each video counts for the day on which it came to its stage, from the moment on, and a day says
something when its videos have had their time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.special import expit, ndtr

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY
from foryou.core.ports import Store
from foryou.core.table import Field, Table
from foryou.grouping import group

STAGES = 5
EDGES = np.array([-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3])
"""Between the bins of quality."""
BINS = 8
QUARTERS = 4
"""Of the time that a stage has."""
SEEN = 0
"""Cells, by bin: videos that were of this quality when they came or after a look, each once for a bin. The look that
sends a video on is none of these: nobody can ask how it stands between that and going on."""
ONTO = SEEN + BINS
"""By bin and bin: those of them that went on, by the quality with which they did."""
ON = ONTO + BINS * BINS
"""By quarter: videos that went on in it; after the last one too."""
OFF = ON + QUARTERS
"""By quarter: videos that ended in it without going on."""
CAME = OFF + QUARTERS
"""All videos that came."""
CELLS = CAME + 1
KEPT = 90
"""Days of which the latest cohorts are asked."""

COHORTS = Table(
    "reach_cohort",
    (
        Field(
            "counts", "int32", CELLS, help="videos by what became of them; the cells are named in features/cohorts.py"
        ),
    ),
)
"""By `key_of` the day on which videos came to a stage, and the stage."""


class Notes(NamedTuple):
    """What a kernel has to count: `[room]`, filled from the front."""

    cohort: Column
    cell: Column
    number: Column
    """How many `[1]`."""


def notes(room: int) -> Notes:
    """Room for so many."""
    return Notes(np.empty(room, np.int64), np.empty(room, np.int64), np.zeros(1, np.int64))


@njit(cache=True, nogil=True)
def key_of(entered, stage):  # type: ignore[no-untyped-def]
    """The cohort of what came to a stage at a time (ms)."""
    return entered // DAY * STAGES + stage


@njit(cache=True, nogil=True)
def note(to, entered, stage, cell):  # type: ignore[no-untyped-def]
    """Count one video of a cohort in a cell."""
    i = to.number[0]
    to.cohort[i], to.cell[i] = key_of(entered, stage), cell
    to.number[0] = i + 1


@njit(cache=True, nogil=True)
def bin_of(value):  # type: ignore[no-untyped-def]
    """The bin of a quality."""
    b = 0
    while b < len(EDGES) and value >= EDGES[b]:
        b += 1
    return b


@njit(cache=True, nogil=True)
def quarter_of(entered, at, life):  # type: ignore[no-untyped-def]
    """The quarter of its time that something in a stage is in; the last one after that."""
    return min(max(int((at - entered) * QUARTERS / life), 0), QUARTERS - 1)


def count(store: Store, made: Notes) -> None:
    """Write down what was noted."""
    number = int(made.number[0])
    if number == 0:
        return
    keys, row = group(made.cohort[:number])
    counts = store.columns(COHORTS.name, keys, ("counts",))["counts"].copy()
    np.add.at(counts, (row, made.cell[:number]), 1)
    store.write(COHORTS.name, keys, Batch({"counts": counts}))


def known(store: Store, at: int, life: float) -> Column:
    """The counts of all cohorts of the latest days that have had their time at `at` (ms) `[STAGES, CELLS]`."""
    keys, rows = store.scan(COHORTS.name, ("counts",))
    day = keys // STAGES
    over = ((day + 1) * DAY + life <= at) & (day >= at // DAY - KEPT)
    total = np.zeros((STAGES, CELLS))
    np.add.at(total, keys[over] % STAGES, rows["counts"][over])
    return total


_CENTRES = np.append(EDGES - 0.05, EDGES[-1] + 0.05)
_MIDDLE, _SLOPE = np.array([0.11, 0.17, 0.27, 0.27, 0.27]), 11.0
_PRIOR = expit(_SLOPE * (_CENTRES - _MIDDLE[:, None]))
"""The share of videos that go on from a stage `[STAGES, BINS]`, by bin, that is assumed until others say otherwise.
Rounded from what they did in four simulated worlds, as the two below (seeds 101 to 104 of `spread`)."""
_MEAN, _RISE, _DEVIATION = 0.15, 0.25, 0.083
_INTO = np.diff(ndtr((np.array([-np.inf, *EDGES, np.inf]) - (_MEAN + _RISE * _CENTRES)[:, None]) / _DEVIATION), axis=1)
"""How good those that go on are then `[BINS, BINS]`, by the bin they were in: normal, about a mean that rises."""
_PRIOR_N = 4.0
"""How many videos that is worth."""


def chances(counts: Column, goal: int) -> tuple[Column, Column]:
    """The chance to come to the stage `goal` from each stage and bin of quality, and its variance `[goal + 1, BINS]`.

    Few videos that will come far are known to be that good yet: who goes on was found to be better than before. So this
    is a chain of stages and qualities: the share that goes on, times the chance of the quality with which they do.
    Where nothing is known `_PRIOR` of them go on, as good as `_INTO` says. A chance is a mean of those of the next
    stage, so its variance is that of the draws and that of what they lead to.
    """
    chance, variance = np.zeros((goal + 1, BINS)), np.zeros((goal + 1, BINS))
    chance[goal] = 1.0
    for s in reversed(range(goal)):
        tried = counts[s, SEEN:ONTO] + _PRIOR_N
        went = counts[s, ONTO:ON].reshape(BINS, BINS) + _PRIOR_N * _PRIOR[s][:, None] * _INTO
        share = went / tried[:, None]
        chance[s] = share @ chance[s + 1]
        drawn = (share @ chance[s + 1] ** 2 - chance[s] ** 2) / tried
        variance[s] = drawn + share**2 @ variance[s + 1]
    return chance, variance


def still(counts: Column) -> Column:
    """By how much (log-odds) more or less likely it is to go on for who is still in a stage when each quarter of the
    time begins, than when it came `[STAGES, QUARTERS]`."""
    on, off, came = counts[:, ON:OFF], counts[:, OFF:CAME], counts[:, CAME:]
    gone = np.cumsum(on + off, axis=1) - on - off
    later = on.sum(axis=1, keepdims=True) - (np.cumsum(on, axis=1) - on)
    there = np.maximum(came - gone, later)
    usual = (later[:, :1] + 1.0) / (there[:, :1] + _PRIOR_N)
    share = (later + _PRIOR_N * usual) / (there + _PRIOR_N)
    odds = np.log(share / (1.0 - share))
    return np.asarray(odds - odds[:, :1])
