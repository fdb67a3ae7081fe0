"""What videos are called and say: captions, descriptions, and the names behind the ids, kept by id for those who
ask."""

from __future__ import annotations

import msgspec
import numpy as np

from foryou.core.batch import Batch
from foryou.core.event import KINDS, Kind
from foryou.core.ids import id_of
from foryou.core.ports import Documents

VIDEO_FIELDS = KINDS[Kind.VIDEO].may
_decode = msgspec.msgpack.Decoder(dict[str, object]).decode
_encode = msgspec.msgpack.Encoder().encode


def topic_name(hashtag: str) -> str:
    """A hashtag as a topic: without the '#', in lower case."""
    return hashtag.strip().lstrip("#").casefold()


def fold_documents(documents: Documents, rows: Batch) -> None:
    """Keep what video events say (fields left out keep their value), and the names behind ids."""
    named: dict[str, dict[int, bytes]] = {"author": {}, "sound": {}, "topic": {}, "language": {}}
    for raw in rows["raw"][np.isin(rows["kind"], (Kind.FOLLOW, Kind.HIDE, Kind.PREFER))].tolist():
        event = _decode(raw) if raw else {}
        for kind, name in (
            ("author", event.get("author")),
            ("sound", event.get("sound")),
            ("topic", event.get("hashtag")),
        ):
            if isinstance(name, str):
                said = topic_name(name) if kind == "topic" else name
                named[kind][id_of(kind, said)] = said.encode()
    for raw in rows["raw"][rows["kind"] == Kind.VIEWER].tolist():
        codes = _decode(raw).get("languages") if raw else None
        for code in codes if isinstance(codes, list) else []:
            named["language"][id_of("language", str(code))] = str(code).encode()
    videos = rows.take(rows["kind"] == Kind.VIDEO)
    ids = videos["video"].tolist()
    if ids:
        held = dict(zip(ids, documents.get("video", ids), strict=True))
        for video, at, raw in zip(ids, videos["at"].tolist(), videos["raw"].tolist(), strict=True):
            held[video] = _merged(held[video], at, _decode(raw) if raw else {}, named)
        kept = [(video, document) for video, document in held.items() if document is not None]
        documents.put("video", [video for video, _ in kept], [document for _, document in kept])
    for kind, names in named.items():
        if names:
            documents.put(kind, list(names), list(names.values()))


def _merged(held: bytes | None, at: int, event: dict[str, object], named: dict[str, dict[int, bytes]]) -> bytes:
    before = _decode(held) if held else {}
    said = {name: value for name, value in event.items() if name in ("video", *VIDEO_FIELDS)}
    times = before.get("at", {})
    assert isinstance(times, dict)
    newer = {name: value for name, value in said.items() if at >= times.get(name, 0)}
    merged: dict[str, object] = {**before, **newer, "at": {**times, **dict.fromkeys(newer, at)}}
    for kind in ("author", "sound", "language"):
        name = said.get(kind)
        if isinstance(name, str):
            named[kind][id_of(kind, name)] = name.encode()
    tags = said.get("hashtags")
    for tag in tags if isinstance(tags, list) else []:
        name = topic_name(str(tag))
        named["topic"][id_of("topic", name)] = name.encode()
    return _encode(merged)


def cards(documents: Documents, ids: list[int]) -> list[dict[str, object]]:
    """What is known of each video, as it was sent; only the fields that were."""
    found = [_decode(document) if document else {} for document in documents.get("video", ids)]
    return [{name: value for name, value in each.items() if name != "at"} for each in found]


def name_of(documents: Documents, kind: str, number: int) -> str:
    """The name behind an id; its number where the name was never sent."""
    found = documents.get(kind, [number])[0]
    return found.decode() if found else str(number)
