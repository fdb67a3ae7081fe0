"""Likes that are bought: accounts that nobody is behind like what some creators post, soon after it is out."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY, HOUR
from foryou.simulator.chance import stream
from foryou.simulator.creators import BUYS_LIKES
from foryou.simulator.graft import NEVER, grafted, next_pair, people
from foryou.simulator.plants import bought
from foryou.simulator.world import Planted, World

CLAIM = "farm"
ACCOUNTS = 40
BOUGHT = 0.6
"""The part of the accounts that likes a video."""
SOON = 2 * HOUR
"""The mean time after it is out, ms."""
SECONDS = 1.5
"""How long they look, at most."""
_FALSE = ("finish", "comment", "share", "save", "follow", "visit", "not_interested", "report")


def farmed(world: World, accounts: int = ACCOUNTS) -> World:
    """The world with accounts for sale: viewers who never look at a feed."""
    zeros = np.zeros(accounts, np.int64)
    any_taste = np.tile(world.topics.popularity, (accounts, 1))
    first = next_pair(world)
    added = people(world, any_taste, zeros, zeros + world.start + NEVER, zeros + first, zeros)
    return grafted(world, Planted(CLAIM, first, 1), added)


def for_sale(world: World, accounts: int) -> World:
    """The same, with twins of whom one buys of them: they tell whether it pays."""
    return farmed(bought(world), accounts)


class Farm:
    """What these accounts do as videos come out; nothing in a world without any, or without creators who buy."""

    def __init__(self, world: World) -> None:
        pairs = [each.first for each in world.planted if each.claim == CLAIM]
        accounts = np.flatnonzero(np.isin(world.viewers["pair"], pairs))
        buys = world.creators["kind"][world.videos["creator"]] == BUYS_LIKES
        self._videos = np.flatnonzero(buys & (world.videos["uploaded"] >= world.start))
        draws = stream(world.seed, "farm").random((len(world.videos), len(accounts), 3))[self._videos]
        row, account = np.nonzero(draws[:, :, 0] < BOUGHT)
        self._row, self._viewer = row, accounts[account].astype(np.int32)
        self._after = np.minimum(-np.log1p(-draws[row, account, 1]) * SOON, DAY).astype(np.int64)
        self._seconds = (SECONDS * draws[row, account, 2]).astype(np.float32)
        self._out = np.full(len(self._videos), np.iinfo(np.int64).max // 2)
        self._done = np.zeros(len(row), np.bool_)

    def published(self, videos: Column, at: int) -> None:
        """These videos are out since `at` (ms)."""
        self._out[np.isin(self._videos, videos)] = at

    def due(self, until: int) -> Batch:
        """What the accounts do before `until` (ms), once, in order of time: rows as those of an audience, outside the
        feed."""
        at = self._out[self._row] + self._after
        ready = np.flatnonzero((at < until) & ~self._done)
        ready = ready[np.argsort(at[ready], kind="stable")]
        self._done[ready] = True
        none, nothing = np.zeros(len(ready), np.bool_), np.zeros(len(ready), np.float32)
        return Batch(
            {
                "viewer": self._viewer[ready],
                "video": self._videos[self._row[ready]].astype(np.int32),
                "at": at[ready],
                "session": np.full(len(ready), -1, np.int64),
                "position": np.zeros(len(ready), np.int16),
                "surface": np.ones(len(ready), np.int8),
                "seconds": self._seconds[ready],
                "furthest": self._seconds[ready],
                "replays": np.zeros(len(ready), np.int16),
                "like": ~none,
                "skip": ~none,
                **dict.fromkeys(_FALSE, none),
                "match": nothing,
                "pleasure": nothing,
            }
        )
