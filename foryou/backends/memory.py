"""A log that ends with the process."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from foryou.core.batch import Batch
from foryou.core.ports import Damage, Mark, Offset, Record

_OFFSET = attrgetter("offset")


class MemoryLog:
    """A log that ends with the process: for tests and the simulator."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        """By offset."""
        self._end: Offset = 0
        self._trimmed: dict[tuple[str, tuple[str, ...]], Offset] = {}
        """Before which offset a stream has been trimmed to some columns: whoever trims comes back for what is new."""
        self._marks: dict[str, int] = {}
        self._lock = threading.Lock()

    def append(self, stream: str, rows: Batch, mark: Mark | None = None) -> Offset:
        with self._lock:
            self._end += 1
            self._records.append(Record(self._end, stream, rows))
            if mark is not None:
                self._marks |= dict([mark])
            return self._end

    def marks(self) -> Mapping[str, int]:
        with self._lock:
            return self._marks.copy()

    def unmark(self, names: Iterable[str]) -> None:
        with self._lock:
            for name in names:
                self._marks.pop(name, None)

    def hold(self) -> None: ...

    def sync(self) -> None:
        """Nothing outlives the process, so there is nothing to do."""

    def withdraw(self, offsets: Sequence[Offset]) -> set[Offset]:
        """Whatever was appended is as durable as it gets."""
        return set(offsets)

    def read(
        self, after: Offset = 0, streams: tuple[str, ...] = (), needles: tuple[bytes, ...] = ()
    ) -> Iterator[Record]:
        with self._lock:
            records = self._records[bisect_right(self._records, after, key=_OFFSET) :]
        return (record for record in records if not streams or record.stream in streams)

    def latest(self, streams: tuple[str, ...]) -> Record | None:
        return next((r for r in reversed(self._records) if r.stream in streams), None)

    def rewrite(
        self,
        streams: tuple[str, ...],
        upto: Offset,
        change: Callable[[Record], Batch],
        needles: tuple[bytes, ...] = (),
    ) -> int:
        changed, kept = 0, []
        with self._lock:
            for record in self._records:
                rows = change(record) if record.stream in streams and record.offset <= upto else record.rows
                changed += rows is not record.rows
                if rows is record.rows or len(rows):
                    kept.append(Record(record.offset, record.stream, rows))
            self._records = kept
        return changed

    def shrink(self) -> bool:
        return False

    def scrub(self) -> None: ...

    def check(self, pause: Callable[[float], bool] = lambda seconds: False) -> None: ...

    @property
    def damaged(self) -> Sequence[Damage]:
        return ()

    def trim(self, stream: str, before: Offset, keep: tuple[str, ...]) -> int:
        changed = 0
        with self._lock:
            start = bisect_left(self._records, self._trimmed.get((stream, keep), 0), key=_OFFSET)
            end = bisect_left(self._records, before, key=_OFFSET)
            records: list[Record] = []
            for record in self._records[start:end]:
                if record.stream != stream:
                    records.append(record)
                elif not keep:
                    changed += 1
                else:
                    rows = thinned(record.rows, keep)
                    changed += rows is not record.rows
                    records.append(Record(record.offset, stream, rows))
            self._records[start:end] = records
            self._trimmed[stream, keep] = max(before, self._trimmed.get((stream, keep), 0))
        return changed

    @property
    def end(self) -> Offset:
        return self._end

    def close(self) -> None: ...


def thinned(rows: Batch, keep: tuple[str, ...]) -> Batch:
    """The batch with only those of its columns; the same batch if it has no others."""
    names = [name for name in rows if name in keep]
    return rows if len(names) == len(rows.columns) else Batch({name: rows[name] for name in names}, len(rows))
