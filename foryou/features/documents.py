"""What videos are called and say: captions, descriptions, comments, and the names behind the ids, kept by id for those
who ask."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from foryou.core.batch import Batch
from foryou.core.event import KINDS, Kind, of_kinds
from foryou.core.ids import id_of
from foryou.core.ports import Documents
from foryou.features.comments import comment_id
from foryou.features.saved import collection_id

VIDEO_FIELDS = KINDS[Kind.VIDEO].may
_decode = msgspec.msgpack.Decoder(dict[str, object]).decode
_encode = msgspec.msgpack.Encoder().encode


def topic_name(hashtag: str) -> str:
    """A hashtag as a topic: without the '#', in lower case."""
    return hashtag.strip().lstrip("#").casefold()


_PEOPLE = (Kind.VIEWER, Kind.COMMENT, Kind.FOLLOW, Kind.LIKE_COMMENT)
_PUBLIC = ("name", "liked_public")
"""What a viewer says of themselves to others."""


def fold_documents(documents: Documents, rows: Batch) -> None:
    """Keep what video events say (fields left out keep their value), what was commented, and the names behind ids."""
    _fold_people(documents, rows)
    named: dict[str, dict[int, bytes]] = {"author": {}, "sound": {}, "topic": {}, "language": {}}
    claims = (rows["kind"] == Kind.VIEWER) & (rows["author"] != 0)
    for raw in rows["raw"][claims | np.isin(rows["kind"], (Kind.FOLLOW, Kind.HIDE, Kind.BLOCK, Kind.PREFER))].tolist():
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


def _fold_people(documents: Documents, rows: Batch) -> None:
    """Keep who did what others see, comments, and the names of collections."""
    if named := collected(rows):
        documents.put("collection", list(named), list(named.values()))
    people = rows.take(of_kinds(rows, _PEOPLE))
    told = [_decode(raw) if raw else {} for raw in people["raw"].tolist()]
    ids = people["viewer"].tolist()
    known = dict(zip(ids, documents.get("viewer", ids), strict=True)) if ids else {}
    held = dict(known)
    for viewer, kind, at, event in zip(ids, people["kind"].tolist(), people["at"].tolist(), told, strict=True):
        if event and (kind != Kind.VIEWER or any(name in event for name in _PUBLIC)):
            held[viewer] = _introduced(held[viewer], at, event)
    new = {viewer: said for viewer, said in held.items() if said is not None and said != known[viewer]}
    if new:
        documents.put("viewer", list(new), list(new.values()))
    if comments := commented(people):
        there = documents.get("comment", list(comments))
        fresh = [each for each, before in zip(comments, there, strict=True) if before is None]
        documents.put("comment", fresh, [comments[each] for each in fresh])


def collected(rows: Batch) -> dict[int, bytes]:
    """The names of the collections that events `[rows]` put a video in, by id."""
    saved = rows.take(rows["kind"] == Kind.SAVE)
    return {
        collection_id(viewer, name): name.encode()
        for viewer, raw in zip(saved["viewer"].tolist(), saved["raw"].tolist(), strict=True)
        if b"collection" in raw and isinstance(name := _decode(raw).get("collection"), str)
    }


def commented(rows: Batch) -> dict[int, bytes]:
    """The comments with a text among events `[rows]`, by id; the first of each."""
    found: dict[int, bytes] = {}
    mine = rows.take(rows["kind"] == Kind.COMMENT)
    for number, at, raw in zip(mine["id"].tolist(), mine["at"].tolist(), mine["raw"].tolist(), strict=True):
        event = _decode(raw) if raw else {}
        if event.get("text"):
            name = event.get("comment")
            found.setdefault(comment_id(name) if isinstance(name, str) else number, _comment(event, at))
    return found


def _introduced(held: bytes | None, at: int, event: dict[str, object]) -> bytes:
    before = _decode(held) if held else {"viewer": event.get("viewer"), "at": {}}
    times = before["at"]
    assert isinstance(times, dict)
    newer = {name: event[name] for name in _PUBLIC if name in event and at >= times.get(name, 0)}
    return _encode({**before, **newer, "at": {**times, **dict.fromkeys(newer, at)}})


def _comment(event: dict[str, object], at: int) -> bytes:
    said = {name: event[name] for name in ("viewer", "video", "text", "reply_video") if name in event}
    return _encode({"id": event.get("comment", event.get("id")), **said, "at": at})


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


def comments_of(documents: Documents, ids: list[int]) -> list[dict[str, object]]:
    """Comments as they were sent: `id`, `viewer`, `video`, `text`, `at`, perhaps `reply_video`; {} if there is none."""
    return [_decode(document) if document else {} for document in documents.get("comment", ids)]


def people(documents: Documents, ids: list[int]) -> list[dict[str, object]]:
    """What viewers say of themselves to others: `viewer`, perhaps `name` and `liked_public`; {} of whom nothing is
    known."""
    return [_decode(document) if document else {} for document in documents.get("viewer", ids)]


GUEST = "web-"
"""How the id of a viewer begins who watches without an account."""


def shown_id(viewer: str) -> str:
    """A viewer's id as others may see it. A guest has nothing but theirs, so whoever knew it could act as them: of that
    the end has to do.

    >>> shown_id("web-2b1f-77c0"), shown_id("ada")
    ('web-77c0', 'ada')
    """
    return GUEST + viewer[-4:] if viewer.startswith(GUEST) and len(viewer) > len(GUEST) + 4 else viewer


def called(person: Mapping[str, object]) -> str:
    """What a viewer is called by others: their name, else their id."""
    return str(person.get("name") or shown_id(str(person.get("viewer") or "")))
