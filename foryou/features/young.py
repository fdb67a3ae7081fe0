"""The newest uploads with how far they have come, in a ring of fixed size: what a search for videos that look for an
audience looks at.

The ring takes a video when it is first described as young. A video that leaves it because so many newer ones came has
had its turn.
"""

from __future__ import annotations

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY
from foryou.core.event import CATALOG, TOPICS, Kind, of_kinds
from foryou.core.ports import Keys, Store
from foryou.core.table import Field, Table
from foryou.features.reach import REACH, awaited, lacks, room
from foryou.features.reach_settings import DEFAULT, ReachSettings

SIZE = 1 << 16
"""Places of the ring."""
DAYS = 30.0
"""A video that is described for the first time at a greater age is not new."""

YOUNG = Table(
    "young",
    (
        Field("item", "int64"),
        Field("uploaded", "int64", help="ms; 0 if it is not to be shown"),
        Field("language", "int64"),
        Field("topics", "int64", TOPICS),
        Field("stage", "int8"),
        Field("room", "float32", help="exposures that it still looks for in its stage"),
        Field("awaited", "float32", help="impressions in its stage whose watch has not come"),
        Field("lacks", "float32", help="share of its first look that it still lacks"),
        Field("shown", "int64", help="ms of the latest impression"),
        Field("entered", "int64", help="ms when it came to its stage"),
        Field("promise", "float32", help="its quality at the last look, or as it is expected"),
        Field("turns", "int64", help="in row 0: how many videos came so far"),
    ),
)
TURN = Table("turn", (Field("place", "int64", help="the row of YOUNG that was given to this video"),))
_COUNT = np.zeros(1, np.int64)


def describe(store: Store, rows: Batch, settings: ReachSettings = DEFAULT) -> None:
    """Fold what was said about videos `[rows]`, after the catalogue and the stages were folded."""
    uploaded = np.where(rows["uploaded"] != 0, rows["uploaded"], rows["at"])
    young = (rows["kind"] == Kind.VIDEO) & (rows["received"] - uploaded < DAYS * DAY) & (rows["video"] != 0)
    come = rows["video"][young]
    come = come[np.sort(np.unique(come, return_index=True)[1])]
    come = come[~store.has(TURN.name, come)]
    if len(come):
        turns = int(store.columns(YOUNG.name, _COUNT, ("turns",))["turns"][0])
        store.write(YOUNG.name, _COUNT, Batch({"turns": np.array([turns + len(come)])}))
        place = (turns + np.arange(len(come))) % SIZE + 1
        store.write(TURN.name, come, Batch({"place": place}))
        latest = slice(-SIZE, None)
        nobody = np.zeros(len(come[latest]), np.int64)
        store.write(YOUNG.name, place[latest], Batch({"item": come[latest], "shown": nobody}))
    video = np.unique(rows["video"][of_kinds(rows, CATALOG)])
    _update(store, video, settings, np.zeros(len(video), np.int64))


def expose(store: Store, rows: Batch, settings: ReachSettings = DEFAULT) -> None:
    """Fold what viewers did `[rows]`, after the stages were folded."""
    video, of = np.unique(rows["video"], return_inverse=True)
    shown = np.zeros(len(video), np.int64)
    np.maximum.at(shown, of, np.where(rows["kind"] == Kind.IMPRESSION, rows["at"], 0))
    _update(store, video, settings, shown)


def _update(store: Store, video: Keys, settings: ReachSettings, shown: Column) -> None:
    """Bring the rows of those videos that are in the ring to what the tables say, and to when they were `shown`."""
    place = store.columns(TURN.name, video, ("place",))["place"]
    video, shown, place = video[place != 0], shown[place != 0], place[place != 0]
    held = store.columns(YOUNG.name, place, ("item", "shown"))
    there = held["item"] == video
    if not there.any():
        return
    video, place, shown = video[there], place[there], np.maximum(shown, held["shown"])[there]
    about = store.columns("video", video, ("uploaded", "language", "topics", "known", "removed"))
    come = store.columns(REACH.name, video, ("stage", "status", "entered", "sums", "value"))
    store.write(
        YOUNG.name,
        place,
        Batch(
            {
                "uploaded": np.where((about["known"] == 1) & (about["removed"] == 0), about["uploaded"], 0),
                "language": about["language"],
                "topics": about["topics"],
                "stage": come["stage"],
                "room": room(come, settings),
                "awaited": awaited(come),
                "lacks": lacks(come),
                "shown": shown,
                "entered": come["entered"],
                "promise": come["value"],
            }
        ),
    )
