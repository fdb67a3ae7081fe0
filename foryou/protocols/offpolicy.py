"""What if the weights were these: what viewers would have done under other weights, from the log of an engine.

For a share of slates (`feed.considered`) the log holds all that was considered. The choice is made again from that,
slot by slot, for the policy that was logged and for the other one; the chances of what was shown weigh what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.heads import NAMES
from foryou.core.pipeline import Candidates
from foryou.core.ports import Log
from foryou.evaluation.offpolicy import weights as ratio
from foryou.features.fold import EVENTS_STREAM, SERVED_STREAM
from foryou.feed.considered import Considered, Policy, unpacked
from foryou.protocols.outcomes import REWARDS, Heard

DRAWS = 24
"""How often each slate is filled anew to learn how often each candidate comes to each slot."""
LEAST_SEEN = 1e-3
"""The share of viewers who come to a slot, at least, where nobody did in this log."""
_SHOWN = ("viewer", "item", "request", "at", "position", "propensity")

Change = Callable[[Policy], Policy]
"""From the policy that a slate was chosen by to the one that is asked about."""


@dataclass(frozen=True)
class Logged:
    """Slates of which all is known that they were chosen from, with what came of them: `rows`, one for each slot, have
    the columns of the log, those of REWARDS, and `seen`; `slate` is the place of each row's slate in `considered`."""

    considered: Sequence[bytes]
    rows: Batch

    def __len__(self) -> int:
        return len(self.considered)


def read(log: Log, since: int = 0) -> Logged:
    """The slates of a log from a time (ms) on that hold what was considered."""
    blobs: list[bytes] = []
    parts = []
    for record in log.read(0, (SERVED_STREAM,), (b"considered",)):
        rows = record.rows
        if "considered" not in rows or int(rows["at"][0]) < since:
            continue
        slate = np.full(len(rows), len(blobs))
        blobs.append(next(each for each in rows["considered"].tolist() if each))
        parts.append(rows.select(_SHOWN).extend({"slate": slate}))
    if not parts:
        return Logged((), Batch({name: np.zeros(0) for name in (*_SHOWN, "slate", "seen", *REWARDS)}))
    shown = Batch.concat(parts)
    heard = Heard().hear(log.read(0, (EVENTS_STREAM,)), np.unique(shown["viewer"]))
    came = heard.outcomes(shown["viewer"], shown["item"], shown["at"])
    return Logged(blobs, shown.extend(came.columns))


def other(weights: Mapping[str, float], settings: Mapping[str, float] | None = None) -> Change:
    """The logged policy with some of its weights and settings of arranging changed."""

    def change(policy: Policy) -> Policy:
        return Policy({**policy.weights, **weights}, replace(policy.arrange, **(settings or {})))  # type: ignore[arg-type]

    return change


@dataclass(frozen=True)
class Replayed:
    """The chances of what was shown under both policies, one row for each slot of each slate, in the order of `rows`.

    `logged`, `target`: of coming to this slot, given the slots above as they were (exact); `again`: what was logged,
    computed again. `logged_slate`, `target_slate`: of being seen in this slate at all, whatever else is in it (the mean
    over slates filled anew). `predicted`: of each reward, what the model expects of what was shown; `expected`: of what
    the other policy would show in this slate.
    """

    again: Column
    logged: Column
    target: Column
    logged_slate: Column
    target_slate: Column
    predicted: Mapping[str, Column]
    expected: Mapping[str, Column]

    @property
    def slot(self) -> Column:
        """The weight of each slot given those above."""
        return ratio(self.target, self.logged)

    @property
    def slate(self) -> Column:
        """The weight of each video, wherever in the slate it is."""
        return ratio(self.target_slate, self.logged_slate)


def replay(
    logged: Logged, change: Change, draws: int = DRAWS, told: Callable[[int], None] = lambda done: None
) -> Replayed:
    """Make every choice of the log again, as it was and as it would have been."""
    rows, parts = logged.rows, []
    starts = np.searchsorted(rows["slate"], np.arange(len(logged) + 1))
    stays = _stays(rows, starts)
    for number, blob in enumerate(logged.considered):
        propensity = rows["propensity"][starts[number] : starts[number + 1]]
        parts.append(_replayed(unpacked(blob), propensity, change, draws, stays[: len(propensity)]))
        told(number + 1)
    columns = np.concatenate(parts or [np.zeros((0, 4 + 2 * len(NAMES)))]).T
    again, target, logged_slate, target_slate = columns[:4]
    predicted, expected = columns[4 : 4 + len(NAMES)], columns[4 + len(NAMES) :]
    return Replayed(
        again,
        rows["propensity"],
        target,
        logged_slate,
        target_slate,
        dict(zip(NAMES, predicted, strict=True)),
        dict(zip(NAMES, expected, strict=True)),
    )


def _stays(rows: Batch, starts: Column) -> Column:
    """Of each slot, the share of slates whose viewers came to it."""
    slot = np.arange(len(rows)) - np.repeat(starts[:-1], np.diff(starts))
    return np.bincount(slot, rows["seen"]) / np.maximum(np.bincount(slot), 1) if len(rows) else np.zeros(0)


def _replayed(of: Considered, propensity: Column, change: Change, draws: int, stays: Column) -> Column:
    """`[slots, 4 + 2 x heads]`: what `Replayed` has, for one slate, but for what was logged."""
    slots, given, seen = np.arange(len(of.shown)), [], []
    for policy in (of.policy, change(of.policy)):
        rows = of.scored(policy.weights)
        given.append(_chances(policy, of, rows, of.shown))
        filled = np.zeros(len(rows))
        for draw in range(draws):
            filled += stays @ _chances(policy, of, rows, None, draw)
        seen.append(filled / draws)
    # The slate that there was is one of the ways to fill it: so nothing that was shown has no chance.
    once = np.maximum((stays @ given[0])[of.shown], LEAST_SEEN * propensity)
    now = (draws * seen[0][of.shown] + once) / (draws + 1)
    heads = np.stack([of.rows[name] for name in NAMES], axis=1).astype(np.float64)  # [candidates, heads]
    expected = seen[1] @ heads / max(stays.sum(), 1e-12)
    again, target = (each[slots, of.shown] for each in given)
    each = np.broadcast_to(expected, (len(slots), len(NAMES)))
    return np.column_stack([again, target, now, seen[1][of.shown], heads[of.shown], each])


def _chances(policy: Policy, of: Considered, rows: Candidates, given: Column | None, draw: int = 0) -> Column:
    """The chance of each candidate at each slot `[slots, candidates]`, given the slots above: as they were, or as they
    are drawn."""
    request = of.request if given is not None else replace(of.request, seed=of.request.seed + 1 + draw)
    pool, chance = policy.arrange.chances(request, rows, len(of.shown), given)
    whole = np.zeros((len(of.shown), len(rows)))
    whole[:, pool] = chance
    return whole


def drift(replayed: Replayed) -> float:
    """The share of slots whose chance, computed again, is not what was logged (by more than 2 %): 0 unless the rules
    of arranging have changed since."""
    return float((np.abs(replayed.again / replayed.logged - 1) > 0.02).mean()) if len(replayed.logged) else 0.0
