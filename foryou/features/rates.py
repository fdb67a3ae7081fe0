"""How often each outcome follows an exposure, smoothed: from faded counts to the numbers that the model reads.

A rate is (events + pseudo * prior) / (trials + pseudo), the posterior mean under a Beta (for seconds: Gamma) prior
worth `pseudo` trials. The model reads log(rate / prior), in [-3, 3]; 0: nothing is known. Of the counts of `counters`
only those that a rate needs are faded.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from foryou.core.batch import Column
from foryou.core.clock import HOUR
from foryou.core.heads import HEADS
from foryou.core.inputs import RATES
from foryou.core.ports import Keys, Store
from foryou.features.counters import HALF_LIVES
from foryou.features.enrich import OUTCOMES

PRIORS = np.array([next(head.prior for head in HEADS if head.name == name) for name in RATES])
BRIEF = np.array([RATES.index(name) for name in ("long_view", "skip", "like")])
RECENT = np.array([RATES.index(name) for name in ("long_view", "like")])
ALL = np.arange(len(RATES))
PSEUDO, RECENT_PSEUDO, OVERALL_PSEUDO = 20.0, 10.0, 200.0
"""How many trials the prior is worth: in the long run, of the last day, and of everything together."""
EVERYONE = np.ones(1, np.int64)

_LIVES = np.array(HALF_LIVES, np.float64)
_PER_HOUR = _LIVES / HOUR
_COLUMN = {name: position for position, name in enumerate(OUTCOMES)}
_EVENTS = np.array([_COLUMN["seconds" if name == "watch" else name] for name in RATES])
_TRIALS = {"long_view": "watch", "like": ""}
"""What an outcome is a share of: watches, exposures (""), or else the exposures that were measured (see `outcomes`)."""
_TRIED = np.array([{**_COLUMN, "": len(OUTCOMES)}[_TRIALS.get(name, "measured")] for name in RATES])
_SHOWN = (_COLUMN["impression"], _COLUMN["watch"])


@njit(cache=True, nogil=True)
def _count(values, row, outcome, shown, lives, life):  # type: ignore[no-untyped-def]
    """One count as it was at the row's own time; of no outcome at all (the last number): how often it was shown."""
    if outcome * lives < values.shape[1]:
        return max(values[row, outcome * lives + life], 0.0)
    return max(values[row, shown[0] * lives + life], values[row, shown[1] * lives + life], 0.0)


@njit(cache=True, nogil=True)
def _rate(happened, tried, prior, pseudo):  # type: ignore[no-untyped-def]
    if happened == 0.0 and tried == 0.0:
        return prior
    return (happened + pseudo * prior) / (tried + pseudo)


@njit(cache=True, nogil=True)
def _against(rate, prior):  # type: ignore[no-untyped-def]
    return min(max(np.log(max(rate, 1e-9) / prior), -3.0), 3.0) if rate != prior else 0.0


@njit(cache=True, nogil=True)
def _read(values, last, key, at, half_lives, which, events, trials, shown, prior, pseudo, found, seen):  # type: ignore[no-untyped-def]
    lives = len(half_lives)
    for i in range(len(key)):
        seen[i] = 0.0
        found[i] = 0.0
        if key[i] == 0:
            continue
        fade = np.exp2(-max(at[i] - last[i], 0) / half_lives[lives - 1])
        seen[i] = _count(values, i, values.shape[1], shown, lives, lives - 1) * fade
        for w in range(len(which)):
            r = which[w]
            happened = _count(values, i, events[r], shown, lives, lives - 1) * fade
            tried = _count(values, i, trials[r], shown, lives, lives - 1) * fade
            found[i, w] = _against(_rate(happened, tried, prior[r], pseudo), prior[r])


def rates(store: Store, table: str, key: Keys, at: Column, prior: Column, which: Column = ALL) -> tuple[Column, Column]:
    """`which` of RATES in the long run `[keys, which]` against `prior` `[RATES]`, as of `at` `[keys]` (ms), and how
    often each key was shown `[keys]`. Nothing is known of key 0."""
    held = store.columns(table, key, ("values", "at"))
    found, seen = np.empty((len(key), len(which)), np.float32), np.empty(len(key))
    _read(held["values"], held["at"], key, at, _LIVES, which, _EVENTS, _TRIED, _SHOWN, prior, PSEUDO, found, seen)
    return found, seen


@njit(cache=True, nogil=True)
def _overall(values, lives, events, trials, shown, prior, pseudo, found):  # type: ignore[no-untyped-def]
    for r in range(len(events)):
        happened = _count(values, 0, events[r], shown, lives, lives - 1)
        found[r] = _rate(happened, _count(values, 0, trials[r], shown, lives, lives - 1), prior[r], pseudo)


def overall(store: Store) -> Column:
    """The rates of all videos together `[RATES]`; the heads' priors while little is known."""
    values = store.columns("count_all", EVERYONE, ("values",))["values"]
    found = np.empty(len(RATES))
    _overall(values, len(_LIVES), _EVENTS, _TRIED, _SHOWN, PRIORS, OVERALL_PSEUDO, found)
    return found


@njit(cache=True, nogil=True)
def _ratios(  # type: ignore[no-untyped-def]
    values, last, at, half_lives, per_hour, events, trials, shown, prior, pseudo, recent, recently, found
):
    """What the logarithm is taken of, before it is: `found` `[rows, RATES + RECENT + shorter half-lives]`."""
    lives, number = len(half_lives), len(events)
    long = lives - 1
    low, high = np.exp(-3.0), np.exp(3.0)
    fade = np.empty(lives)
    for i in range(len(last)):
        age = max(at[i] - last[i], 0)
        for life in range(lives):
            fade[life] = np.exp2(-age / half_lives[life])
        for r in range(number):
            happened = _count(values, i, events[r], shown, lives, long) * fade[long]
            tried = _count(values, i, trials[r], shown, lives, long) * fade[long]
            found[i, r] = min(max(_rate(happened, tried, prior[r], pseudo) / prior[r], low), high)
        for w in range(len(recent)):
            r = recent[w]
            usual = prior[r] * found[i, r]
            happened = _count(values, i, events[r], shown, lives, long - 1) * fade[long - 1]
            tried = _count(values, i, trials[r], shown, lives, long - 1) * fade[long - 1]
            found[i, number + w] = min(max(_rate(happened, tried, usual, recently) / usual, low), high)
        usual = _count(values, i, values.shape[1], shown, lives, long) * fade[long] / per_hour[long] + 0.1
        for life in range(long):
            now = _count(values, i, values.shape[1], shown, lives, life) * fade[life] / per_hour[life] + 0.1
            found[i, number + len(recent) + life] = min(max(now / usual, low), high)


def put_video_rates(store: Store, item: Keys, at: Column, prior: Column, out: Column, to: Column) -> None:
    """What the exposures of each video say, into the columns `to` of `out` `[items, ...]`, as of `at` `[items]` (ms).

    They are the rates in the long run `[RATES]`, the last day's rates of RECENT against those, and the log of the last
    hour's and day's exposures against what the longest half-life would expect; in a steady stream each faded count is
    proportional to its half-life, so counts per half-life are equal.
    """
    held = store.columns("count_video", item, ("values", "at"))
    found = np.empty((len(item), len(_EVENTS) + len(RECENT) + len(_LIVES) - 1), np.float32)
    _ratios(
        held["values"], held["at"], at, _LIVES, _PER_HOUR, _EVENTS, _TRIED, _SHOWN,
        prior, PSEUDO, RECENT, RECENT_PSEUDO, found,
    )  # fmt: skip
    np.log(found, out=found)
    out[:, to] = found
