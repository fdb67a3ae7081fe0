"""What people did with videos, from any log of events: the file that `foryou export` writes, or a KuaiRand directory.

An exposure is a `watch` with seconds of a video whose length is known; an act belongs to the viewer's latest exposure
to that video before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.errors import NotFound, SettingsError
from foryou.simulator.behaviour import ACTS

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
    acts as (select kind, viewer, video, "at" from events where kind in ({kinds})),
    done as (
        select number, list(kind) as kinds from acts asof join watches
        on acts.viewer = watches.viewer and acts.video = watches.video and acts."at" >= watches."at" group by number)
    select viewer, "at", coalesce(surface, '') as surface, seconds, duration, {acts}
    from watches left join done using (number) order by number"""
_KUAIRAND = """
    select user_id as viewer, time_ms as "at", 'kuaishou-' || tab as surface, play_time_ms / 1000 as seconds,
           duration_ms / 1000 as duration, {acts}
    from read_parquet('{file}') where duration_ms > 0 order by time_ms, user_id, video_id"""


@dataclass(frozen=True)
class Log:
    """Exposures in time order, all of one surface: `viewer` (numbers), `at` (ms), `seconds`, `duration`, and a bool for
    each of `acts`, the acts that anybody did at all."""

    surface: str
    rows: Batch
    acts: tuple[str, ...]

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
    chosen = surface if surface is not None else str(names[np.bincount(place).argmax()])
    if chosen not in names:
        raise NotFound(f"{path} has no surface {chosen!r}; there are {', '.join(names)}")
    here = names[place] == chosen
    columns["viewer"] = np.unique(columns["viewer"], return_inverse=True)[1].astype(np.int64)
    rows = Batch({name: values[here] for name, values in columns.items()})
    return Log(chosen, rows, tuple(name for name in ACTS if rows[name].any()))


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
