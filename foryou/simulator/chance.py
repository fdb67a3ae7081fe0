"""Streams of chance: one for each purpose, so that drawing more of one thing changes nothing else."""

from __future__ import annotations

from zlib import crc32

import numpy as np

from foryou.core.batch import Column

_GOLDEN, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_64 = (1 << 64) - 1


def stream(seed: int, *purpose: str) -> np.random.Generator:
    """The generator of a seed for one purpose; its first draws are the same however many follow."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=[crc32(word.encode()) for word in purpose]))


def picked(rng: np.random.Generator, weights: Column, count: int) -> Column:
    """`count` positions in `weights` [n], each as likely as its share; one draw each, so that fewer are a prefix."""
    edges = np.cumsum(np.asarray(weights, np.float64))
    return np.searchsorted(edges / edges[-1], rng.random(count), "right").astype(np.int64)


def picked_each(draws: Column, weights: Column) -> Column:
    """For each row one position in its own weights [rows, n]; `draws` [rows] are in [0, 1)."""
    edges = np.cumsum(np.asarray(weights, np.float64), axis=1)
    return np.asarray(np.minimum((edges <= draws[:, None] * edges[:, -1:]).sum(1), weights.shape[1] - 1), np.int64)


class Draws:
    """Many small choices from one number (SplitMix64; Steele et al., 2014): what one video says is drawn from this,
    when somebody asks, in any order of videos."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _64

    def below(self, count: int) -> int:
        """A whole number from 0 up to and without `count`."""
        self._state = (self._state + _GOLDEN) & _64
        mixed = ((self._state ^ (self._state >> 30)) * _FIRST) & _64
        mixed = ((mixed ^ (mixed >> 27)) * _SECOND) & _64
        return (mixed ^ (mixed >> 31)) % count

    def happens(self, chance: float) -> bool:
        """True in this share of all draws."""
        return self.below(1 << 30) < chance * (1 << 30)

    def one(self, choices: tuple[str, ...]) -> str:
        """One of some words."""
        return choices[self.below(len(choices))]

    def some(self, choices: tuple[str, ...], count: int) -> list[str]:
        """At most `count` different ones, in the order drawn."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]
