"""Vowpal Wabbit: online logistic regression over numbers and hashed ids.

Langford et al.; adaptive, normalised and invariant steps (its default). Tuned on 28-30 April (see `tune`), where pairs
of ids (the viewer with the author, the topics, the length) did not help.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.peers.logistic import Scale
from foryou.core.batch import Column
from foryou.protocols.columns import Table
from foryou.protocols.peers import Predict

RATE = 0.2
PAIRS = ("va", "vt", "vl")
"""Pairs of namespaces: the viewer with the author, the topics, the length."""
SPACES = {"viewer": "v", "item": "i", "author": "a", "sound": "s", "topics": "t", "length": "l", "surface": "c"}
"""The namespace of each field; all others are in `o`."""


class Vowpal:
    """One binary head."""

    def __init__(self, scale: Scale, seed: int, rate: float = RATE, pairs: tuple[str, ...] = ()) -> None:
        workspace = import_module("vowpalwabbit").Workspace
        crossed = " ".join(f"-q {each}" for each in pairs)
        self._scale = scale
        self._vw: Any = workspace(
            f"--quiet --loss_function logistic --link logistic -b 20 -l {rate} --random_seed {seed} {crossed}"
        )

    def predict(self, rows: Table) -> Column:
        """The chance of each row."""
        return np.array([self._vw.predict(line) for line in _lines(rows, self._scale)], np.float64)

    def learn(self, rows: Table, labels: Column) -> None:
        """One pass over the rows, in their order."""
        for line, label in zip(_lines(rows, self._scale), np.asarray(labels).tolist(), strict=True):
            self._vw.learn(f"{1 if label > 0 else -1} {line}")


def fit(train: Table, labels: Column, kind: str, seed: int, rate: float = RATE, pairs: tuple[str, ...] = ()) -> Predict:
    """One pass over the rows in the order of time."""
    model = Vowpal(Scale.of(train.numbers), seed, rate, pairs)
    model.learn(train, labels)
    return model.predict


def start(first: Table, seed: int) -> Vowpal:
    """An online learner without pairs, with its numbers scaled as in these rows."""
    return Vowpal(Scale.of(first.numbers), seed)


def start_pairs(first: Table, seed: int) -> Vowpal:
    """An online learner with PAIRS."""
    return Vowpal(Scale.of(first.numbers), seed, pairs=PAIRS)


def _lines(rows: Table, scale: Scale) -> Iterator[str]:
    """The rows in VW's text format, without labels."""
    order = sorted(range(len(rows.fields)), key=lambda column: SPACES.get(rows.fields[column], "o"))
    spaces = [SPACES.get(rows.fields[column], "o") for column in order]
    names = [f"n{column}:" for column in range(rows.numbers.shape[1])]
    numbers = np.round(scale(rows.numbers), 2).tolist()
    for values, ids in zip(numbers, rows.ids[:, order].tolist(), strict=True):
        parts, last = ["|n"], ""
        parts += [f"{name}{value:g}" for name, value in zip(names, values, strict=True) if value]
        for space, number in zip(spaces, ids, strict=True):
            if number == 0:
                continue
            if space != last:
                parts.append(f"|{space}")
                last = space
            parts.append(f"{number:x}")
        yield " ".join(parts)
