"""From what learns to what serves: when a version of the learner takes over, and to which one learning goes back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from foryou.backends.open import Backend
from foryou.core.batch import Column
from foryou.core.clock import Stopwatch
from foryou.core.errors import NotFound
from foryou.core.ports import Keys
from foryou.learners import learner_of
from foryou.settings import Settings
from foryou.training.stream import Learner
from foryou.versions import Versions

_LOG = logging.getLogger("foryou")


class Succession:
    """The learner, and the versions that are made of it. `lock` is held while anything is learned or made."""

    def __init__(self, settings: Settings, backend: Backend, folding: threading.RLock) -> None:
        """`folding` is the lock of whoever changes the tables; it may be taken while `lock` is held, not the other way
        round."""
        self._settings, self._backend = settings, backend
        self.lock = threading.RLock()
        self.spent = Stopwatch()
        """What was spent on learning since the last save."""
        self.learner: Learner
        self.renew()
        self.versions = Versions(
            backend.store, backend.index, folding, settings.learning, settings.feed.seed, backend.memory
        )

    def renew(self) -> None:
        """A learner that knows nothing yet."""
        self.learner = learner_of(self._settings, self._backend)

    def learn(self, most: int | None, now: int) -> bool:
        """Learn about `most` rows, and swap in a new version if it is time (ms). False if idle."""
        with self.lock, self.spent:
            busy = self.learner.step(most) > 0
        if self.versions.due(self.learner.steps, now):
            self.swap(now)
        return self.versions.follow(now) or busy

    def swap(self, now: int) -> None:
        """Swap in what was learned; the vectors of most videos follow."""
        with self.lock:
            fresh, moved = self.learner.fresh(), self.learner.moved()
        self.versions.swap(*fresh, moved, now)

    def publish(self, now: int) -> None:
        """Swap in what was learned, at once and with the vectors of all videos."""
        with self.lock:
            fresh, _ = self.learner.fresh(), self.learner.moved()
        self.versions.replace(*fresh, now)

    def go_back(self, version: str) -> None:
        """Learn on from a kept version; it is published by whoever wants it served."""
        with self.lock:
            self.learner.step()
            try:
                self.learner.go_back(version)
            except NotFound:  # an old request in a log that is folded again
                _LOG.warning("model %s is not kept any more; going on without going back to it", version)

    def without(self, state: Mapping[str, Column], viewers: Keys) -> Mapping[str, Column]:
        """A kept state, with nothing left in it of these viewers."""
        model = learner_of(self._settings, self._backend).model
        model.restore(state)
        model.forget(viewers)
        return model.state()

    def told(self) -> dict[str, object]:
        """The version in use, those that are kept with their measures, and how the predictions of the learning one are
        calibrated."""
        kept = self._backend.models.all()
        return {"in_use": self.versions.in_use.model.version, "kept": kept, **self.learner.told()}
