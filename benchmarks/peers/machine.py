"""A factorization machine (Rendle, ICDM 2010) over all numbers and ids, learned row by row with AdaGrad.

y = b + sum w_i x_i + 1/2 sum_k ((sum_i v_ik x_i)^2 - sum_i v_ik^2 x_i^2). One pass makes it an online learner; several,
in a random order, a batch one. Tuned on 28-30 April (see `tune`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from benchmarks.peers.logistic import Scale, places
from foryou.core.batch import Column
from foryou.protocols.columns import Table
from foryou.protocols.peers import Predict

BUCKETS = 1 << 18
FACTORS = 8
EPOCHS = 1
RATE = 0.015
PENALTY = 1e-4


@dataclass
class Machine:
    """Weights and factors of the numbers first, then of the id buckets; with AdaGrad's sums."""

    scale: Scale
    seed: int
    rate: float = RATE
    penalty: float = PENALTY
    weights: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        size = len(self.scale.mean) + BUCKETS
        self.weights = np.zeros((size + 1, 1 + FACTORS), np.float32)
        self.weights[:, 1:] = np.random.default_rng(self.seed).normal(0, 0.02, (size + 1, FACTORS))
        self.sums = np.full_like(self.weights, 1e-2)

    def predict(self, rows: Table) -> Column:
        """The chance of each row."""
        out = np.zeros(len(rows))
        nothing = np.zeros(0, np.float32)
        order = np.arange(len(rows))
        _pass(self.weights, self.sums, *self._inputs(rows), nothing, order, self.rate, self.penalty, out)
        return out

    def learn(self, rows: Table, labels: Column, order: Column | None = None) -> None:
        """One pass over the rows."""
        order = np.arange(len(rows)) if order is None else order
        out, truth = np.zeros(len(rows)), np.asarray(labels, np.float32)
        _pass(self.weights, self.sums, *self._inputs(rows), truth, order, self.rate, self.penalty, out)

    def _inputs(self, rows: Table) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        return self.scale(rows.numbers), places(rows, BUCKETS)


def fit(
    train: Table,
    labels: Column,
    kind: str,
    seed: int,
    rate: float = RATE,
    penalty: float = PENALTY,
    epochs: int = EPOCHS,
) -> Predict:
    """Several passes in random orders, for one binary head."""
    machine = Machine(Scale.of(train.numbers), seed, rate, penalty)
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        machine.learn(train, labels, rng.permutation(len(train)))
    return machine.predict


def start(first: Table, seed: int) -> Machine:
    """An online learner, with its numbers scaled as in these rows."""
    return Machine(Scale.of(first.numbers), seed)


@njit(cache=True, nogil=True)
def _pass(weights, sums, numbers, buckets, labels, order, rate, penalty, out):  # type: ignore[no-untyped-def]
    many, factors = numbers.shape[1], weights.shape[1] - 1
    place = np.empty(many + buckets.shape[1] + 1, np.int64)
    value = np.empty(many + buckets.shape[1] + 1, np.float32)
    total = np.empty(factors, np.float32)
    learn = len(labels) > 0
    for row in order:
        count = 0
        for column in range(many):
            if numbers[row, column] != 0:
                place[count], value[count] = column, numbers[row, column]
                count += 1
        for column in range(buckets.shape[1]):
            if buckets[row, column] >= 0:
                place[count], value[count] = many + buckets[row, column], 1.0
                count += 1
        bias = len(weights) - 1
        y, squares = weights[bias, 0], np.float32(0)
        total[:] = 0
        for i in range(count):
            y += weights[place[i], 0] * value[i]
            for k in range(factors):
                part = weights[place[i], 1 + k] * value[i]
                total[k] += part
                squares += part * part
        for k in range(factors):
            y += 0.5 * total[k] * total[k]
        y -= 0.5 * squares
        out[row] = 1 / (1 + np.exp(-y))
        if not learn:
            continue
        error = np.float32(out[row] - labels[row])
        sums[bias, 0] += error * error
        weights[bias, 0] -= rate * error / np.sqrt(sums[bias, 0])
        for i in range(count):
            at, x = place[i], value[i]
            step = error * x + penalty * weights[at, 0]
            sums[at, 0] += step * step
            weights[at, 0] -= rate * step / np.sqrt(sums[at, 0])
            for k in range(factors):
                v = weights[at, 1 + k]
                step = error * x * (total[k] - v * x) + penalty * v
                sums[at, 1 + k] += step * step
                weights[at, 1 + k] = v - rate * step / np.sqrt(sums[at, 1 + k])
