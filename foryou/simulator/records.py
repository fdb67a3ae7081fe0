"""A world as the loops read it: one record for each video and viewer, so that what is read together lies together."""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Column
from foryou.simulator.follows import follows
from foryou.simulator.watching import Minds
from foryou.simulator.world import World

REAL, SMALL = "f4", "i2"
FILM = np.dtype([
    ("creator", "i4"), ("leaf", SMALL), ("language", "i1"), ("format", "i1"), ("copy_of", "i4"), ("bait", "?"),
    *((name, REAL) for name in (
        "hook", "appeal", "picture", "duration", "likeable", "shareable", "set_hook", "set_finish", "set_like",
    )),
])  # fmt: skip
"""The columns of a world's videos that decide what viewers do."""
OFFSETS = ("liking", "commenting", "sharing", "saving", "following", "visiting", "refusing")
PERSON = np.dtype([
    ("offsets", REAL, (len(OFFSETS),)), ("hours", REAL, (24,)), ("weekdays", REAL, (7,)), ("friends", "i4", (8,)),
    ("visits", REAL), ("patience", REAL), ("zone_h", "i8"), ("language", "i1"), ("script_topic", SMALL),
    ("script_from", "i8"),
])  # fmt: skip
"""What never changes of a viewer."""
STATE = np.dtype([
    *((name, "i8") for name in (
        "next_at", "began", "last_at", "visit", "streak", "watched", "chance", "chance_at", "presses",
    )),
    *((name, "f8") for name in ("limit", "used", "mood", "gave", "habit")), ("inside", "?"),
])  # fmt: skip
"""What changes of a viewer: times in ms, the visit's number and mood, the habit of coming, the next chance to come, and
how often a scripted viewer still presses "not interested"."""
ROW = np.dtype([
    ("viewer", "i4"), ("video", "i4"), ("at", "i8"), ("session", "i8"), ("position", SMALL), ("surface", "i1"),
    ("seconds", REAL), ("furthest", REAL), ("replays", SMALL), ("match", REAL), ("pleasure", REAL),
    ("acts", SMALL),
])  # fmt: skip
"""One exposure; `acts` has a bit for each of `ACTS`."""
SENT = np.dtype([("viewer", "i4"), ("video", "i4"), ("at", "i8"), ("sender", "i4")])
"""A video that a friend was sent, and when it is looked at."""


def films(world: World) -> Column:
    """A record for each video."""
    found = np.zeros(len(world.videos), FILM)
    for name in FILM.names or ():
        found[name] = world.videos[name]
    return found


def people(world: World) -> Column:
    """A record for each viewer."""
    viewers = world.viewers
    found = np.zeros(len(viewers), PERSON)
    for name in ("hours", "weekdays", "friends", "visits", "patience", "language", "script_topic", "script_from"):
        found[name] = viewers[name]
    found["offsets"] = np.stack([viewers[name] for name in OFFSETS], axis=1)
    found["zone_h"] = np.round(np.asarray(viewers["zone"]) / 60)
    return found


def state(world: World) -> Column:
    """A record for each viewer: at first they all wait to come, or to join."""
    found = np.zeros(len(world.viewers), STATE)
    joined = np.maximum(np.asarray(world.viewers["joined"], np.int64), world.start)
    for name in ("next_at", "last_at", "chance_at"):
        found[name] = joined
    found["presses"] = world.viewers["script_presses"]
    return found


def minds(world: World) -> Minds:
    """Tastes, and a memory of nothing but whom they follow."""
    taste = np.array(world.viewers["taste"], np.float32, order="C")
    followed = np.zeros((len(taste), len(world.creators) // 8 + 1), np.uint8)
    viewer, creator = follows(world)
    np.bitwise_or.at(followed, (viewer, creator >> 3), np.uint8(1) << (creator & 7).astype(np.uint8))
    return Minds(
        content=np.array(world.videos["content"], np.float32, order="C"),
        taste=taste,
        interest=np.zeros_like(taste),
        satiation=np.zeros_like(taste),
        seen=np.zeros((len(taste), len(world.videos) // 8 + 1), np.uint8),
        followed=followed,
    )
