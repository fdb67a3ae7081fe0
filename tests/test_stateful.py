"""Any life of an engine (events, feeds, erasures, restarts, crashes, in any order) keeps what it promised.

A small model knows what was sent and answered, and what must therefore hold; hypothesis looks for a life in which it
does not, and shows the shortest that it finds.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from foryou.app import Engine
from foryou.client import Client, in_process
from foryou.core.clock import DAY, HOUR, MINUTE, SECOND, ManualClock
from foryou.core.errors import NotFound
from foryou.core.event import KINDS, Kind
from foryou.core.ids import id_of
from foryou.features import erase
from foryou.features.fold import EVENTS_STREAM, SERVED_STREAM
from foryou.keeping.verify import verify
from foryou.settings import DataSettings, Settings
from foryou.training.stream import LearningSettings

LIVES = int(os.environ.get("FORYOU_TEST_LIVES", "10"))
"""`FORYOU_TEST_LIVES=1000` for the long run; every one of its lives has other moments."""
STEPS = 40
START = 1_700_000_000_000
VIEWERS = ("ada", "bob", "cleo")
VIDEOS = tuple(f"v{n}" for n in range(24))
AUTHORS = ("a0", "a1", "a2", "a3", "ada")
"""One of them has the name of a viewer: a viewer's own videos are not shown to them."""
SOUNDS = ("s0", "s1", "s2")
TAGS = ("t0", "t1", "t2", "t3")
ABOUT = {
    video: {"author": AUTHORS[n % 5], "sound": SOUNDS[n % 3], "hashtag": TAGS[n % 4]} for n, video in enumerate(VIDEOS)
}
ON_VIDEO = ("impression", "watch", "watch", "like", "unlike", "save", "comment", "share", "not_interested", "report")
ON_AUTHOR = ("follow", "unfollow", "block", "unblock", "visit")
LATE = (0, 0, 0, MINUTE, HOUR, 2 * DAY)
"""How long before it is sent an event may have happened."""


@st.composite
def events(draw: st.DrawFn) -> dict[str, object]:
    """What a viewer did, `late` ms ago."""
    row: dict[str, object] = {"viewer": draw(st.sampled_from(VIEWERS)), "late": draw(st.sampled_from(LATE))}
    kind = draw(st.sampled_from((*ON_VIDEO, *ON_AUTHOR, "hide", "hide", "unhide", "viewer", "search")))
    if kind in ON_VIDEO:
        row["video"] = draw(st.sampled_from(VIDEOS))
    elif kind in ON_AUTHOR:
        row["author"] = draw(st.sampled_from(AUTHORS))
    elif kind in ("hide", "unhide"):
        name = draw(st.sampled_from(("author", "sound", "hashtag")))
        row[name] = draw(st.sampled_from({"author": AUTHORS, "sound": SOUNDS, "hashtag": TAGS}[name]))
    elif kind == "viewer":
        row["country"] = draw(st.sampled_from(("NL", "NO")))
    else:
        row["text"] = "bread"
    if kind == "watch":
        row["seconds"] = draw(st.sampled_from((0.3, 5.0, 25.0)))
    return {**row, "kind": kind}


class Must:
    """What must hold, from what was sent and answered alone."""

    def __init__(self) -> None:
        self.accepted: dict[str, dict[str, Any]] = {}
        self.gone: set[str] = set()
        """Ids of the events of erased viewers: no longer in the log, and still counted once."""
        self.standing: dict[str, dict[tuple[str, str, str], tuple[int, bool]]] = defaultdict(dict)
        """By viewer: (kind, what, name) -> when that was last said, and whether it stands."""
        self.seen: dict[str, dict[str, int]] = defaultdict(dict)
        self.removed: set[str] = set()
        self.served: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.slates: dict[str, tuple[str, int, list[str]]] = {}
        self.last = 0

    def accept(self, row: dict[str, Any]) -> None:
        self.accepted[str(row["id"])] = row
        kind, at, viewer = Kind[str(row["kind"]).upper()], int(row["at"]), str(row.get("viewer", ""))
        if kind is Kind.REMOVE:
            self.removed.add(row["video"])
        if kind in (Kind.WATCH, Kind.IMPRESSION):
            self.seen[viewer][row["video"]] = max(at, self.seen[viewer].get(row["video"], 0))
        act = KINDS[kind].undoes or kind
        if act in (Kind.BLOCK, Kind.HIDE):
            name = next(name for name in ("author", "sound", "hashtag") if name in row)
            key = (act.wire, name, row[name])
            if at >= self.standing[viewer].get(key, (0, False))[0]:  # what is late says nothing of now
                self.standing[viewer][key] = (at, kind is act)

    def never(self, viewer: str, now: int) -> set[str]:
        """The videos that a viewer must not be shown."""
        unwanted = {key[1:] for key, (_, stands) in self.standing[viewer].items() if stands} | {("author", viewer)}
        seen = {video for video, at in self.seen[viewer].items() if at > now - 30 * DAY}
        return seen | {video for video, about in ABOUT.items() if unwanted & set(about.items())}

    def forget(self, viewer: str) -> None:
        self.gone |= {name for name, row in self.accepted.items() if row.get("viewer") == viewer}
        for held in (self.standing, self.seen):
            held.pop(viewer, None)
        for key in [key for key in self.served if key[0] == viewer]:
            del self.served[key]
        for request in [request for request, (whose, _, _) in self.slates.items() if whose == viewer]:
            del self.slates[request]


class Life(RuleBasedStateMachine):
    """An engine with files, and what must hold of it."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="life-"))
        self.directories = 0
        self.clock = ManualClock(START)
        self.must = Must()
        self.sent = 0
        self.open(self.root / "0")

    def open(self, directory: Path) -> None:
        self.directory = directory
        where = Settings(data=DataSettings(url=f"file:{directory}"), learning=LearningSettings(batch=16))
        self.engine = Engine.open(where, self.clock)
        self.client: Client = in_process(self.engine)

    def teardown(self) -> None:
        self.engine.close()
        report = verify(self.directory)
        shutil.rmtree(self.root)
        self.check(report)

    # --- what happens ------------------------------------------------------------------------------------------------

    @initialize()
    def describe(self) -> None:
        self.deliver(
            [{"kind": "video", "video": video, "duration": 12.0, "author": about["author"], "sound": about["sound"],
              "hashtags": [about["hashtag"]], "late": HOUR + n * MINUTE}
             for n, (video, about) in enumerate(ABOUT.items())]
        )  # fmt: skip

    def deliver(self, rows: list[dict[str, Any]]) -> None:
        named = []
        for row in rows:
            self.sent += 1
            said = {name: value for name, value in row.items() if name != "late"}
            named.append({"id": f"e{self.sent}", "at": self.clock.at - int(row.get("late", 0)), **said})
        receipt = self.client.events(named)
        assert (receipt.accepted, receipt.duplicates, receipt.refused) == (len(named), 0, [])
        for row in named:
            self.must.accept(row)

    @rule(rows=st.lists(events(), min_size=1, max_size=6))
    def send(self, rows: list[dict[str, Any]]) -> None:
        self.deliver(rows)

    @rule(data=st.data(), fresh=st.lists(events(), max_size=2))
    def send_again(self, data: st.DataObject, fresh: list[dict[str, Any]]) -> None:
        """What was accepted before counts no second time, beside what is new and twice in one batch."""
        some = data.draw(st.lists(st.sampled_from(sorted(self.must.accepted)), min_size=1, max_size=3))
        receipt = self.client.events([self.must.accepted[name] for name in some])
        assert (receipt.accepted, receipt.duplicates) == (0, len(some))
        if fresh:
            self.deliver(fresh)

    @rule(video=st.sampled_from(VIDEOS))
    def remove(self, video: str) -> None:
        if len(self.must.removed) < 6:
            self.deliver([{"kind": "remove", "video": video}])

    @rule(
        viewer=st.sampled_from((*VIEWERS, "")),
        surface=st.sampled_from(("for_you", "for_you", "following", "plain")),
        session=st.sampled_from(("one", "two", "three")),
        n=st.integers(1, 9),
    )
    def ask(self, viewer: str, surface: Any, session: str, n: int) -> None:
        slate = self.client.feed(viewer, n=n, surface=surface, session=session)
        number, videos = int(slate.request), [str(item["video"]) for item in slate.items]
        assert number > self.must.last
        self.must.last = number
        whose = "" if surface == "plain" else viewer
        before = self.must.served[whose, session]
        assert len(set(videos)) == len(videos) <= n
        assert not before & set(videos), "served twice in a session"
        assert not self.must.removed & set(videos), "removed"
        if whose:
            assert not self.must.never(whose, self.clock.at) & set(videos), "blocked, hidden, seen or their own"
        before |= set(videos)
        if videos:
            self.must.slates[slate.request] = (whose, self.clock.at, videos)

    @precondition(lambda self: self.must.slates)
    @rule(data=st.data())
    def explain(self, data: st.DataObject) -> None:
        request = data.draw(st.sampled_from(sorted(self.must.slates)))
        _, at, videos = self.must.slates[request]
        place = data.draw(st.integers(0, len(videos) - 1))
        if self.clock.at - at < DAY:
            told = self.client.explain(request, videos[place])
            assert (told["request"], told["video"], told["position"]) == (request, videos[place], place)

    @rule(viewer=st.sampled_from(VIEWERS))
    def erase(self, viewer: str) -> None:
        requests = [request for request, (whose, _, _) in self.must.slates.items() if whose == viewer]
        self.client.erase(viewer)
        self.must.forget(viewer)
        self.nowhere(viewer, requests)

    def nowhere(self, viewer: str, requests: list[str]) -> None:
        """Not in a table, the log or a document; and who they are is not known any more."""
        number, store, log = id_of("viewer", viewer), self.engine.backend.store, self.engine.backend.log
        sessions = np.array([id_of("session", name) for name in ("one", "two", "three")])
        left = erase.rows_about(store, number, sessions)
        assert {table: keys.tolist() for table, keys in left.items() if len(keys)} == {}
        for record in log.read(0, (EVENTS_STREAM, SERVED_STREAM)):
            assert number not in record.rows["viewer"]
        numbers = list(map(int, requests))
        assert not any(self.engine.backend.documents.get("explained", numbers))
        for request in requests[:3]:
            try:
                self.client.explain(request, VIDEOS[0])
            except NotFound:
                continue
            raise AssertionError(f"slate {request} of an erased viewer is explained")
        known, nobody = self.client.viewer(viewer), self.client.viewer("never seen")
        assert {**known, "viewer": ""} == {**nobody, "viewer": ""}

    @rule()
    def save(self) -> None:
        self.engine.save()
        self.check(verify(self.directory))

    @rule()
    def restart(self) -> None:
        self.engine.close()
        self.pass_(SECOND)
        self.open(self.directory)

    @rule()
    def crash(self) -> None:
        """The files as they are now are all that is left."""
        self.directories += 1
        left = self.root / str(self.directories)
        shutil.copytree(self.directory, left)
        self.engine._background.stop()
        self.engine.backend.close()
        shutil.rmtree(self.directory)
        self.pass_(SECOND)
        self.open(left)

    @rule()
    def work(self) -> None:
        while self.engine.work():
            pass

    @rule()
    def tidy(self) -> None:
        self.engine.tidy()

    @rule(ms=st.sampled_from((SECOND, MINUTE, HOUR, 8 * HOUR)))
    def pass_(self, ms: int) -> None:
        self.clock.forward(ms)

    # --- what holds --------------------------------------------------------------------------------------------------

    @invariant()
    def every_accepted_event_counts_once(self) -> None:
        assert self.engine.status()["events"] == len(self.must.accepted)

    def check(self, report: dict[str, Any]) -> None:
        """What is saved is what the log says, and the log has what was accepted, but for those who were erased."""
        assert report["problems"] == []
        assert report["events"] == len(self.must.accepted) - len(self.must.gone)


def test_whatever_happens_what_was_promised_holds() -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=LIVES, stateful_step_count=STEPS, derandomize=LIVES <= 10, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
