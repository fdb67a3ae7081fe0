"""What happened as events on the wire, as an app would send them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from foryou.core.batch import Batch
from foryou.core.clock import SECOND
from foryou.simulator.public import Public
from foryou.simulator.world import Wire

ACTS = ("like", "comment", "share", "save", "follow", "visit", "not_interested", "report")
ON_AUTHOR = ("follow", "visit")
NAMES = ("id", "viewer", "video", "author", "sound", "effects", "series", "session", "sharer")
"""The fields with names that another world uses too."""
SURFACES = ("for_you", "shared", "search")
ACTED = 0.9
"""At which part of the watching the acts happen, each a millisecond after the one before."""


@dataclass
class Wires:
    """Turns numbers into names and rows into events; remembers of each viewer which request they are in.

    If not `dated`, events have no time: they happen when they arrive. `prefix` comes before every name and id, where
    others use the same engine.
    """

    public: Public
    dated: bool = True
    prefix: str = ""
    made: int = 0
    _requests: dict[int, tuple[str, Sequence[int]]] = field(default_factory=dict)
    _asks: dict[int, tuple[str, str, str]] = field(default_factory=dict)

    at = staticmethod(itemgetter("at"))
    """The time of an event, ms."""

    def sent(self, wire: Wire) -> Wire:
        """An event as it is sent."""
        if not self.dated:
            wire = {name: value for name, value in wire.items() if name not in ("at", "uploaded")}
        if self.prefix:
            wire = {name: self._own(value) if name in NAMES else value for name, value in wire.items()}
        return wire

    def _own(self, value: object) -> object:
        return [self._own(each) for each in value] if isinstance(value, list) else f"{self.prefix}{value}"

    def viewer(self, viewer: int) -> Wire:
        """Who somebody says that they are, when they join."""
        return self.public.wire_viewer(viewer)

    def video(self, video: int, at: int) -> Wire:
        """What a video is; it is published at `at` (ms), where it was not out before the start."""
        wire = self.public.wire_video(video)
        return {**wire, "at": at, "uploaded": at} if self.is_new(video) else wire

    def is_new(self, video: int) -> bool:
        """Whether it was not out before the start."""
        return bool(self.public.uploaded[video] >= self.public.start)

    def name(self, video: int) -> str:
        """The name by which a video is asked for."""
        return self.prefix + self.public.video_name(video)

    def followed(self, viewer: int, creator: int) -> Wire:
        """Somebody followed somebody before the start."""
        who, at = self.public.viewer_names[viewer], self.public.start - 1
        return {"id": f"f{viewer}-{creator}", "kind": "follow", "viewer": who, "author": f"c{creator}", "at": at}

    def asks(self, viewer: int) -> tuple[str, str, str]:
        """The name, device and time zone with which somebody asks for a feed."""
        if viewer not in self._asks:
            wire = self.public.wire_viewer(viewer)
            said = str(wire.get("device", "")), str(wire.get("time_zone", ""))
            self._asks[viewer] = (self.prefix + self.public.viewer_names[viewer], *said)
        return self._asks[viewer]

    def session(self, viewer: int, number: int) -> str:
        """The name of a session."""
        return f"{self.prefix}{viewer}-{number}"

    def number(self, video: str) -> int | None:
        """The number of a video by its name; None if it is not of this world."""
        first = self.prefix + self.public.video_name(0)[:-1]
        number = video.removeprefix(first)
        own = number != video and number.isdecimal() and int(number) < self.public.videos
        return int(number) if own else None

    def showed(self, viewer: int, request: str, videos: Sequence[str]) -> list[int]:
        """What the viewer sees from now on in the feed is of this request: those of its videos that are of this world,
        each in the place that it had."""
        numbers = [self.number(video) for video in videos]
        self._requests[viewer] = (request, [place for place, number in enumerate(numbers) if number is not None])
        return [number for number in numbers if number is not None]

    def exposures(self, rows: Batch) -> list[Wire]:
        """Impressions, watches and acts, those of an exposure in order."""
        events: list[Wire] = []
        names = ("viewer", "video", "at", "session", "position", "surface", "seconds", "furthest", "replays", "sender")
        columns = (rows[name].tolist() for name in names)
        acts = zip(*(rows[name].tolist() for name in ACTS), strict=True)
        for (viewer, video, at, session, position, surface, seconds, furthest, replays, sender), acted in zip(
            zip(*columns, strict=True), acts, strict=True
        ):
            where: Wire = {"viewer": self.public.viewer_names[viewer], "video": self.public.video_name(video)}
            where["surface"] = SURFACES[surface]
            if surface == 0:
                request, places = self._requests[viewer]
                where |= {"session": f"{viewer}-{session}", "position": places[position], "request": request}
            came = {"sharer": self.public.viewer_names[sender]} if sender >= 0 else {}
            number = self.made
            self.made += 1
            events.append({"id": f"i{number}", "kind": "impression", "at": at, **where, **came})
            if any(acted):
                events += self._acts(number, at + int(ACTED * seconds * SECOND), where, video, acted)
            watch = {"seconds": round(seconds, 2), "furthest": round(furthest, 2), "replays": replays}
            events.append(
                {"id": f"w{number}", "kind": "watch", "at": at + int(seconds * SECOND), **where, **came, **watch}
            )
        return events

    def _acts(self, number: int, at: int, where: Wire, video: int, acted: tuple[bool, ...]) -> list[Wire]:
        events: list[Wire] = []
        for place, act in enumerate(ACTS):
            if acted[place]:
                of = {"author": f"c{self.public.author[video]}"} if act in ON_AUTHOR else {}
                events.append({"id": f"{act}{number}", "kind": act, "at": at + place, **where, **of})
        return events
