"""The viewers of a world as they are now: who wants a slate, what they do with it, and what they send to friends.

A viewer's luck belongs to the viewer and the video or the visit, not to the order of calls: worlds under two feeds are
pairs. Feeds are told nothing that stands here but the exposures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY
from foryou.simulator.behaviour import ACTS, FIRST_S, Behaviour
from foryou.simulator.drifting import drift
from foryou.simulator.reaction import Films
from foryou.simulator.visits import come_first
from foryou.simulator.watching import (
    Catalogue,
    People,
    Rows,
    Sent,
    State,
    interests,
    matches,
    watch_sent,
    watch_slates,
)

if TYPE_CHECKING:
    from foryou.simulator.world import World

OFFSETS = ("liking", "commenting", "sharing", "saving", "following", "visiting", "refusing")
FOR_YOU, SHARED = 0, 1


class Audience:
    """Everybody in a world. `taste` [viewers, topics] is what they like now; it drifts day by day."""

    def __init__(self, world: World, behaviour: Behaviour, seed: int) -> None:
        self._world, self._seed = world, np.uint64(seed)
        self._numbers = behaviour.packed()
        self._films, self._catalogue, self._people = _films(world), _catalogue(world), _people(world)
        self._state = _state(world)
        self._similarity = np.ascontiguousarray(world.topics.similarity, np.float32)
        self._day = world.start // DAY
        self._inbox: list[tuple[Column, ...]] = []
        self._care()
        come_first(self._numbers, self._people, self._state, self._seed, world.start)

    @property
    def taste(self) -> Column:
        """[viewers, topics], sums to 1; hidden from feeds."""
        return self._state.taste

    def match(self, viewer: Column, video: Column) -> Column:
        """How well videos fit viewers now, 0 to 1, pair by pair; hidden from feeds."""
        return np.asarray(
            matches(self._numbers, self._catalogue, self._people, self._state.interest, viewer, video), np.float32
        )

    def due(self, until: int) -> tuple[Column, Column, Column]:
        """Who wants a next slate before `until` (ms): viewers, when, and the number of their visit; in time order."""
        self._drift(until)
        state = self._state
        viewer = np.flatnonzero(state.next_at < until).astype(np.int32)
        at = state.next_at[viewer]
        order = np.lexsort((viewer, at))
        viewer = viewer[order]
        return viewer, at[order], state.visit[viewer] + ~state.inside[viewer]

    def watch(self, viewer: Column, at: Column, slates: Column) -> Batch:
        """What happened with slates [k, n] of videos (-1: nothing) at `at` (ms), in time order; see `rows_of`.

        Who leaves has no rows for the rest. An empty slate ends the visit.
        """
        rows, sent = _rows(slates.size), _sent(slates.size)
        count, passed = watch_slates(
            *self._all(), np.ascontiguousarray(viewer, np.int32), np.ascontiguousarray(at, np.int64),
            np.ascontiguousarray(slates, np.int32), rows, sent,
        )  # fmt: skip
        return self._told(rows, count, sent, passed)

    def shares(self, until: int) -> Batch:
        """What friends were sent and look at before `until` (ms), outside the feed: `viewer` `video` `at` `from`."""
        names = ("viewer", "video", "at", "from")
        inbox = [np.concatenate(column) for column in zip(*self._inbox, strict=True)] if self._inbox else []
        if not inbox:
            return Batch(dict(zip(names, _sent(0), strict=True)))
        now = inbox[2] < until
        self._inbox = [tuple(column[~now] for column in inbox)]
        found = [column[now] for column in inbox]
        order = np.lexsort((found[1], found[0], found[2]))
        return Batch(dict(zip(names, (column[order] for column in found), strict=True)))

    def watch_shared(self, rows: Batch) -> Batch:
        """What friends do with rows of `shares`, as `watch` tells it; the visit is -1, the surface 1."""
        written, sent = _rows(len(rows)), _sent(len(rows))
        count, passed = watch_sent(
            *self._all(), np.ascontiguousarray(rows["viewer"], np.int32), np.ascontiguousarray(rows["video"], np.int32),
            np.ascontiguousarray(rows["at"], np.int64), written, sent,
        )  # fmt: skip
        return self._told(written, count, sent, passed)

    def _all(self) -> tuple[Any, ...]:
        return self._numbers, self._films, self._catalogue, self._people, self._state, self._seed

    def _told(self, rows: Rows, count: int, sent: Sent, passed: int) -> Batch:
        if passed:
            self._inbox.append(tuple(column[:passed] for column in sent))
        return rows_of(rows, count, self._films.duration)

    def _drift(self, until: int) -> None:
        """Move tastes on to the day of `until`."""
        moved = False
        while self._day < (until - 1) // DAY:
            self._day += 1
            drift(self._state.taste, self._similarity, self._world.viewers["drift"], self._seed, self._day)
            moved = True
        if moved:
            self._care()

    def _care(self) -> None:
        interests(self._numbers, self._similarity, self._state.taste, self._state.interest)


def rows_of(rows: Rows, count: int, duration: Column) -> Batch:
    """The written rows in time order, with every column of an exposure.

    `viewer` `video` `at` (ms) `session` `position` `surface` (0 for you, 1 shared) `seconds` `furthest` `replays`,
    whether `finish` `skip` and each of `ACTS`, and what feeds are not told: `match` and `pleasure`, 0 to 1.
    """
    order = np.argsort(rows.at[:count], kind="stable")
    columns = {name: getattr(rows, name)[order] for name in Rows._fields if name != "acts"}
    length, acts = duration[columns["video"]], rows.acts[order]
    finish = columns["seconds"] >= length
    done = {name: np.ascontiguousarray(acts[:, number]) for number, name in enumerate(ACTS)}
    return Batch({**columns, "finish": finish, "skip": (columns["seconds"] < FIRST_S) & ~finish, **done})


def _films(world: World) -> Films:
    videos, floats = world.videos, np.float32
    return Films(
        **{
            name: np.array(videos[name], {"format": np.int8, "bait": np.bool_}.get(name, floats))
            for name in Films._fields
        }
    )


def _catalogue(world: World) -> Catalogue:
    kinds = {"content": np.float32, "leaf": np.int16, "language": np.int8}
    return Catalogue(
        **{name: np.array(world.videos[name], kinds.get(name, np.int32), order="C") for name in Catalogue._fields}
    )


def _people(world: World) -> People:
    viewers = world.viewers
    offsets = np.stack([viewers[name] for name in OFFSETS], axis=1).astype(np.float32)
    kinds = {
        "hours": np.float32, "weekdays": np.float32, "visits": np.float32, "patience": np.float32, "language": np.int8,
        "friends": np.int32, "script_topic": np.int16, "script_from": np.int64,
    }  # fmt: skip
    columns = {name: np.array(viewers[name], kind, order="C") for name, kind in kinds.items()}
    return People(offsets=offsets, zone_h=np.round(np.asarray(viewers["zone"]) / 60).astype(np.int64), **columns)


def _state(world: World) -> State:
    viewers, count, topics = world.viewers, len(world.viewers), len(world.topics.names)
    joined = np.maximum(np.asarray(viewers["joined"], np.int64), world.start)
    whole, real = (lambda: np.zeros(count, np.int64)), (lambda: np.zeros(count, np.float64))
    return State(
        next_at=joined.copy(), inside=np.zeros(count, np.bool_), visit=whole(), began=whole(), last_at=joined.copy(),
        limit=real(), used=real(), mood=real(), streak=whole(), gave=real(), watched=whole(), habit=real(),
        chance=whole(), chance_at=joined.copy(), presses=np.array(viewers["script_presses"], np.int64),
        taste=np.array(viewers["taste"], np.float32, order="C"),
        interest=np.zeros((count, topics), np.float32), satiation=np.zeros((count, topics), np.float32),
        seen=np.zeros((count, len(world.videos) // 8 + 1), np.uint8),
        followed=np.zeros((count, len(world.creators) // 8 + 1), np.uint8),
    )  # fmt: skip


def _rows(size: int) -> Rows:
    kinds = {
        "viewer": np.int32, "video": np.int32, "at": np.int64, "session": np.int64, "position": np.int16,
        "surface": np.int8, "seconds": np.float32, "furthest": np.float32, "replays": np.int16, "match": np.float32,
        "pleasure": np.float32,
    }  # fmt: skip
    columns = {name: np.empty(size, kind) for name, kind in kinds.items()}
    return Rows(acts=np.empty((size, len(ACTS)), np.bool_), **columns)


def _sent(size: int) -> Sent:
    return Sent(np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int64), np.empty(size, np.int32))
