"""What is said about each video, as a vector: of its caption, hashtags and description together.

A description says only *that* a video has a text to be embedded (`said`); the vector comes a moment later in a record
of the log of its own, so that no event waits for a model, and replaying the log makes nothing anew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from hashlib import blake2b
from itertools import islice

import msgspec
import numpy as np

from foryou.core.batch import Batch
from foryou.core.event import Kind
from foryou.core.ports import Documents, Keys, Store
from foryou.core.table import Field, Table
from foryou.text.embedder import DIM, Vectors

CONTENT = Table(
    "content",
    (
        Field("vector", "float32", DIM, help="of length 1; zero while there is none"),
        Field("text", "int64", help="hash of the text that the vector is of; 0: none"),
        Field("embedder", "int64", help="who made the vector"),
        Field("said", "int64", help="hash of the text that there is; 0: none"),
    ),
)
LONGEST = 512
"""Characters of a text that are read: captions first, then hashtags, then the description."""
HELD = 65_536
"""Videos that wait in memory; what waits beyond is found in the table when these are done."""

_decode = msgspec.msgpack.Decoder(dict[str, object]).decode


def text_of(document: bytes | None) -> str:
    """What a video's document says; "" if there is not a letter in it (numbers for hashtags are topics, no text)."""
    said = _decode(document) if document else {}
    tags = said.get("hashtags")
    parts = [said.get("caption"), *(tags if isinstance(tags, list) else []), said.get("description")]
    text = "\n".join(str(part).strip() for part in parts if part)[:LONGEST].strip()
    return text if any(map(str.isalpha, text)) else ""


def text_hash(text: str) -> int:
    """63 bits of a text, never 0; 0 for no text."""
    if not text:
        return 0
    return (int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") >> 1) or 1


def hear(store: Store, documents: Documents, rows: Batch) -> Keys:
    """Notes which videos of a batch have a text that is not embedded yet, after the documents were folded; these."""
    video = np.asarray(np.unique(rows["video"][rows["kind"] == Kind.VIDEO]), np.int64)
    if len(video) == 0:
        return video
    said = np.array([text_hash(text_of(each)) for each in documents.get("video", video.tolist())], np.int64)
    changed = said != store.columns(CONTENT.name, video, ("said",))["said"]
    store.write(CONTENT.name, video[changed], Batch({"said": said[changed]}))
    return np.asarray(video[changed], np.int64)


def embedded(video: Keys, texts: Iterable[str], vectors: Vectors, embedder: int) -> Batch:
    """Vectors `[videos, DIM]` as a record of the log, in half precision: it is kept for ever."""
    return Batch(
        {
            "video": video,
            "text": np.array([text_hash(text) for text in texts], np.int64),
            "vector": vectors.astype(np.float16),
            "embedder": np.full(len(video), embedder, np.int64),
        }
    )


def fold_vectors(store: Store, rows: Batch, embedder: int) -> Keys:
    """Fold such a record; the videos whose vectors changed. Another embedder's vectors are left out: two never mix."""
    mine = rows.take(rows["embedder"] == embedder)
    store.write(CONTENT.name, mine["video"], mine.select(("vector", "text", "embedder")))
    return np.asarray(mine["video"], np.int64)


def forget_others(store: Store, embedder: int) -> tuple[int, int]:
    """Takes out the vectors that another embedder made, so that their texts wait again: how many, and whose."""
    video, held = store.scan(CONTENT.name, ("text", "embedder"))
    other = (held["text"] != 0) & (held["embedder"] != embedder)
    if not other.any():
        return 0, 0
    whose = int(held["embedder"][other][0])
    store.write(CONTENT.name, video[other], CONTENT.empty(int(other.sum())).select(("vector", "text", "embedder")))
    return int(other.sum()), whose


class Waiting:
    """The videos whose text is still to be embedded: some in memory, and all of them in the table."""

    def __init__(self) -> None:
        self._held: deque[int] = deque()
        self._beyond = True
        """Whether there may be more in the table."""

    def add(self, video: Keys) -> None:
        """These were heard of."""
        room = HELD - len(self._held)
        self._held.extend(video[:room].tolist())
        self._beyond |= len(video) > room

    def next(self, store: Store, most: int) -> Keys:
        """Up to `most` that wait, each once, in the order in which they came. They wait until their vector is
        folded."""
        while True:
            if not self._held and not self._look_again(store):
                return np.zeros(0, np.int64)
            some = np.array(list(dict.fromkeys(islice(self._held, most))), np.int64)
            held = store.columns(CONTENT.name, some, ("said", "text"))
            waits = held["said"] != held["text"]
            if waits.any():
                return np.asarray(some[waits], np.int64)
            for _ in range(min(most, len(self._held))):
                self._held.popleft()

    def _look_again(self, store: Store) -> bool:
        if not self._beyond:
            return False
        video, held = store.scan(CONTENT.name, ("said", "text"))
        waits = video[held["said"] != held["text"]]
        self._held.extend(waits[:HELD].tolist())
        self._beyond = len(waits) > HELD
        return len(waits) > 0


def waiting(store: Store) -> int:
    """How many texts are still to be embedded."""
    _, held = store.scan(CONTENT.name, ("said", "text"))
    return int(np.count_nonzero(held["said"] != held["text"]))
