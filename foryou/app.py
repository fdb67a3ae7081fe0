"""The engine: the one place where log, tables, models and recipes are wired together."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foryou.backends.models import read_state
from foryou.backends.open import Backend, open_backend
from foryou.commit import GroupCommit
from foryou.core.batch import Batch, Column
from foryou.core.clock import Clock, SteadyClock, SystemClock
from foryou.core.errors import BackendError, ModelError, NotFound
from foryou.core.ids import id_of
from foryou.core.pipeline import Slate
from foryou.core.ports import Keys, Model, Models, Offset, Record
from foryou.damage import told_of
from foryou.erasing import ERASED_STREAM, Erasures
from foryou.explaining import Answered, Explanations
from foryou.features.documents import cards, fold_documents
from foryou.features.fold import ACCEPTED, EVENTS_STREAM, SERVED_STREAM, create_tables, fold_served, unfolded
from foryou.feed import recipe
from foryou.feed.numbers import Numbers
from foryou.feed.profile import profile
from foryou.feed.serve import Ask, Served, log_rows, request_for
from foryou.models.embedding import Admission
from foryou.models.linear import Linear
from foryou.models.ranker import Learning, Ranker
from foryou.models.threads import one_blas_thread
from foryou.retention import EXPLAINED_STREAM, Retention
from foryou.settings import Settings
from foryou.text.open import open_embedder
from foryou.texts import TEXTS_STREAM, Texts
from foryou.training.stream import Learner
from foryou.versions import Version, Versions

MODELS_STREAM = "models"
"""Versions that somebody asked to go back to: it is part of what the models depend on."""
SEALED_STREAM = "sealed"
"""Where lessons were cut because no events came that would have cut them: the models depend on that too."""
SAVE_EVERY = 20_000
"""Log records after which tables and model are saved; closing saves too."""
SAVE_RECOVERED = 1_000
"""Log records that were read at the start after which it is saved at once: one crash after another costs no more."""
EXPLAINED_EACH = 8
"""Slates that are explained before learning goes on."""

_LOG = logging.getLogger("foryou")


@dataclass
class Engine:
    """Events in, feeds out. Every method may be called from any thread; `work` is called by one."""

    backend: Backend
    settings: Settings
    clock: SteadyClock
    learner: Learner
    texts: Texts
    fallback: Model = field(default_factory=Linear)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._learning = threading.Lock()
        self._commits = GroupCommit(self.backend.log, self.backend.store, self._lock, self._fold)
        self._explanations = Explanations(self.backend.documents, self._note_explained)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._numbers = Numbers()
        self._reached = 0
        self._saved = 0
        self.versions = Versions(
            self.backend.store, self.backend.index, self._lock, self.settings.learning, self.settings.feed.seed
        )
        store, feed = self.backend.store, self.settings.feed
        self.recipes = {
            "for_you": recipe.for_you(
                store,
                lambda: self.version.model,
                lambda: self.version.index,
                lambda: self.version.codebook,
                self.texts.current,
                self.fallback,
                feed,
            ),
            "following": recipe.following(store, feed),
            "plain": recipe.plain(store),
        }
        log, documents = self.backend.log, self.backend.documents
        self._retention = Retention(log, store, documents, self._lock, self.settings.retention, self._keep)
        self._erasures = Erasures(
            log, store, documents, self.backend.models, self.clock, self._note_erased, self._keep,
            self._explanations.forget, self._without, self._lock,
        )  # fmt: skip
        self._closed = False

    @staticmethod
    def open(
        settings: Settings, clock: Clock | None = None, progress: Callable[[int, int], None] | None = None
    ) -> Engine:
        """Open the back end and bring everything to where the log ends: the last save, then the log after it."""
        one_blas_thread()
        embedder = open_embedder(settings.text)
        backend = open_backend(settings.data.url)
        backend.models.most = settings.learning.keep
        texts = Texts(backend.store, backend.documents, embedder, backend.index)
        steady = SteadyClock(clock or SystemClock())
        engine = Engine(backend, settings, steady, _learner(settings, backend.models), texts)
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
        """Bring tables, documents and the learner's rows to after this record; the only way anything changes."""
        if record.stream == EVENTS_STREAM:
            rows = unfolded(self.backend.store, record.rows)
            self.learner.fold(self.backend.store, rows)
            fold_documents(self.backend.documents, rows)
            self.versions.describe(rows)
            self.texts.hear(rows)
        elif record.stream == TEXTS_STREAM:
            self.texts.fold(record.rows)
        elif record.stream == SERVED_STREAM:
            fold_served(self.backend.store, record.rows)
            self.learner.serve(record.rows)
        elif record.stream == EXPLAINED_STREAM:
            self._explanations.fold(record.rows)
        elif record.stream == SEALED_STREAM:
            self.learner.seal()
        elif record.stream == ERASED_STREAM:
            self._erasures.fold(record, self.learner, self._learning)
        elif record.stream == MODELS_STREAM:
            self._go_back(record.rows["version"][0].decode())
        self._reached = record.offset

    def _note(self, stream: str, rows: Batch) -> Offset:
        """Append to the log and fold; whoever calls has the lock."""
        offset = self.backend.log.append(stream, rows)
        self._fold(Record(offset, stream, rows))
        return offset

    def _note_explained(self, rows: Batch) -> None:
        with self._lock:
            self._note(EXPLAINED_STREAM, rows)

    def _note_erased(self, stream: str, rows: Batch) -> Offset:
        with self._lock:
            return self._note(stream, rows)

    # --- feeds ------------------------------------------------------------------------------------------------------

    def feed(self, ask: Ask) -> Served:
        """The next slate for a viewer; it is logged before it is answered, and explained afterwards."""
        with self._lock:
            version = self.version
            number = self._numbers.next(self.clock())
            request = request_for(
                ask,
                self.backend.store,
                version.model,
                number,
                self.clock(),
                self._reached,
                self.settings.feed.seed,
                self.settings.demographics,
            )
            slate, trace = self.recipes[ask.surface](request)
            model = self.fallback if any(step.name == "fallback" for step in trace.steps) else version.model
            if len(slate):
                rows = log_rows(request, slate, id_of("model", model.version))
                self._note(SERVED_STREAM, rows)
                self._explanations.add(Answered(request, slate, trace, model, ask.surface))
        self.backend.log.hold()
        if self._explanations.full:
            self._explanations.step()
        return Served(str(number), ask.surface, model.version, self._items(slate), trace)

    def _items(self, slate: Slate) -> list[dict[str, object]]:
        known = cards(self.backend.documents, slate["item"].tolist())
        source, score = slate["source"].tolist(), slate["score"].tolist() if len(slate) else []
        return [
            {**card, "position": place, "source": recipe.SOURCES[source[place]], "score": score[place]}
            for place, card in enumerate(known)
        ]

    def explain(self, request: str, video: str, language: str = "en") -> dict[str, object]:
        """Why a video was where it was in a slate. NotFound (`gone` after 30 days) names what is missing."""
        return self._explanations.tell(request, video, language, self.clock())

    def video(self, video: str) -> dict[str, object]:
        """What is known of a video. NotFound if it was never described, or was removed."""
        number = id_of("video", video)
        state = self.backend.store.columns("video", np.array([number], np.int64), ("known", "removed"))
        if not state["known"][0] or state["removed"][0]:
            raise NotFound(f"there is no video {video!r}", gone=bool(state["removed"][0]))
        return cards(self.backend.documents, [number])[0]

    def viewer(self, viewer: str) -> dict[str, object]:
        """What is known of a viewer, in words they can check: interests, less-ofs, this week's signals."""
        with self._lock:
            return profile(self.backend.store, self.backend.documents, viewer, self.clock())

    def erase(self, viewer: str) -> dict[str, object]:
        """Take everything of a viewer out of everything; a receipt. On return no file holds anything of them."""
        receipt = self._erasures.erase(id_of("viewer", viewer))
        self._swap()
        return receipt

    def _without(self, state: Mapping[str, Column], viewers: Keys) -> Mapping[str, Column]:
        model = _learner(self.settings, self.backend.models).model
        model.restore(state)
        model.forget(viewers)
        return model.state()

    # --- in the background ------------------------------------------------------------------------------------------

    @property
    def version(self) -> Version:
        """The version in use."""
        return self.versions.in_use

    def work(self, most: int | None = 1024) -> bool:
        """Explain some of what was answered, learn about `most` rows, swap in a new version, save now and then, embed.
        False if idle.

        Slates and explanations that no commit has taken along yet are synced too.
        """
        busy = self._explanations.step(EXPLAINED_EACH)
        with self._lock:
            if self.learner.due(self.clock()):
                self._note(SEALED_STREAM, Batch({"at": np.array([self.clock()])}))
        with self._learning:
            busy |= self.learner.step(most) > 0
        if self.versions.due(self.learner.steps, self.clock()):
            self._swap()
        busy |= self.versions.follow(self.clock())
        if self._reached - self._saved >= SAVE_EVERY:
            self.save()
        try:
            busy |= self.embed() > 0
        finally:  # what fails in an embedder stops nothing else
            self.backend.log.sync()
        return busy

    def _swap(self) -> None:
        with self._learning:
            fresh, moved = self.learner.fresh(), self.learner.moved()
        self.versions.swap(*fresh, moved, self.clock())

    def embed(self) -> int:
        """Make the vectors of some texts that wait, and log them; how many."""
        rows = self.texts.step(self._lock)
        if len(rows) == 0:
            return 0
        with self._lock:
            self._fold(Record(self.backend.log.append(TEXTS_STREAM, rows), TEXTS_STREAM, rows))
        return len(rows)

    def publish(self) -> None:
        """Swap in what was learned, at once and with the vectors of all videos."""
        with self._learning:
            fresh, _ = self.learner.fresh(), self.learner.moved()
        self.versions.replace(*fresh, self.clock())

    def models(self) -> dict[str, object]:
        """The version in use, those that are kept with their measures, and how the predictions of the learning one are
        calibrated."""
        kept = self.backend.models.all()
        return {"in_use": self.version.model.version, "kept": kept, **self.learner.told()}

    def go_back(self, version: str) -> None:
        """Learn on from a kept version, and serve it at once. NotFound if it is not kept."""
        self.backend.models.read(version)
        rows = Batch({"version": np.array([version.encode()], object)})
        with self._lock:
            self._note(MODELS_STREAM, rows)
        self.backend.log.sync()
        self.publish()

    def _go_back(self, version: str) -> None:
        with self._learning:
            self.learner.step()
            try:
                self.learner.go_back(version)
            except NotFound:  # an old request in a log that is folded again
                _LOG.warning("model %s is not kept any more; going on without going back to it", version)

    def tidy(self) -> None:
        """Thin and forget what was kept for long enough."""
        self._retention.tidy(self.clock())

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Work in a thread of its own until `close`."""
        self._threads = [
            threading.Thread(target=run, name=f"foryou-{name}", daemon=True)
            for name, run in (("work", self._run), ("tidy", self._tidy))
        ]
        for thread in self._threads:
            thread.start()

    def _tidy(self) -> None:
        """Every hour by the machine's clock: what is kept too long goes, and damage is looked for."""
        while not self._stop.is_set():
            try:
                self.tidy()
                self.backend.log.check(self._stop.wait)
            except Exception:
                _LOG.exception("tidying up failed; trying again in an hour")
            self._stop.wait(3600.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                busy = self.work()
            except Exception:  # a full disk, say: what is served goes on, and so does this once it can
                _LOG.exception("the work in the background failed; trying again")
                busy = False
                self._stop.wait(1.0)
            if not busy:
                self._stop.wait(0.05)

    def save(self, base: bool = False) -> None:
        """Keep tables and learner as they are, so that the next start need not read the whole log.

        As a `base` they stand for what is then taken out of the log, and older saves go.
        """
        with self._lock, self._learning:
            self.backend.log.sync()
            self.backend.states.write(self._reached, self.learner.state(), base)
            self.backend.store.save(self._reached, base)
            self._saved = self._reached

    def _keep(self) -> Offset:
        with self._lock:
            self.save(base=True)
            return self._saved

    def close(self) -> None:
        """Stop working, save, and let go of everything. Closing twice is fine."""
        if self._closed:
            return
        self._closed = True
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._explanations.step()
        self.save()
        self.backend.close()

    def _recover(self, progress: Callable[[int, int], None] | None) -> None:
        create_tables(self.backend.store)
        self._replay(self._load(), progress)
        self._go_on()
        self._erasures.resume()
        if self._reached - self._saved >= SAVE_RECOVERED:
            try:
                self.save()
            except BackendError as problem:  # a full disk must not keep it from serving
                _LOG.warning("%s; the next start reads as much of the log again", problem)
        self.publish()

    def _load(self) -> Offset:
        """Tables and learner as they were last saved; without a save, empty."""
        offset = self.backend.store.load(self._restored)
        if not offset:
            self.learner = _learner(self.settings, self.backend.models)
        self._saved = self._reached = offset
        return offset

    def _go_on(self) -> None:
        """Time and request ids go on from the last ones in the log, whatever the clock says now."""
        for record in map(self.backend.log.latest, ((EVENTS_STREAM,), (SERVED_STREAM,))):
            if record is not None and len(record.rows):
                times = record.rows["received" if record.stream == EVENTS_STREAM else "at"]
                self.clock.reached = max(self.clock.reached, int(times.max()))
                if record.stream == SERVED_STREAM:
                    self._numbers.last = int(record.rows["request"].max())
        if self.clock.behind:
            _LOG.warning(
                "the clock is %d s behind the log: the time stands still until then", self.clock.behind // 1000
            )

    def _restored(self, offset: int) -> bool:
        """Whether the learner is where the tables are. If not (another version kept it), the log says it all again."""
        kept = self.backend.states.read(offset)
        if kept is None:
            return False
        try:
            self.learner.restore(kept)
        except ModelError:
            return False
        return True

    def _replay(self, after: int, progress: Callable[[int, int], None] | None = None) -> None:
        self.texts.open()
        end = self.backend.log.end
        for record in self.backend.log.read(after):
            self._fold(record)
            with self._learning:
                self.learner.step()
            if progress is not None:
                progress(record.offset, end)

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Forget tables, documents and model, and fold the log again: from its start, or from the base that stands for
        what has left it."""
        with self._lock:
            self.backend.store.clear()
            base = self._load()
            if not base:  # documents of before a base are in no log
                self.backend.documents.clear()
            self._replay(base, progress)
            self.publish()
        self.save()

    def export(self) -> Iterator[bytes]:
        """Every accepted event as it was sent, MessagePack, in log order."""
        for record in self.backend.log.read(0, (EVENTS_STREAM,)):
            yield from record.rows["raw"].tolist()

    def status(self) -> dict[str, object]:
        """Counts and measures for health checks and metrics."""
        store = self.backend.store
        return {
            "events": len(store.scan(ACCEPTED.name)[0]),
            "videos": len(store.scan("video", ("known",))[0]),
            "viewers": len(store.scan("session", ("count",))[0]),
            "model": self.version.model.version,
            "offset": self._reached,
            "texts_waiting": self.texts.waiting,
            "clock_behind_ms": self.clock.behind,
            **told_of(self.backend.log),
            "in_use": self.version.steps,
            **self.learner.counts(),
            "heads": self.learner.progress.measures(),
        }


def _learner(settings: Settings, models: Models) -> Learner:
    of = settings.learning
    learning = Learning(admission=Admission(of.admit_after, of.expire_days, of.embeddings))
    model = Ranker(seed=of.seed, learning=learning)
    if of.warm_start:
        model.restore(read_state(Path(of.warm_start)))
    return Learner(model, of, demographics=settings.demographics, models=models)
