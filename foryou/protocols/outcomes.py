"""What came of videos that were shown, from the events of a log: seconds, and one mark for each thing that a viewer can
do.

An act belongs to the latest time, at most a day before, that the viewer was shown the video.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY, MINUTE
from foryou.core.event import KINDS, REACTIONS, Kind, of_kinds
from foryou.core.heads import NAMES
from foryou.core.ids import pair_of
from foryou.core.ports import Record
from foryou.features.enrich import OUTCOME_OF, watch_outcomes
from foryou.features.fold import EVENTS_STREAM

REWARDS: tuple[str, ...] = tuple(name for name in NAMES if name != "watch_rank")
"""The heads whose outcomes can be counted; `watch` in seconds."""
_MEANS = {kind: (name, 1.0) for kind, name in OUTCOME_OF.items()} | {
    kind: (OUTCOME_OF[rule.undoes], 0.0) for kind, rule in KINDS.items() if rule.undoes in OUTCOME_OF
}
"""What each act says: which mark is set, or taken back."""
BEHIND = 10 * MINUTE
"""ms by which a client's clock may be behind the server's."""
_READ = ("kind", "at", "viewer", "video", "seconds", "furthest", "replays", "long_view")


@dataclass
class Heard:
    """The events of a log that say something of videos, as they are read."""

    described: list[Batch] = field(default_factory=list)
    acts: list[Batch] = field(default_factory=list)

    def hear(self, records: Iterable[Record], viewers: Column | None = None) -> Heard:
        """Read records in the order of the log; of some viewers only, where they are named."""
        for record in records:
            if record.stream != EVENTS_STREAM:
                continue
            rows = record.rows
            videos = of_kinds(rows, (Kind.VIDEO,)) & (rows["duration"] > 0)
            if videos.any():
                self.described.append(rows.take(videos).select(("video", "at", "duration")))
            acted = of_kinds(rows, REACTIONS) & (rows["video"] != 0) & (rows["viewer"] != 0)
            acted = acted if viewers is None else acted & np.isin(rows["viewer"], viewers)
            if acted.any():
                self.acts.append(rows.take(acted).select(_READ))
        return self

    def durations(self, video: Column) -> Column:
        """Seconds of each video `[rows]`, as said last; -1 where nobody did."""
        if not self.described:
            return np.full(len(video), -1.0)
        said = Batch.concat(self.described)
        order = np.lexsort((said["at"], said["video"]))
        known, lasted = said["video"][order], said["duration"][order]
        place = np.searchsorted(known, video, side="right") - 1
        return np.where((place >= 0) & (known[place] == video), lasted[place], -1.0).astype(np.float64)

    def outcomes(self, viewer: Column, video: Column, at: Column) -> Batch:
        """For rows that were shown `[rows]` at ms: `seen`, and each of REWARDS, float64; 0 where nothing was said."""
        told = {name: np.zeros(len(viewer)) for name in ("seen", *REWARDS)}
        if self.acts and len(viewer):
            acts = Batch.concat(self.acts)
            row = _shown_last(pair_of(viewer, video), at, pair_of(acts["viewer"], acts["video"]), acts["at"])
            acts, row = acts.take(row >= 0), row[row >= 0]
            order = np.argsort(acts["at"], kind="stable")
            _mark(told, acts.take(order), row[order], self.durations(acts["video"][order]))
        return Batch(told)


def _shown_last(key: Column, at: Column, act_key: Column, act_at: Column) -> Column:
    """The row that each act belongs to; -1 where there is none. What was shown a little later than it was acted on
    belongs to it all the same: a client's clock may be behind."""
    order = np.lexsort((at, key))
    keys, times = key[order], at[order]
    found = np.searchsorted(keys, act_key, side="left")
    end = np.searchsorted(keys, act_key, side="right")
    row = np.full(len(act_key), -1)
    for act in np.flatnonzero(found < end).tolist():
        place = int(np.searchsorted(times[found[act] : end[act]], act_at[act], side="right")) - 1
        if place < 0 and times[found[act]] - act_at[act] <= BEHIND:
            place = 0
        if place >= 0 and act_at[act] - times[found[act] + place] <= DAY:
            row[act] = order[found[act] + place]
    return row


def _mark(told: dict[str, Column], acts: Batch, row: Column, duration: Column) -> None:
    """What acts in the order of time make of the rows that they belong to."""
    watched = acts["kind"] == Kind.WATCH
    told["seen"][row[watched | (acts["kind"] == Kind.IMPRESSION)]] = 1.0
    found = watch_outcomes(acts.take(watched), duration[watched])
    np.maximum.at(told["watch"], row[watched], found["seconds"])
    for name in ("long_view", "finish", "skip"):
        told[name][row[watched][found[name]]] = 1.0
    told["skip"][told["finish"] > 0] = 0.0
    for name in REWARDS:
        said = np.isin(acts["kind"], [kind for kind in Kind if _MEANS.get(kind, ("", 0.0))[0] == name])
        told[name][row[said]] = [_MEANS[Kind(kind)][1] for kind in acts["kind"][said].tolist()]  # the last one stays
