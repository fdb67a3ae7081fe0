"""The words that each video says, in caption, description and hashtags; and those that each viewer wants no more of.

All words are kept, so that nothing gets past a filter. Half of an id stands for a word: that a filter of 200 words
drops a video of 50 without need happens to two videos in a million.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from foryou.core.batch import Batch, Column
from foryou.core.event import WORD, Kind
from foryou.core.ids import id_of
from foryou.core.ports import Documents, Keys, Store
from foryou.core.table import Field, Table
from foryou.features.acts import act_key
from foryou.features.lists import standing
from foryou.features.pairs import pairs_of

CHUNK = 24
"""Words in one row."""
MOST_WORDS = 200
"""Filter words of a viewer that count: the newest."""
LONGEST_WORD = 128
"""Bytes of a filter word."""
MENTION = Table(
    "mention",
    (
        Field("word", "uint32", CHUNK, help="the lower half of its id"),
        Field("count", "int32", help="of a video's own row: words in all; beyond CHUNK they are in rows of their own"),
    ),
)
MUTED = Table("muted", (Field("word", "uint8", LONGEST_WORD, help="as it was typed, UTF-8"),))
"""By `pair_of(viewer, id of the word)`."""

_WORD = re.compile(r"[^\W_]+")
_TOGETHER = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")
"""Letters of languages that write words without spaces between them."""
_PLAIN = str.maketrans({"ø": "o", "æ": "ae", "đ": "d", "ł": "l", "œ": "oe", "ı": "i"})
"""Letters that are other letters with a mark, and do not come apart in Unicode."""


class _Said(Struct):
    caption: str | None = None
    description: str | None = None
    hashtags: list[str] | None = None
    word: str | None = None


_decode = msgspec.msgpack.Decoder(_Said).decode


def _tokens(text: str) -> list[str]:
    """The words of a text, without case and marks."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return _WORD.findall(bare.translate(_PLAIN))


def word_name(word: str) -> str:
    """A filter word as it is compared; "" if there is no letter in it."""
    return " ".join(_tokens(word))


def _pieces(token: str, whole: bool) -> Iterator[str]:
    """A word as it is looked for: where words are written together, its pairs of letters (of a text, of which not the
    `whole` is looked for, its single ones too)."""
    if not _TOGETHER.search(token):
        yield token
        return
    if not whole or len(token) == 1:
        yield from token
    yield from (token[at : at + 2] for at in range(len(token) - 1))


def _halves(tokens: Iterable[str], whole: bool) -> NDArray[np.uint32]:
    found = {id_of("word", piece) & 0xFFFFFFFF for token in tokens for piece in _pieces(token, whole)}
    return np.array(sorted(found), np.uint32)


def hear(store: Store, documents: Documents, rows: Batch) -> None:
    """Note the words of the videos that a batch described, after the documents were folded."""
    videos = np.unique(rows["video"][rows["kind"] == Kind.VIDEO])
    if len(videos) == 0:
        return
    keys: list[int] = []
    words: list[Column] = []
    counts: list[int] = []
    for video, document in zip(videos.tolist(), documents.get("video", videos.tolist()), strict=True):
        said = _decode(document) if document else _Said()
        tags = said.hashtags or []
        texts = (said.caption or "", said.description or "", *tags)
        run_together = ["".join(_tokens(tag)) for tag in tags]  # "#world-cup" is "worldcup" too
        found = _halves([*(token for text in texts for token in _tokens(text)), *run_together], whole=False)
        parts = [found[at : at + CHUNK] for at in range(0, max(len(found), 1), CHUNK)]
        keys += [video, *pairs_of(video, np.arange(1, len(parts))).tolist()]
        words += [np.pad(part, (0, CHUNK - len(part))) for part in parts]
        counts += [len(found), *[0] * (len(parts) - 1)]
    columns = {"word": np.stack(words), "count": np.array(counts, np.int32)}
    store.write(MENTION.name, np.array(keys, np.int64), Batch(columns))


def mute(store: Store, rows: Batch) -> None:
    """Fold what viewers hid `[rows]`: how the words among it were typed."""
    words: dict[int, bytes] = {}
    for row in np.flatnonzero((rows["kind"] == Kind.HIDE) & (rows["dislike"] == WORD)).tolist():
        word = _decode(rows["raw"][row]).word if rows["raw"][row] else None
        if word is not None:
            words[int(muted_keys(int(rows["viewer"][row]), rows["topics"][row, :1])[0])] = word.strip().encode()
    if words:
        typed = np.stack([np.frombuffer(word.ljust(LONGEST_WORD, b"\0"), np.uint8) for word in words.values()])
        store.write(MUTED.name, np.array(list(words), np.int64), Batch({"word": typed}))


def muted_keys(viewer: int, target: Keys) -> Keys:
    """The keys of words that a viewer hid."""
    return pairs_of(viewer, target)


def muted(store: Store, viewer: int, hidden: Keys | None = None) -> dict[int, str]:
    """The words that a viewer wants no more of, by id, as they were typed, the newest last; of those they hid, where
    that is known."""
    hidden = standing(store, viewer, Kind.HIDE) if hidden is None else hidden
    if len(hidden) == 0:
        return {}
    typed = store.columns(MUTED.name, muted_keys(viewer, hidden), ("word",))["word"]
    said = np.flatnonzero(typed[:, 0])
    acts = act_key(np.full(len(said), viewer), hidden[said], Kind.HIDE)
    said = said[np.argsort(store.columns("act", acts, ("since",))["since"], kind="stable")]
    return {int(hidden[row]): bytes(typed[row]).rstrip(b"\0").decode() for row in said.tolist()}


def mentions(store: Store, item: Keys, words: Iterable[str]) -> NDArray[np.bool_]:
    """Which videos `[items]` say any of the last MOST_WORDS of some words; of several in one filter word, all. A video
    of which nothing was noted may say anything."""
    wanted = [_halves(_tokens(word), whole=True) for word in list(words)[-MOST_WORDS:]]
    held = store.columns(MENTION.name, item, ("word", "count"))
    out = ~store.has(MENTION.name, item)
    if not wanted:
        return np.zeros(len(item), np.bool_)
    single = np.array([each[0] for each in wanted if len(each) == 1], np.uint32)
    several = [each for each in wanted if len(each) > 1]
    words_of = held["word"]
    out |= np.isin(words_of, single).any(axis=1)
    for each in several:
        out |= np.all([(words_of == half).any(axis=1) for half in each], axis=0)
    for row in np.flatnonzero((held["count"] > CHUNK) & ~out).tolist():
        more = pairs_of(int(item[row]), np.arange(1, -(-int(held["count"][row]) // CHUNK)))
        rest = store.columns(MENTION.name, more, ("word",))["word"].ravel()
        all_of = np.concatenate([words_of[row], rest])
        out[row] = bool(np.isin(all_of, single).any() or any(np.isin(each, all_of).all() for each in several))
    return np.asarray(out, np.bool_)
