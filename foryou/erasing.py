"""Takes a viewer out of everything: tables, what learns, the log, documents, saves and versions of the model.

That somebody was erased is itself a record of the log, with a hash instead of an id: whatever is folded again, resumed
after a crash or restored from a backup erases again. A first record asks for it; from then on the viewer is unknown. A
second one, once no file holds anything of them any more, is the receipt.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b

import msgspec
import numpy as np

from foryou.core.batch import Batch, Column
from foryou.core.clock import Clock
from foryou.core.ports import Documents, Keys, Log, Models, Offset, Record, Store
from foryou.features import documents, erase
from foryou.features.fold import EVENTS_STREAM, SERVED_STREAM
from foryou.retention import EXPLAINED_STREAM
from foryou.training.stream import Learner

ERASED_STREAM = "erased"
ASKED, DONE = 0, 1

_NOBODY = np.zeros(0, np.int64)


def hash_of(viewer: int) -> bytes:
    """What the log keeps of an id: enough to know it when it comes again, and no way back to it."""
    return blake2b(viewer.to_bytes(8, "little"), digest_size=16, person=b"erased").digest()


def asked(log: Log) -> dict[bytes, Offset]:
    """Everybody who was ever erased, and where in the log that was asked (last)."""
    return {r.rows["whom"][0]: r.offset for r in log.read(0, (ERASED_STREAM,)) if r.rows["state"][0] == ASKED}


def ask_again(log: Log, whom: Mapping[bytes, int]) -> int:
    """Note in a log that was written before they were erased that these are to be erased too (hashes, and ms when it
    was first asked); how many were not known to it."""
    known = asked(log)
    fresh = {hashed: at for hashed, at in whom.items() if hashed not in known}
    for hashed, at in fresh.items():
        log.append(ERASED_STREAM, _row(hashed, ASKED, at, b""))
    log.sync()
    return len(fresh)


def _row(hashed: bytes, state: int, at: int, receipt: bytes) -> Batch:
    return Batch(
        {
            "whom": np.array([hashed], object),
            "state": np.array([state], np.int8),
            "at": np.array([at], np.int64),
            "receipt": np.array([receipt], object),
        }
    )


@dataclass
class Traces:
    """Where a viewer was found in the log: their sessions and the requests that they were served."""

    sessions: set[int] = field(default_factory=set)
    requests: set[int] = field(default_factory=set)

    def look(self, log: Log, viewer: int, after: Offset = 0) -> Offset:
        """Look through the slates after an offset; where the log ended."""
        end = log.end
        for record in log.read(after, (SERVED_STREAM,), (_bytes(viewer),)):
            mine = record.rows["viewer"] == viewer
            self.sessions |= set(record.rows["session"][mine].tolist())
            self.requests |= set(record.rows["request"][mine].tolist())
        return end

    @property
    def session_keys(self) -> Keys:
        """The sessions, as keys."""
        return np.array(sorted(self.sessions), np.int64)


@dataclass
class Erasures:
    """Erases viewers, one after another; `note` appends to the log and folds, `keep` makes the tables as they are the
    base. What is over is done by whoever opens the engine next."""

    log: Log
    store: Store
    documents: Documents
    models: Models
    clock: Clock
    note: Callable[[str, Batch], Offset]
    keep: Callable[[], Offset]
    unexplain: Callable[[set[int]], None]
    clean: Callable[[Mapping[str, Column], Keys], Mapping[str, Column]]
    """A state of the model without these viewers."""
    lock: AbstractContextManager[object]
    """Holds up whoever changes the tables or learns."""
    latest: int = field(init=False)
    """When (ms) somebody was erased last; 0 if never."""
    _one: threading.Lock = field(default_factory=threading.Lock)
    _known: dict[bytes, tuple[int, Keys]] = field(default_factory=dict)
    """The viewers that are being erased, with their sessions."""
    _gone: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        last = self.log.latest((ERASED_STREAM,))
        self.latest = int(last.rows["at"].max()) if last is not None else 0

    def erase(self, viewer: int) -> dict[str, object]:
        """Erase a viewer; the receipt. On return no file of the data directory holds anything of them.

        BackendError if the disk cannot take the record (then nothing happened) or what follows from it (then it is
        finished at the next start, or by asking again).
        """
        with self._one:
            traces = Traces()
            reached = traces.look(self.log, viewer)
            with self.lock:  # the slates since then are few
                traces.look(self.log, viewer, reached)
                self._known = {hash_of(viewer): (viewer, traces.session_keys)}
                try:
                    at = self.note(ERASED_STREAM, _row(hash_of(viewer), ASKED, self.clock(), b""))
                finally:
                    self._known = {}
            self.log.sync()
            self.unexplain(traces.requests)
            return self._finish(viewer, hash_of(viewer), at, traces)

    def fold(self, record: Record, learner: Learner, learning: AbstractContextManager[object]) -> None:
        """Forget whoever a record of the log says: in tables and learner. In a log that is folded again it is looked
        for by its hash, and is mostly not there any more."""
        hashed = record.rows["whom"][0]
        if record.rows["state"][0] != ASKED:
            return
        self.latest = max(self.latest, int(record.rows["at"].max()))
        with learning:
            viewer, sessions = self._known.get(hashed) or self._found(hashed, learner)
            if viewer:
                gone = erase.forget(self.store, viewer, sessions)
                self._gone = {f"table {name}": rows for name, rows in gone.items()} | learner.forget(viewer)

    def _found(self, hashed: bytes, learner: Learner) -> tuple[int, Keys]:
        for viewer in np.union1d(erase.viewers(self.store), learner.viewers).tolist():
            if viewer and hash_of(viewer) == hashed:
                traces = Traces()
                traces.look(self.log, viewer)
                return viewer, traces.session_keys
        return 0, _NOBODY

    def resume(self) -> int:
        """Finish what a crash, or a backup that was restored, left half done; how many erasures."""
        open_: dict[bytes, Offset] = {}
        for record in self.log.read(0, (ERASED_STREAM,)):
            hashed = record.rows["whom"][0]
            if record.rows["state"][0] == ASKED:
                open_[hashed] = record.offset
            else:
                open_.pop(hashed, None)
        if open_:
            named = self._named(set(open_), max(open_.values()))
            for hashed, at in open_.items():
                viewer, traces = named.get(hashed, 0), Traces()
                if viewer:
                    traces.look(self.log, viewer)
                self._finish(viewer, hashed, at, traces)
        return len(open_)

    def _named(self, hashes: set[bytes], upto: Offset) -> dict[bytes, int]:
        """The viewers of the log whose hashes these are."""
        seen: set[int] = set()
        for record in self.log.read(0, (EVENTS_STREAM, SERVED_STREAM)):
            if record.offset > upto:
                break
            for name in ("viewer", "sharer"):
                if name in record.rows:
                    seen.update(np.unique(record.rows[name]).tolist())
        return {hash_of(viewer): viewer for viewer in seen if hash_of(viewer) in hashes}

    def _finish(self, viewer: int, hashed: bytes, at: Offset, traces: Traces) -> dict[str, object]:
        """Everything but the tables in memory. In this order a crash leaves what is needed to go on."""
        removed, self._gone = dict(self._gone), {}
        self.keep()
        if viewer:
            removed["document explained"] = self.documents.remove("explained", sorted(traces.requests))
            for kind, ids in self._written(viewer).items():
                removed[f"document {kind}"] = self.documents.remove(kind, ids)
            removed["versions of the model"] = self._from_models(viewer)
            removed |= self._from_log(viewer, at, traces)  # it says who it is and which documents these are: not before
        self.documents.scrub()
        self.log.scrub()
        done = self.clock()
        receipt: dict[str, object] = {
            "whom": hashed.hex(),
            "offset": at,
            "done": done,
            "removed": {name: rows for name, rows in removed.items() if rows},
            "unreadable": sum(damage.rows for damage in self.log.damaged),
            "backups": "at their next cycle",
        }
        receipt["digest"] = blake2b(msgspec.json.encode(receipt, order="deterministic"), digest_size=16).hexdigest()
        self.note(ERASED_STREAM, _row(hashed, DONE, done, msgspec.json.encode(receipt)))
        self.log.sync()
        return receipt

    def _written(self, viewer: int) -> dict[str, list[int]]:
        """The documents that came of a viewer's events, by kind."""
        comments: set[int] = set()
        collections: set[int] = set()
        for record in self.log.read(0, (EVENTS_STREAM,), (_bytes(viewer),)):
            mine = record.rows.take(record.rows["viewer"] == viewer)
            comments.update(documents.commented(mine))
            collections.update(documents.collected(mine))
        return {"comment": sorted(comments), "collection": sorted(collections), "viewer": [viewer]}

    def _from_log(self, viewer: int, upto: Offset, traces: Traces) -> dict[str, int]:
        removed: dict[str, int] = {}

        def without(column: str, values: Keys) -> Callable[[Record], Batch]:
            def change(record: Record) -> Batch:
                mine = np.isin(record.rows[column], values)
                name = f"log {record.stream}"
                removed[name] = removed.get(name, 0) + int(mine.sum())
                return record.rows.take(~mine) if mine.any() else record.rows

            return change

        requests = np.array(sorted(traces.requests), np.int64)
        for part in range(0, len(requests), 64):
            some = requests[part : part + 64]
            self.log.rewrite(
                (EXPLAINED_STREAM,), self.log.end, without("request", some), tuple(map(_bytes, some.tolist()))
            )
        # Before their own events go: by these a start that has to go on knows who they are.
        self.log.rewrite((EVENTS_STREAM,), upto, partial(_unshared, viewer), (_bytes(viewer),))
        mine = np.array([viewer], np.int64)
        for stream in (SERVED_STREAM, EVENTS_STREAM):
            self.log.rewrite((stream,), upto, without("viewer", mine), (_bytes(viewer),))
        return removed

    def _from_models(self, viewer: int) -> int:
        gone = np.array([viewer], np.int64)
        for about in self.models.all():
            version = str(about["version"])
            self.models.replace(version, self.clean(self.models.read(version), gone))
        return len(self.models.all())


def _unshared(viewer: int, record: Record) -> Batch:
    """The events, of which none says that this viewer's share brought somebody."""
    rows = record.rows
    brought = rows["sharer"] == viewer if "sharer" in rows else np.zeros(len(rows), np.bool_)
    if not brought.any():
        return rows
    raw = rows["raw"].copy()
    for place in np.flatnonzero(brought).tolist():
        event = msgspec.msgpack.decode(raw[place]) if raw[place] else {}
        raw[place] = msgspec.msgpack.encode({name: value for name, value in event.items() if name != "sharer"})
    return rows.extend({"sharer": np.where(brought, 0, rows["sharer"]), "raw": raw})


def _bytes(number: int) -> bytes:
    return number.to_bytes(8, "little", signed=True)
