"""What the log has of one viewer: everything in order, one event of it, and taking out of it what they wrote."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from foryou.core.batch import Batch
from foryou.core.errors import NotFound
from foryou.core.event import Kind
from foryou.core.ids import id_of
from foryou.core.ports import Documents, Log, Offset, Record
from foryou.features.documents import cards, commented
from foryou.features.fold import EVENTS_STREAM, SERVED_STREAM

_decode = msgspec.msgpack.Decoder(dict[str, object]).decode


@dataclass(frozen=True, slots=True)
class Owned:
    """Reads and rewrites the log, so it lives where that is."""

    log: Log
    documents: Documents

    def page(self, viewer: str, after: Offset, most: int) -> tuple[list[dict[str, object]], Offset]:
        """What batches after an offset have of a viewer, until it is `most` or more, and the offset up to which that is
        all (0: there is no more). Events are as they were sent (`event`); what was served to them is `shown`, with the
        videos in order."""
        number, found = id_of("viewer", viewer), list[dict[str, object]]()
        if not number:
            return found, 0
        for record in self.log.read(after, (EVENTS_STREAM, SERVED_STREAM), (_bytes(number),)):
            mine = record.rows.take(record.rows["viewer"] == number)
            found += _sent(mine) if record.stream == EVENTS_STREAM else self._shown(mine)
            if len(found) >= most:
                return found, record.offset
        return found, 0

    def sent(self, viewer: str, event: str) -> dict[str, object]:
        """An event of a viewer as it was sent. NotFound if it is not in the log."""
        number, of = id_of("viewer", viewer), id_of("event", event)
        for record in self.log.read(0, (EVENTS_STREAM,), (_bytes(of),)):
            mine = record.rows.take((record.rows["id"] == of) & (record.rows["viewer"] == number))
            if len(mine) and mine["raw"][0]:
                return _decode(mine["raw"][0])
        raise NotFound(f"there is no event {event[:100]!r} of this viewer")

    def strike_out(self, viewer: str, event: str) -> None:
        """Take the words of an event out of the log and the documents: a comment loses its text, and what was searched
        for is gone. On return no file holds them."""
        number, of = id_of("viewer", viewer), id_of("event", event)
        gone: set[int] = set()

        def change(record: Record) -> Batch:
            hit = (record.rows["id"] == of) & (record.rows["viewer"] == number)
            gone.update(commented(record.rows.take(hit)))
            return _without_words(record.rows, hit) if hit.any() else record.rows

        self.log.rewrite((EVENTS_STREAM,), self.log.end, change, (_bytes(of),))
        if gone:
            self.documents.remove("comment", sorted(gone))
            self.documents.scrub()
        self.log.scrub()

    def _shown(self, rows: Batch) -> list[dict[str, object]]:
        if len(rows) == 0:
            return []
        videos = [card.get("video") for card in cards(self.documents, rows["item"].tolist())]
        return [{"shown": {"request": str(rows["request"][0]), "at": int(rows["at"][0]), "videos": videos}}]


def _sent(rows: Batch) -> list[dict[str, object]]:
    return [{"event": _decode(raw)} for raw in rows["raw"].tolist() if raw]


def _without_words(rows: Batch, hit: np.ndarray) -> Batch:
    searched = hit & (rows["kind"] == Kind.SEARCH)
    raw = rows["raw"].copy()
    for place in np.flatnonzero(hit & ~searched).tolist():
        told = _decode(raw[place]) if raw[place] else {}
        raw[place] = msgspec.msgpack.encode({name: value for name, value in told.items() if name != "text"})
    return rows.extend({"raw": raw}).take(~searched)


def _bytes(number: int) -> bytes:
    return number.to_bytes(8, "little", signed=True)
