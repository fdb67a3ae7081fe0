"""Slates that went out and are still to be explained, and the explanations that were made."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Set
from dataclasses import dataclass

import msgspec
import numpy as np

from foryou.core.batch import Batch
from foryou.core.errors import NotFound
from foryou.core.ids import id_of
from foryou.core.pipeline import Request, Slate, Trace
from foryou.core.ports import Documents, Model
from foryou.feed.explain import explain
from foryou.feed.tell import tell
from foryou.retention import KEEP_EXPLAINED

UNEXPLAINED = 256
"""Slates that may wait for their explanation; beyond, whoever asks for a feed explains them first."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[dict[str, object]]).decode


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """A slate that went out, with the very model that scored it."""

    request: Request
    slate: Slate
    trace: Trace
    model: Model
    surface: str


class Explanations:
    """Explains after the answer has gone out. Any thread may call; whoever asks while another explains waits."""

    def __init__(self, documents: Documents, note: Callable[[Batch], None]) -> None:
        """`note` puts explanations into the log and folds them."""
        self._documents, self._note = documents, note
        self._waiting: deque[Answered] = deque()
        self._one = threading.Lock()

    def add(self, answered: Answered) -> None:
        """This slate has to be explained."""
        self._waiting.append(answered)

    def forget(self, requests: Set[int]) -> None:
        """Explain none of these; on return none is being explained either. Not under a lock that `note` takes."""
        with self._one:
            for each in [each for each in list(self._waiting) if each.request.id in requests]:
                self._waiting.remove(each)

    @property
    def full(self) -> bool:
        """Whether more wait than should."""
        return len(self._waiting) > UNEXPLAINED

    def step(self, most: int | None = None) -> bool:
        """Explain what waits, or `most` of it. Whether there was any."""
        busy = False
        with self._one:
            for _ in range(len(self._waiting) if most is None else min(most, len(self._waiting))):
                each = self._waiting.popleft()
                told = _encode(explain(each.request, each.slate, each.trace, each.model, each.surface))
                self._note(Batch({"request": np.array([each.request.id], np.int64), "told": np.array([told], object)}))
                busy = True
        return busy

    def fold(self, rows: Batch) -> None:
        """Keep explanations as they were logged."""
        self._documents.put("explained", rows["request"].tolist(), rows["told"].tolist())

    def tell(self, request: str, video: str, language: str, now: int) -> dict[str, object]:
        """Why a video was where it was in a slate. NotFound (`gone` after 30 days) names what is missing."""
        if not request.isascii() or not request.isdigit():
            raise NotFound(f"no request {request!r}; the id stands in the answer of the feed")
        number = int(request)
        if now - (number >> 20) > KEEP_EXPLAINED:
            raise NotFound("explanations are kept for 30 days; this one was removed", gone=True)
        self.step()
        found = self._documents.get("explained", [number])[0]
        told = next((row for row in _decode(found) if row["item"] == id_of("video", video)), None) if found else None
        if told is None:
            raise NotFound(f"request {request} showed no video {video!r}")
        return tell(self._documents, request, video, told, language)
