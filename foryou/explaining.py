"""Slates that went out and may still be explained, and the explanations that were made.

A slate is explained when nothing else is to be done, or at once when somebody asks; what that needs is kept in memory,
up to a bound. Beyond it, and after a restart, the slate as it was logged has to do.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Set

import msgspec
import numpy as np

from foryou.core.batch import Batch
from foryou.core.errors import Forbidden, NotFound
from foryou.core.ids import NONE, id_of
from foryou.core.ports import Documents, Log, Model, Store
from foryou.features.asking import asked, named
from foryou.features.fold import SERVED_STREAM
from foryou.features.slates import find_slate
from foryou.features.trust import TrustSettings
from foryou.feed.explain import Kept, explain, kept_of
from foryou.feed.targets import targets
from foryou.feed.tell import tell
from foryou.retention import KEEP_EXPLAINED

MOST_KEPT = 128
"""Slates that are kept for explaining; the oldest go."""
MOST_KEPT_BYTES = 16 << 20
"""What they may take."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[dict[str, object]]).decode


class Explanations:
    """Explains what was answered. Any thread may call; nothing is locked but what is kept, and never for long."""

    def __init__(
        self,
        documents: Documents,
        store: Store,
        log: Log,
        models: Callable[[], tuple[Model, ...]],
        note: Callable[[Batch], None],
        trust: TrustSettings,
    ) -> None:
        """`models`: those that a slate from the log can be explained with, the one in use first. `note` puts
        explanations into the log and folds them."""
        self._documents, self._store, self._log, self._models, self._note = documents, store, log, models, note
        self._trust = trust
        self._kept: OrderedDict[int, Kept] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._one = threading.Lock()
        """Held while a slate is explained, so that who asks for it meanwhile finds it explained."""

    def keep(self, kept: Kept) -> None:
        """This slate may have to be explained."""
        with self._lock:
            self._kept[kept.request] = kept
            self._bytes += kept.nbytes
            while len(self._kept) > MOST_KEPT or self._bytes > MOST_KEPT_BYTES:
                self._drop(next(iter(self._kept)))

    def forget(self, requests: Set[int]) -> None:
        """Explain none of these; on return none is being explained either. Not under a lock that `note` takes."""
        with self._one, self._lock:
            for each in [each for each in self._kept if each in requests]:
                self._drop(each)

    @property
    def waiting(self) -> int:
        """Slates that are kept and not explained yet."""
        return len(self._kept)

    def _drop(self, request: int) -> Kept | None:
        kept = self._kept.pop(request, None)
        self._bytes -= kept.nbytes if kept is not None else 0
        return kept

    def step(self, most: int | None = None) -> bool:
        """Explain what is kept, the newest first, or `most` of it. Whether there was any."""
        count = len(self._kept) if most is None else min(most, len(self._kept))
        for _ in range(count):
            with self._one:
                with self._lock:
                    newest = next(reversed(self._kept), None)
                    kept = self._drop(newest) if newest is not None else None
                if kept is not None:
                    self._explain(kept)
        return count > 0

    def _explain(self, kept: Kept) -> list[dict[str, object]]:
        """Explain a slate, and keep the explanation unless there is more to say than what is left of it."""
        told = explain(kept)
        if not any(row.get("thin") for row in told):
            packed = np.array([_encode(told)], object)
            self._note(Batch({"request": np.array([kept.request], np.int64), "told": packed}))
        return told

    def fold(self, rows: Batch) -> None:
        """Keep explanations as they were logged."""
        self._documents.put("explained", rows["request"].tolist(), rows["told"].tolist())

    def latest(self, most: int) -> Iterator[list[dict[str, object]]]:
        """The explanations of the latest slates that have one, as they were logged, the newest first."""
        return map(_decode, self._documents.latest("explained", most))

    def tell(self, request: str, video: str, language: str, now: int, viewer: str | None = None) -> dict[str, object]:
        """Why a video was where it was in a slate. NotFound (`gone` after 30 days) names what is missing; Forbidden if
        the slate was another viewer's than this one's, where one is given (nobody's is everybody's)."""
        if not request.isascii() or not request.isdigit() or int(request) >= 1 << 63:
            raise NotFound(f"no request {request!r}; the id stands in the answer of the feed")
        number = int(request)
        if now - (number >> 20) > KEEP_EXPLAINED:
            raise NotFound("explanations are kept for 30 days; this one was removed", gone=True)
        item = id_of("video", video)
        told = next((row for row in self._told(number) if row["item"] == item), None)
        if told is None:
            raise NotFound(f"request {request} showed no video {video!r}")
        if viewer is not None and told.get("viewer", -1) not in (NONE, id_of("viewer", viewer)):
            raise Forbidden("request", "was made for another viewer", "a request of the viewer of this token")
        known = told.get("viewer", NONE) if told["surface"] == "for_you" else NONE
        assert isinstance(known, int)
        about = targets(self._store, self._documents, known, item, now)
        _, baits = asked(self._store, np.array([item], np.int64))
        baited = named(int(baits[0])) if self._trust.baited < 1 else []
        return {**tell(self._documents, request, video, {**told, "baited": baited}, language), "targets": about}

    def _told(self, request: int) -> list[dict[str, object]]:
        """The explanations of all videos of a slate: those that were made, or made now; none if there is no slate."""
        with self._one:
            found = self._documents.get("explained", [request])[0]
            if found is not None:
                return _decode(found)
            with self._lock:
                kept = self._drop(request)
            if kept is None:
                record = find_slate(self._store, self._log, SERVED_STREAM, request)
                if record is None:
                    return []
                kept = kept_of(record.rows, self._model_of(record.rows))
            return self._explain(kept)

    def _model_of(self, rows: Batch) -> Model:
        """The model that ranked a slate, if it is at hand; the one in use otherwise."""
        models = self._models()
        served = rows["version"][0].decode() if "version" in rows else ""
        return next((model for model in models if model.version == served), models[0])
