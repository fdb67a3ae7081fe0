"""KuaiRand (Gao et al., CIKM 2022, doi 10.1145/3511808.3557624) as events: videos, then what people watched, in time
order.

Reads a directory with `impressions`, `sequences`, `users` and `videos` `.parquet` (the project's copy of KuaiRand-Pure,
or any directory of the same form, with more or fewer days). What the log does not know is not made up: exposures of
`sequences` have an outcome (`long_view`, `like`) but no seconds, and no times either; they are spread evenly over the
time in which that viewer saw that many videos, ending at the time of the last one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import msgspec
import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import DAY, SECOND
from foryou.core.errors import NotFound, SettingsError
from foryou.core.event import TOPICS, Kind, events
from foryou.core.ids import id_of

CHUNK = 4096
ZONE = timezone(timedelta(hours=8))
"""Kuaishou's days are days in China."""
OFFSET = 480 + 1440
FILES = ("impressions", "sequences", "videos")
HISTORY_START = datetime(2022, 4, 8, tzinfo=ZONE)

_pack = msgspec.msgpack.Encoder().encode
_REACTIONS = (
    ("is_like", Kind.LIKE),
    ("is_comment", Kind.COMMENT),
    ("is_forward", Kind.SHARE),
    ("is_follow", Kind.FOLLOW),
    ("is_profile_enter", Kind.VISIT),
    ("is_hate", Kind.NOT_INTERESTED),
)

_TEXTS = frozenset({"upload_dt", "tag"})
_NUMBERS = frozenset(
    {
        *(name for name, _ in _REACTIONS), "user_id", "video_id", "author_id", "music_id", "time_ms", "long_view",
        "play_time_ms", "tab", "video_duration", "server_width", "server_height",
    }
)  # fmt: skip
_OF_VIDEOS = (
    "video_id", "author_id", "music_id", "upload_dt", "tag", "video_duration", "server_width", "server_height",
)  # fmt: skip
_OF_IMPRESSIONS = ("user_id", "video_id", "author_id", "time_ms", "play_time_ms", "tab", "long_view")


def day_ms(day: date) -> int:
    """The start of a day in China, ms UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp() * SECOND)


@dataclass(frozen=True)
class KuaiRand:
    """A KuaiRand directory. NotFound names the file that is missing; SettingsError says what cannot be read.

    `shift_ms` moves all times, for a demo in which the log ends now; whole days keep the hours. `chunk` is how many
    events make a batch: what is predicted or hydrated together is at most this far from its own time.
    """

    directory: Path
    shift_ms: int = 0
    chunk: int = CHUNK

    def __post_init__(self) -> None:
        for name in FILES:
            if not (self.directory / f"{name}.parquet").is_file():
                raise NotFound(
                    f"{self.directory} has no {name}.parquet; a KuaiRand directory holds "
                    f"{', '.join(f'{file}.parquet' for file in FILES)}"
                )

    def ending(self, now: int) -> KuaiRand:
        """The same log moved by whole days, to end in the day before `now` (ms)."""
        last = int(self._read("select max(time_ms) as last from '{dir}/impressions.parquet'")["last"][0])
        return replace(self, shift_ms=(now - last) // DAY * DAY)

    def impressions(self) -> dict[str, Column]:
        """All impressions in time order, as columns, with the video's author beside them."""
        return self._moved(
            """
            select i.*, coalesce(v.author_id, -1) as author_id from '{dir}/impressions.parquet' i
            left join '{dir}/videos.parquet' v using (video_id) order by time_ms, user_id, i.video_id""",
            _OF_IMPRESSIONS,
        )

    def catalogue(self) -> dict[str, Column]:
        """The videos as columns, in the order of their numbers."""
        return self._read("select * from '{dir}/videos.parquet' order by video_id", _OF_VIDEOS)

    def videos(self) -> Batch:
        """One event for each video, placed at its upload."""
        return _videos(self.catalogue(), self.shift_ms)

    def history(self, before: date | None = None) -> Iterator[Batch]:
        """The exposures of `sequences`, in time order; those before a day, if one is given."""
        yield from _chunks(_exposures(self.sequences(before), "h", self.shift_ms), self.chunk)

    def sequences(self, before: date | None = None) -> dict[str, Column]:
        """The exposures of `sequences` as columns, in time order; those before a day, if one is given."""
        rows = self._moved(
            """
            with each as (
                select user_id, last_time_ms, greatest(n_train_exposures, len(watch_seq)) as total, len(watch_seq) as n,
                       unnest(watch_seq) as video_id, generate_subscripts(watch_seq, 1) as place, like_seq,
                       long_watch_seq
                from '{dir}/sequences.parquet')
            select user_id, video_id, place, list_contains(like_seq, video_id) as is_like,
                   list_contains(long_watch_seq, video_id) as long_view,
                   cast(last_time_ms - (n - place) * (last_time_ms - {start}) / total as bigint) as time_ms
            from each order by time_ms, user_id, place""".replace(
                "{start}", str(int(HISTORY_START.timestamp() * SECOND))
            )
        )
        return rows if before is None else _where(rows, rows["time_ms"] < day_ms(before) + self.shift_ms)

    def older_long_views(self) -> dict[str, Column]:
        """Long views of `sequences` from before the exposures it still holds, without a time: viewers and videos."""
        return self._read(
            """
            with each as (select user_id, watch_seq, unnest(long_watch_seq) as video_id from '{dir}/sequences.parquet')
            select distinct user_id, video_id from each where not list_contains(watch_seq, video_id)
            order by user_id, video_id"""
        )

    def events(self, before: date | None = None) -> Iterator[Batch]:
        """The videos, the sequences, the impressions: all, or what happened before a day of the log."""
        yield from _chunks(self.videos(), self.chunk)
        yield from self.history(before)
        yield from self.exposures(self.impressions() if before is None else between(self.impressions(), None, before))

    def exposures(self, rows: dict[str, Column]) -> Iterator[Batch]:
        """Rows of `impressions` as events: an impression, a watch, and what else was done, all at the row's time."""
        yield from _chunks(_exposures(rows, "i", self.shift_ms), self.chunk)

    def size(self) -> int:
        """How many exposures there are in all: for progress bars."""
        return int(
            self._read("""select (select count(*) from '{dir}/impressions.parquet') +
            (select sum(len(watch_seq)) from '{dir}/sequences.parquet') as n""")["n"][0]
        )

    def _moved(self, query: str, needed: tuple[str, ...] = ()) -> dict[str, Column]:
        rows = self._read(query, needed)
        return {**rows, "time_ms": rows["time_ms"] + self.shift_ms}

    def _read(self, query: str, needed: tuple[str, ...] = ()) -> dict[str, Column]:
        where = str(self.directory).replace("'", "''")
        try:
            with duckdb.connect() as connection:
                found = connection.sql(query.replace("{dir}", where)).fetchnumpy()
        except (duckdb.Error, UnicodeError, RuntimeError) as error:  # names and messages may have bytes of the file
            raise SettingsError(f"cannot read {self.directory}: {str(error).splitlines()[0]}") from error
        if missing := [name for name in needed if name not in found]:
            raise SettingsError(f"cannot read {self.directory}: it has no column {missing[0]}")
        for name, values in found.items():
            if name in _TEXTS | _NUMBERS and (values.dtype == object) != (name in _TEXTS):
                right = "texts" if name in _TEXTS else "numbers"
                raise SettingsError(f"cannot read {self.directory}: its column {name} has no {right}")
        return {name: _plain(values) for name, values in found.items()}


def between(rows: dict[str, Column], first: date | None, end: date) -> dict[str, Column]:
    """The rows of `impressions` from a day on (or the first), up to and without another, by the log's own dates."""
    inside = rows["date"] < _number(end)
    return _where(rows, inside if first is None else inside & (rows["date"] >= _number(first)))


def _number(day: date) -> int:
    return int(f"{day:%Y%m%d}")


def _where(rows: dict[str, Column], mask: Column) -> dict[str, Column]:
    return {name: values[mask] for name, values in rows.items()}


def _plain(values: Column) -> Column:
    if isinstance(values, np.ma.MaskedArray):
        return values.filled("" if values.dtype == object else 0)
    return values


def _ids(kind: str, numbers: Column) -> Column:
    unique, row = np.unique(numbers, return_inverse=True)
    return np.array([id_of(kind, f"kr-{number}") if number >= 0 else 0 for number in unique.tolist()], np.int64)[row]


def _chunks(batch: Batch, size: int) -> Iterator[Batch]:
    for start in range(0, len(batch), size):
        yield batch.take(np.arange(start, min(start + size, len(batch))))


def _videos(rows: dict[str, Column], shift_ms: int) -> Batch:
    count = len(rows["video_id"])
    uploaded = np.array([_day(day) for day in rows["upload_dt"].tolist()], np.int64) + shift_ms
    tags = [[tag for tag in str(text).split(",") if tag] for text in rows["tag"].tolist()]
    topics = np.zeros((count, TOPICS), np.int64)
    raw = np.empty(count, object)
    for row, names in enumerate(tags):
        topics[row, : len(names[:TOPICS])] = [id_of("topic", name) for name in names[:TOPICS]]
        number, author, music = (int(rows[name][row]) for name in ("video_id", "author_id", "music_id"))
        raw[row] = _pack(
            {
                "id": f"kr-v-{number}",
                "kind": "video",
                "at": int(uploaded[row]),
                "video": f"kr-{number}",
                "author": f"kr-{author}",
                **({"hashtags": names} if names else {}),
                "uploaded": int(uploaded[row]),
                "language": "zh",
                **({"sound": f"kr-{music}"} if music > 0 else {}),
                **{
                    name: value
                    for name, value in (
                        ("duration", float(rows["video_duration"][row]) / 1000),
                        ("width", int(rows["server_width"][row])),
                        ("height", int(rows["server_height"][row])),
                    )
                    if value > 0
                },
            }
        )
    return events(
        {
            "id": np.array([id_of("event", f"kr-v-{number}") for number in rows["video_id"].tolist()], np.int64),
            "kind": np.full(count, Kind.VIDEO, np.int16),
            "at": uploaded,
            "received": uploaded,
            "video": _ids("video", rows["video_id"]),
            "author": _ids("author", rows["author_id"]),
            "sound": _ids("sound", np.where(rows["music_id"] > 0, rows["music_id"], -1)),
            "topics": topics,
            "duration": np.where(rows["video_duration"] > 0, rows["video_duration"] / 1000, -1),
            "uploaded": uploaded,
            "width": rows["server_width"],
            "height": rows["server_height"],
            "language": np.full(count, id_of("language", "zh"), np.int64),
            "raw": raw,
        }
    )


def _day(text: str) -> int:
    """A day as it is written there, ms UTC; 0 where there is none."""
    try:
        return day_ms(date.fromisoformat(text)) if text else 0
    except ValueError as error:
        raise SettingsError(f"upload_dt is {text[:30]!r}; expected a day such as 2022-04-01") from error


def _exposures(rows: dict[str, Column], series: str, shift_ms: int) -> Batch:
    """The events of exposures: for each row an impression and a watch, and one event for each thing that was done."""
    number = np.arange(len(rows["time_ms"]))
    done = [(name, kind) for name, kind in _REACTIONS if name in rows]
    of = [number, number, *(np.flatnonzero(rows[name]) for name, _ in done)]
    kinds = [Kind.IMPRESSION, Kind.WATCH, *(kind for _, kind in done)]
    source = np.concatenate(of)
    kind = np.repeat(np.array([int(each) for each in kinds], np.int16), [len(each) for each in of])
    order = np.argsort(source, kind="stable")
    source, kind = source[order], kind[order]
    at = rows["time_ms"][source]
    watch = kind == Kind.WATCH
    columns: dict[str, Column] = {
        "kind": kind,
        "at": at,
        "received": at,
        "viewer": _ids("viewer", rows["user_id"])[source],
        "video": _ids("video", rows["video_id"])[source],
        "offset": np.full(len(kind), OFFSET, np.int16),
    }
    if "play_time_ms" in rows:
        columns["seconds"] = np.where(watch, np.minimum(rows["play_time_ms"][source] / 1000, 3600), -1)
        columns["author"] = _ids("author", rows["author_id"])[source]
        tabs, tab = np.unique(rows["tab"], return_inverse=True)
        surfaces = np.array([id_of("surface", f"kuaishou-{each}") for each in tabs.tolist()], np.int64)
        columns["surface"] = surfaces[tab[source]]
    columns["long_view"] = np.where(watch, rows["long_view"][source], -1)
    names = _names(rows, series, source, kind, shift_ms)
    columns["id"] = np.array([id_of("event", name) for name in names], np.int64)
    columns["raw"] = _raws(names, rows, source, kind, columns)
    return events(columns)


def _names(rows: dict[str, Column], series: str, source: Column, kind: Column, shift_ms: int) -> list[str]:
    """The events' own ids: what was shown to whom when, so that another part of the log never repeats one."""
    times = rows["time_ms"] - shift_ms
    rows_of = [
        f"kr-{series}-{user}-{video}-{at}"
        for user, video, at in zip(rows["user_id"].tolist(), rows["video_id"].tolist(), times.tolist(), strict=True)
    ]
    return [f"{rows_of[row]}-{what}" for row, what in zip(source.tolist(), kind.tolist(), strict=True)]


def _raws(
    names: list[str], rows: dict[str, Column], source: Column, kind: Column, columns: dict[str, Column]
) -> Column:
    wire = {int(each): each.wire for each in Kind}
    seconds = columns["seconds"].tolist() if "seconds" in columns else [-1.0] * len(names)
    raw = np.empty(len(names), object)
    every = zip(
        names,
        kind.tolist(),
        columns["at"].tolist(),
        rows["user_id"][source].tolist(),
        rows["video_id"][source].tolist(),
        seconds,
        columns["long_view"].tolist(),
        strict=True,
    )
    for row, (name, what, at, user, video, watched, long_view) in enumerate(every):
        event: dict[str, object] = {
            "id": name,
            "kind": wire[what],
            "at": at,
            "viewer": f"kr-{user}",
            "video": f"kr-{video}",
            "time_zone": "Asia/Shanghai",
        }
        if "tab" in rows:
            event["surface"] = f"kuaishou-{rows['tab'][source[row]]}"
        if what in (Kind.FOLLOW, Kind.VISIT):
            event["author"] = f"kr-{rows['author_id'][source[row]]}"
        if what == Kind.WATCH:
            event["long_view"] = bool(long_view)
            if watched >= 0:
                event["seconds"] = watched
        raw[row] = _pack(event)
    return raw
