"""What the API does, in wire types and without HTTP: the routes and the client in process both call this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Literal, Protocol, TypeAlias, cast, get_args

import numpy as np
from numpy.typing import NDArray

from foryou.access.open import ANYBODY, Caller
from foryou.api.decode import from_objects
from foryou.api.schema import Event, Receipt, Refusal, Row, Slate, is_request, is_time_zone, to_columns
from foryou.core.batch import Batch
from foryou.core.clock import Clock
from foryou.core.errors import InvalidEvent, NotFound
from foryou.core.event import Kind
from foryou.core.pipeline import Trace
from foryou.feed.serve import Ask, Served
from foryou.pages import Pages
from foryou.settings import Settings


class Calls(Protocol):
    """What serves: the engine in this process, or one of several processes for it."""

    settings: Settings

    @property
    def clock(self) -> Clock: ...

    @property
    def pages(self) -> Pages: ...

    def accept(self, rows: Batch) -> NDArray[np.bool_]: ...

    def feed(self, ask: Ask, due: float = inf) -> Served: ...

    def explain(
        self, request: str, video: str, language: str = "en", viewer: str | None = None
    ) -> dict[str, object]: ...

    def video(self, video: str) -> dict[str, object]: ...

    def reach(self, video: str, language: str = "en") -> dict[str, object]: ...

    def how(self, language: str = "en") -> dict[str, object]: ...

    def viewer(self, viewer: str) -> dict[str, object]: ...

    def evidence(self, viewer: str, kind: str, name: str) -> list[dict[str, object]]: ...

    def preview(self, ask: Ask, rows: Batch) -> dict[str, object]: ...

    def erase(self, viewer: str) -> dict[str, object]: ...

    def owned(self, viewer: str, after: int, most: int) -> tuple[list[dict[str, object]], int]: ...

    def sent(self, viewer: str, event: str) -> dict[str, object]: ...

    def strike_out(self, viewer: str, event: str) -> None: ...

    def models(self) -> dict[str, object]: ...

    def status(self) -> Mapping[str, object]: ...

    def start(self) -> None: ...

    def close(self) -> None: ...


Surface: TypeAlias = Literal["for_you", "following", "plain"]
Language: TypeAlias = Literal["en", "nb", "nl"]

MOST_ITEMS = 100
"""How many videos one feed request may ask for."""

MOST_WISHED = 100
"""Events that one preview may have."""
MOST_NAME = 256
"""Characters of an id."""

ZONE = "an IANA time zone such as Europe/Oslo"


def accept(engine: Calls, rows: Sequence[Row]) -> tuple[Receipt, Batch]:
    """Take events in; on return they are durable. Also the events that were new, as columns."""
    return take(engine, *to_columns(rows, engine.clock()))


def take(engine: Calls, batch: Batch, refused: list[Refusal]) -> tuple[Receipt, Batch]:
    """As `accept`, of rows that are columns already, beside those that could not be."""
    fresh = engine.accept(batch) if len(batch) else np.zeros(0, np.bool_)
    new = batch if fresh.all() else batch.take(fresh)  # mostly all are, and a copy of every column is no small thing
    return Receipt(len(new), len(batch) - len(new), refused), new


def own(engine: Calls, rows: Sequence[Row], caller: Caller) -> Sequence[Row]:
    """The rows, with those refused that this caller may not send."""
    if not caller.bound:
        caller.act_for_nobody()
        return rows
    return [
        (_refused(engine, index, row, caller) or row) if isinstance(row, Event) else row
        for index, row in enumerate(rows)
    ]


_BY_AUTHOR = (Kind.PIN.wire, Kind.UNPIN.wire)


def _refused(engine: Calls, index: int, row: Event, caller: Caller) -> Refusal | None:
    if not caller.may_send(row.viewer):
        return Refusal(index, "viewer", f"is not the one of this {caller.shows}", caller.right)
    if caller.viewer is None:
        return None
    if row.kind == Kind.VIEWER.wire and row.author is not None:
        return Refusal(index, "author", f"cannot be claimed with a {caller.shows}", "a viewer's own fields")
    if row.kind in _BY_AUTHOR and not engine.pages.made(caller.viewer, row.video or ""):
        return Refusal(index, "viewer", "is not the author of the video", "the author, who alone can pin")
    return None


def feed(engine: Calls, ask: Ask, due: float = inf) -> tuple[Slate, Trace]:
    """A slate, due at a time of `time.perf_counter`, and the diary of how it came about. InvalidEvent for a time zone
    that there is not."""
    if ask.time_zone and not is_time_zone(ask.time_zone):
        raise InvalidEvent("time_zone", f"{ask.time_zone[:50]!r} is no time zone", ZONE)
    served = engine.feed(ask, due)
    trace = served.trace
    return Slate(served.request, served.surface, served.model, served.items, trace.degraded, served.withheld), trace


def explain(engine: Calls, request: str, video: str, language: Language, caller: Caller = ANYBODY) -> dict[str, object]:
    """Why a video was in a slate. NotFound, `gone` after 30 days; Forbidden if it was another viewer's."""
    if not is_request(request):
        raise NotFound(f"there is no request {request[:50]!r}")
    caller.act_for_nobody()  # the engine knows whose it was
    return engine.explain(request, video, language, caller.viewer)


def spoken(language: str) -> Language:
    """The language of this code. InvalidEvent if it is none of ours."""
    for known in get_args(Language):
        if known == language:
            return cast(Language, known)
    raise InvalidEvent("language", f"{language[:50]!r} is not spoken", "en, nb or nl")


def erase(engine: Calls, viewer: str) -> dict[str, object]:
    """Take everything of a viewer out of everything; the receipt."""
    if not 1 <= len(viewer) <= MOST_NAME:
        raise InvalidEvent("viewer", f"has {len(viewer)} characters", f"a viewer's id, 1 to {MOST_NAME} characters")
    return engine.erase(viewer)


def preview(engine: Calls, ask: Ask, wished: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """What the viewer of an ask would get if these events of theirs had come: events without `id` and `viewer`.
    InvalidEvent, with the place of the event, for the first that could not come."""
    if not 0 <= len(wished) <= MOST_WISHED:
        raise InvalidEvent("body", f"has {len(wished):,} events", f"at most {MOST_WISHED} events")
    events = [{"id": f"wished {place}", **row, "viewer": ask.viewer} for place, row in enumerate(wished)]
    batch, refused = to_columns(from_objects(events), engine.clock())
    if refused:
        first = refused[0]
        raise InvalidEvent(f"{first.index}.{first.field}", first.problem, first.expected)
    return engine.preview(ask, batch)


def plain(value: object) -> object:
    """NumPy values as those of Python, for encoders that know no others."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise NotImplementedError(f"cannot send a {type(value).__name__}")
