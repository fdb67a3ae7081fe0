"""The viewers of a world as they are now: who wants a slate, what they do with it, and what they send to friends.

A viewer's luck belongs to the viewer and the video or the visit, not to the order of calls: worlds under two feeds are
pairs. Feeds are told nothing that stands here but the exposures.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY
from foryou.simulator import records
from foryou.simulator.behaviour import ACTS, FIRST_S, Behaviour
from foryou.simulator.drifting import drift
from foryou.simulator.plants import sought
from foryou.simulator.visits import come_first
from foryou.simulator.watching import FRIENDS, interests, matches, watch_sent, watch_slates
from foryou.simulator.world import World

NOBODY = -1


class Audience:
    """Everybody in a world. `taste` [viewers, topics] is what they like now; it drifts day by day."""

    def __init__(self, world: World, behaviour: Behaviour, seed: int) -> None:
        self._numbers, self._seed = behaviour.packed(), np.uint64(seed)
        self._films, self._people = records.films(world), records.people(world)
        self._state, self._minds = records.state(world), records.minds(world)
        self._similarity = np.array(world.topics.similarity, np.float32, order="C")
        self._drifting = np.array(world.viewers["drift"], np.float32)
        self._day = world.start // DAY
        self._inbox = np.empty(0, records.SENT)
        self.look_for(*sought(world))
        self._care()
        come_first(self._numbers, self._people, self._state, self._seed, world.start)

    @property
    def taste(self) -> Column:
        """[viewers, topics], sums to 1; hidden from feeds."""
        return self._minds.taste

    def match(self, viewer: Column, video: Column) -> Column:
        """How well videos fit viewers now, 0 to 1, pair by pair; hidden from feeds."""
        minds = self._minds
        return np.asarray(
            matches(
                self._numbers, self._films, self._people, minds.content, minds.interest,
                np.asarray(viewer, np.int32), np.asarray(video, np.int32),
            )
        )  # fmt: skip

    def due(self, until: int) -> tuple[Column, Column, Column]:
        """Who wants a next slate before `until` (ms): viewers, when, and the number of their visit; in time order."""
        self._drift(until)
        viewer = np.flatnonzero(self._state["next_at"] < until).astype(np.int32)
        at = self._state["next_at"][viewer]
        order = np.argsort(at, kind="stable")
        viewer = viewer[order]
        return viewer, at[order], self._state["visit"][viewer] + ~self._state["inside"][viewer]

    def goes_on(self, viewer: int) -> int | None:
        """When somebody wants the next slate of the visit (ms); None if it is over."""
        state = self._state[viewer]
        return int(state["next_at"]) if state["inside"] else None

    def watch(self, viewer: Column, at: Column, slates: Column) -> Batch:
        """What happened with slates [k, n] of videos (-1: nothing) at `at` (ms), in time order; see `told`.

        Who leaves has no rows for the rest. An empty slate ends the visit.
        """
        rows, sent = np.empty(slates.size, records.ROW), np.empty(slates.size * FRIENDS, records.SENT)
        count, passed = watch_slates(
            *self._all(), np.asarray(viewer, np.int32), np.asarray(at, np.int64),
            np.ascontiguousarray(slates, np.int32), rows, sent,
        )  # fmt: skip
        self._send(sent[:passed])
        return told(rows[:count], self._films["duration"])

    def shares(self, until: int) -> Batch:
        """What viewers were sent by friends or look for themselves, and look at before `until` (ms), outside the feed:
        `viewer` `video` `at` `from` (`NOBODY` where they found it)."""
        now = self._inbox["at"] < until
        found = self._inbox[now]
        if len(found):
            self._inbox = self._inbox[~now]
            found.sort(order=("at", "viewer", "video"))
        return Batch({"from" if name == "sender" else name: found[name] for name in records.SENT.names or ()})

    def look_for(self, viewer: Column, video: Column, at: Column) -> None:
        """Viewers look at videos that they find themselves, at `at` (ms), outside the feed."""
        rows = np.empty(len(viewer), records.SENT)
        rows["viewer"], rows["video"], rows["at"], rows["sender"] = viewer, video, at, NOBODY
        self._send(rows)

    def watch_shared(self, rows: Batch) -> Batch:
        """What viewers do with rows of `shares`, as `watch` tells it; the visit is -1, the surface 1, or 2 where they
        found it themselves: that they watch to the end and like."""
        written, sent = np.empty(len(rows), records.ROW), np.empty(len(rows) * FRIENDS, records.SENT)
        of = (np.array(rows[name], kind) for name, kind in (("viewer", "i4"), ("video", "i4"), ("at", "i8")))
        self._send(sent[: watch_sent(*self._all(), *of, written, sent)])
        found = np.asarray(rows["from"]) == NOBODY
        written["surface"] = np.where(found, 2, 1)
        written["seconds"][found] = written["furthest"][found] = self._films["duration"][written["video"][found]]
        written["acts"][found] |= 1 << ACTS.index("like")
        return told(written, self._films["duration"])

    def nothing(self) -> Batch:
        """No exposures, with every column of them."""
        return told(np.empty(0, records.ROW), self._films["duration"])

    def _all(self) -> tuple[Any, ...]:
        return self._numbers, self._films, self._people, self._state, self._minds, self._seed

    def _send(self, sent: Column) -> None:
        if len(sent):
            self._inbox = np.concatenate([self._inbox, sent])

    def _drift(self, until: int) -> None:
        """Move tastes on to the day of `until`."""
        before = self._day
        while self._day < (until - 1) // DAY:
            self._day += 1
            drift(self._minds.taste, self._similarity, self._drifting, self._seed, self._day)
        if self._day > before:
            self._care()

    def _care(self) -> None:
        interests(self._numbers, self._similarity, self._minds.taste, self._minds.interest)


def told(rows: Column, duration: Column) -> Batch:
    """The written rows in time order, with every column of an exposure.

    `viewer` `video` `at` (ms) `session` `position` `surface` (0 for you, 1 shared, 2 search) `seconds` `furthest`
    `replays`, whether `finish` `skip` and each of `ACTS`, and what feeds are not told: `match` and `pleasure`, 0 to 1.
    """
    rows = rows[np.argsort(rows["at"], kind="stable")]
    columns = {name: np.ascontiguousarray(rows[name]) for name in records.ROW.names or () if name != "acts"}
    finish = columns["seconds"] >= duration[columns["video"]]
    done = {name: rows["acts"] >> number & 1 > 0 for number, name in enumerate(ACTS)}
    return Batch({**columns, "finish": finish, "skip": (columns["seconds"] < FIRST_S) & ~finish, **done})
