"""The engine: the one place where log, tables, models and recipes are wired together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import inf

import numpy as np
from numpy.typing import NDArray

from foryou.backends.open import Backend, open_backend
from foryou.backends.spool import Spooled
from foryou.background import Background
from foryou.commit import GroupCommit
from foryou.core.batch import Batch
from foryou.core.clock import MINUTE, Clock, SteadyClock, SystemClock
from foryou.core.ids import id_of
from foryou.core.memory import HEAP, Memory
from foryou.core.ports import Model, Offset, Record
from foryou.damage import told_of
from foryou.erasing import ERASED_STREAM, Erasures
from foryou.explaining import Explanations
from foryou.features import mentions
from foryou.features.counters import doubted_share
from foryou.features.documents import fold_documents
from foryou.features.fold import ACCEPTED, EVENTS_STREAM, SERVED_STREAM, create_tables, fold_served, unfolded
from foryou.features.slates import find_slate
from foryou.features.trust import suspicious
from foryou.feed.numbers import Numbers, go_on
from foryou.feed.serve import Ask, Served
from foryou.handed import SPOOL, Handed
from foryou.models.threads import one_blas_thread
from foryou.owned import Owned
from foryou.postponed import Postponed
from foryou.recovery import Recovery, Still
from foryou.retention import EXPLAINED_STREAM, Retention
from foryou.serving import Feeds
from foryou.settings import Settings
from foryou.succession import Succession
from foryou.telling import Telling
from foryou.text.open import open_embedder
from foryou.texts import TEXTS_STREAM, Texts
from foryou.training.stream import Learner
from foryou.versions import Version, Versions

MODELS_STREAM = "models"
"""Versions that somebody asked to go back to: it is part of what the models depend on."""
SEALED_STREAM = "sealed"
"""Where lessons were cut because no events came that would have cut them: the models depend on that too."""
POSITION = "position"
"""Under which other processes find how far the tables are."""
EXPLAINED_EACH = 4  # slates, before anything else is looked at again

_LOG = logging.getLogger("foryou")


@dataclass
class Engine(Telling):
    """Events in, feeds out. Every method may be called from any thread; `work` is called by one."""

    backend: Backend
    settings: Settings
    clock: SteadyClock
    texts: Texts

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        log, store, documents = self.backend.log, self.backend.store, self.backend.documents
        self.succession = Succession(self.settings, self.backend, self._lock)
        self._postponed = Postponed(log, self._lock, self._fold_late)
        self._still = Still(self.succession.lock, self._lock, self._postponed.adding)
        self._position = self.backend.memory.zeros(2, np.int64)
        self.backend.memory.publish(POSITION, {"reached": self._position})
        self.recovery = Recovery(self.backend, self.texts, self._still, self._position, self._fold, self.succession)
        self._commits = GroupCommit(log, store, self._lock, self._fold)
        self._background = Background(self.work, self._tidy, self.recovery.save_in_time)
        self._handed: Handed | None = None
        self._looked, self._closed = 0, False
        self._explanations = Explanations(
            documents, store, log, self._at_hand, self.note_explained, self.settings.trust
        )  # fmt: skip
        self._feeds = Feeds(
            store, documents, self.settings, self.clock, lambda: self.version, self.texts.current, self._caught_up,
            self._log_slate, self._explanations, Numbers(),
        )  # fmt: skip
        keep = partial(self.recovery.save, base=True)
        self._retention = Retention(log, store, documents, self._lock, self.settings.retention, keep)
        self._erasures = Erasures(
            log, store, documents, self.backend.models, self.clock, self._note_erased, keep,
            self._explanations.forget, self.succession.without, self._still,
        )  # fmt: skip
        self._owned = Owned(log, documents)

    @staticmethod
    def open(
        settings: Settings,
        clock: Clock | None = None,
        progress: Callable[[int, int], None] | None = None,
        memory: Memory = HEAP,
    ) -> Engine:
        """Open the back end and bring everything to where the log ends: the last save, then the log after it.

        What serves from this engine in other processes finds it in `memory`.
        """
        one_blas_thread()
        embedder = open_embedder(settings.text)
        backend = open_backend(settings.data.url, memory)
        backend.models.most = settings.learning.keep
        texts = Texts(backend.store, backend.documents, embedder, backend.index)
        engine = Engine(backend, settings, SteadyClock(clock or SystemClock()), texts)
        engine._recover(progress)
        return engine

    # --- events -----------------------------------------------------------------------------------------------------

    def accept(self, rows: Batch) -> NDArray[np.bool_]:
        """Log and fold events `[rows]`; durable on return. False for those whose id was accepted before.

        Calls that come together are synced together (group commit). BackendError if the log cannot take them: then
        none of them is accepted.
        """
        return self._commits.accept(rows)

    def _fold(self, record: Record) -> None:
        """Bring tables, documents and the learner's rows to after this record, and to after all that came before it."""
        self._postponed.catch_up(record.offset)
        self._fold_one(record)

    def _fold_late(self, record: Record) -> None:
        """A slate that was postponed, unless the log was read again since, and it with the log."""
        if record.offset > self._reached:
            self._fold_one(record)

    def _fold_one(self, record: Record) -> None:
        """The only way anything changes."""
        with self.recovery.folding:
            self._apply(record)
            self._reached = record.offset

    def _apply(self, record: Record) -> None:
        if record.stream == EVENTS_STREAM:
            rows = unfolded(self.backend.store, record.rows)
            fold_documents(self.backend.documents, rows)  # first: what a feed may bring has its name
            self.learner.fold(self.backend.store, rows)
            mentions.hear(self.backend.store, self.backend.documents, rows)
            self.versions.describe(rows)
            self.texts.hear(rows)
        elif record.stream == TEXTS_STREAM:
            self.texts.fold(record.rows)
        elif record.stream == SERVED_STREAM:
            fold_served(self.backend.store, record.rows, record.offset)
            self.learner.serve(record.rows)
        elif record.stream == EXPLAINED_STREAM:
            self._explanations.fold(record.rows)
        elif record.stream == SEALED_STREAM:
            self.learner.seal()
        elif record.stream == ERASED_STREAM:
            self._erasures.fold(record, self.learner, self.succession.lock)
        elif record.stream == MODELS_STREAM:
            self.succession.go_back(record.rows["version"][0].decode())

    @property
    def _reached(self) -> int:
        """The log offset that the tables have reached."""
        return int(self._position[0])

    @_reached.setter
    def _reached(self, offset: int) -> None:
        self._position[0] = offset

    def _caught_up(self) -> Offset:
        """The log offset that the tables have reached, once every slate is in them."""
        self.catch_up()
        return self._reached

    def _note(self, stream: str, rows: Batch) -> Offset:
        """Append to the log and fold; whoever calls has the lock."""
        offset = self.backend.log.append(stream, rows)
        self._fold(Record(offset, stream, rows))
        return offset

    def _log_slate(self, rows: Batch) -> None:
        self._postponed.add(SERVED_STREAM, rows)
        self.backend.log.hold()

    def _note_erased(self, stream: str, rows: Batch) -> Offset:
        with self._still:
            return self._note(stream, rows)

    def note_explained(self, rows: Batch) -> None:
        """Log and keep an explanation."""
        with self._lock:
            self._note(EXPLAINED_STREAM, rows)

    def take(self) -> None:
        """Log and fold the slates that were answered, here or by other processes, each once."""
        self.catch_up()
        if self._handed is not None:
            self._handed.take()

    def explained(self, rows: Batch) -> None:
        """Log and keep an explanation that another process made, if its slate is still there: its viewer may have been
        erased meanwhile."""
        request = int(rows["request"][0])
        since = (request >> 20) - self._erasures.latest  # nobody was erased since: it is still there
        if since > MINUTE or find_slate(self.backend.store, self.backend.log, SERVED_STREAM, request) is not None:
            self.note_explained(rows)

    # --- feeds ------------------------------------------------------------------------------------------------------

    def feed(self, ask: Ask, due: float = inf) -> Served:
        """The next slate for a viewer; it is logged before it is answered, and explained when there is time.

        With a time on the scale of `time.perf_counter` at which it is due, it may be degraded (see `Pipeline`).
        """
        return self.feeds.feed(ask, due)

    @property
    def feeds(self) -> Feeds:
        """What serves."""
        return self._feeds

    def catch_up(self) -> None:
        """Every slate that was answered is in the tables when this returns."""
        self._postponed.catch_up()

    def _at_hand(self) -> tuple[Model, ...]:
        return self.version.model, self.feeds.fallback

    def explain(self, request: str, video: str, language: str = "en", viewer: str | None = None) -> dict[str, object]:
        """Why a video was where it was in a slate. NotFound (`gone` after 30 days) names what is missing; Forbidden if
        it was another viewer's than the one given."""
        self.catch_up()
        return self._explanations.tell(request, video, language, self.clock(), viewer)

    def erase(self, viewer: str) -> dict[str, object]:
        """Take everything of a viewer out of everything; a receipt. On return no file holds anything of them."""
        self.take()
        receipt = self._erasures.erase(id_of("viewer", viewer))
        self.succession.swap(self.clock())
        if self._handed is not None:
            self._handed.scrub()
        return receipt

    def owned(self, viewer: str, after: Offset, most: int) -> tuple[list[dict[str, object]], Offset]:
        """What the log has of a viewer after an offset: see `Owned.page`."""
        self.take()
        return self._owned.page(viewer, after, most)

    def sent(self, viewer: str, event: str) -> dict[str, object]:
        """An event of a viewer as it was sent. NotFound if it is not in the log."""
        return self._owned.sent(viewer, event)

    def strike_out(self, viewer: str, event: str) -> None:
        """Take what a viewer wrote out of the log and every file: see `Owned.strike_out`."""
        self._owned.strike_out(viewer, event)

    # --- in the background ------------------------------------------------------------------------------------------

    @property
    def version(self) -> Version:
        """The version in use."""
        return self.versions.in_use

    @property
    def versions(self) -> Versions:
        """Those that serve, one after the other."""
        return self.succession.versions

    @property
    def learner(self) -> Learner:
        """What learns."""
        return self.succession.learner

    def work(self, most: int | None = 1024) -> bool:
        """Learn about `most` rows, swap in a new version, embed; and where that is nothing, and nothing came since the
        last look, explain some of what was answered. False if idle.

        Slates and explanations that no commit has taken along yet are synced too.
        """
        self.catch_up()
        with self._lock:
            if self.learner.due(self.clock()):
                self._note(SEALED_STREAM, Batch({"at": np.array([self.clock()])}))
        busy = self.learn(most)
        try:
            busy |= self.embed() > 0
            if not busy and self._reached == self._looked:
                busy = self._explanations.step(EXPLAINED_EACH)
            self._looked = self._reached
        finally:  # what fails in an embedder stops nothing else
            self.backend.log.sync()
        return busy

    def learn(self, most: int | None = 1024) -> bool:
        """Learn about `most` rows, and swap in a new version. False if idle."""
        return self.succession.learn(most, self.clock())

    def embed(self) -> int:
        """Make the vectors of some texts that wait, and log them; how many."""
        if len(rows := self.texts.step(self._lock)):
            with self._lock:
                self._note(TEXTS_STREAM, rows)
        return len(rows)

    def publish(self) -> None:
        """Swap in what was learned, at once and with the vectors of all videos."""
        self.succession.publish(self.clock())

    def models(self) -> dict[str, object]:
        """The version in use, those that are kept with their measures, and how the predictions of the learning one are
        calibrated."""
        return self.succession.told()

    def go_back(self, version: str) -> None:
        """Learn on from a kept version, and serve it at once. NotFound if it is not kept."""
        self.backend.models.read(version)
        with self._still:
            self._note(MODELS_STREAM, Batch({"version": np.array([version.encode()], object)}))
        self.backend.log.sync()
        self.publish()

    def tidy(self) -> None:
        """Thin and forget what was kept for long enough."""
        self._retention.tidy(self.clock())

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Work in threads of its own until `close`."""
        self._background.start()

    def _tidy(self, wait: Callable[[float], bool]) -> None:
        """What is kept too long goes, and damage is looked for."""
        self.tidy()
        self.backend.log.check(wait)

    def save(self, base: bool = False) -> Offset:
        """Keep tables and learner as they are, at the offset that is returned: see `Recovery.save`."""
        self.catch_up()
        return self.recovery.save(base)

    def close(self) -> None:
        """Stop working, save, and let go of everything. Closing twice is fine."""
        if self._closed:
            return
        self._closed = True
        self._background.stop()
        self._explanations.step()
        if not self.recovery.idle:
            self.save()
        if self._handed is not None:
            self._handed.close()
        self.backend.close()

    def _recover(self, progress: Callable[[int, int], None] | None) -> None:
        create_tables(self.backend.store)
        self.recovery.recover(progress)
        if self.backend.directory is not None:
            spooled = Spooled(self.backend.directory / SPOOL, self.backend.log)
            self._handed = Handed(spooled, self.backend.log, self._lock, self._fold)
            self.take()
        go_on(self.backend.log, self.clock, self.feeds.numbers)
        self._erasures.resume()
        self._position[1] = self.clock.reached
        self.publish()

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Forget tables, documents and model, and fold the log again: see `Recovery.rebuild`."""
        self.recovery.rebuild(progress, self.backend.documents.clear, self.publish)

    def export(self) -> Iterator[bytes]:
        """Every accepted event as it was sent, MessagePack, in log order."""
        for record in self.backend.log.read(0, (EVENTS_STREAM,)):
            yield from record.rows["raw"].tolist()

    def status(self) -> dict[str, object]:
        """Counts and measures for health checks and metrics."""
        self.catch_up()
        store = self.backend.store
        return {
            "events": store.count(ACCEPTED.name),
            "videos": store.count("video"),
            "viewers": store.count("session"),
            "model": self.version.model.version,
            "offset": self._reached,
            "suspicious": suspicious(store),
            "doubted_share": doubted_share(store),
            "texts_waiting": self.texts.waiting,
            "unexplained": self._explanations.waiting,
            "clock_behind_ms": self.clock.behind,
            **told_of(self.backend.log),
            "in_use": self.version.steps,
            **self.learner.counts(),
            "heads": self.learner.progress.measures(),
        }
