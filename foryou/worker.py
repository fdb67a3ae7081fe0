"""A process that serves: it reads what the process with the log writes, and hands over what has to be logged.

To the API it is what the engine is in one process. While the process with the log is being started again it goes on
serving from what it has.
"""

from __future__ import annotations

import threading
import time  # only to wait
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from foryou.app import POSITION, Engine
from foryou.backends.arena import shared_array
from foryou.backends.memory import MemoryLog
from foryou.backends.open import Reading, read_backend
from foryou.backends.pack import pack, unpack
from foryou.backends.pipe import Asking
from foryou.backends.recent import Recent
from foryou.backends.spool import Spool
from foryou.backends.tables import AttachedTables
from foryou.core.batch import Batch
from foryou.core.clock import Clock, SteadyClock, SystemClock
from foryou.core.errors import BackendError, NotFound
from foryou.core.memory import Published
from foryou.core.ports import Index, Keys
from foryou.explaining import Explanations
from foryou.features.fold import create_tables
from foryou.features.history import SERVED, served_key
from foryou.feed.numbers import Numbers
from foryou.feed.serve import Ask, Served
from foryou.handed import SPOOL
from foryou.models.linear import Linear
from foryou.models.threads import one_blas_thread
from foryou.serving import Feeds
from foryou.settings import Settings
from foryou.telling import Telling
from foryou.texts import TEXTS
from foryou.versions import VECTORS, VERSION, Version, unpacked

SOCKET = "log.socket"
"""Where the process with the log answers, in the directory that the processes share."""
_IDLE_S = 0.02

_encode = msgspec.msgpack.Encoder(enc_hook=lambda value: value.tolist()).encode
_decode = msgspec.msgpack.Decoder().decode


def progress(shared: Path) -> NDArray[np.int64]:
    """How many times the log was opened (the number of the arena in use, 0 before there is any); and how far it was
    read, of how far it goes `[3]`."""
    found: NDArray[np.int64] = shared_array(shared / "progress", (3,), np.int64, owner=True)
    return found


def arena_of(shared: Path, number: int) -> Path:
    """Where the arena of a generation lies."""
    return shared / f"arena-{number}"


def answer(engine: Engine, what: str, body: bytes) -> bytes:
    """What the process with the log answers a process that serves."""
    if what == "accept":
        return np.packbits(engine.accept(unpack(body))).tobytes()
    if what == "explained":
        engine.explained(unpack(body))
        return b""
    name, arguments = _decode(body)
    if name not in _FORWARDED:
        raise BackendError(f"there is nothing called {name!r} to ask for")
    return _encode(getattr(engine, name)(*arguments))


_FORWARDED = ("erase", "explain", "models", "owned", "sent", "status", "strike_out")
"""What of an engine's methods serving processes ask for."""


class _Tables(AttachedTables):
    """The tables, and the slates that are not folded into them yet."""

    def __init__(self, published: Callable[[str], Published], recent: Recent) -> None:
        super().__init__(published)
        self._recent = recent

    def has(self, table: str, keys: Keys) -> NDArray[np.bool_]:
        found = super().has(table, keys)
        return found | self._recent.has(keys) if table == SERVED.name else found


@dataclass(slots=True)
class _Following:
    """The version in use, wherever it is published."""

    published: Published
    index: Index
    _version: Version | None = None

    def __call__(self) -> Version:
        arrays = self.published.news()
        if arrays is not None:
            self._version = unpacked(arrays, self.index)
        assert self._version is not None
        return self._version


class Worker(Telling):
    """Serves feeds as one of several processes; `number` is its own among them, from 0."""

    def __init__(self, settings: Settings, shared: Path, number: int, clock: Clock | None = None) -> None:
        one_blas_thread()
        self.settings, self.clock, self._shared, self._number = (
            settings,
            SteadyClock(clock or SystemClock()),
            shared,
            number,
        )
        assert settings.data.directory is not None
        self._directory = settings.data.directory
        self._ask = Asking(shared / SOCKET)
        self._recent = Recent(shared, number, processes=settings.server.workers)
        name = f"{number}.{self.clock()}"
        self._spool = Spool(self._directory / SPOOL, name)
        self._progress = progress(shared)
        self._numbers = Numbers(process=number)
        self._attaching, self._attached = threading.Lock(), 0
        self._reading: Reading | None = None
        self._feeds: Feeds | None = None
        self._asked = 0
        """Feeds so far."""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def feeds(self) -> Feeds:
        """What serves, from the tables of whoever has the log now. BackendError before there is anybody."""
        if self._attached != self._progress[0]:
            with self._attaching:
                self._attach()
        if self._feeds is None:
            raise BackendError("the log is being read; feeds can be had when it has been")
        return self._feeds

    def _attach(self) -> None:
        number = int(self._progress[0])
        if number == self._attached:
            return
        reading = read_backend(self._directory, arena_of(self._shared, number))
        self._recent.meet()
        store = _Tables(reading.published, self._recent)
        create_tables(store)
        texts = reading.index(TEXTS)
        version = _Following(reading.published(VERSION), reading.index(VECTORS))
        fallback = Linear()
        position = (reading.published(POSITION).news() or {})["reached"]
        self.clock.reached = max(self.clock.reached, int(position[1]))
        feeds = Feeds(
            store,
            reading.documents,
            self.settings,
            self.clock,
            version,
            lambda: texts,
            lambda: int(position[0]),
            self._log_slate,
            # What is not at hand here is explained from the log, by whoever has it.
            Explanations(
                reading.documents,
                store,
                MemoryLog(),
                lambda: (version().model, fallback),
                self._note_explained,
                self.settings.trust,
            ),
            self._numbers,
            fallback,
        )
        if self._reading is not None:
            self._reading.close()
        feeds.warm_up()
        feeds.rehearse()
        self._feeds = feeds
        self._reading, self._attached = reading, number

    def wait(self, told: Callable[[int, int], None]) -> None:
        """Until feeds can be had; `told` hears how far the log was read, of how far it goes, and may raise."""
        while not self._progress[0]:
            told(*self._progress[1:].tolist())
            time.sleep(_IDLE_S)
        assert self.feeds

    def catch_up(self) -> None:
        """Whoever has the log does."""

    def accept(self, rows: Batch) -> NDArray[np.bool_]:
        """As `Engine.accept`."""
        told = np.frombuffer(self._ask("accept", pack(rows, deflate=False)), np.uint8)
        return np.unpackbits(told, count=len(rows)).astype(np.bool_)

    def feed(self, ask: Ask, due: float = inf) -> Served:
        """As `Engine.feed`."""
        self._asked += 1
        return self.feeds.feed(ask, due)

    def explain(self, request: str, video: str, language: str = "en", viewer: str | None = None) -> dict[str, object]:
        """As `Engine.explain`."""
        try:
            return self.feeds.explanations.tell(request, video, language, self.clock(), viewer)
        except NotFound as error:
            if error.gone:
                raise
        told: dict[str, object] = self._forward("explain", request, video, language, viewer)
        return told

    def erase(self, viewer: str) -> dict[str, object]:
        """As `Engine.erase`."""
        told: dict[str, object] = self._forward("erase", viewer)
        return told

    def owned(self, viewer: str, after: int, most: int) -> tuple[list[dict[str, object]], int]:
        """As `Engine.owned`."""
        found, offset = self._forward("owned", viewer, after, most)
        return found, offset

    def sent(self, viewer: str, event: str) -> dict[str, object]:
        """As `Engine.sent`."""
        told: dict[str, object] = self._forward("sent", viewer, event)
        return told

    def strike_out(self, viewer: str, event: str) -> None:
        """As `Engine.strike_out`."""
        self._forward("strike_out", viewer, event)

    def models(self) -> dict[str, object]:
        """As `Engine.models`."""
        told: dict[str, object] = self._forward("models")
        return told

    def status(self) -> Mapping[str, object]:
        """As `Engine.status`."""
        assert self.feeds
        told: dict[str, object] = self._forward("status")
        return told

    def start(self) -> None:
        """Explain in a thread of its own until `close`, while nobody asks for feeds."""
        self._thread = threading.Thread(target=self._run, name="foryou-work", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hand over what is left and let go of everything. Closing twice is fine."""
        if self._stop.is_set():
            return
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._spool.close()
        self._ask.close()
        if self._reading is not None:
            self._reading.close()

    def _run(self) -> None:
        looked = 0
        while not self._stop.is_set():
            quiet, looked = self._asked == looked, self._asked
            try:
                busy = quiet and self.feeds.explanations.step(1)
            except BackendError:  # nobody has the log now
                busy = False
            if not busy:
                self._stop.wait(_IDLE_S)

    def _log_slate(self, rows: Batch) -> None:
        self._recent.add(served_key(rows["viewer"], rows["session"], rows["item"])[rows["session"] != 0])
        self._spool.put(rows)

    def _note_explained(self, rows: Batch) -> None:
        self._ask("explained", pack(rows, deflate=False))

    def _forward(self, name: str, *arguments: object) -> Any:
        return _decode(self._ask("call", _encode([name, arguments])))
