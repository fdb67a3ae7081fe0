"""The log in one SQLite file: a row for each batch, packed.

Whatever was appended since the last commit waits in memory; a sync commits all of it at once, and those who sync
meanwhile find theirs done (group commit). What cannot be read any more is left out, named, and said loudly; the rest
is there.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time  # only for how long a full disk is left alone
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from foryou.backends import connection
from foryou.backends.connection import connect, transaction
from foryou.backends.held import Held
from foryou.backends.memory import thinned
from foryou.backends.pack import deflated, holds, pack, unpack
from foryou.backends.salvage import Row, is_damage, joined, rows_around
from foryou.core.batch import Batch
from foryou.core.errors import BackendError
from foryou.core.ports import Damage, Mark, Offset, Record

_PAGE = 16
"""Batches fetched at once: reading holds no more than these in memory."""
_MOST_WAITING = 16 << 20
"""Bytes that may wait for a sync; an append beyond them commits first."""
_MOST_HELD = 128 << 20
"""Bytes that may wait while the disk is full: some 20,000 slates."""
_AT_ONCE = 8 << 20
"""Bytes in one transaction, so that a nearly full disk takes what it can."""
_LEAVE_S = 1.0
"""Seconds after a failure in which an append does not try the disk again; whoever needs a sync does."""
_FREED = 256
"""Pages given back at a time: a megabyte, so that nobody waits for long."""

_INSERT = 'INSERT INTO log ("offset", stream, "rows", payload) VALUES (?, ?, ?, ?)'
_MARK = "INSERT OR REPLACE INTO marks VALUES (?, ?)"
_DELETE = 'DELETE FROM log WHERE stream = ? AND "offset" < ?'
_THICK = (
    'SELECT "offset", payload FROM log WHERE stream = ? AND "offset" > ? AND "offset" < ? AND kept IS NOT ? '
    f'ORDER BY "offset" LIMIT {_PAGE}'
)
_LATEST = 'SELECT "offset", stream, "rows", payload FROM log WHERE stream IN ({}) ORDER BY "offset" DESC LIMIT 8'
_REPLACE = 'UPDATE log SET "rows" = ?, payload = ? WHERE "offset" = ?'

_LOG = logging.getLogger("foryou")


class SqliteLog:
    """A log in one SQLite file (WAL, full sync). One process may have it open at a time.

    A failure (a full disk, say) raises BackendError and loses nothing: batches that were appended and not yet synced
    wait, and the next sync tries them again.
    """

    def __init__(self, path: Path, recover: bool = True) -> None:
        """`recover`: mend what a crash or damage left; not where another process may have it open."""
        self._path = path
        self._waiting: list[Row] = []
        self._waiting_bytes = 0
        self._marks: list[tuple[Offset, str, int]] = []
        """Those of batches that wait."""
        self._failed_at = -_LEAVE_S
        self._state = threading.Lock()
        """Guards what waits and the end: held for microseconds, never while the disk works."""
        self._committing = threading.Lock()
        self._reading = threading.Lock()
        self._rewriting = threading.Lock()
        self._damaged: dict[Offset, Damage] = {}
        self._closed = False
        with self._named_failure("open"):
            for damage in connection.mended(path) if recover else ():
                self._note(damage)
            self._writer = connect(path)
            try:
                self._reader = connect(path)
                found = self._writer.execute("SELECT seq FROM sqlite_sequence WHERE name = 'log'").fetchone()
            except BaseException:
                self._writer.close()
                raise
        self._end: Offset = found[0] if found else 0
        self._held = 0
        """How many of what waits are in the spool."""
        self._spool: Held | None = None
        if recover:
            self._recover(Held(path.with_name(path.name.partition(".")[0] + ".waiting")))

    def _recover(self, spool: Held) -> None:
        """Commit what a process that was killed left in the spool."""
        self._spool = spool
        for row in spool.read():
            if row[0] > self._end:
                self._waiting.append(row)
                self._waiting_bytes += len(row[3])
                self._end = row[0]
        self._held = len(self._waiting)
        with suppress(BackendError):  # a full disk: they wait on
            self.sync()

    def hold(self) -> None:
        """As the port says. Where a full disk does not take it, it waits in memory alone."""
        with self._state:
            if self._spool is not None and self._held < len(self._waiting):
                with suppress(OSError):
                    self._spool.put(self._waiting[self._held :])
                    self._held = len(self._waiting)

    def _spool_again(self, left: int) -> None:
        """Hold the first `left` of what waits, and nothing else. Under the state's lock."""
        if self._held and self._spool is not None:
            self._spool.clear()
            self._held = 0
            if left:
                with suppress(OSError):
                    self._spool.put(self._waiting[:left])
                    self._held = left

    def append(self, stream: str, rows: Batch, mark: Mark | None = None) -> Offset:
        payload = pack(rows, deflate=False)  # that takes time, which whoever commits has
        if self._waiting_bytes + len(payload) > _MOST_WAITING and time.monotonic() - self._failed_at > _LEAVE_S:
            try:
                self.sync()
            except BackendError:
                if self._waiting_bytes + len(payload) > _MOST_HELD:
                    raise
        if self._waiting_bytes + len(payload) > _MOST_HELD:
            raise BackendError(f"cannot write to log {self._path}: {self._waiting_bytes >> 20} MiB wait for the disk")
        with self._state:
            self._check_open()
            self._end += 1
            self._waiting.append((self._end, stream, len(rows), payload))
            self._waiting_bytes += len(payload)
            if mark is not None:
                self._marks.append((self._end, *mark))
            return self._end

    def marks(self) -> Mapping[str, int]:
        with self._committing, self._named_failure("read"):
            found: dict[str, int] = dict(self._writer.execute("SELECT name, position FROM marks").fetchall())
        with self._state:
            return found | {name: position for _, name, position in self._marks}

    def unmark(self, names: Iterable[str]) -> None:
        gone = tuple(names)
        with self._state:
            self._marks = [mark for mark in self._marks if mark[1] not in gone]
        with self._committing, self._named_failure("write to"):
            self._writer.executemany("DELETE FROM marks WHERE name = ?", [(name,) for name in gone])

    def sync(self) -> None:
        with self._committing:
            with self._state:
                self._check_open()
                batches, marks = self._waiting.copy(), self._marks.copy()
            for some in _slices(batches):
                with_them = [mark for mark in marks if some[0][0] <= mark[0] <= some[-1][0]]
                try:
                    with self._named_failure("write to"), transaction(self._writer):
                        self._writer.executemany(_INSERT, ((*about, deflated(payload)) for *about, payload in some))
                        self._writer.executemany(_MARK, [mark[1:] for mark in with_them])
                except BackendError:
                    self._failed_at = time.monotonic()
                    raise
                with self._state:
                    del self._waiting[: len(some)]
                    del self._marks[: len(with_them)]
                    self._waiting_bytes -= sum(len(payload) for *_, payload in some)
                    self._spool_again(max(0, self._held - len(some)))

    def withdraw(self, offsets: Sequence[Offset]) -> set[Offset]:
        """As the port says; what another sync has made durable in the meantime stays."""
        with self._committing, self._state:
            waiting = {offset for offset, *_ in self._waiting}
            back = waiting & set(offsets)
            self._waiting = [each for each in self._waiting if each[0] not in back]
            self._waiting_bytes = sum(len(payload) for *_, payload in self._waiting)
            self._spool_again(len(self._waiting))
            return set(offsets) - back

    def read(
        self, after: Offset = 0, streams: tuple[str, ...] = (), needles: tuple[bytes, ...] = ()
    ) -> Iterator[Record]:
        """As the port says. What is appended while the iteration runs may or may not still come."""
        for offset, stream, count, payload in self._rows(after, streams):
            try:
                if not needles or holds(payload, needles):
                    yield Record(offset, stream, unpack(payload))
            except BackendError as problem:
                self._note(Damage(offset, offset, stream, count, str(problem)))

    def _rows(self, after: Offset, streams: tuple[str, ...]) -> Iterator[Row]:
        """The rows after an offset: those of the file, then those that wait."""
        chosen = f"AND stream IN ({', '.join('?' * len(streams))})" if streams else ""
        page = (
            f'SELECT "offset", stream, "rows", payload FROM log WHERE "offset" > ? {chosen} '
            f'ORDER BY "offset" LIMIT {_PAGE}'
        )
        while True:
            # What waits is looked at first: a batch that is committed in between is then found in the file.
            with self._state:
                self._check_open()
                waiting = self._waiting.copy()
            try:
                with self._reading:
                    found = self._reader.execute(page, (after, *streams)).fetchall()
            except sqlite3.Error as problem:
                if not is_damage(problem):
                    raise BackendError(f"cannot read log {self._path}: {problem}") from problem
                yield from self._around(after, streams)
                break
            for row in found:
                after = row[0]
                yield row
            if len(found) < _PAGE:
                break
        for row in waiting:
            if row[0] > after and (not streams or row[1] in streams):
                yield row

    def _around(self, after: Offset, streams: tuple[str, ...]) -> Iterator[Row]:
        """The rest of the file, without what is damaged."""
        with self._reading, self._named_failure("read"):
            found = list(rows_around(self._reader, after, self._end))
        for each in found:
            if isinstance(each, Damage):
                self._note(each)
            elif not streams or each[1] in streams:
                yield each

    def latest(self, streams: tuple[str, ...]) -> Record | None:
        with self._state:
            waiting = [row for row in self._waiting if row[1] in streams]
        with self._reading, self._named_failure("read"):
            try:
                marks = ", ".join("?" * len(streams))
                found = self._reader.execute(_LATEST.format(marks), streams).fetchall()
            except sqlite3.Error as problem:
                if not is_damage(problem):
                    raise
                found = []
        for offset, stream, _, payload in (*reversed(waiting), *found):
            try:
                return Record(offset, stream, unpack(payload))
            except BackendError:
                continue
        return None

    def trim(self, stream: str, before: Offset, keep: tuple[str, ...]) -> int:
        """As the port says, for offsets below `before`. What a trim that was cut off has left, the next one does."""
        self.sync()
        if not keep:
            with self._committing, self._named_failure("trim"), transaction(self._writer):
                return self._writer.execute(_DELETE, (stream, before)).rowcount
        changed, after, kept = 0, 0, ",".join(sorted(keep))
        with self._rewriting:
            while True:
                with self._committing, self._named_failure("trim"):
                    found = self._writer.execute(_THICK, (stream, after, before, kept)).fetchall()
                    if not found:
                        return changed
                    thinner: list[tuple[str, bytes, Offset]] = []
                    for offset, payload in found:
                        try:
                            rows = unpack(payload)
                        except BackendError as problem:
                            self._note(Damage(offset, offset, stream, 0, str(problem)))
                            continue
                        thin = thinned(rows, keep)
                        changed += thin is not rows
                        thinner.append((kept, payload if thin is rows else pack(thin), offset))
                    with transaction(self._writer):
                        self._writer.executemany('UPDATE log SET kept = ?, payload = ? WHERE "offset" = ?', thinner)
                after = found[-1][0]

    def rewrite(
        self,
        streams: tuple[str, ...],
        upto: Offset,
        change: Callable[[Record], Batch],
        needles: tuple[bytes, ...] = (),
    ) -> int:
        """As the port says. Each batch is put in place by itself, so that events and slates hardly wait."""
        self.sync()
        changed = 0
        with self._rewriting:
            for record in self.read(0, streams, needles):
                if record.offset > upto:
                    break
                rows = change(record)
                if rows is record.rows:
                    continue
                changed += 1
                with self._committing, self._named_failure("rewrite"), transaction(self._writer):
                    if len(rows):
                        self._writer.execute(_REPLACE, (len(rows), pack(rows), record.offset))
                    else:
                        self._writer.execute('DELETE FROM log WHERE "offset" = ?', (record.offset,))
        return changed

    def shrink(self) -> bool:
        with self._committing, self._named_failure("shrink"):
            return connection.shrink(self._writer, _FREED)

    def scrub(self) -> None:
        self.sync()
        with self._committing, self._reading, self._named_failure("scrub"):
            connection.scrub(self._writer)

    def check(self, pause: Callable[[float], bool] = lambda seconds: False) -> None:
        for number, (offset, stream, count, payload) in enumerate(self._rows(0, ())):
            try:
                holds(payload, ())
            except BackendError as problem:
                self._note(Damage(offset, offset, stream, count, str(problem)))
            if number % 256 == 255 and pause(0.01):
                return

    @property
    def damaged(self) -> Sequence[Damage]:
        return joined(list(self._damaged.values()))

    @property
    def end(self) -> Offset:
        return self._end

    def close(self) -> None:
        """Sync and close. BackendError if that sync fails; it is closed all the same."""
        if self._closed:
            return
        try:
            self.sync()
        finally:
            with self._committing, self._reading, self._state:
                self._closed = True
                self._reader.close()
                self._writer.close()
                if self._spool is not None:
                    self._spool.close()

    def _note(self, damage: Damage) -> None:
        if damage.first not in self._damaged:
            self._damaged[damage.first] = damage
            _LOG.error(
                "log %s is damaged at offset %d (stream %s, %d rows): %s. It is left out, the rest is there; "
                "`foryou verify` says more, and with --repair puts it aside",
                self._path, damage.first, damage.stream or "unknown", damage.rows, damage.problem,
            )  # fmt: skip

    def _check_open(self) -> None:
        if self._closed:
            raise BackendError(f"log {self._path} is closed")

    @contextmanager
    def _named_failure(self, action: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as problem:
            raise BackendError(f"cannot {action} log {self._path}: {problem}") from problem


def _slices(batches: list[Row]) -> Iterator[list[Row]]:
    """Batches in order, in parts of about so many bytes."""
    some: list[Row] = []
    size = 0
    for row in batches:
        some.append(row)
        size += len(row[3])
        if size >= _AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some
