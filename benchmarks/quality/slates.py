"""A made-up world of requests in which the truth is known: what one policy's log says of another, against running that
other one.

Chances are what they say and predictions are not: likes are expected one and a half times as often as they come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foryou.bench.record import Report
from foryou.core.batch import Batch, Column
from foryou.core.heads import HEADS, NAMES
from foryou.core.pipeline import Candidates, Request
from foryou.feed.considered import Policy, packed
from foryou.protocols.estimates import USUAL, VALUE, estimates
from foryou.protocols.offpolicy import Logged, other, replay
from foryou.protocols.outcomes import REWARDS
from foryou.rerankers.arrange import Arrange

SLOTS = 10
CANDIDATES = 80
STAYS = 0.95
"""The chance that a viewer comes to the next slot, whatever was in this one."""
WEIGHTS = {head.name: head.weight for head in HEADS}
CHANGED = {"like": 5.0, "finish": 0.5, "skip": -0.8}


@dataclass(frozen=True)
class Asked:
    """A request, its candidates as they are ranked, and what would come of each `[candidates]`."""

    request: Request
    rows: Candidates
    truth: Mapping[str, Column]

    def fill(self, policy: Policy) -> Candidates:
        """The slate of a policy, with the place of each of its rows among the candidates as `row`."""
        scored = self.rows.extend({"score": self.score(policy.weights), "row": np.arange(len(self.rows))})
        return policy.arrange(self.request, scored).take(np.arange(SLOTS))

    def score(self, weights: Mapping[str, float]) -> Column:
        """Of each candidate."""
        return np.asarray(sum(weight * self.rows[name].astype(np.float64) for name, weight in weights.items()))


def ask(number: int, seed: int) -> Asked:
    """One request, drawn from a seed; five in a row are of one viewer."""
    chance = np.random.default_rng([seed, number])
    taste, appeal = chance.normal(0, 1, (2, CANDIDATES))
    like, finish = _logistic(-3.2 + 0.8 * taste), _logistic(-1.0 + 0.6 * appeal + 0.4 * taste)
    truth = {name: np.full(CANDIDATES, head.prior) for name, head in zip(NAMES, HEADS, strict=True)}
    truth |= {"like": like, "finish": finish, "skip": _logistic(-0.8 - 0.6 * appeal), "long_view": finish**0.8}
    truth["watch"] = np.exp(2.2 + 0.4 * appeal + 0.2 * taste)
    told = {name: values * np.exp(chance.normal(0, 0.2, CANDIDATES)) for name, values in truth.items()}
    told["like"] = 1.5 * told["like"]
    told = {name: np.minimum(values, 1.0) if name != "watch" else values for name, values in told.items()}
    ids = chance.integers(1, 1 << 40, CANDIDATES)
    about = {
        "item": ids,
        "sources": np.where(chance.random(CANDIDATES) < 0.15, 16, 1),
        "topics": chance.integers(0, 9, (CANDIDATES, 3)),
        "author": chance.integers(1, 40, CANDIDATES),
        "sound": chance.integers(0, 20, CANDIDATES),
        "effect_evidence": np.zeros(CANDIDATES, np.float32),
    }
    viewer = Batch({"depth": np.array([3.0]), "viewer_known": np.array([9.0])})
    request = Request(number + 1, 10**12, number // 5 + 1, SLOTS, 0, 0, 0, 0, viewer, seed * 1_000_003 + number)
    return Asked(request, Batch({**about, **{name: values.astype(np.float32) for name, values in told.items()}}), truth)


def run(policy: Policy, slates: int, seed: int) -> Logged:
    """The log of a policy."""
    blobs, parts = [], []
    for number in range(slates):
        asked = ask(number, seed)
        slate = asked.fill(policy)
        chance = np.random.default_rng([seed, number, 1])
        seen = np.cumprod(chance.random(SLOTS) < np.r_[1.0, np.full(SLOTS - 1, STAYS)])
        came = {name: seen * _drawn(name, asked.truth[name][slate["row"]], chance) for name in REWARDS}
        scored = asked.rows.extend({"score": asked.score(policy.weights)})
        blobs.append(packed(asked.request, scored, slate, policy))
        about = {"viewer": np.full(SLOTS, asked.request.viewer_id), "slate": np.full(SLOTS, number), "seen": seen}
        parts.append(Batch({**about, "propensity": slate["propensity"], **came}))
    return Logged(blobs, Batch.concat(parts))


def truth_of(policy: Policy, slates: int, seed: int) -> Report:
    """What a policy gets for each video seen, each reward's mean and its standard error."""
    told = {name: np.zeros(slates) for name in REWARDS}
    comes = STAYS ** np.arange(SLOTS)
    for number in range(slates):
        asked = ask(number, seed)
        row = asked.fill(policy)["row"]
        for name in REWARDS:
            told[name][number] = asked.truth[name][row] @ comes / comes.sum()
    told[VALUE] = np.sum([WEIGHTS[name] * told[name] for name in REWARDS], axis=0)
    return {name: [float(each.mean()), float(each.std() / np.sqrt(slates))] for name, each in told.items()}


def on_policy(slates: int, draws: int, seed: int = 1, changed: Mapping[str, float] = CHANGED) -> Report:
    """Each reward of the changed policy: from the log of the one in use, and run by itself on requests of its own."""
    policy = Policy(WEIGHTS, Arrange(exploration=0.07, trial=4))
    change = other(changed)
    logged = run(policy, slates, seed)
    told = estimates(logged, replay(logged, change, draws), USUAL, seed)
    then = truth_of(change(policy), 2 * slates, seed + 1)
    now = truth_of(policy, 2 * slates, seed + 1)
    for name, row in told["rewards"].items():
        row["truth"], row["truth_now"] = then[name], now[name]
        row["relative_error"] = {each: found["mean"] / then[name][0] - 1 for each, found in row["estimators"].items()}
    return told


def _logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-values))


def _drawn(name: str, mean: Column, chance: np.random.Generator) -> Column:
    """An outcome: seconds with a long tail, or whether it happened."""
    return chance.gamma(2.0, mean / 2.0) if name == "watch" else (chance.random(len(mean)) < mean).astype(np.float64)
