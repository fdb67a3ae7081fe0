"""The engine itself as one feed among others: a client that sends what happened, and asks for slates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Protocol

import numpy as np

from foryou.api.schema import Receipt, Slate
from foryou.client import connect, in_process
from foryou.core.batch import Batch
from foryou.core.errors import BackendError
from foryou.simulator.policies.policy import Numbers, Times
from foryou.simulator.policies.wires import Wires
from foryou.simulator.public import Public
from foryou.simulator.world import Wire
from foryou.timed import opened

AT_ONCE = 1_000
"""Events of a call, at most."""


class Asked(Protocol):
    """What of a client is asked here."""

    def events(self, rows: Sequence[Mapping[str, object]]) -> Receipt: ...

    def feed(
        self, viewer: str = "", n: int = 10, *, session: str = "", device: str = "", time_zone: str = ""
    ) -> Slate: ...

    def reach(self, video: str) -> Mapping[str, object]: ...


class Engine(Protocol):
    """What is asked, and what makes its time pass."""

    @property
    def client(self) -> Asked: ...

    def move(self, at: int) -> None: ...

    def work(self) -> None: ...

    def close(self) -> None: ...


@dataclass
class InProcess:
    """An engine of its own in memory, whose clock shows simulated time; it learns before each round of feeds."""

    changes: Mapping[str, object] = field(default_factory=dict)
    at: int = 0
    config: Path | None = None
    """Settings (TOML), under `changes`; none: `foryou.toml` where there is one."""

    def __post_init__(self) -> None:
        self.timed = opened(self.at, self.changes, self.config)
        self.client = in_process(self.timed.engine)

    def move(self, at: int) -> None:
        self.timed.move(at)

    def work(self) -> None:
        self.timed.work()

    def close(self) -> None:
        self.timed.close()


@dataclass
class Server:
    """A running server, whose clock is its own: time is not simulated there, so events have the time of their arrival.

    Fourteen days pass in it within the minutes that the run takes. What depends on time (fading counts, freshness,
    when a viewer was last here) is not as it would be; this shows that a server carries the load, not how good it is.
    """

    url: str
    key: str = ""

    def __post_init__(self) -> None:
        self.client = connect(self.url, key=self.key)

    def move(self, at: int) -> None:
        """Its time passes by itself."""

    def work(self) -> None:
        """It learns beside serving."""

    def close(self) -> None:
        """It goes on."""


@dataclass
class ForYou:
    """Drives an engine: everything that happens is sent as events, with the request, session and position of the slate
    that showed it, before anybody who was part of it asks again.

    On a server every run has names of its own, since others use it too. Their videos are left out of slates: nobody in
    this world can watch them. `others` of the report says how many there were.
    """

    name: str = "foryou"
    server: str = ""
    key: str = ""
    changes: Mapping[str, object] = field(default_factory=dict)
    config: Path | None = None
    opened: Callable[[int], Engine] | None = None
    """Another engine than these two, opened at a time (ms)."""

    def start(self, public: Public) -> None:
        self.engine: Engine = self._open(public.start)
        own = f"sim-{token_hex(4)}-{public.seed}-" if self.server else ""
        self.wires = Wires(public, dated=not self.server, prefix=own)
        self._waiting: list[Wire] = []
        self.new: list[int] = []
        self.sent = self.asked = self.others = 0
        self._follow(public)

    def _open(self, at: int) -> Engine:
        if self.opened is not None:
            return self.opened(at)
        return Server(self.server, self.key) if self.server else InProcess(self.changes, at, self.config)

    def _follow(self, public: Public) -> None:
        viewers, creators = public.follows
        self._waiting = [self.wires.followed(*pair) for pair in zip(viewers.tolist(), creators.tolist(), strict=True)]

    def join(self, viewers: Numbers, at: int) -> None:
        self._waiting += [self.wires.viewer(viewer) for viewer in viewers.tolist()]

    def publish(self, videos: Numbers, at: int) -> None:
        self._waiting += [self.wires.video(video, at) for video in videos.tolist()]
        self.new += [video for video in videos.tolist() if self.wires.is_new(video)]

    def feed(self, viewers: Numbers, at: Times, sessions: Times, n: int) -> Numbers:
        """All of a round are asked for at the time of its last, when all that happened before was sent."""
        slates = np.full((len(viewers), n), -1, np.int32)
        if len(at):
            self.deliver(int(at[-1]))
        for row, (viewer, session) in enumerate(zip(viewers.tolist(), sessions.tolist(), strict=True)):
            name, device, zone = self.wires.asks(viewer)
            slate = self.engine.client.feed(
                name, n=n, session=self.wires.session(viewer, session), device=device, time_zone=zone
            )
            found = self.wires.showed(viewer, slate.request, [str(item["video"]) for item in slate.items])
            slates[row, : len(found)] = found
            self.others += len(slate.items) - len(found)
        self.asked += len(viewers)
        return slates

    def observe(self, rows: Batch) -> None:
        self._waiting += self.wires.exposures(rows)

    def deliver(self, until: int) -> None:
        """Send what happened until then, in order of time, and let it be learned."""
        self._waiting.sort(key=self.wires.at)
        split = next((i for i, wire in enumerate(self._waiting) if self.wires.at(wire) > until), len(self._waiting))
        now, self._waiting = self._waiting[:split], self._waiting[split:]
        self.engine.move(until)
        for first in range(0, len(now), AT_ONCE):
            self._send(now[first : first + AT_ONCE])
        self.engine.work()

    def _send(self, wires: list[Wire]) -> None:
        receipt = self.engine.client.events([self.wires.sent(wire) for wire in wires])
        self.sent += receipt.accepted
        if receipt.refused:
            no = receipt.refused[0]
            raise BackendError(
                f"an event of the simulation was refused: {no.field} {no.problem}; expected {no.expected}"
            )

    def finish(self) -> Mapping[str, object]:
        if self._waiting:
            self.deliver(max(map(self.wires.at, self._waiting)))
        moves = {video: self._moves(video) for video in self.new}
        self.engine.close()
        return {"events": self.sent, "feeds": self.asked, "others": self.others, "moves": moves}

    def _moves(self, video: int) -> list[tuple[int, int]]:
        """When a video came to which stage."""
        told = self.engine.client.reach(self.wires.name(video))["moves"]
        return [(move["at"], move["to"]) for move in told] if isinstance(told, list) else []


def foryou(server: str = "", key: str = "", changes: Mapping[str, object] | None = None) -> Callable[[], ForYou]:
    """What makes the policy: on a server, or with settings of its own."""
    return lambda: ForYou(server=server, key=key, changes=changes or {})
