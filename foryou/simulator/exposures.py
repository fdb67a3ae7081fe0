"""What people did with videos, from any log of events: the file that `foryou export` writes, or a KuaiRand directory.

An exposure is a `watch` with seconds of a video whose length is known. An act belongs to the viewer's latest exposure
to that video, during it or within half an hour, whether watches have the time of their start or of their end: with an
`impression` one knows when it began, without one both are possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import MINUTE, SECOND
from foryou.core.errors import NotFound, SettingsError
from foryou.simulator.behaviour import ACTS

REACH = 30 * MINUTE
"""ms after an exposure within which what is pressed is still of it."""
LATE = SECOND
"""ms by which an impression may be told later than the watch that begins with it."""
FIELDS = {
    "kind": "varchar", "at": "bigint", "viewer": "varchar", "video": "varchar", "surface": "varchar",
    "seconds": "double", "duration": "double",
}  # fmt: skip
"""The fields of the wire that are read."""
KUAIRAND = {
    "like": "is_like", "comment": "is_comment", "share": "is_forward", "follow": "is_follow",
    "visit": "is_profile_enter", "not_interested": "is_hate",
}  # fmt: skip
_EVENTS = """
    with events as ({events}),
    videos as (select video, max(duration) as duration from events where kind = 'video' group by video),
    watches as (
        select row_number() over (order by "at", viewer, w.video) as number, viewer, w.video, "at", surface, seconds,
               videos.duration
        from events w join videos using (video)
        where kind = 'watch' and seconds >= 0 and videos.duration > 0),
    shown as (select viewer, video, "at" as since from events where kind = 'impression'),
    begun as (
        select w.*, case when w."at" - since <= 1000 * seconds + {reach} then since end as since
        from watches w asof left join shown i
        on w.viewer = i.viewer and w.video = i.video and w."at" + {late} >= i.since),
    spans as (
        select *, least("at", since) as first, coalesce(since, "at") + 1000 * seconds as last,
               least("at", coalesce(since, "at" - 1000 * seconds)) as earliest
        from begun),
    acts as materialized (
        select row_number() over () as act, kind, viewer, video, "at" from events where kind in ({kinds})),
    joined as materialized (
        select act, kind, number from acts a join spans w using (viewer, video)
        where a."at" between earliest and greatest(w."at", last) + {reach}
        qualify row_number() over (
            partition by act order by case when a."at" between first and greatest(w."at", last) then 0
                                           when a."at" < w."at" then 1 else 2 end,
            abs(a."at" - w."at"), number) = 1),
    done as (select number, list(kind) as kinds from joined group by number)
    select viewer, "at", coalesce(surface, '') as surface, seconds, duration, {acts},
           (select count(*) from acts) as pressed, (select count(*) from joined) as found
    from watches left join done using (number) order by number"""
_KUAIRAND = """
    select user_id as viewer, time_ms as "at", 'kuaishou-' || tab as surface, play_time_ms / 1000 as seconds,
           duration_ms / 1000 as duration, {acts}, 0 as pressed, 0 as found
    from read_parquet('{file}') where duration_ms > 0 order by time_ms, user_id, video_id"""


@dataclass(frozen=True)
class Log:
    """Exposures in time order, all of one surface: `viewer` (numbers), `at` (ms), `seconds`, `duration`, and a bool for
    each of `acts`, the acts that anybody did at all."""

    surface: str
    rows: Batch
    acts: tuple[str, ...]
    pressed: int = 0
    lost: int = 0
    """How many acts the log has, on all surfaces, and how many of them are of no exposure."""

    @property
    def days(self) -> float:
        """How long it is from the first exposure to the last."""
        return max(float(self.rows["at"][-1] - self.rows["at"][0]) / 86_400_000, 0.01)


def read(path: Path, surface: str | None = None) -> Log:
    """The exposures of a surface, or of the one that has most. NotFound if there are none."""
    columns = _columns(path)
    names, place = np.unique(columns.pop("surface").astype(str), return_inverse=True)
    if not len(place):
        raise NotFound(f"{path} has no watch with seconds of a video with a duration")
    pressed, joined = (int(columns.pop(name)[0]) for name in ("pressed", "found"))
    chosen = surface if surface is not None else str(names[np.bincount(place).argmax()])
    if chosen not in names:
        raise NotFound(f"{path} has no surface {chosen!r}; there are {', '.join(names)}")
    here = names[place] == chosen
    columns["viewer"] = np.unique(columns["viewer"], return_inverse=True)[1].astype(np.int64)
    rows = Batch({name: values[here] for name, values in columns.items()})
    return Log(chosen, rows, tuple(name for name in ACTS if rows[name].any()), pressed, pressed - joined)


def _columns(path: Path) -> dict[str, Column]:
    try:
        with duckdb.connect() as connection:
            found = connection.sql(_query(connection, path)).fetchnumpy()
    except duckdb.Error as error:
        raise SettingsError(f"cannot read {path}: {str(error).splitlines()[0]}") from error
    return {
        name: np.asarray(values.filled(0) if isinstance(values, np.ma.MaskedArray) else values)
        for name, values in found.items()
    }


def _query(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    file = str(path / "impressions.parquet" if path.is_dir() else path).replace("'", "''")
    if not Path(file.replace("''", "'")).is_file():
        raise NotFound(f"there is no file {file}")
    if path.is_dir():
        acts = (f"{KUAIRAND[name]} as {name}" if name in KUAIRAND else f"false as {name}" for name in ACTS)
        return _KUAIRAND.format(file=file, acts=", ".join(acts))
    return _EVENTS.format(
        events=_events(connection, file),
        reach=REACH,
        late=LATE,
        kinds=", ".join(f"'{name}'" for name in ACTS),
        acts=", ".join(f"coalesce(list_contains(kinds, '{name}'), false) as {name}" for name in ACTS),
    )


def _events(connection: duckdb.DuckDBPyConnection, file: str) -> str:
    if not file.lower().endswith(".parquet"):
        columns = ", ".join(f"\"{name}\": '{kind}'" for name, kind in FIELDS.items())
        return f"select * from read_json('{file}', format = 'newline_delimited', columns = {{{columns}}})"
    there = {str(row[0]) for row in connection.sql(f"describe select * from read_parquet('{file}')").fetchall()}
    missing = {"kind", "at", "viewer", "video", "seconds", "duration"} - there
    if missing:
        raise SettingsError(f"{file} has no column {', '.join(sorted(missing))}; `foryou export` writes them")
    columns = ", ".join(f'"{name}"' if name in there else f'null as "{name}"' for name in FIELDS)
    return f"select {columns} from read_parquet('{file}')"
